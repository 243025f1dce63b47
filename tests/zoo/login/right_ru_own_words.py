# Сервер аутентификации: имя, пароль, потом эхо.
import hashlib
import json
import os
import secrets
import select
import socket
import threading

lock = threading.Lock()


def load():
    if not os.path.exists("users.json"):
        return {}
    with open("users.json", encoding="utf-8") as file:
        return json.load(file)


def save(users):
    with open("users.new", "w", encoding="utf-8") as file:
        json.dump(users, file)
    os.replace("users.new", "users.json")


def digest(password, salt):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), 50000).hex()


def ask(conn, question):
    conn.sendall(question.encode())
    data = conn.recv(1024)
    while data and not data.endswith(b"\n") and select.select([conn], [], [], 0.25)[0]:
        more = conn.recv(1024)
        if not more:
            break
        data += more
    if not data:
        raise ConnectionError("клиент ушёл")
    return data.decode("utf-8", "replace").strip()


def enter(conn):
    name = ask(conn, "Введите имя: ")
    with lock:
        user = load().get(name)
    password = ask(conn, "Введите пароль: ")
    if user is None:
        salt = secrets.token_hex(16)
        with lock:
            users = load()
            users[name] = [salt, digest(password, salt)]
            save(users)
        conn.sendall(f"Регистрация прошла успешно, {name}\n".encode())
        return True
    for attempt in range(3):
        if secrets.compare_digest(digest(password, user[0]), user[1]):
            conn.sendall(f"Добро пожаловать, {name}\n".encode())
            return True
        if attempt < 2:
            password = ask(conn, "Неверный пароль. Введите пароль: ")
    conn.sendall("Неверный пароль. До свидания.\n".encode())
    return False


def serve(conn):
    with conn:
        try:
            if enter(conn):
                while data := conn.recv(1024):
                    conn.sendall(data)
        except OSError as e:
            print("Обрыв:", e)


def main():
    port = int(input("Введите порт: ") or 9090)
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    print("Сервер слушает порт", port)
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
