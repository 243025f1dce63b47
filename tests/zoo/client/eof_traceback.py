# Echo-Client.
import codecs
import os
import socket
import sys
import threading

lock = threading.Lock()


def receive(sock):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while True:
            data = sock.recv(4096)
            if not data:
                print("Der Server hat die Verbindung geschlossen")
                break
            with lock:
                print("Empfangen:", decoder.decode(data))
    except OSError as e:
        print("Verbindung verloren:", e)
    print("Verbindung getrennt")
    os._exit(0)


def ask_port(prompt):
    while True:
        text = input(prompt) or "8181"
        if text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        print("A port is a number from 1 to 65535")


def main():
    host = input("Server: ") or "127.0.0.1"
    port = ask_port("Port: ")
    sock = socket.create_connection((host, port), timeout=5)
    sock.settimeout(None)
    print(f"Verbunden mit {host}:{port}")
    reader = threading.Thread(target=receive, args=(sock,), daemon=True)
    reader.start()
    while True:
        line = input()
        if line == "exit":
            break
        if line:
            with lock:
                sock.sendall(line.encode())
                print("Gesendet:", len(line.encode()))
    sock.shutdown(socket.SHUT_WR)
    reader.join(1)
    print("Verbindung getrennt")


try:
    main()
except KeyboardInterrupt:
    print("Verbindung getrennt")
except OSError as e:
    print("Keine Verbindung:", e)
    sys.exit(1)
