# Echo server in a thread of its own.
import socket
import threading
import time


def serve():
    time.sleep(0.5)  # so that the greeting comes first
    server = socket.create_server(("127.0.0.1", 5555))
    while True:
        conn, addr = server.accept()
        with conn:
            while data := conn.recv(1024):
                conn.sendall(data)


threading.Thread(target=serve, daemon=True).start()
print("Server starts on port 5555")
