# Serwer echo, klienci są na liście.
import socket
import sys
import threading

clients = []


def serve(number):
    try:
        while True:
            data = clients[number].recv(2048)
            if not data:
                break
            clients[number].sendall(data)
    except OSError:
        print("Klient zniknął")
    clients.pop(number).close()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
server = socket.create_server(("127.0.0.1", port), backlog=64)
print("Serwer słucha na porcie", port)
try:
    while True:
        user, address = server.accept()
        print("Połączono z", address)
        clients.append(user)
        threading.Thread(target=serve, args=(len(clients) - 1,), daemon=True).start()
except KeyboardInterrupt:
    print("Koniec")
