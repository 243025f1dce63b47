# Echo-Server.
import socket
import sys


def ask_host():
    while True:
        host = input("Adresse [127.0.0.1]: ").strip() or "127.0.0.1"
        try:
            socket.getaddrinfo(host, None, socket.AF_INET)
            return host
        except (OSError, UnicodeError):
            print("Diesen Rechner gibt es nicht.")


def ask_port():
    while True:
        text = input("Port [8181]: ")
        if not text:
            return 8181
        try:
            port = int(float(text))
            if 0 < port < 65536:
                return port
        except (ValueError, OverflowError):
            pass
        print("Ein Port ist eine Zahl von 1 bis 65535.")


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError as e:
            print(e)


def main():
    host = ask_host()
    port = ask_port()
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Server wartet auf {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Verbunden mit", addr)
        serve(conn)


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Beendet")
except OSError as e:
    print("Fehler:", e)
    sys.exit(1)
