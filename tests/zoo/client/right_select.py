# Klient echo: jeden wątek, select na gnieździe i klawiaturze.
import codecs
import os
import select
import socket
import sys


def typed():
    """Gives the lines that have been typed; None at the end of the input."""
    data = os.read(0, 65536)
    if not data:
        return [None]
    return data.decode(errors="replace").splitlines()


def ask_port(prompt):
    while True:
        text = input(prompt) or "5555"
        if text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        print("A port is a number from 1 to 65535")


def talk(sock):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        ready = select.select([sock, sys.stdin], [], [])[0]
        if sock in ready:
            data = sock.recv(4096)
            if not data:
                print("Serwer zamknął połączenie")
                return
            print("Odebrano:", decoder.decode(data))
        if sys.stdin in ready:
            for line in typed():
                if line is None or line == "exit":
                    return
                sock.sendall(line.encode())
                print("Wysłano bajtów:", len(line.encode()))


try:
    host = input("Adres serwera [127.0.0.1]: ") or "127.0.0.1"
    port = ask_port("Port [5555]: ")
    with socket.create_connection((host, port), timeout=5) as sock:
        sock.settimeout(None)
        print("Połączono z", host, port)
        talk(sock)
    print("Rozłączono")
except (EOFError, KeyboardInterrupt):
    print("Rozłączono")
except OSError as e:
    print("Błąd połączenia:", e)
    sys.exit(1)
