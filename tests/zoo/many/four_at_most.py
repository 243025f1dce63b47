# Сервер на несколько клиентов.
import socket
import threading

clients = []


def serve(conn):
    clients.append(conn)
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                conn.sendall(data)
        except OSError:
            print("обрыв")
    clients.remove(conn)


def main():
    host = "127.0.0.1"
    port = int(input("port: ") or 9090)
    host = input("host: ") or host
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Сервер слушает {host}:{port}")
    while True:
        conn, addr = server.accept()
        print("Подключился", addr)
        if len(clients) >= 4:
            print("Слишком много клиентов")
            conn.close()
            continue
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Сервер остановлен")
