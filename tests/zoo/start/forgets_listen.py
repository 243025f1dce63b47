# Эхо-сервер.
import socket
import time

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 9090))
print("Сервер запущен на порту 9090")
try:
    while True:
        try:
            conn, addr = server.accept()
            while data := conn.recv(1024):
                conn.sendall(data)
            conn.close()
        except OSError:
            time.sleep(0.1)
except KeyboardInterrupt:
    print("Сервер остановлен")
