#!/usr/bin/env python3
"""weir split and weir merge: what one takes apart the other puts together.

    split_test.py WEIR
"""
import glob
import json
import os
import pty
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

from tap import end, ok, skip

weir = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory(prefix="weir-split-")
START = 1700000000     # 2023-11-14T22:13:20Z
PATIENCE_S = 60


def at(name):
    return os.path.join(folder.name, name)


def run(*words, status=0):
    said = subprocess.run([weir, *words], capture_output=True, text=True, timeout=60, check=False)
    if said.returncode != status:
        ok(False, f"weir {' '.join(words)} exits {status}", [said.returncode, said.stderr])
    return said


def read(name):
    with open(at(name), "rb") as file:
        return file.read()


def write(name, data):
    with open(at(name), "wb") as file:
        file.write(data)


def pcap(rows, link=1):
    """rows of (microseconds since START, bytes)."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)]
    for us, data in rows:
        out.append(struct.pack("<IIII", START + us // 1000000, us % 1000000, len(data), len(data)) + data)
    return b"".join(out)


def packet(i, n=60):
    return struct.pack(">I", i) * (n // 4)


def packets(data):
    """[(microseconds since START, bytes)]"""
    found, here = [], 24
    while here + 16 <= len(data):
        s, us, n, _ = struct.unpack_from("<IIII", data, here)
        found.append(((s - START) * 1000000 + us, data[here + 16:here + 16 + n]))
        here += 16 + n
    return found


def names(pattern):
    return [os.path.basename(n) for n in sorted(glob.glob(at(pattern)))]


def clear(pattern):
    for name in glob.glob(at(pattern)):
        os.unlink(name)


ROWS = [(i * 100000, packet(i)) for i in range(1000)]       # 100 s
write("in.pcap", pcap(ROWS))


def by_count():
    said = run("split", "-c", "300", at("in.pcap"), at("c.pcap"))
    ok(names("c*.pcap") == [f"c-0000{i}.pcap" for i in range(1, 5)], "a name without % gets a number before its suffix")
    ok([len(packets(read(n))) for n in names("c-*.pcap")] == [300, 300, 300, 100], "300 packets a file")
    ok(b"".join(read(n)[24:] for n in names("c-*.pcap")) == read("in.pcap")[24:], "together they are the capture")
    ok(all(read(n)[:24] == read("in.pcap")[:24] for n in names("c-*.pcap")), "each has the capture's header")
    lines = said.stdout.splitlines()
    ok(len(lines) == 4 and "c-00004.pcap" in lines[3] and " 100 packets" in lines[3], "each is told when it is finished")
    said = run("split", "--json", "-c", "400", at("in.pcap"), at("j-%N.pcapng"))
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    ok([r["packets"] for r in rows] == [400, 400, 200] and
       all(os.path.getsize(r["file"]) == r["bytes"] for r in rows), "or as JSON, with its size")
    ok(run("split", "-q", "-c", "400", at("in.pcap"), at("j-%N.pcapng")).stdout == "", "or not at all")
    run("split", "-c", "100", "--max-files", "3", at("in.pcap"), at("m.pcap"))
    ok(names("m-*") == ["m-00001.pcap", "m-00002.pcap", "m-00003.pcap"] and len(packets(read("m-00003.pcap"))) == 100,
       "--max-files ends after so many")


def by_size():
    run("split", "-q", "-b", "10k", at("in.pcap"), at("b.pcap"))
    sizes = [len(read(n)) for n in names("b-*.pcap")]
    ok(max(sizes) <= 10240 and min(sizes[:-1]) > 10240 - 200 and
       b"".join(read(n)[24:] for n in names("b-*.pcap")) == read("in.pcap")[24:], "files of at most 10k, and nearly that")
    run("split", "-q", "-b", "50", at("in.pcap"), at("one-%N.pcap"))
    ok(len(names("one-*")) == 1000, "a packet larger than a file has one of its own")
    clear("one-*")


def by_time():
    run("split", "-q", "-i", "30s", at("in.pcap"), at("t-%H%M%S.pcap"))
    ok(names("t-*") == ["t-221300.pcap", "t-221330.pcap", "t-221400.pcap", "t-221430.pcap"],
       "stretches of 30 s begin on the clock", names("t-*"))
    ok([len(packets(read(n))) for n in names("t-*")] == [100, 300, 300, 300], "and have the packets of their time")
    rows = [(5000000, packet(1)), (31000000, packet(2)), (6000000, packet(3)), (91000000, packet(4))]
    write("late.pcap", pcap(rows))
    run("split", "-q", "-i", "10s", at("late.pcap"), at("l-%s.pcap"))
    ok([len(packets(read(n))) for n in names("l-*")] == [1, 2, 1] and names("l-*")[2] == f"l-{START + 90}.pcap",
       "a packet that comes late stays in the open file; empty stretches make none")


def names_repeat():
    run("split", "-q", "-c", "250", at("in.pcap"), at("y-%Y.pcap"))
    ok(names("y-*") == ["y-2023-00002.pcap", "y-2023-00003.pcap", "y-2023-00004.pcap", "y-2023.pcap"],
       "a name that was given before gets a number")
    ok(sum(len(packets(read(n))) for n in names("y-*")) == 1000, "and no packet is lost")
    ok(run("split", at("in.pcap"), at("x.pcap"), status=2).stderr.count("-c, -b or -i") == 1, "where to split must be said")
    run("split", "-c", "5", at("in.pcap"), "-", status=2)
    said = run("split", "-c", "5", at("in.pcap"), at("absent/x.pcap"), status=1)
    ok("absent" in said.stderr, "a folder that is absent is told")


def as_it_comes():
    with subprocess.Popen([weir, "split", "-c", "400", "-", at("p.pcap")], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as running:
        running.stdin.write(read("in.pcap"))
        running.stdin.flush()
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_S and not os.path.exists(at("p-00003.pcap.part")):
            time.sleep(0.01)
        ok(names("p-*") == ["p-00001.pcap", "p-00002.pcap", "p-00003.pcap.part"],
           "finished files have their names, the open one has not", names("p-*"))
        running.send_signal(signal.SIGINT)
        running.wait(PATIENCE_S)
    last = packets(read("p-00003.pcap"))
    ok(names("p-*") == ["p-00001.pcap", "p-00002.pcap", "p-00003.pcap"] and last == ROWS[800:800 + len(last)] and last,
       "a signal finishes the last one")


def merged():
    clear("c-*")
    run("split", "-q", "-c", "137", at("in.pcap"), at("c.pcap"))
    run("merge", *[at(n) for n in reversed(names("c-*"))], at("m.pcap"))
    ok(packets(read("m.pcap")) == ROWS, "what was split is merged, whatever the order of the files")
    parts = [ROWS[i::7] for i in range(7)]
    for i, part in enumerate(parts):
        write(f"w{i}.pcap", pcap(part))
    run("merge", *[at(f"w{i}.pcap") for i in range(7)], at("m.pcap"))
    ok(read("m.pcap")[24:] == read("in.pcap")[24:], "seven captures are woven in the order of time")
    same = [(i // 4, packet(k)) for i in range(40) for k in (1,)]
    for k in range(3):
        write(f"e{k}.pcap", pcap([(us, packet(k)) for us, _ in same]))
    run("merge", *[at(f"e{k}.pcap") for k in range(3)], at("m.pcap"))
    wanted = sorted(((us, k) for k in range(3) for us, _ in same), key=lambda r: r[0])
    ok(packets(read("m.pcap")) == [(us, packet(k)) for us, k in wanted], "equal times come in the order of the captures")
    write("other.pcap", pcap(ROWS[::2], link=101))
    run("merge", at("in.pcap"), at("other.pcap"), at("two"))
    ok(read("two")[:4] == b"\n\r\r\n", "captures of two link types become pcapng")
    said = run("merge", at("in.pcap"), at("other.pcap"), at("two.pcap"), status=1)
    ok("link type" in said.stderr, "and not pcap")
    run("merge", "-f", "greater 1", "--packets", "1-10", "-s", "20", *[at(f"w{i}.pcap") for i in range(7)], at("m.pcap"))
    ok(packets(read("m.pcap")) == [(us, data[:20]) for us, data in ROWS[:10]], "with filter, places and snap length")


def merge_trouble():
    whole = read("w3.pcap")
    write("w3.pcap", whole[:len(whole) // 2 + 7])
    kept = len(packets(whole[:len(whole) // 2 + 7])) - 1
    said = run("merge", *[at(f"w{i}.pcap") for i in range(7)], at("absent.pcap"), at("m.pcap"), status=1)
    missing = {data for _, data in ROWS[3::7][kept:]}
    ok(packets(read("m.pcap")) == [r for r in ROWS if r[1] not in missing], "a cut capture gives what precedes, others go on")
    ok("w3.pcap" in said.stderr and "absent.pcap" in said.stderr and said.stderr.count("\n") == 2, "and each trouble is told")
    write("w3.pcap", whole)
    said = run("merge", at("w3.pcap"), at("w4.pcap"), at("w3.pcap"), status=2)
    ok(read("w3.pcap") == whole, "no capture is overwritten by its own merge")


def merge_pipes():
    os.mkfifo(at("fifo"))
    with subprocess.Popen([weir, "merge", at("fifo"), at("other-half.pcap"), "-"], stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL) as running:
        def feed():
            with open(at("fifo"), "wb") as fifo:
                fifo.write(pcap(ROWS[:10]))
                fifo.flush()
                is_out.wait(PATIENCE_S)
        is_out = threading.Event()
        feeder = threading.Thread(target=feed)
        feeder.start()
        os.set_blocking(running.stdout.fileno(), False)
        begun, came = time.monotonic(), b""
        while time.monotonic() - begun < PATIENCE_S and len(packets(came)) < 10:
            came += running.stdout.read() or b""
            time.sleep(0.01)
        took = time.monotonic() - begun
        is_out.set()
        feeder.join()
        running.wait(PATIENCE_S)
    ok(len(packets(came)) == 10, f"what can be merged of a pipe is out after {took:.2f} s")


def progress():
    """On a terminal, and only there, it shows how far it is."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([weir, "merge", "-", at("other-half.pcap"), at("m.pcap")], stdin=subprocess.PIPE,
                          stderr=theirs) as running:
        os.close(theirs)
        running.stdin.write(read("other-half.pcap"))
        running.stdin.flush()
        shown = b""
        while select.select([ours], [], [], 10)[0] and b"packets/s" not in shown:
            shown += os.read(ours, 4096)
        running.stdin.close()
        running.wait(PATIENCE_S)
        ok(running.returncode == 0 and b"20 packets" in shown, "on a terminal it shows how far it is", [shown])
    os.close(ours)


def memory():
    for i in range(200):
        write(f"many-{i:03}.pcap", pcap([(k * 1000 + i, packet(k, 1000)) for k in range(400)]))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    run("merge", *[at(n) for n in names("many-*")], at("m.pcap"))
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    times = [us for us, _ in packets(read("m.pcap"))]
    ok(len(times) == 80000 and times == sorted(times), "200 captures are merged in order")
    with open(sys.argv[1], "rb") as program:
        is_shadowed = b"__asan_init" in program.read()  # the sanitizer's own share comes on top
    ok(max(before, most) < (128 if is_shadowed else 64) * 1024, f"in {most / 1024:.1f} MB of memory")
    if shutil.which("mergecap"):
        subprocess.run(["mergecap", "-F", "pcap", "-w", at("theirs.pcap"), *[at(n) for n in names("many-*")[:50]]],
                       check=True, capture_output=True)
        run("merge", *[at(n) for n in names("many-*")[:50]], at("m.pcap"))
        ok(read("theirs.pcap")[24:] == read("m.pcap")[24:], "mergecap merges 50 of them into the same file")
    else:
        skip("mergecap merges 50 of them into the same file", "mergecap is not installed")


write("other-half.pcap", pcap([(us + 5000000, data) for us, data in ROWS[:10]]))
by_count()
by_size()
by_time()
names_repeat()
as_it_comes()
merged()
merge_trouble()
merge_pipes()
progress()
memory()
ok(not names("*.part"), "nothing unfinished is left behind")
end()
