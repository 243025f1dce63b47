# Serwer zwraca wielkie litery.
import codecs
import socket


def serve(conn):
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                text = decoder.decode(data, final=not data)
                conn.sendall(text.swapcase().encode("utf-8", "surrogateescape"))
                if not data:
                    break
        except OSError as e:
            print("Błąd:", e)


def main():
    host = "127.0.0.1"
    host = input("Podaj adres hosta: ") or host
    port = int(input("Podaj numer portu: ") or 5555)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Serwer słucha na {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Połączono z", addr)
        serve(conn)


try:
    main()
except KeyboardInterrupt:
    print("Koniec pracy serwera")
