# Сканер портов, поток на каждый порт.
import socket
import sys
import time

TIMEOUT = 0.5
socks = {}


def is_connected(sock):
    try:
        return sock.getpeername() != sock.getsockname()
    except OSError:
        return False
    finally:
        sock.close()


def scan(host, first, last):
    for port in range(first, last + 1):
        try:
            sock = socket.socket()
        except OSError:
            continue
        sock.setblocking(False)
        sock.connect_ex((host, port))
        socks[port] = sock
    time.sleep(TIMEOUT)
    return [port for port in socks if is_connected(socks[port])]


def read_port(text):
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(f"Порт - это число от 1 до 65535, а не {text}")
    return port


def main():
    if len(sys.argv) == 4:
        words = sys.argv[1:]
    else:
        words = [input("Введите хост: "), input("Введите начальный порт: "), input("Введите конечный порт: ")]
    host = socket.gethostbyname(words[0].strip() or "127.0.0.1")
    first, last = read_port(words[1] or "1"), read_port(words[2] or "1024")
    if first > last:
        raise ValueError("Начальный порт больше конечного")
    for port in scan(host, first, last):
        print("Открыт порт", port)
    print("Сканирование завершено")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Прервано")
except (ValueError, OSError) as e:
    print("Ошибка:", e)
    sys.exit(1)
