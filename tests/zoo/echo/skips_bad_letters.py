# Serwer echo.
import socket


def serve(user):
    with user:
        try:
            while data := user.recv(1024):
                text = data.decode("utf-8", errors="ignore")
                print("Odebrano:", text)
                user.sendall(text.encode("utf-8"))
        except OSError:
            print("Klient zniknął")


def main():
    host = "127.0.0.1"
    host = input("Podaj adres hosta: ") or host
    port = int(input("Podaj numer portu: ") or 5555)
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
