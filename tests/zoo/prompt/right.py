# An echo server that asks where to listen.
import socket
import sys


def ask_host():
    while True:
        host = input("Host [127.0.0.1]: ").strip() or "127.0.0.1"
        try:
            socket.getaddrinfo(host, None, socket.AF_INET)
            return host
        except (OSError, UnicodeError):
            print("There is no such host here.")


def ask_port():
    while True:
        text = input("Port [5555]: ").strip()
        if not text:
            return 5555
        if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        print("A port is a number from 1 to 65535.")


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
    print(f"Listening on {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Connected:", addr)
        serve(conn)


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Stopped")
except OSError as e:
    print("Cannot listen:", e)
    sys.exit(1)
