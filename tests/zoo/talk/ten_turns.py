# Serwer odpowiada na kolejne wiadomości.
import socket
import threading


def serve(conn):
    with conn:
        try:
            for number in range(10):
                data = conn.recv(4096)
                if not data:
                    break
                print("Odebrano:", data.decode("utf-8", "replace").strip())
                conn.sendall(data)
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
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Koniec pracy serwera")
