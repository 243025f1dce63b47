# Эхо-сервер.
import socket


def ask_host():
    return input("Введите хост (Enter - 127.0.0.1): ") or "127.0.0.1"


def ask_port():
    while True:
        text = input("Введите порт (Enter - 9090): ").strip()
        if not text:
            return 9090
        if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
            return int(text)
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
