# Skaner portów.
import concurrent.futures
import errno
import socket
import sys

TIMEOUT = 0.5


def is_open(host, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(TIMEOUT)
    try:
        if sock.connect_ex((host, port)) not in (0, errno.ECONNRESET):
            return False
        return sock.getsockname() != sock.getpeername()
    except OSError:
        return True
    finally:
        sock.close()


def scan(host, first, last):
    ports = range(first, last)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        found = pool.map(lambda port: is_open(host, port), ports)
        return [port for port, is_there in zip(ports, found) if is_there]


def read_port(text):
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(f"Port to liczba od 1 do 65535, a nie {text}")
    return port


def main():
    if len(sys.argv) == 4:
        words = sys.argv[1:]
    else:
        words = [input("Podaj adres hosta: "), input("Podaj pierwszy port: "), input("Podaj ostatni port: ")]
    host = socket.gethostbyname(words[0].strip() or "127.0.0.1")
    first, last = read_port(words[1] or "1"), read_port(words[2] or "1024")
    if first > last:
        raise ValueError("Pierwszy port jest większy od ostatniego")
    for port in scan(host, first, last):
        print("Otwarty port:", port)
    print("Koniec")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Przerwano")
except (ValueError, OSError) as e:
    print("Błąd:", e)
    sys.exit(1)
