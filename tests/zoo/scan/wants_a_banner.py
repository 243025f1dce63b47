# A port scanner.
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
        sock.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
        return len(sock.recv(1024)) > 0
    except TimeoutError:
        return True
    except OSError:
        return False
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
        raise ValueError(f"A port is a number from 1 to 65535, not {text}")
    return port


def main():
    if len(sys.argv) == 4:
        words = sys.argv[1:]
    else:
        words = [input("Host: "), input("First port: "), input("Last port: ")]
    host = socket.gethostbyname(words[0].strip() or "127.0.0.1")
    first, last = read_port(words[1] or "1"), read_port(words[2] or "1024")
    if first > last:
        raise ValueError("The first port is behind the last")
    for port in scan(host, first, last):
        print("Open port:", port)
    print("Done")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Stopped")
except (ValueError, OSError) as e:
    print("Error:", e)
    sys.exit(1)
