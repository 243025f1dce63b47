# Serwer echo, który mówi, co się dzieje.
import signal
import socket
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


def main():
    say("Serwer uruchomiony")
    port = int(input("Podaj port: ") or 5555)
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    say("Nasłuchuję na porcie", port)
    while True:
        conn, addr = server.accept()
        who = f"{addr[0]}:{addr[1]}"
        threading.Thread(target=serve, args=(conn, who), daemon=True).start()


signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    main()
except KeyboardInterrupt:
    say("Serwer zatrzymany")
