# Serwer echo: gdy port jest zajęty, system wybiera inny.
import socket
import sys


def listen_from(port):
    for choice in (port, 0):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", choice))
            server.listen(16)
            return server
        except OSError as e:
            server.close()
            print("Nie mogę słuchać na porcie", choice, "-", e.strerror)
    sys.exit(1)


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    port = 9090
    server = listen_from(port)
    print("Serwer słucha na porcie", server.getsockname()[1])
    while True:
        conn, addr = server.accept()
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Koniec")
