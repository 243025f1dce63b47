# The server is a daemon thread; the main thread waits for Enter.
import socket
import threading
import time


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                conn.sendall(data)
        except OSError:
            pass


def listen():
    time.sleep(0.3)
    with socket.create_server(("127.0.0.1", 5555)) as server:
        while True:
            conn, _ = server.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


threading.Thread(target=listen, daemon=True).start()
try:
    input("Press Enter to stop the server.")
except (KeyboardInterrupt, EOFError):
    pass
