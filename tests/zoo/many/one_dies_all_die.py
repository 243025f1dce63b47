# An echo server for many clients with one thread and select.
import select
import socket
import sys

waiting = {}  # what each client is still to get


def turn(server):
    readable = [server] + [c for c in waiting if len(waiting[c]) < 65536]
    writable = [c for c in waiting if waiting[c]]
    can_read, can_write, _ = select.select(readable, writable, [])
    for conn in can_write:
        sent = conn.send(waiting[conn])
        waiting[conn] = waiting[conn][sent:]
    for conn in can_read:
        if conn is server:
            new, addr = server.accept()
            new.setblocking(False)
            waiting[new] = b""
        elif conn in waiting:
            data = conn.recv(4096)
            waiting[conn] += data
            if not data:
                conn.setblocking(True)
                conn.sendall(waiting.pop(conn))
                conn.close()


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = socket.create_server(("127.0.0.1", port), backlog=64)
    print("Listening on port", port)
    while True:
        turn(server)


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
