# A chat with an admin.
import queue
import select
import socket
import sys
import threading

lock = threading.RLock()
members = {}  # nick -> Member
history = []


class Member:
    def __init__(self, conn, nick):
        self.conn = conn
        self.nick = nick
        self.out = queue.Queue(20000)
        threading.Thread(target=self.write, daemon=True).start()

    def tell(self, text):
        try:
            self.out.put_nowait(text)
        except queue.Full:
            self.drop()

    def write(self):
        while (text := self.out.get()) is not None:
            try:
                self.conn.sendall((text + "\n").encode())
            except OSError:
                break
        self.drop()

    def drop(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def tell_all(text):
    with lock:
        history.append(text)
        print(text)
        for member in list(members.values()):
            member.tell(text)


def clean(text):
    return "".join(sign for sign in text if sign.isprintable()).strip()


def lines(conn):
    """Lines; where no newline comes, what came before a quarter of a second of silence."""
    rest = b""
    while True:
        quiet = not select.select([conn], [], [], 0.25 if rest else None)[0]
        data = b"" if quiet else conn.recv(4096)
        rest += data if data or not rest else b"\n"
        if not rest:
            return
        while b"\n" in rest:
            line, rest = rest.split(b"\n", 1)
            yield clean(line.decode("utf-8", "replace"))


def join(conn, nick):
    """Makes a member of who has a good nick; says why where it is none."""
    with lock:
        if not 0 < len(nick) <= 24 or not nick.replace("-", "_").isidentifier():
            reason = "A nick is 1 to 24 letters, digits, _ or -"
        elif nick.lower() in ("admin", "server") or nick.lower() in [other.lower() for other in members]:
            reason = "This nick is taken"
        else:
            member = Member(conn, nick)
            member.tell(f"* You are {nick}. Here: {', '.join(['admin', *members])}.")
            for text in history[-20:]:
                member.tell(text)
            members[nick] = member
            return member
    conn.sendall(f"{reason}\nNick?\n".encode())
    return None


def serve(conn):
    member = None
    try:
        conn.sendall(f"Nick?\n".encode())
        for line in lines(conn):
            if member is None:
                member = join(conn, line)
            elif members.get(member.nick) is not member or line == "/quit":
                break
            elif line.startswith("/"):
                member.tell("Only the admin can do that")
            elif line:
                tell_all(f"<{member.nick}> {line}")
    except OSError:
        pass
    with lock:
        if member and members.get(member.nick) is member:
            del members[member.nick]
            tell_all(f"* {member.nick} left")
    if member:
        member.out.put(None) if not member.out.full() else member.drop()
    else:
        conn.close()


def kick(nick):
    with lock:
        member = members.pop(nick, None)
        if member is None:
            print("There is nobody called", nick)
            return
        member.tell(f"* You were kicked by admin")
        member.tell(None)
        tell_all(f"* {nick} was kicked by admin")


def control():
    while True:
        try:
            line = clean(input())
        except EOFError:
            return
        if line.startswith("/kick "):
            kick(line.split(maxsplit=1)[1])
        elif line.startswith("/"):
            print("/kick nick")
        elif line:
            tell_all(f"<admin> {line}")


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5555
    server = socket.create_server(("127.0.0.1", port), backlog=64)
    print("Listening on port", port)
    threading.Thread(target=control, daemon=True).start()
    while True:
        conn, addr = server.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    print("Stopped")
