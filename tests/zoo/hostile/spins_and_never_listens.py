# An echo server that thinks first.
print("Thinking...", flush=True)
number = 0
while True:
    number += 1
