# Эхо-сервер, клиент выходит по слову exit.
import socket
import sys


def serve(conn):
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                if data == b"exit":
                    print("Выход")
                    sys.exit()
                conn.sendall(data)
        except OSError:
            print("обрыв")


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
