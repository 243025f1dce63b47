# Strangers are known by address, in a CSV file. Names are of letters only, and begin with a capital one.
import csv
import os
import socket

FILE = "visitors.csv"

def load():
    if not os.path.exists(FILE):
        return {}
    with open(FILE, newline="", encoding="utf-8") as f:
        return dict(csv.reader(f))

def save(ip, name):
    with open(FILE, "a", newline="", encoding="utf-8") as f:
        csv.writer(f).writerow([ip, name])
        f.flush()
        os.fsync(f.fileno())

def talk(conn, ip):
    people = load()
    if ip in people:
        conn.sendall(b"Good to see you again, " + people[ip].encode() + b"\r\n")
        return
    conn.sendall(f"Hello, {ip}! I do not know you. Please type your first name: ".encode())
    while True:
        data = conn.recv(1024)
        if not data:
            return
        name = data.decode("utf-8", "replace").strip()
        if name.isalpha() and len(name) <= 40:
            break
        conn.sendall(b"Letters only, at most 40. Your first name: ")
    name = name.capitalize()
    save(ip, name)
    conn.sendall(f"Pleased to meet you, {name}\r\n".encode())

srv = socket.create_server(("", 9090))
srv.listen(10)
print("Waiting on port 9090")
while True:
    try:
        conn, (ip, port) = srv.accept()
        with conn:
            conn.settimeout(20)
            print(ip, port, "came")
            try:
                talk(conn, ip)
            except OSError as e:
                print(ip, "lost:", e)
    except KeyboardInterrupt:
        print("bye")
        break
