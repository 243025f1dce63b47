# Pyta o imię, a potem, czy dobrze zrozumiał.
import json
import os
import socket
import threading

FILE = "ludzie.json"
LOCK = threading.Lock()


def load():
    if not os.path.exists(FILE):
        return {}
    with open(FILE, encoding="utf-8") as file:
        return json.load(file)


def keep(ip, name):
    with LOCK:
        people = {**load(), ip: name}
        with open(FILE + "~", "w", encoding="utf-8") as file:
            json.dump(people, file)
        os.replace(FILE + "~", FILE)


def read(conn):
    data = conn.recv(2048)
    if not data:
        raise OSError("koniec")
    return data.decode("utf-8", "replace").strip()


def ask(conn):
    while True:
        conn.sendall("Jak masz na imię? ".encode())
        name = read(conn)
        if not name:
            continue
        conn.sendall(f"Czyli {name}, tak? (t/n) ".encode())
        if read(conn).lower().startswith("t"):
            return name


def serve(conn, ip):
    with conn:
        try:
            known = load().get(ip)
            if known:
                conn.sendall(f"Cześć {known}, miło Cię znów widzieć.".encode())
                return
            keep(ip, ask(conn))
            conn.sendall("Zapisane.".encode())
        except OSError as e:
            print(ip, e)


with socket.create_server(("127.0.0.1", 5555)) as server:
    print("Czekam na porcie 5555")
    try:
        while True:
            conn, addr = server.accept()
            threading.Thread(target=serve, args=(conn, addr[0]), daemon=True).start()
    except KeyboardInterrupt:
        print("Koniec")
