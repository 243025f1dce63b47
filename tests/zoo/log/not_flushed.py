# Serwer echo z dziennikiem.
import signal
import socket
import threading
import time

lock = threading.Lock()
file = open("dziennik.txt", "a", encoding="utf-8")


def note(*words):
    line = time.strftime("%Y-%m-%d %H:%M:%S ") + " ".join(str(word) for word in words)
    with lock:
        file.write(line + "\n")


def serve(conn, who):
    note("Klient połączony:", who)
    try:
        while True:
            data = conn.recv(1024)
            if not data:
                break
            note("Odebrano dane:", who, len(data))
            conn.sendall(data)
            note("Wysłano dane:", who, len(data))
    except OSError as e:
        note("Błąd połączenia:", who, e)
    conn.close()
    note("Klient rozłączony:", who)


def main():
    note("Serwer uruchomiony")
    port = 9090
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    note("Nasłuchuję na porcie", port)
    print("Nasłuchuję na porcie", port)
    while True:
        conn, addr = server.accept()
        who = f"{addr[0]}:{addr[1]}"
        threading.Thread(target=serve, args=(conn, who), daemon=True).start()


signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    main()
except KeyboardInterrupt:
    note("Serwer zatrzymany")
