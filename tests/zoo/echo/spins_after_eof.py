# Serwer echo: odbiera do 2048 bajtów i odsyła, w kółko.
import socket


def serve(user):
    try:
        while True:
            data = user.recv(2048)
            user.send(data)
    except OSError:
        user.close()


def main():
    host = "127.0.0.1"
    port = int(input("Na którym porcie mam słuchać? ") or 5555)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Serwer słucha na {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Połączono z", addr)
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Koniec pracy serwera")
