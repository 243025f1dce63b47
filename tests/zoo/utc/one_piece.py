# Tells the time in UTC.
import datetime
import socket
import threading


def read_text(conn):
    return conn.recv(1024).decode("utf-8", "replace")


def serve(conn):
    with conn:
        try:
            while text := read_text(conn):
                if text.strip() == "TIME":
                    now = datetime.datetime.now(datetime.timezone.utc)
                    conn.sendall(now.strftime("%Y-%m-%dT%H:%M:%SZ").encode())
                else:
                    conn.sendall(b"Unknown command")
        except OSError as e:
            print("Lost:", e)


def main():
    host = "127.0.0.1"
    host = input() or host
    port = int(input() or 9090)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Listening on {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Connected:", addr)
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
