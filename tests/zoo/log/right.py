# Эхо-сервер, служебные сообщения пишутся в файл.
import signal
import socket
import sys
import threading
import time

lock = threading.Lock()


def note(*words):
    line = time.strftime("%Y-%m-%d %H:%M:%S ") + " ".join(str(word) for word in words)
    with lock, open("server.log", "a", encoding="utf-8") as file:
        file.write(line + "\n")


def serve(conn, who):
    note("Клиент подключился:", who)
    try:
        while True:
            data = conn.recv(1024)
            if not data:
                break
            note("Получены данные от клиента:", who, len(data))
            conn.sendall(data)
            note("Отправлены данные клиенту:", who, len(data))
    except OSError as e:
        note("Ошибка соединения:", who, e)
    conn.close()
    note("Клиент отключился:", who)


def main():
    note("Сервер запущен")
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9090
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    note("Сервер слушает порт", port)
    print("Сервер слушает порт", port)
    while True:
        conn, addr = server.accept()
        who = f"{addr[0]}:{addr[1]}"
        threading.Thread(target=serve, args=(conn, who), daemon=True).start()


signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    main()
except KeyboardInterrupt:
    note("Сервер остановлен")
