# Echo-Server, der sagt, was geschieht.
import signal
import socket
import threading

lock = threading.Lock()


def say(*words):
    with lock:
        print(" ".join(str(word) for word in words), flush=True)


def serve(conn, who):
    say("Client verbunden:", who)
    try:
        while True:
            data = conn.recv(1024)
            if not data:
                break
            say("Daten empfangen:", who, len(data))
            conn.sendall(data)
            say("Daten gesendet:", who, len(data))
    except OSError as e:
        say("Verbindungsfehler:", who, e)
    conn.close()
    say("Client getrennt:", who)


def main():
    say("Server gestartet")
    port = 9090
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    say("Server lauscht auf Port", port)
    while True:
        conn, addr = server.accept()
        who = f"{addr[0]}:{addr[1]}"
        threading.Thread(target=serve, args=(conn, who), daemon=True).start()


signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    main()
except KeyboardInterrupt:
    say("Server gestoppt")
