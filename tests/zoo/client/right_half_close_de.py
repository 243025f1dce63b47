# Je Zeile eine Verbindung; das Ende der Frage ist FIN, das der Antwort auch.
import socket
import sys


def ask(host, port, text):
    with socket.create_connection((host, port)) as sock:
        print("Verbindung hergestellt")
        sock.sendall(text.encode())
        sock.shutdown(socket.SHUT_WR)
        print("Gesendet:", text)
        parts = []
        while part := sock.recv(128):
            parts.append(part)
    print("Verbindung getrennt")
    return b"".join(parts)


host, port = sys.argv[1], int(sys.argv[2])
try:
    for line in iter(lambda: input("Eingabe für den Server: "), "exit"):
        if line:
            try:
                print("Antwort:", ask(host, port, line).decode("utf-8", "replace"))
            except OSError as e:
                sys.exit(f"Keine Verbindung: {e}")
except (EOFError, KeyboardInterrupt):
    print()
