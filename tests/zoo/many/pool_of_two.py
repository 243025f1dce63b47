# Эхо-сервер с двумя потоками.
import queue
import socket
import threading

jobs = queue.Queue()


def serve(conn):
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                conn.sendall(data)
        except OSError as e:
            print("обрыв:", e)


def work():
    while True:
        serve(jobs.get())


def main():
    host = "127.0.0.1"
    host = input("Введите адрес хоста (по умолчанию 127.0.0.1): ") or host
    port = int(input("Введите порт (по умолчанию 9090): ") or 9090)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(64)
    for _ in range(2):
        threading.Thread(target=work, daemon=True).start()
    print(f"Сервер слушает {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        jobs.put(conn)


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
