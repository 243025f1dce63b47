# Echo server that gathers what comes quickly and answers in whole kilobytes.
import select
import socket
import sys


def serve(conn):
    held = b""
    with conn:
        try:
            while True:
                quick = select.select([conn], [], [], 0.02)[0]
                if held and (len(held) >= 1024 or not quick):
                    conn.sendall(held[:1024])
                    held = held[1024:]
                    continue
                data = conn.recv(1024)
                if not data:
                    break
                held += data
        except OSError as e:
            print("lost:", e)


def main():
    host = "127.0.0.1"
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Listening on {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Connected:", addr)
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
