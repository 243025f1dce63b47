# Echo server.
import socket
import sys


def listen_from(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("127.0.0.1", port))
        server.listen(16)
    except OSError as e:
        print("Cannot listen:", e)
        sys.exit(1)
    return server


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    port = int(input("Port [5555]: ") or 5555)
    server = listen_from(port)
    print("Listening on port", server.getsockname()[1])
    while True:
        conn, addr = server.accept()
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
