# Answers Hello and Time, all clients in one loop.
import datetime
import select
import socket

clients = []


def ask(text):
    if text == "Hello":
        return "Hello from server"
    if text == "Time":
        return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return "Unknown command"


def answer(conn):
    try:
        data = conn.recv(8192)
        text = data.decode("utf-8").strip()
        if data:
            conn.sendall(ask(text).encode())
        if not data or text == "Hello":
            clients.remove(conn)
            conn.close()
    except OSError as e:
        print("Lost:", e)
        clients.remove(conn)


def main():
    server = socket.create_server(("127.0.0.1", 5555), backlog=16)
    print("Listening on port", 5555)
    while True:
        for conn in select.select([server] + clients, [], [])[0]:
            if conn is server:
                clients.append(server.accept()[0])
            else:
                answer(conn)


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
