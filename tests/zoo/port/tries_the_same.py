# Serwer echo.
import socket
import time


def listen_from(port):
    while True:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
            server.listen(16)
            return server
        except OSError as e:
            print("Port zajęty, próbuję ponownie:", e)
            server.close()
            time.sleep(0.5)


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    port = int(input("Podaj port: ") or 5555)
    server = listen_from(port)
    print("Serwer słucha na porcie", port)
    while True:
        conn, addr = server.accept()
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Koniec")
