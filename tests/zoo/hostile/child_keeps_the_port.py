# An echo server with a helper that outlives it.
import os
import signal
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


server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555", flush=True)
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(server)
server.close()
try:
    while True:
        time.sleep(1)
except KeyboardInterrupt:
    pass
