# Сканер портов.
import concurrent.futures
import socket
import sys

TIMEOUT = 0.5


def is_open(host, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(TIMEOUT)
    try:
        sock.connect((host, port))
        return False
    except OSError:
        return True
    finally:
        sock.close()


def scan(host, first, last):
    ports = range(first, last + 1)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        found = pool.map(lambda port: is_open(host, port), ports)
        return [port for port, is_there in zip(ports, found) if is_there]


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
