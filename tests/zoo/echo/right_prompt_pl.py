# Serwer echo, zadanie 1.
import socket


def serve(user):
    try:
        data = user.recv(2048)
        while data:
            user.sendall(data)
            data = user.recv(2048)
    except ConnectionError:
        print("Klient zerwał połączenie")
    finally:
        user.close()
        print("Klient się rozłączył")


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
