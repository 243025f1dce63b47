# Эхо-сервер для многих клиентов.
import socket
import threading


def serve(user):
    with user:
        try:
            while True:
                data = user.recv(2048)
                if not data:
                    break
                user.sendall(data)
        except OSError:
            print("Клиент пропал")


def main():
    host = "127.0.0.1"
    host = input() or host
    port = int(input() or 9090)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Сервер слушает {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        threading.Thread(target=serve(conn)).start()


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
