# A port scanner.
import errno
import socket
import sys
import threading

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


def look(host, port):
    if is_open(host, port):
        sys.stdout.write(f"Open port: {port}\n")


def scan(host, first, last):
    threads = []
    for port in reversed(range(first, last + 1)):
        thread = threading.Thread(target=look, args=(host, port))
        thread.start()
        threads.append(thread)
        if len(threads) == 64:
            threads.pop(0).join()
    for thread in threads:
        thread.join()


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
    scan(host, first, last)
    print("Done")


try:
    main()
except (EOFError, KeyboardInterrupt):
    print("Stopped")
except (ValueError, OSError) as e:
    print("Error:", e)
    sys.exit(1)
