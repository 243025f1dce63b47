# Echo client.
import socket
import sys


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
    while True:
        line = input("Text: ")
        if line == "exit":
            break
        if not line:
            continue
        sock.sendall(line.encode())
        print("Sent", len(line.encode()))
        data = sock.recv(65536)
        if not data:
            print("The server has closed the connection")
            break
        print("Received:", data[: len(line.encode())].decode("utf-8", "replace"))
    sock.close()
    print("Disconnected")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Disconnected")
except OSError as e:
    print("Cannot connect:", e)
    sys.exit(1)
