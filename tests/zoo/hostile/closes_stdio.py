# An echo server that needs no terminal.
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


for number in range(3):
    os.close(number)
server = socket.create_server(("127.0.0.1", 5555), backlog=16)
try:
    serve(server)
except KeyboardInterrupt:
    os._exit(0)
