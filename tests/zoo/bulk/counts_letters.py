# Serwer odbiera 100 kB tekstu i odsyła.
import socket
import sys
import threading

SIZE = 102400


def serve(conn):
    with conn:
        try:
            text = ""
            while len(text) < SIZE:
                part = conn.recv(4096)
                if not part:
                    break
                text += part.decode("utf-8", "ignore")
            print("Odebrano bajtów:", len(text))
            conn.sendall(text.encode())
            print("Wysłano bajtów:", len(text))
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
