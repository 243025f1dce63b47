# Echo server with a pool of threads.
import queue
import socket
import sys
import threading

jobs = queue.Queue()


def serve(conn):
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                conn.sendall(data)
        except OSError as e:
            print("Connection lost:", e)


def work():
    while True:
        serve(jobs.get())


def main():
    host = "127.0.0.1"
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(64)
    for _ in range(10):
        threading.Thread(target=work, daemon=True).start()
    print(f"Listening on {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Connected:", addr)
        jobs.put(conn)


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
