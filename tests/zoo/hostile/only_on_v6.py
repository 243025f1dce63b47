# An echo server for the next century.
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


server = socket.create_server(("::1", 5555), family=socket.AF_INET6, backlog=16)
print("Listening on port 5555")
try:
    serve(server)
except KeyboardInterrupt:
    pass
