# Сервер: принимает порциями по 1 КБ, возвращает в верхнем регистре.
import socket


def serve(conn):
    with conn:
        try:
            while True:
                text = conn.recv(1024).decode("utf-8")
                if not text:
                    break
                conn.sendall(text.upper().encode("utf-8"))
        except OSError as e:
            print("обрыв:", e)


def main():
    host = "127.0.0.1"
    port = int(input("Порт: ") or 9090)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Сервер слушает {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
