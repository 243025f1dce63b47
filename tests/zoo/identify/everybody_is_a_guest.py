# Сервер идентификации.
import json
import os
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


def serve(conn, key):
    with conn:
        try:
            with lock:
                name = load().get(key)
            if name:
                conn.sendall(f"Здравствуйте, {name}!\n".encode())
            else:
                name = "гость"
                with lock:
                    names = load()
                    names[key] = name
                    save(names)
                conn.sendall(f"Здравствуйте, {name}!\n".encode())
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
