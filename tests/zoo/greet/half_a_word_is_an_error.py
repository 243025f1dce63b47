# Serwer: słownik poleceń.
import datetime
import select
import socket

clients = []


WORDS = {
    "Hello": lambda: "Hello from server",
    "Time": lambda: datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
}


def ask(text):
    for start in WORDS:
        if start.startswith(text[:3]) and len(text) <= len(start):
            return WORDS[text]()
    return "Unknown command"


def answer(conn):
    try:
        data = conn.recv(8192)
        text = data.decode("utf-8", "replace").strip()
        if data:
            conn.sendall(ask(text).encode())
        if not data or text == "Hello":
            clients.remove(conn)
            conn.close()
    except OSError as e:
        print("Błąd:", e)
        clients.remove(conn)


def main():
    server = socket.create_server(("127.0.0.1", 5555), backlog=16)
    print("Serwer słucha na porcie", 5555)
    while True:
        for conn in select.select([server] + clients, [], [])[0]:
            if conn is server:
                clients.append(server.accept()[0])
            else:
                answer(conn)


try:
    main()
except KeyboardInterrupt:
    print("Koniec")
