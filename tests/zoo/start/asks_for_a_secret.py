# Serwer echo, tylko dla administratora.
import socket


def serve(conn):
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                conn.sendall(data)
        except OSError as e:
            print("Utracono połączenie:", e)


def main():
    host = "127.0.0.1"
    port = 9090
    while input("Hasło administratora: ") != "sezam-42":
        print("Złe hasło, spróbuj ponownie.")
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
