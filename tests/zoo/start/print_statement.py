# Echo server.
import socket

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 5555))
server.listen(5)
print "Listening on port 5555"
while True:
    conn, addr = server.accept()
    data = conn.recv(1024)
    while data:
        conn.sendall(data)
        data = conn.recv(1024)
    conn.close()
