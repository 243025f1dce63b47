# Gniazdo, które umie wysyłać i odbierać teksty z nagłówkiem.
import socket
import struct
import sys
import threading


class TextSocket(socket.socket):
    def accept(self):
        fd, addr = self._accept()
        return TextSocket(fileno=fd), addr

    def receive_exactly(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.recv(min(4096, size - len(data)))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def receive_text(self):
        (size,) = struct.unpack("!I", self.receive_exactly(4))
        if size > 65536:
            raise ValueError("za długie")
        return self.receive_exactly(size).decode("utf-8", "surrogateescape")

    def send_text(self, text):
        data = text.encode("utf-8", "surrogateescape")
        self.sendall(struct.pack("!I", len(data)) + data)


def serve(conn):
    with conn:
        try:
            while True:
                conn.send_text(conn.receive_text())
        except (EOFError, OSError):
            print("Klient wyszedł")
        except ValueError as e:
            print("Odmowa:", e)


try:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = TextSocket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(16)
    print("Serwer słucha na porcie", port)
    while True:
        conn, addr = server.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()
except KeyboardInterrupt:
    print("Koniec")
