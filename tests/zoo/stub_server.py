# Listens, accepts, says nothing, closes nothing.
import socket

server = socket.create_server(("127.0.0.1", 5555), backlog=64)
clients = []
try:
    while True:
        clients.append(server.accept()[0])
except KeyboardInterrupt:
    pass
