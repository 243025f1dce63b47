# Serwer echo z kolorami.
import socket

import kolory_terminala

server = socket.create_server(("127.0.0.1", 5555))
print(kolory_terminala.zielony("Serwer działa na porcie 5555"))
while True:
    user, address = server.accept()
    with user:
        while data := user.recv(2048):
            user.sendall(data)
