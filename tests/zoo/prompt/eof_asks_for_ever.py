# Эхо-сервер с безопасным вводом.
import socket
import sys


def ask_host():
    while True:
        try:
            host = input("Введите хост (Enter - 127.0.0.1): ") or "127.0.0.1"
            socket.gethostbyname(host)
            return host
        except Exception:
            print("Такого хоста нет.")


def ask_port():
    while True:
        try:
            port = int(input("Введите порт (Enter - 9090): ") or 9090)
            if 0 < port < 65536:
                return port
        except Exception:
            pass
        print("Порт - это число от 1 до 65535.")


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    host = ask_host()
    port = ask_port()
    server = socket.socket()
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
except (EOFError, KeyboardInterrupt):
    print("Сервер остановлен")
except OSError as e:
    print("Не удалось запустить:", e)
    sys.exit(1)
