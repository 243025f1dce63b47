# A login server that asks whether there is an account: no is a registration.
import hashlib, hmac, os, secrets, select, shelve, socket, threading
L = threading.Lock()

def хэш(п, соль):
    return hashlib.pbkdf2_hmac("sha256", п.encode(), соль, 15000)

def ответ(c, вопрос):
    c.sendall(вопрос.encode())
    d = c.recv(1000)
    while d and not d.endswith(b"\n") and select.select([c], [], [], 0.3)[0]:
        e = c.recv(1000)
        if not e:
            break
        d += e
    if not d:
        raise ConnectionError("ушёл")
    return d.decode("utf8", "replace").strip()

def гость(c):
    with c:
        try:
            есть = ответ(c, "Do you already have an account? (yes/no) ").lower()
            if есть == "токен":
                т = ответ(c, "Токен: ")
                with L, shelve.open("сессии") as s:
                    кто = s.get(hashlib.sha256(т.encode()).hexdigest())
                c.sendall((f"Сессия продолжена, {кто}\n" if кто else "Такой сессии нет\n").encode())
                return
            имя = ответ(c, "User name: ")
            п = ответ(c, "Password: ")
            with L, shelve.open("люди") as люди:
                if есть == "no":
                    if имя in люди or not имя:
                        c.sendall("This name is taken\n".encode())
                        return
                    соль = os.urandom(16)
                    люди[имя] = (соль, хэш(п, соль))
                    c.sendall("Account created\n".encode())
                    return
                соль, верный = люди.get(имя, (b"0" * 16, b""))
            if not hmac.compare_digest(хэш(п, соль), верный):
                c.sendall("Wrong name or password\n".encode())
                return
            т = secrets.token_urlsafe(24)
            with L, shelve.open("сессии") as s:
                s[hashlib.sha256(т.encode()).hexdigest()] = имя
            c.sendall(f"Welcome, {имя}!\n".encode())
        except OSError as e:
            print("обрыв:", e)

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 9090))
s.listen(20)
print("Жду на порту 9090")
try:
    while True:
        threading.Thread(target=гость, args=(s.accept()[0],), daemon=True).start()
except KeyboardInterrupt:
    print("всё")
