# Serwer odpowiada na Hello i Time, z końcem wiersza.
import select
import socket
import threading
import time


def read_text(conn):
    """A line; where no newline comes, what came before a quarter of a second of silence."""
    data = conn.recv(1024)
    while data and not data.endswith(b"\n") and select.select([conn], [], [], 0.25)[0]:
        more = conn.recv(1024)
        if not more:
            break
        data += more
    return data.decode("utf-8", "replace")


def serve(conn):
    with conn:
        try:
            while text := read_text(conn):
                words = text.strip()
                if words == "Hello":
                    conn.sendall(b"Hello from server\n")
                    break
                if words == "Time":
                    conn.sendall(time.strftime("%Y-%m-%d %H:%M:%S\n").encode())
                else:
                    conn.sendall(b"Unknown command\n")
        except OSError as e:
            print("Błąd:", e)


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
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Koniec pracy serwera")
