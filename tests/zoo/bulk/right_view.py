# Serwer odbiera 100 kB do jednego bufora i odsyła.
import socket
import threading

SIZE = 102400


def serve(conn):
    buffer = bytearray(SIZE)
    view = memoryview(buffer)
    got = 0
    try:
        while got < SIZE:
            count = conn.recv_into(view[got:])
            if count == 0:
                break
            got += count
        print("Odebrano bajtów:", got)
        conn.sendall(view[:got])
        print("Wysłano bajtów:", got)
    except OSError as e:
        print("Błąd:", e)
    conn.close()


def main():
    host = "127.0.0.1"
    port = int(input("port: ") or 9090)
    host = input("host: ") or host
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Serwer słucha na {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Połączono z", addr)
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Koniec pracy serwera")
