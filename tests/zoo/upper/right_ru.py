# Сервер возвращает строку в верхнем регистре.
import codecs
import socket


def serve(conn):
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                text = decoder.decode(data, final=not data)
                conn.sendall(text.upper().encode("utf-8", "surrogateescape"))
                if not data:
                    break
        except OSError as e:
            print("обрыв:", e)


def main():
    host = "127.0.0.1"
    host = input("Введите адрес хоста (по умолчанию 127.0.0.1): ") or host
    port = int(input("Введите порт (по умолчанию 9090): ") or 9090)
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
