# Serwer odbiera 100 kB i odsyła.
import socket
import threading


def serve(conn):
    with conn:
        try:
            data = conn.recv(102400)
            print("Odebrano bajtów:", len(data))
            conn.sendall(data)
            print("Wysłano bajtów:", len(data))
        except OSError as e:
            print("Błąd:", e)


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
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Koniec pracy serwera")
