# Сервер отвечает на каждое сообщение.
import socket
import threading


def serve(conn):
    with conn:
        try:
            while data := conn.recv(4096):
                print("Получено:", data.decode("utf-8", "replace").strip())
                conn.sendall(data)
        except OSError as e:
            print("Обрыв:", e)


def main():
    host = "127.0.0.1"
    host = input("Введите адрес хоста (по умолчанию 127.0.0.1): ") or host
    port = int(input("Введите порт (по умолчанию 9090): ") or 9090)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Сервер слушает {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
