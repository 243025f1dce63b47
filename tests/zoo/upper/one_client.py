# Serwer zwraca tekst wielkimi literami.
import socket

server = socket.create_server(("127.0.0.1", int(input("Port: ") or 5555)))
print("Serwer czeka na porcie", server.getsockname()[1])
try:
    user, address = server.accept()
    while data := user.recv(1024):
        user.sendall(data.upper())
except KeyboardInterrupt:
    print("Koniec")
except OSError as e:
    print("Błąd:", e)
