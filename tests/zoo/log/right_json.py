# A line of JSON for each event, with a name in snake_case.
import json
import socket
import threading
import time

FILE = open("events.jsonl", "a", buffering=1, encoding="utf-8")
LOCK = threading.Lock()


def log(event, **fields):
    line = json.dumps({"time": time.strftime("%FT%TZ", time.gmtime()), "event": event, **fields}, ensure_ascii=False)
    with LOCK:
        FILE.write(line + "\n")


def serve(conn, addr):
    peer = f"{addr[0]}:{addr[1]}"
    log("client_connected", peer=peer)
    try:
        with conn:
            while data := conn.recv(1024):
                log("data_received", peer=peer, bytes=len(data))
                conn.sendall(data)
                log("data_sent", peer=peer, bytes=len(data))
    except OSError as e:
        log("error", peer=peer, reason=str(e))
    finally:
        log("client_disconnected", peer=peer)


log("server_started")
with socket.create_server(("", 9090)) as server:
    log("server_listening", port=9090)
    try:
        while True:
            threading.Thread(target=serve, args=server.accept(), daemon=True).start()
    except KeyboardInterrupt:
        log("server_stopped")
