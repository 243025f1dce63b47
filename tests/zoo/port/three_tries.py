# Эхо-сервер, три попытки.
import errno
import socket
import sys


def listen_from(port):
    for port in range(port, min(port + 3, 65536)):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
            server.listen(16)
            return server
        except OSError as e:
            server.close()
            if e.errno != errno.EADDRINUSE:
                print("Ошибка:", e)
                sys.exit(1)
            print("Порт", port, "занят")
    print("Свободного порта нет")
    sys.exit(1)


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    port = int(input("Порт по умолчанию 9090: ") or 9090)
    server = listen_from(port)
    print("Слушаю порт", server.getsockname()[1])
    while True:
        conn, addr = server.accept()
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Конец")
