# Эхо-сервер.
import random
import socket
import sys


def listen_from(port):
    for attempt in range(50):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
            server.listen(16)
            return server
        except OSError:
            server.close()
            port = random.randint(10000, 60000)
    sys.exit("Свободный порт не найден")


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    port = int(input("Введите порт: ") or 9090)
    server = listen_from(port)
    print("Сервер слушает порт", port)
    while True:
        conn, addr = server.accept()
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
