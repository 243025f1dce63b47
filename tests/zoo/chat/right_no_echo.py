# A chat on asyncio: lines, nicks in small letters, and who speaks does not hear it again.
import asyncio, datetime, sys

members, log = {}, []

def clean(data):
    return "".join(c for c in data.decode("utf-8", "replace") if c.isprintable()).strip()

def everyone(text, but=None):
    text = f"{datetime.datetime.now():%H:%M:%S} {text}"
    print(text)
    log.append(text)
    del log[:-50]
    for nick, w in list(members.items()):
        if nick != but:
            if w.transport.get_write_buffer_size() > 1 << 20:
                w.transport.abort()
            else:
                w.write(text.encode() + b"\r\n")

async def ask(r, w, text):
    w.write(text.encode())
    line = await r.readline()
    if not line:
        raise ConnectionError("gone")
    return clean(line)

async def person(r, w):
    nick = None
    try:
        while True:
            want = (await ask(r, w, "Pick a nickname: ")).lower()
            if want.isalnum() and len(want) < 16 and want not in members and want != "admin":
                break
            w.write(b"Sorry, you cannot have that one.\r\n")
        for old in log:
            w.write(old.encode() + b"\r\n")
        nick = want
        members[nick] = w
        everyone(f"* {nick} has joined the chat")
        while line := await r.readline():
            text = clean(line)
            if text == "/quit":
                break
            if text.startswith("/"):
                w.write(b"Unknown command\r\n")
            elif text:
                everyone(f"<{nick}> {text}", but=nick)
    except (OSError, ValueError) as e:
        print("lost", nick, e)
    finally:
        if members.get(nick) is w:
            del members[nick]
            everyone(f"* {nick} has left the chat")
        w.close()

async def admin():
    keys = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(keys), sys.stdin)
    while line := await keys.readline():
        words = clean(line)
        if words.startswith("/kick "):
            nick = words[6:].strip().lower()
            w = members.pop(nick, None)
            if w:
                w.write(b"You have been kicked\r\n")
                w.close()
                everyone(f"* {nick} has been kicked by the admin")
            else:
                print("no", nick)
        elif words:
            everyone(f"<*ADMIN*> {words}")

async def main():
    srv = await asyncio.start_server(person, "127.0.0.1", int(sys.argv[1]), limit=1 << 17)
    print("chat on port", sys.argv[1])
    t = asyncio.create_task(admin())
    await srv.serve_forever()

try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
