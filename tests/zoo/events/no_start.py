# Эхо-сервер.
import signal
import socket
import threading

lock = threading.Lock()


def say(*words):
    with lock:
        print(" ".join(str(word) for word in words), flush=True)


def serve(conn, who):
    say("Клиент подключился:", who)
    try:
        while True:
            data = conn.recv(1024)
            if not data:
                break
            say("Получены данные от клиента:", who, len(data))
            conn.sendall(data)
            say("Отправлены данные клиенту:", who, len(data))
    except OSError as e:
        say("Ошибка соединения:", who, e)
    conn.close()
    say("Клиент отключился:", who)


def main():
    port = 9090
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    say("Сервер слушает порт", port)
    while True:
        conn, addr = server.accept()
        who = f"{addr[0]}:{addr[1]}"
        threading.Thread(target=serve, args=(conn, who), daemon=True).start()


signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    main()
except KeyboardInterrupt:
    say("Сервер остановлен")
