# Serwer echo, kończy na słowo stop.
import os
import signal
import socket
import sys
import threading

lock = threading.Lock()


def say(*words):
    with lock:
        print(" ".join(str(word) for word in words), flush=True)


def serve(conn, who):
    say("Klient połączony:", who)
    try:
        while True:
            data = conn.recv(1024)
            if not data:
                break
            say("Odebrano dane:", who, len(data))
            conn.sendall(data)
            say("Wysłano dane:", who, len(data))
    except OSError as e:
        say("Błąd połączenia:", who, e)
    conn.close()
    say("Klient rozłączony:", who)


def control():
    try:
        while input() != "stop":
            pass
        say("Serwer zatrzymany")
        os._exit(0)
    except EOFError:
        pass


def main():
    say("Serwer uruchomiony")
    port = 9090
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    say("Nasłuchuję na porcie", port)
    threading.Thread(target=control, daemon=True).start()
    while True:
        conn, addr = server.accept()
        who = f"{addr[0]}:{addr[1]}"
        threading.Thread(target=serve, args=(conn, who), daemon=True).start()


def end(signo, frame):
    say("Serwer zatrzymany")
    os._exit(0)


signal.signal(signal.SIGTERM, end)
try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
