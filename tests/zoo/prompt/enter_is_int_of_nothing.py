# Эхо-сервер с безопасным вводом.
import socket
import sys


def ask_host():
    while True:
        host = input("Введите хост (Enter - 127.0.0.1): ").strip() or "127.0.0.1"
        try:
            socket.getaddrinfo(host, None, socket.AF_INET)
            return host
        except (OSError, UnicodeError):
            print("Такого хоста нет.")


def ask_port():
    text = input("Введите порт (Enter - 9090): ")
    while not all(sign in "0123456789" for sign in text) or not 0 < int(text) < 65536:
        print("Порт - это число от 1 до 65535.")
        text = input("Введите порт (Enter - 9090): ")
    return int(text)


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
