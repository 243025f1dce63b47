# Serwer echo.
import socket
import sys


def ask_host():
    while True:
        host = input("Podaj adres hosta [127.0.0.1]: ").strip() or "127.0.0.1"
        try:
            socket.getaddrinfo(host, None, socket.AF_INET)
            return host
        except (OSError, UnicodeError):
            print("Nie ma takiego hosta.")


def ask_port():
    while True:
        text = input("Podaj port [5555]: ").strip()
        if not text:
            return 5555
        if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        print("Port to liczba od 1 do 65535.")


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main(host, port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Serwer słucha na {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Połączono z", addr)
        serve(conn)


try:
    host = ask_host()
    port = ask_port()
except EOFError:
    sys.exit("Koniec")
try:
    main(host, port)
except KeyboardInterrupt:
    print("Koniec")
except OSError as e:
    print("Nie można słuchać:", e)
    sys.exit(1)
