# Echo server in a thread of its own.
import socket
import threading


def serve(server):
    while True:
        conn, addr = server.accept()
        with conn:
            while data := conn.recv(1024):
                conn.sendall(data)


server = socket.create_server(("127.0.0.1", 5555))
threading.Thread(target=serve, args=(server,), daemon=True).start()
print("Server started on port 5555")
