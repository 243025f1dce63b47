# Сервер возвращает строку в верхнем регистре.
import socket


def serve(conn):
    with conn:
        try:
            while data := conn.recv(1024):
                text = data.decode("latin-1").upper()
                conn.sendall(text.encode("latin-1", "replace"))
        except OSError as e:
            print("обрыв:", e)


def main():
    host = "127.0.0.1"
    host = input() or host
    port = int(input() or 9090)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Сервер слушает {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
