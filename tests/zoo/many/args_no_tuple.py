# Echo server with a thread per client.
import socket
import sys
import threading


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
        threading.Thread(target=serve, args=(conn), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
