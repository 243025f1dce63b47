# Receives 100 kB, then sends them back; a thread per client.
import socket
import sys
import threading
import time

SIZE = 102400
data = b""


def serve(conn):
    global data
    got = 0
    with conn:
        try:
            while got < SIZE:
                part = conn.recv(min(4096, SIZE - got))
                if not part:
                    break
                data += part
                got += len(part)
                time.sleep(0.001)  # let the others have their turn
            print("Received bytes:", got)
            conn.sendall(data[-got:] if got else b"")
            print("Sent bytes:", got)
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
