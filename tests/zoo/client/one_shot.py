# Klient echo.
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
    line = input("Wiadomość: ")
    sock.sendall(line.encode())
    print("Wysłano bajtów:", len(line.encode()))
    data = sock.recv(4096)
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
