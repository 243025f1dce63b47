# Texts with a header of four bytes; each comes back.
import socket
import struct
import sys
import threading

HEADER = 4


def receive_exactly(conn, size):
    data = b""
    while len(data) < size:
        part = conn.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def receive_text(conn):
    (size,) = struct.unpack(">I", receive_exactly(conn, HEADER))
    data = bytearray(size)
    got = 0
    while got < size:
        count = conn.recv_into(memoryview(data)[got:])
        if count == 0:
            raise EOFError
        got += count
    return bytes(data)


def send_text(conn, data):
    conn.sendall(struct.pack(">I", len(data)) + data)


def serve(conn):
    with conn:
        try:
            while True:
                send_text(conn, receive_text(conn))
        except (EOFError, OSError):
            print("The client has left")


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    print("Listening on port", port)
    while True:
        conn, addr = server.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
