# Serwer z nagłówkiem długości, jeden klient po drugim.
import socket

HEADER = 10
LIMIT = 65536


def receive_exactly(conn, size):
    data = b""
    while len(data) < size:
        part = conn.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def receive_text(conn):
    header = receive_exactly(conn, HEADER).strip()
    size = int(header)
    if size > LIMIT:
        raise OverflowError
    return receive_exactly(conn, size)


def send_text(conn, data):
    conn.sendall(f"{len(data):{HEADER}}".encode() + data)


def serve(conn):
    with conn:
        try:
            while True:
                send_text(conn, receive_text(conn))
        except (EOFError, OSError):
            print("The client has left")
        except OverflowError as e:
            print("Refused:", e)
            refuse(conn, str(e).encode())


def refuse(conn, reason):
    try:
        send_text(conn, reason)
        conn.shutdown(socket.SHUT_WR)
        conn.settimeout(0.3)
        while conn.recv(4096):
            pass
    except OSError:
        pass


def main():
    port = int(input("Podaj port: ") or 5555)
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    print("Listening on port", port)
    while True:
        conn, addr = server.accept()
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
