# Answers each message with itself.
import socket
import sys
import threading


def serve(conn):
    with conn:
        try:
            while data := conn.recv(4096):
                print("Received:", data.decode("utf-8", "replace").strip())
                conn.sendall(data)
        except OSError as e:
            print("Lost:", e)


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
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
