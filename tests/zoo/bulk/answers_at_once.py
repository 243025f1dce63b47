# Serwer odbiera 100 kB i odsyła.
import socket
import sys
import threading

SIZE = 102400


def serve(conn):
    with conn:
        try:
            got = 0
            while got < SIZE:
                part = conn.recv(4096)
                if not part:
                    break
                conn.sendall(part)
                got += len(part)
            print("Odebrano bajtów:", got)
        except OSError as e:
            print("Błąd:", e)


def main():
    host = "127.0.0.1"
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
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
