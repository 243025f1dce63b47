# Echo-Server in einem eigenen Thread.
import socket
import threading


def serve():
    conn, address = server.accept()
    with conn:
        data = conn.recv(4096)
        conn.sendall(b"SERVER RECEIVED: " + data)


server = socket.create_server(("127.0.0.1", 8181))
print("Server wartet auf Port 8181")
thread = threading.Thread(target=serve, daemon=True)
thread.start()
try:
    thread.join()
except KeyboardInterrupt:
    print("Beendet")
