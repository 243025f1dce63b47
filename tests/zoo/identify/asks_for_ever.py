# Сервер идентификации.
import json
import os
import select
import socket
import threading

FILE = "names.json"
lock = threading.Lock()


def load():
    if not os.path.exists(FILE):
        return {}
    with open(FILE, encoding="utf-8") as file:
        return json.load(file)


def save(names):
    with open(FILE + ".new", "w", encoding="utf-8") as file:
        json.dump(names, file, ensure_ascii=False)
    os.replace(FILE + ".new", FILE)


def read_text(conn):
    """A line; where no newline comes, what came before a quarter of a second of silence."""
    data = conn.recv(1024)
    while data and not data.endswith(b"\n") and select.select([conn], [], [], 0.25)[0]:
        more = conn.recv(1024)
        if not more:
            break
        data += more
    return data.decode("utf-8", "replace").strip()


def serve(conn, key):
    with conn:
        try:
            with lock:
                name = load().get(key)
            if name:
                conn.sendall(f"Здравствуйте, {name}!\n".encode())
            else:
                names = load()
                while name not in names.values():
                    conn.sendall("Введите имя:\n".encode())
                    name = read_text(conn)
                    if not name:
                        return
                with lock:
                    names[key] = name
                    save(names)
                conn.sendall(f"Приятно познакомиться, {name}!\n".encode())
            conn.shutdown(socket.SHUT_WR)
            conn.settimeout(0.3)
            while conn.recv(1024):
                pass
        except OSError as e:
            print("Обрыв:", e)


def main():
    host = "127.0.0.1"
    port = int(input("Порт: ") or 9090)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Сервер слушает {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        threading.Thread(target=serve, args=(conn, addr[0]), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
