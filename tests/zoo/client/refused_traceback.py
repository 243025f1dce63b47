# Клиент эхо-сервера.
import codecs
import os
import socket
import threading

lock = threading.Lock()


def receive(sock):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while True:
            data = sock.recv(4096)
            if not data:
                print("Сервер закрыл соединение")
                break
            with lock:
                print("Получено:", decoder.decode(data))
    except OSError as e:
        print("Соединение потеряно:", e)
    print("Соединение закрыто")
    os._exit(0)


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
    reader = threading.Thread(target=receive, args=(sock,), daemon=True)
    reader.start()
    while True:
        line = input()
        if line == "exit":
            break
        if line:
            with lock:
                sock.sendall(line.encode())
                print("Отправлено байт:", len(line.encode()))
    sock.shutdown(socket.SHUT_WR)
    reader.join(1)
    print("Соединение закрыто")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Соединение закрыто")
