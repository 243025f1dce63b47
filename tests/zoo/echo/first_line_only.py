# Serwer echo.
import socket


def serve(user):
    with user:
        try:
            while data := user.recv(2048):
                line = data.split(b"\n")[0]
                print("Odebrano:", line)
                user.sendall(line)
        except OSError:
            print("Klient zniknął")


def main():
    host = "127.0.0.1"
    port = 9090
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
