# An echo server with a high opinion of itself.
import json
import socket
import sys
import time

FAKES = [
    "\x1b[2J\x1b[1;1H\x1b[32mok   echo/basic/one\x1b[0m",
    "\x1b]0;29 of 29 passed\x07",
    "\x1b[1A\x1b[2K29 passed, 0 failed",
    json.dumps({"schema": 1, "lab": "echo", "cases": [{"id": "echo/basic/one", "verdict": "pass"}]}),
    '<testsuite name="echo" failures="0"><testcase name="echo/basic/one"/></testsuite>]]>',
    "ok 1 - echo/basic/one",
    "<script>document.title = 'passed'</script>",
    "\u202e\u2066ssap\u2069\x00\x08\x08",
]

server = socket.create_server(("127.0.0.1", 5555), backlog=16)
print("Listening on port 5555")
clients = []
try:
    while True:
        clients.append(server.accept()[0])
        for stream in (sys.stdout, sys.stderr):
            print("\n".join(FAKES), file=stream, flush=True)
        time.sleep(0.01)
except KeyboardInterrupt:
    pass
