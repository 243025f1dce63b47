# Answers messages.
import socket
import threading


def serve(conn):
    with conn:
        try:
            while data := conn.recv(4096):
                print("Received:", data.decode("utf-8", "replace").strip())
                conn.sendall(data)
                break
        except OSError as e:
            print("Lost:", e)


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
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
