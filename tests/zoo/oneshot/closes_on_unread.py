# Eine Nachricht bis 2048 Byte, eine Antwort.
import socket
import sys


def serve(conn):
    try:
        data = conn.recv(2048)
        conn.sendall(b"SERVER RECEIVED: " + data)
    except OSError as e:
        print("Fehler:", e)
    conn.close()


def main():
    host = "127.0.0.1"
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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
except KeyboardInterrupt:
    print("Server beendet")
