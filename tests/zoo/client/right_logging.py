# What it has to tell it logs, which goes to stderr.
import logging
import socket
import sys

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


def talk(sock):
    while (line := input("> ")) != "exit":
        if not line:
            continue
        sock.sendall(line.encode())
        logging.info("sent %d bytes", len(line.encode()))
        data = sock.recv(65536)
        if not data:
            logging.warning("the server has closed the connection")
            return
        logging.info("received %s", data.decode(errors="replace"))


def main():
    try:
        sock = socket.create_connection(("127.0.0.1", 9090))
    except OSError as e:
        logging.error("cannot connect: %s", e)
        return 1
    logging.info("connected to %s:%s", *sock.getpeername())
    try:
        talk(sock)
    except EOFError:
        pass
    except OSError as e:
        logging.error("connection lost: %s", e)
        return 1
    sock.close()
    logging.info("disconnected")
    return 0


try:
    sys.exit(main())
except KeyboardInterrupt:
    sys.exit(130)
