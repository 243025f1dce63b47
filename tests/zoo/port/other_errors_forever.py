# Echo server.
import errno
import socket
import sys


def listen_from(port):
    while port < 65536:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
            server.listen(16)
            return server
        except OSError as e:
            server.close()
            if e.errno == errno.EADDRINUSE:
                print("Port", port, "is taken")
                port += 1
    print("No free port")
    sys.exit(1)


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = listen_from(port)
    print("Listening on port", server.getsockname()[1])
    while True:
        conn, addr = server.accept()
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
