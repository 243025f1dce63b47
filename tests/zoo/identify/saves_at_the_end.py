# Сервер идентификации.
import select
import socket
import sys
import threading

names = {}
lock = threading.Lock()


def load():
    try:
        with open("names.txt", encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file)
    except FileNotFoundError:
        return {}


def save():
    with open("names.txt", "w", encoding="utf-8") as file:
        for key, name in names.items():
            file.write(f"{key}={name}\n")


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
                name = names.get(key)
            if name:
                conn.sendall(f"Здравствуйте, {name}!\n".encode())
            else:
                conn.sendall("Введите имя:\n".encode())
                name = read_text(conn)
                if not name:
                    return
                with lock:
                    names[key] = name
                conn.sendall(f"Приятно познакомиться, {name}!\n".encode())
            conn.shutdown(socket.SHUT_WR)
            conn.settimeout(0.3)
            while conn.recv(1024):
                pass
        except OSError as e:
            print("Обрыв:", e)


def main():
    host = "127.0.0.1"
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
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
    names.update(load())
    main()
except KeyboardInterrupt:
    save()
    print("Сервер остановлен")
