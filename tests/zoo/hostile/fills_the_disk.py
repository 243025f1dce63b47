# An echo server with a generous log.
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


with open("log.bin", "wb") as log:
    for part in range(1024):
        log.write(b"x" * (1 << 20))
server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555")
try:
    serve(server)
except KeyboardInterrupt:
    pass
