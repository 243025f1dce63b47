# It logs what it finds, which goes to stderr.
import asyncio
import logging
import socket
import sys

logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.INFO)


async def is_open(at_once, address):
    async with at_once:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(*address), 1)
        except (OSError, asyncio.TimeoutError):
            return False
    writer.close()
    return True


async def scan(ip, ports):
    at_once = asyncio.Semaphore(50)
    return await asyncio.gather(*(is_open(at_once, (ip, port)) for port in ports))


def main(host, first, last):
    try:
        first, last = int(first), int(last)
        ip = socket.gethostbyname(host)
        if not 1 <= first <= last <= 65535:
            raise ValueError("a range is from a lower to a higher port, 1 to 65535")
    except (ValueError, OSError) as e:
        logging.error("%s", e)
        return 2
    ports = range(first, last + 1)
    for port, found in zip(ports, asyncio.run(scan(ip, ports))):
        if found:
            logging.info("port %d is open", port)
    return 0


sys.exit(main(*sys.argv[1:4]))
