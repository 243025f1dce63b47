# A server with names, passwords and tokens.
import hashlib
import hmac
import json
import os
import secrets
import socket
import threading
import time

lock = threading.Lock()


def load(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def save(path, data):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(data, file)
    os.replace(path + ".new", path)


def digest(password, salt):
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=4096, r=8, p=1).hex()


def matches(name, password):
    user = load("users.json").get(name)
    if user is None:
        return False
    return hmac.compare_digest(digest(password, user["salt"]), user["hash"])


def keep(name, password):
    users = load("users.json")
    salt = secrets.token_hex(16)
    users[name] = {"salt": salt, "hash": digest(password, salt)}
    save("users.json", users)


def new_token(name):
    token = secrets.token_urlsafe(32)
    tokens = load("tokens.json")
    tokens[hashlib.sha256(token.encode()).hexdigest()] = [name, time.time() + 3600]
    save("tokens.json", tokens)
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    return f"OK token {token} expires {expires}"


def who_has(token):
    name, end = load("tokens.json").get(hashlib.sha256(token.encode()).hexdigest(), ["", 0])
    return name if time.time() < end else ""


def answer(state, words):
    match words:
        case ["REGISTER", name, password]:
            if name in load("users.json"):
                return "ERR taken This name is taken"
            keep(name, password)
            state["name"] = name
            return new_token(name)
        case ["LOGIN", name, password]:
            if not matches(name, password):
                return "ERR denied Wrong name or password"
            state["name"] = name
            return new_token(name)
        case ["RESUME", token]:
            state["name"] = who_has(token)
            return "OK " + state["name"] if state["name"] else "ERR denied This token is not valid"
        case ["WHOAMI"]:
            return "OK " + state["name"] if state["name"] else "ERR denied Nobody is logged in"
        case ["PASSWD", old, new]:
            if not state["name"] or not matches(state["name"], old):
                return "ERR denied Wrong password"
            keep(state["name"], new)
            return "OK changed"
        case ["LOGOUT"]:
            state["name"] = ""
            return "OK bye"
    return "ERR unknown Say REGISTER, LOGIN, RESUME, WHOAMI, PASSWD, LOGOUT or QUIT"


def lines(conn):
    while data := conn.recv(4096):
        if data.endswith(b"\n"):
            yield from data.decode("utf-8", "replace").splitlines()


def serve(conn):
    state = {"name": ""}
    with conn:
        try:
            conn.sendall(b"OK Say REGISTER name password, LOGIN name password, RESUME token or QUIT\n")
            for line in lines(conn):
                if line == "QUIT":
                    conn.sendall(b"OK bye\n")
                    break
                with lock:
                    text = answer(state, line.split())
                conn.sendall((text + "\n").encode())
        except OSError as e:
            print("Connection lost:", e)


def main():
    port = int(input("Port [5555]: ") or 5555)
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    print("Listening on port", port)
    while True:
        conn, addr = server.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
