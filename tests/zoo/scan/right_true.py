# A word for each port that means open only behind a number; and it asks again in words of its own.
import socket
from concurrent.futures import ThreadPoolExecutor


def answers(address):
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(address) == 0


def number(question):
    while True:
        text = input(question)
        if text.isdecimal() and 0 < int(text) < 65536:
            return int(text)
        print("A number, 1 to 65535")


def target():
    while True:
        try:
            return socket.gethostbyname(input("Whom shall I look at? "))
        except OSError:
            print("Nobody there.")


try:
    ip = target()
    first, last = sorted([number("First port: "), number("Last port: ")])
    ports = range(first, last + 1)
    with ThreadPoolExecutor(64) as pool:
        for port, found in zip(ports, pool.map(answers, [(ip, port) for port in ports])):
            print(port, found)
except (EOFError, KeyboardInterrupt):
    print("Bye")
