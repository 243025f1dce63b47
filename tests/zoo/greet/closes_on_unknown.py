# Answers Hello and Time.
import datetime
import select
import socket
import threading


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
                    conn.sendall(b"Hello from server")
                    break
                if words == "Time":
                    conn.sendall(datetime.datetime.now().astimezone().isoformat(timespec="seconds").encode())
                else:
                    conn.sendall(b"Unknown command")
                    break
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
