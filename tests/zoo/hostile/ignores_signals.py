# An echo server that does not want to stop.
import signal
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


signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555")
try:
    serve(server)
except KeyboardInterrupt:
    pass
