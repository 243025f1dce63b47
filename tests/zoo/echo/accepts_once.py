# Serwer echo: czeka na jednego klienta.
import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(1)
print("Serwer działa na porcie", port)
try:
    user, address = server.accept()
    print("Połączył się", address)
    while True:
        data = user.recv(2048)
        if not data:
            break
        user.sendall(data)
except KeyboardInterrupt:
    print("Koniec")
except OSError as e:
    print("Błąd:", e)
