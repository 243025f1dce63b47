# Klient echo, zadanie 1.
import socket
import sys


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
    while True:
        line = input("Wiadomość: ")
        if line == "exit":
            break
        if not line:
            continue
        sock.sendall(line.encode())
        print("Wysłano bajtów:", len(line.encode()))
        data = sock.recv(1024)
        if not data:
            print("Serwer zamknął połączenie")
            break
        print("Odebrano:", data.decode("utf-8", "replace"))
    sock.close()
    print("Rozłączono")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Rozłączono")
except OSError as e:
    print("Nie można się połączyć:", e)
    sys.exit(1)
