# Echo-Server, nimmt bei Unsinn den Standard.
import socket
import sys


def ask_host():
    host = input("Adresse [127.0.0.1]: ") or "127.0.0.1"
    try:
        socket.gethostbyname(host)
    except (OSError, UnicodeError):
        print("Diesen Rechner gibt es nicht.")
        host = "127.0.0.1"
    return host


def ask_port():
    try:
        port = int(input("Port [8181]: ") or 8181)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        print("Ein Port ist eine Zahl von 1 bis 65535.")
        port = 8181
    return port


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
