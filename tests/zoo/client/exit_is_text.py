# Echo client.
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
                print("The server has closed the connection")
                break
            with lock:
                print("Received:", decoder.decode(data))
    except OSError as e:
        print("Connection lost:", e)
    print("Disconnected")
    os._exit(0)


def ask_port(prompt):
    while True:
        text = input(prompt) or "5555"
        if text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        print("A port is a number from 1 to 65535")


def main():
    host = input("Host [127.0.0.1]: ") or "127.0.0.1"
    port = ask_port("Port [5555]: ")
    sock = socket.create_connection((host, port), timeout=5)
    sock.settimeout(None)
    print(f"Connected to {host}:{port}")
    reader = threading.Thread(target=receive, args=(sock,), daemon=True)
    reader.start()
    while True:
        line = input()
        if line == "exit\n":
            break
        if line:
            with lock:
                sock.sendall(line.encode())
                print("Sent", len(line.encode()))
    sock.shutdown(socket.SHUT_WR)
    reader.join(1)
    print("Disconnected")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Disconnected")
except OSError as e:
    print("Cannot connect:", e)
    sys.exit(1)
