# An echo server that likes to talk.
import os
import socket


def serve(server):
    while True:
        conn, addr = server.accept()
        with conn:
            try:
                while data := conn.recv(1024):
                    conn.sendall(data)
            except OSError:
                pass


line = b"x" * 65536
left = 10 << 30
while left > 0:
    left -= os.write(1, line)
server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555")
try:
    serve(server)
except KeyboardInterrupt:
    pass
