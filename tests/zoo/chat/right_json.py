# A chat in JSON lines: {"type": "join", "nick": ...}, {"type": "say", "text": ...}.
import json
import queue
import socketserver
import sys
import threading

lock = threading.Lock()
room = {}
past = []

def post(**what):
    past.append(what)
    for q in list(room.values()):
        q.put(what)

class Member(socketserver.StreamRequestHandler):
    def handle(self):
        nick, q = None, queue.Queue(1000)
        threading.Thread(target=self.pump, args=(q,), daemon=True).start()
        q.put({"type": "hello", "protocol": "jsonchat/1"})
        try:
            for raw in self.rfile:
                try:
                    m = json.loads(raw)
                    kind = m["type"]
                    if kind == "join" and nick is None:
                        with lock:
                            if m["nick"] in room or m["nick"] == "admin":
                                q.put({"type": "error", "text": "nick taken"})
                                continue
                            nick = m["nick"]
                            for old in past[-20:]:
                                q.put(old)
                            room[nick] = q
                            post(type="joined", nick=nick)
                    elif kind == "say" and nick in room:
                        with lock:
                            post(type="said", nick=nick, text=m["text"])
                    else:
                        q.put({"type": "error", "text": "not now"})
                except (ValueError, KeyError, TypeError):
                    q.put({"type": "error", "text": "bad message"})
        except OSError:
            pass
        with lock:
            if room.get(nick) is q:
                del room[nick]
                post(type="left", nick=nick)
        q.put(None)

    def pump(self, q):
        try:
            while (m := q.get()) is not None:
                self.wfile.write(json.dumps(m, ensure_ascii=False).encode() + b"\n")
                if m.get("type") == "kicked" and m.get("you"):
                    break
            self.connection.shutdown(2)
        except OSError:
            pass

def admin():
    for line in sys.stdin:
        if line.startswith("/kick "):
            nick = line[6:].strip()
            with lock:
                q = room.pop(nick, None)
                if q:
                    q.put({"type": "kicked", "you": True})
                    post(type="kicked", nick=nick)
                else:
                    print("nobody", nick)
        elif line.strip():
            with lock:
                post(type="said", nick="admin", text=line.strip())

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

threading.Thread(target=admin, daemon=True).start()
with Server(("127.0.0.1", 8888), Member) as s:
    print("jsonchat on 8888")
    try:
        s.serve_forever()
    except KeyboardInterrupt:
        pass
