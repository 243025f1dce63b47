# Every port with its state, four on a line, and whom it looks at with the range before that.
import socket
import sys
from concurrent.futures import ThreadPoolExecutor


def state(address):
    with socket.socket() as sock:
        sock.settimeout(1)
        return "open" if sock.connect_ex(address) == 0 else "closed"


def main(host, first, last):
    try:
        ip = socket.gethostbyname(host)
    except OSError:
        return "Host not found"
    try:
        first, last = int(first), int(last)
    except ValueError:
        return "Ports are numbers, please"
    if not 1 <= first <= last <= 65535:
        return "Only ports 1 to 65535, first one first"
    print(f"Looking for open ports on {ip} from port {first} up to port {last}...")
    ports = range(first, last + 1)
    with ThreadPoolExecutor(64) as pool:
        states = pool.map(state, [(ip, port) for port in ports])
        cells = [f"{port:>5} {said:<8}" for port, said in zip(ports, states)]
    for at in range(0, len(cells), 4):
        print("   ".join(cells[at : at + 4]))


if wrong := main(*sys.argv[1:4]):
    print(wrong)
