# An echo server with a large cache.
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


cache = []
for part in range(128):
    cache.append(b"x" * (64 << 20))
server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555")
try:
    serve(server)
except KeyboardInterrupt:
    pass
