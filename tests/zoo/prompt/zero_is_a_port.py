# Эхо-сервер.
import socket
import sys


def ask_host():
    while True:
        host = input("").strip() or "127.0.0.1"
        try:
            socket.getaddrinfo(host, None, socket.AF_INET)
            return host
        except (OSError, UnicodeError):
            print("Нет такого хоста")


def ask_port():
    while True:
        text = input("").strip()
        if not text:
            return 9090
        if text.isascii() and text.isdigit() and int(text) < 65536:
            return int(text)
        print("Нет такого порта")


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
    print(f"Слушаю {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        serve(conn)


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Конец")
except OSError as e:
    print("Ошибка:", e)
    sys.exit(1)
