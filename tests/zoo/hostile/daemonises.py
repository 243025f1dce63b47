# An echo server that goes to the background.
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


server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Going to the background, port 5555", flush=True)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
serve(server)
