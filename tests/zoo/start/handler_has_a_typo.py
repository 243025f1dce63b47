# Serwer echo.
import signal
import socket
import sys


def serve(conn):
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                conn.sendall(data)
        except OSError as e:
            print("Utracono połączenie:", e)


def stop(signo, frame):
    print("Koniec")
    serwer.close()
    sys.exit()


def main():
    host = "127.0.0.1"
    port = int(input("Na którym porcie mam słuchać? ") or 5555)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Serwer słucha na {host}:{port}")
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    while True:
        conn, addr = server.accept()
        print("Połączono z", addr)
        serve(conn)


main()
