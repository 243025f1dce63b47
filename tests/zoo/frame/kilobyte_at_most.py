# Serwer z nagłówkiem długości.
import socket
import threading

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
    if not header.isdigit() or int(header) > LIMIT:
        raise ValueError("bad header")
    return receive_exactly(conn, min(1024, int(header)))


def send_text(conn, data):
    conn.sendall(f"{len(data):{HEADER}}".encode() + data)


def serve(conn):
    with conn:
        try:
            while True:
                send_text(conn, receive_text(conn))
        except (EOFError, OSError):
            print("The client has left")
        except ValueError as e:
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
    host = input() or "127.0.0.1"
    port = int(input() or 9090)
    server = socket.create_server((host, port), backlog=16)
    print("Listening on port", port)
    while True:
        conn, addr = server.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
