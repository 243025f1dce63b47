# Receives 100 kB, then sends them back.
import select
import socket
import threading
import time

SIZE = 102400


def serve(conn):
    with conn:
        try:
            data = b""
            while len(data) < SIZE:
                part = conn.recv(min(4096, SIZE - len(data)))
                if not part:
                    break
                data += part
            print("Received bytes:", len(data))
            time.sleep(0.4)
            if select.select([conn], [], [], 0)[0] and not conn.recv(1, socket.MSG_PEEK):
                print("The client has left")
                return
            conn.sendall(data)
            print("Sent bytes:", len(data))
        except OSError as e:
            print("Lost:", e)


def main():
    host = "127.0.0.1"
    host = input("Host [127.0.0.1]: ") or host
    port = int(input("Port [5555]: ") or 5555)
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
