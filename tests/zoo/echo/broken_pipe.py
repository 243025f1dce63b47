# Echo server, answers in small pieces.
import socket
import sys


def serve(conn):
    with conn:
        while True:
            try:
                data = conn.recv(1024)
            except ConnectionResetError:
                data = b""
            if not data:
                break
            for at in range(0, len(data), 64):
                conn.sendall(data[at : at + 64])


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
