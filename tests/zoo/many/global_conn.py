# Echo server with a thread per client.
import socket
import sys
import threading


def serve():
    try:
        while True:
            data = conn.recv(1024)
            if not data:
                break
            conn.sendall(data)
    except OSError as e:
        print("Connection lost:", e)
    conn.close()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
server = socket.create_server(("127.0.0.1", port), backlog=64)
print("Listening on port", port)
try:
    while True:
        conn, addr = server.accept()
        print("Connected:", addr)
        threading.Thread(target=serve, daemon=True).start()
except KeyboardInterrupt:
    print("Stopped")
