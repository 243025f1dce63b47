# Echo server with a thread per client, stops when all have left.
import signal
import socket
import threading

threads = []
running = True


def serve(conn):
    with conn:
        try:
            while True:
                data = conn.recv(1024)
                if not data:
                    break
                conn.sendall(data)
        except OSError as e:
            print("Connection lost:", e)


def stop(signo, frame):
    global running
    running = False
    print("Stopping")


def main():
    host = "127.0.0.1"
    host = input("Host [127.0.0.1]: ") or host
    port = int(input("Port [5555]: ") or 5555)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(16)
    print(f"Listening on {host}:{port}")
    server.settimeout(0.2)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    while running:
        try:
            conn, addr = server.accept()
        except TimeoutError:
            continue
        conn.settimeout(None)
        print("Connected:", addr)
        thread = threading.Thread(target=serve, args=(conn,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()


main()
