# Serwer odbiera 100 kB i odsyła.
import socket
import threading

SIZE = 102400


def serve(conn):
    with conn:
        try:
            data = b""
            while len(data) < SIZE:
                part = conn.recv(min(4096, SIZE - len(data)))
                if not part:
                    break
                data += part
            print("Odebrano bajtów:", len(data))
            conn.settimeout(20)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
            conn.send(data)
            print("Wysłano bajtów:", len(data))
        except OSError as e:
            print("Błąd:", e)


def main():
    host = "127.0.0.1"
    port = int(input("port: ") or 9090)
    host = input("host: ") or host
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
