# An echo server that keeps a log file.
import logging
import signal
import socket
import threading

logging.basicConfig(
    filename="echo.log", encoding="utf-8", level=logging.INFO, format="%(asctime)s %(message)s"
)


def note(*words):
    logging.info(" ".join(str(word) for word in words))


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
    port = int(input("Port: ") or 5555)
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
