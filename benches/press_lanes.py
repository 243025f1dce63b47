#!/usr/bin/env python3
"""What pressing costs: `sockeye bench` beside a neutral load program, on the same server, rounds interleaved.

    press_lanes.py SOCKEYE LOAD SERVER [--rounds 5] [--secs 3]

LOAD is the yardsticks' `load` (closed loop, one message in flight, every byte compared; it prints messages a second,
verified, bad, p50 us, p99 us, CPU us a message), SERVER an echo server that takes a port and a number of threads
(`epoll_pc`). The server is on CPU 0 and the generator on CPU 1. `sockeye bench` verifies and counts in histograms, as
it does by default. The last lane is an open loop of 50,000 messages a second over 100 connections.
"""
import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import time

LANES = (("small", 50, 512), ("many", 1000, 64), ("large", 50, 16384))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, program):
        self.port = free_port()
        argv = ["taskset", "-c", "0", program, str(self.port), "1"]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wanted = ":%04X" % self.port
        deadline = time.monotonic() + 10
        while not any(row.split()[1].endswith(wanted) and row.split()[3] == "0A" for row in open("/proc/net/tcp")):
            assert time.monotonic() < deadline, "the server did not listen"
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def load(program, port, lane, secs):
    _, connections, size = lane
    argv = ["taskset", "-c", "1", program, str(port), str(connections), str(size), str(secs)]
    rate, verified, bad, p50, p99, cpu = map(float, subprocess.check_output(argv, text=True).split())
    assert bad == 0 and verified > 0, "load saw wrong bytes"
    return {"msg/s": rate, "cpu us": cpu, "p50 us": p50, "p99 us": p99}


def bench(program, port, words, secs):
    argv = ["taskset", "-c", "1", program, "-q", "bench", str(port), "--json", "-d", f"{secs}s", "--warmup", "200ms"]
    run = subprocess.run(argv + words, capture_output=True, text=True)
    document = json.loads(run.stdout)
    assert document["faults"] == [] and document["counts"]["answered"] > 0, run.stdout
    latency = document["latency"]
    return {
        "msg/s": document["rate"]["messages_per_s"],
        "cpu us": document["generator"]["cpu_us_per_message"],
        "p50 us": latency["service"]["p50_us"],
        "p99 us": latency["service"]["p99_us"],
        "lag p99 us": latency["lag"]["p99_us"],
        "spun": document["generator"]["spun"],
    }


def show(name, rows):
    medians = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    print(f"  {name:8}" + "".join(f"{key} {value:12.3f}   " for key, value in medians.items()), flush=True)
    return medians


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockeye")
    parser.add_argument("load")
    parser.add_argument("server")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--secs", type=int, default=3)
    args = parser.parse_args()
    print(f"{os.path.basename(args.server)}, medians of {args.rounds} rounds of {args.secs} s")
    for lane in LANES:
        name, connections, size = lane
        ours, theirs = [], []
        for _ in range(args.rounds):
            with Server(args.server) as server:
                theirs.append(load(args.load, server.port, lane, args.secs))
            with Server(args.server) as server:
                ours.append(bench(args.sockeye, server.port, ["-c", str(connections), "-s", str(size)], args.secs))
        print(f"{name}: {connections} x {size} B, closed loop")
        ours, theirs = show("sockeye", ours), show("load", theirs)
        print(f"  ours/theirs: msg/s {ours['msg/s'] / theirs['msg/s']:.3f}, cpu {ours['cpu us'] / theirs['cpu us']:.3f}")
    paced = []
    for _ in range(args.rounds):
        with Server(args.server) as server:
            paced.append(bench(args.sockeye, server.port, ["-c", "100", "--rate", "50000"], args.secs))
    print("paced: 100 x 512 B, open loop, 50000/s")
    show("sockeye", paced)


if __name__ == "__main__":
    main()
