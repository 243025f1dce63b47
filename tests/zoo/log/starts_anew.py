# Echo server with a log.
import signal
import socket
import threading
import time

lock = threading.Lock()
file = open("server.log", "w", encoding="utf-8")


def note(*words):
    line = time.strftime("%Y-%m-%d %H:%M:%S ") + " ".join(str(word) for word in words)
    with lock:
        file.write(line + "\n")
        file.flush()


def serve(conn, who):
    note("Client connected:", who)
    try:
        while True:
            data = conn.recv(1024)
            if not data:
                break
            note("Received data:", who, len(data))
            conn.sendall(data)
            note("Sent data:", who, len(data))
    except OSError as e:
        note("Connection error:", who, e)
    conn.close()
    note("Client disconnected:", who)


def main():
    note("Server started")
    port = 9090
    server = socket.create_server(("127.0.0.1", port), backlog=16)
    note("Listening on port", port)
    print("Listening on port", port)
    while True:
        conn, addr = server.accept()
        who = f"{addr[0]}:{addr[1]}"
        threading.Thread(target=serve, args=(conn, who), daemon=True).start()


signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    main()
except KeyboardInterrupt:
    note("Server stopped")
