# Klient echo.
import codecs
import os
import socket
import sys
import threading

lock = threading.Lock()


def receive(sock):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while True:
            data = sock.recv(4096)
            if not data:
                print("Serwer zamknął połączenie")
                break
            with lock:
                print("Odebrano:", decoder.decode(data))
    except OSError as e:
        print("Utracono połączenie:", e)
    print("Rozłączono")
    os._exit(0)


def ask_port(prompt):
    while True:
        text = input(prompt) or "5555"
        if text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        print("Port to liczba od 1 do 65535")


def main():
    host = input("Podaj adres serwera: ") or "127.0.0.1"
    port = ask_port("Podaj port: ")
    sock = socket.create_connection((host, port), timeout=5)
    sock.settimeout(None)
    print(f"Połączono z {host}:{port}")
    reader = threading.Thread(target=receive, args=(sock,), daemon=True)
    reader.start()
    while True:
        line = input()
        if line == "exit":
            break
        if line:
            sock.sendall(line.encode())
    sock.shutdown(socket.SHUT_WR)
    reader.join(1)
    print("Rozłączono")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Rozłączono")
except OSError as e:
    print("Nie można się połączyć:", e)
    sys.exit(1)
