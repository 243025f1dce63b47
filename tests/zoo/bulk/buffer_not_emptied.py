# Serwer odbiera 100 kB i odsyła, bufory są używane ponownie.
import socket
import threading

SIZE = 102400
free = []


def serve(conn):
    data = free.pop() if free else bytearray()
    try:
        while len(data) < SIZE:
            part = conn.recv(min(4096, SIZE - len(data)))
            if not part:
                break
            data += part
        print("Odebrano bajtów:", len(data))
        conn.sendall(data)
        print("Wysłano bajtów:", len(data))
        data.clear()
    except OSError as e:
        print("Błąd:", e)
    free.append(data)
    conn.close()


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
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Koniec pracy serwera")
