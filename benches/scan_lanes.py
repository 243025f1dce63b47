#!/usr/bin/env python3
"""Scans across a wire, ours beside nmap's, and how even --rate is: figures, no verdicts.

    benches/scan_lanes.py target/release/sockeye [--rounds 3] [--lane silent lossy rate]

silent  a /24, 1,000 ports a host, 90 % of them dropped by a filter, the rest closed, and 2 open on each host
lossy   2,000 ports of one host, 100 open, 5 % of the packets lost each way
rate    --rate 1000: probes in any second, by the target's clock

Needs root, ip, nft and, for its side, nmap. All of it happens in two network namespaces of its own.
"""
import argparse, os, random, re, resource, statistics, subprocess, sys, tempfile, threading, time

HERE, THERE = f"sockeye-here-{os.getpid()}", f"sockeye-there-{os.getpid()}"
NMAP = "nmap -n -Pn -sT -T5".split()


def sh(command, **more):
    return subprocess.run(command, shell=True, check=True, **more)


def wire():
    for name in (HERE, THERE):
        sh(f"ip netns add {name} && ip -n {name} link set lo up")
    sh(f"ip -n {HERE} link add wire type veth peer name wire netns {THERE}")
    sh(f"ip -n {HERE} address add 10.9.1.1/16 dev wire && ip -n {HERE} link set wire up")
    sh(f"ip -n {THERE} address add 10.9.1.2/16 dev wire && ip -n {THERE} link set wire up")
    # All of 10.9.0.0/24 is there.
    sh(f"ip -n {THERE} route add local 10.9.0.0/24 dev lo")
    sh(f"ip -n {HERE} route add 10.9.0.0/24 via 10.9.1.2")


def rules(text):
    table = "flush ruleset\ntable inet lab {\nchain in { type filter hook input priority 0; }\n" \
            "chain out { type filter hook output priority 0; }\n}\n"
    sh(f"ip netns exec {THERE} nft -f -", input=table + text, text=True)


def listen(address, ports):
    """Listeners on the other side, by a child that keeps them."""
    code = ("import socket,sys,resource\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE,(4096,4096))\n"
            "all=[]\n"
            f"for p in {sorted(ports)!r}:\n s=socket.create_server(('{address}',p),backlog=4096); all.append(s)\n"
            "print('ready',flush=True)\nsys.stdin.read()")
    child = subprocess.Popen(["ip", "netns", "exec", THERE, sys.executable, "-c", code],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    return child


def timed(argv, out):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["ip", "netns", "exec", HERE] + argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(out) as file:
        found = {(host, int(port)) for line in file if line.startswith("Host: ")
                 for host in [line.split()[1]] for port in re.findall(r"(\d+)/open/", line)}
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, found


def compare(title, rounds, targets, truth):
    """Rounds in turn; both are read by their grepable files."""
    print(f"\n{title}")
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/found"
        for _ in range(rounds):
            for name, argv in (("sockeye", [ARGS.sockeye, "-q", "scan"]), ("nmap -sT -T5", NMAP)):
                wall, cpu, found = timed(argv + targets + ["-oG", out], out)
                rows.setdefault(name, []).append((wall, cpu, len(found & truth) / len(truth), len(found - truth)))
    for name, row in rows.items():
        wall, cpu, recall, false = (statistics.median(each) for each in zip(*row))
        worst = min(each[2] for each in row)
        print(f"  {name:14} wall {wall:8.2f} s  cpu {cpu:6.2f} s  recall {recall:.4f} (worst {worst:.4f})  false {false:.0f}")


def silent(rounds):
    chance = random.Random(7)
    ports = sorted(chance.sample(range(1, 32768), 1000))
    answers = chance.sample(ports, 100)
    opened = answers[:2]
    keeper = listen("0.0.0.0", opened)
    rules(f"add rule inet lab in ip daddr 10.9.0.0/24 tcp dport != {{ {','.join(map(str, answers))} }} drop")
    truth = {(f"10.9.0.{host}", port) for host in range(256) for port in opened}
    compare("silent: a /24, 1,000 ports a host, 90 % silent", rounds, ["10.9.0.0/24", "-p", ",".join(map(str, ports))], truth)
    keeper.kill()


def lossy(rounds):
    chance = random.Random(7)
    ports = sorted(chance.sample(range(1, 32768), 2000))
    opened = chance.sample(ports, 100)
    keeper = listen("10.9.0.5", opened)
    rules("".join(f"add rule inet lab {way} meta l4proto tcp numgen random mod 100 < 5 drop\n" for way in ("in", "out")))
    compare("lossy: 2,000 ports, 100 open, 5 % lost each way", rounds,
            ["10.9.0.5", "-p", ",".join(map(str, ports))], {("10.9.0.5", port) for port in opened})
    keeper.kill()


def rate(_rounds):
    """SYNs as the other side sees them, each with the kernel's time."""
    rules("")
    code = ("import socket,struct,sys\n"
            "s=socket.socket(socket.AF_PACKET,socket.SOCK_DGRAM,socket.htons(0x800)); s.bind(('wire',0x800))\n"
            "s.setsockopt(socket.SOL_SOCKET,socket.SO_RCVBUF,1<<22); s.setsockopt(socket.SOL_SOCKET,35,1)\n"
            "print('ready',flush=True); s.settimeout(3)\n"
            "try:\n"
            " while True:\n"
            "  data,more,_,src=s.recvmsg(128,128)\n"
            "  if src[2]==0 and data[9]==6 and data[(data[0]&15)*4+13]&0x12==2:\n"
            "   sec,nano=struct.unpack('qq',more[0][2]); print(sec+nano/1e9)\n"
            "except TimeoutError: pass\n")
    watcher = subprocess.Popen(["ip", "netns", "exec", THERE, sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert watcher.stdout.readline() == "ready\n"
    reader = []
    drain = threading.Thread(target=lambda: reader.extend(float(line) for line in watcher.stdout))
    drain.start()
    subprocess.run(["ip", "netns", "exec", HERE, ARGS.sockeye, "-q", "scan", "10.9.0.5", "-p", "1-10000", "--rate", "1000"],
                   stdout=subprocess.DEVNULL, check=True)
    drain.join()
    moments, seconds, last = sorted(reader), [], 0
    for first, start in enumerate(moments):
        while last < len(moments) and moments[last] < start + 1:
            last += 1
        if last < len(moments):
            seconds.append(last - first)
    print("\nrate: --rate 1000, 10,000 ports")
    print(f"  {len(moments)} SYNs; in any second that begins with one: {min(seconds)} to {max(seconds)}, median {statistics.median(seconds):.0f}")


def main():
    global ARGS
    lanes = {"silent": silent, "lossy": lossy, "rate": rate}
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("sockeye")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--lane", nargs="*", choices=lanes, default=list(lanes))
    ARGS = words.parse_args()
    if os.geteuid() != 0:
        sys.exit("skipped: network namespaces need root")
    try:
        wire()
        for lane in ARGS.lane:
            lanes[lane](ARGS.rounds)
    finally:
        for name in (HERE, THERE):
            subprocess.run(["ip", "netns", "del", name], check=False)


main()
