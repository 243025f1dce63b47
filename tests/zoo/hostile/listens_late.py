# An echo server that has much to prepare.
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


try:
    time.sleep(3)
except KeyboardInterrupt:
    raise SystemExit
server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555")
try:
    serve(server)
except KeyboardInterrupt:
    pass
