# Клиент эхо-сервера.
import select
import socket
import sys


def empty(sock):
    while select.select([sock], [], [], 0)[0]:
        if not sock.recv(1024):
            break


def ask_port(prompt):
    while True:
        text = input(prompt) or "9090"
        if text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        print("Порт — это число от 1 до 65535")


def main():
    host = input("Введите имя хоста: ") or "localhost"
    port = ask_port("Введите номер порта: ")
    sock = socket.create_connection((host, port), timeout=5)
    sock.settimeout(None)
    print(f"Соединение с сервером установлено: {host}:{port}")
    while True:
        line = input("Сообщение: ")
        if line == "exit":
            break
        if not line:
            continue
        empty(sock)
        sock.sendall(line.encode())
        print("Отправлено байт:", len(line.encode()))
        data = sock.recv(1024)
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
