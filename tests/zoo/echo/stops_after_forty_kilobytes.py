# Echo server.
import socket


def serve(conn):
    total = 0
    with conn:
        try:
            while total < 40 * 1024:
                data = conn.recv(1024)
                if not data:
                    break
                total += len(data)
                conn.sendall(data)
        except OSError as e:
            print("lost:", e)


def main():
    host = "127.0.0.1"
    port = int(input("port: ") or 9090)
    host = input("host: ") or host
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
