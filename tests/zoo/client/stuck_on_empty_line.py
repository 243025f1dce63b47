# Клиент эхо-сервера.
import socket
import sys


def ask_port():
    while True:
        text = input() or "9090"
        if text.isdigit() and 0 < int(text) < 65536:
            return int(text)


def main():
    host = input() or "localhost"
    port = ask_port()
    sock = socket.create_connection((host, port), timeout=5)
    sock.settimeout(None)
    print(f"Соединение с сервером установлено: {host}:{port}")
    while True:
        line = input("")
        if line == "exit":
            break
        sock.sendall(line.encode())
        print("Отправлено байт:", len(line.encode()))
        data = sock.recv(65536)
        if not data:
            print("Сервер закрыл соединение")
            break
        print("Получено:", data.decode("utf-8", "replace"))
    sock.close()
    print("Соединение закрыто")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Соединение закрыто")
except OSError as e:
    print("Не удалось подключиться:", e)
    sys.exit(1)
