# Echo-Server.
import socket


def serve(conn):
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                conn.sendall(data)
        except OSError as e:
            print("Verbindung verloren:", e)


def main():
    host = "127.0.0.1"
    host = input("Adresse eingeben: ") or host
    port = int(input("Port eingeben: ") or 8181)
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
