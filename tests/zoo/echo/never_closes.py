# Serwer echo dla wielu, po kolei.
import socket

users = []


def serve(user):
    users.append(user)
    try:
        while True:
            data = user.recv(2048)
            if not data:
                print("Klient wyszedł")
                break
            user.sendall(data)
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
