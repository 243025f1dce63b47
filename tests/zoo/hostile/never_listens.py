# An echo server that is not quite ready.
import time

print("Listening on port 5555", flush=True)
time.sleep(3600)
