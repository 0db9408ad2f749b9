#!/usr/bin/env python3
"""The rules of interception, each on a capture made for it.

    intercept_rules_test.py WEIR
"""

import fcntl
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time
from ipaddress import ip_address

from intercept_records import numbered_from_zero, orders, pcap, read_records
from tap import end, ok

WEIR = os.path.abspath(sys.argv[1])
FROM, TO, BOTH = 0, 1, 2
BEGIN, END = (1, 7), (2, 9)  # (iRIType, accessEventType)
T0 = 1767225600 * 10**9      # 2026-01-01T00:00:00Z
SEC = 10**9

work = tempfile.mkdtemp(prefix="weir-rules-")
runs = 0


def ipv4(src, dst, payload=b"hello", proto=253, total=None, fragment=0):
    total = 20 + len(payload) if total is None else total
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, total, 7, fragment, 64, proto, 0,
                       ip_address(src).packed, ip_address(dst).packed) + payload


def ipv6(src, dst, payload=b"hello", proto=59):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), proto, 64, ip_address(src).packed,
                       ip_address(dst).packed) + payload


def udp(payload, sport=5000, dport=5001):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def ether(kind, payload, tags=()):
    head = b"\2\0\0\0\0\1\2\0\0\0\0\2"
    for tag, vlan in tags:
        head += struct.pack("!HH", tag, vlan)
    return head + struct.pack("!H", kind) + payload


class Run:
    """One run of weir intercept on captures (bytes or paths)."""

    def __init__(self, text, captures, *words, out=None, env=None):
        global runs
        runs += 1
        self.dir = out or os.path.join(work, f"out{runs}")
        with open(os.path.join(work, f"orders{runs}.yaml"), "w") as f:
            f.write(text)
        paths = []
        for i, capture in enumerate(captures):
            path = capture
            if isinstance(capture, bytes):
                path = os.path.join(work, f"capture{runs}-{i}")
                with open(path, "wb") as f:
                    f.write(capture)
            paths.append(path)
        self.words = [WEIR, "intercept", "-q", "--json", "--orders",
                      os.path.join(work, f"orders{runs}.yaml"), "--out", self.dir, *words, *paths]
        done = subprocess.run(self.words, capture_output=True, text=True)
        self.status, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr
        self.summary = json.loads(done.stdout) if done.stdout else None

    def records(self, name="hi3", agency="police"):
        return read_records(os.path.join(self.dir, agency, name + ".ber"))

    def cc(self, agency="police"):
        """[(LIID, CIN, direction, packet)] of HI3."""
        return [(r.liid, r.cin, r.direction, r.packet) for r in self.records("hi3", agency)]

    def iri(self, agency="police"):
        """[(LIID, CIN, (type, event), seconds after T0)] of HI2."""
        return [(r.liid, r.cin, (r.type, r.event), (r.usec - T0 // 1000) / 10**6)
                for r in self.records("hi2", agency)]

    def bytes(self):
        out = {}
        for folder, _, names in os.walk(self.dir):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    out[os.path.relpath(os.path.join(folder, name), self.dir)] = f.read()
        return out


def is_same(got, wanted, sentence):
    ok(got == wanted, sentence, [f"got    {got}", f"wanted {wanted}"])


def directions():
    a, b, c = "192.0.2.7", "198.51.100.9", "203.0.113.1"
    packets = [ipv4(a, c), ipv4(c, a), ipv4(a, b), ipv4(b, c), ipv4(c, c), ipv6("2001:db8::1", "::9")]
    run = Run(orders([{"targets": [(a, 1), ("198.51.100.0/24", 1), ("2001:db8::/32", 2)]}]),
              [pcap([(T0 + i, p) for i, p in enumerate(packets)])])
    is_same(run.cc(), [("LIID0001", 1, FROM, packets[0]), ("LIID0001", 1, TO, packets[1]),
                       ("LIID0001", 1, BOTH, packets[2]), ("LIID0001", 1, FROM, packets[3]),
                       ("LIID0001", 2, FROM, packets[5])],
            "from the target, to it, and once where both ends are its")
    ok(numbered_from_zero(run.records()), "numbers run from 0 for each CIN")
    w = run.summary["warrants"][0]
    is_same((w["from"], w["to"], w["both"], w["cc"], w["iri"], w["matched"]), (3, 1, 1, 5, 4, 5),
            "and the summary counts them")
    run = Run(orders([{"targets": [(a, 1), (b, 2)]}]), [pcap([(T0, ipv4(a, b))])])
    is_same(run.cc(), [("LIID0001", 1, FROM, ipv4(a, b)), ("LIID0001", 2, TO, ipv4(a, b))],
            "ends of two CINs: each has its copy")


def overlaps():
    packet, other = ipv4("192.0.2.7", "203.0.113.1"), ipv4("203.0.113.1", "192.0.2.8")
    text = orders([
        {"liid": "A", "targets": [("192.0.2.0/24", 1), ("192.0.2.7", 2)]},
        {"liid": "B", "targets": [("192.0.0.0/16", 3)]},
        {"liid": "A", "agency": "customs", "targets": [("192.0.2.7", 4)]},
    ], agencies=("police", "customs"))
    run = Run(text, [pcap([(T0, packet), (T0 + 1, other)])])
    is_same(sorted(run.cc()), [("A", 1, TO, other), ("A", 2, FROM, packet), ("B", 3, FROM, packet),
                               ("B", 3, TO, other)],
            "each LIID has its own copy, by its longest prefix")
    is_same(run.cc("customs"), [("A", 4, FROM, packet)], "and each agency its own file")


def layers():
    a, c = "192.0.2.7", "203.0.113.1"
    inner = ipv4(a, c)
    inner6 = ipv6("2001:db8::7", "2001:db8::8")
    tunnel = ipv4("10.0.0.1", "10.0.0.2", inner, proto=4)
    tunnel6 = ipv4(a, "10.0.0.2", inner6, proto=41)
    icmp = ipv4("10.0.0.9", "10.0.0.1", b"\3\1\0\0\0\0\0\0" + inner, proto=1)
    arp = ether(0x806, bytes.fromhex("0001080006040001") + b"\2\0\0\0\0\1" + ip_address(a).packed +
                b"\0" * 6 + ip_address(c).packed)
    frames = [ether(0x800, tunnel), ether(0x800, tunnel6), ether(0x800, icmp), arp,
              ether(0x800, inner, tags=[(0x8100, 5)]),
              ether(0x800, inner, tags=[(0x88A8, 5), (0x8100, 6)])]
    text = orders([{"liid": "A", "targets": [(a, 1), ("2001:db8::7", 2)]},
                   {"liid": "B", "targets": [("2001:db8::8", 3)]}])
    run = Run(text, [pcap([(T0 + i, f) for i, f in enumerate(frames)], link=1)])
    got = run.cc()
    is_same([r for r in got if r[0] == "A"],
            [("A", 1, FROM, inner), ("A", 1, FROM, tunnel6), ("A", 1, FROM, inner),
             ("A", 1, FROM, inner)],
            "tunnels and VLANs are seen through; the outermost match counts once; neither ARP nor "
            "what ICMP quotes counts")
    is_same([r for r in got if r[0] == "B"], [("B", 3, TO, inner6)],
            "another LIID has the inner packet of the same frame")


def odd_lengths():
    a, c = "192.0.2.7", "203.0.113.1"
    whole = ipv4(a, c, b"x" * 100)
    offload = ipv4(a, c, b"y" * 50, total=0)
    parts = [ipv4(a, c, b"z" * 8, fragment=0x2000), ipv4(a, c, b"z" * 8, fragment=1)]
    frames = [(T0, ether(0x800, ipv4(a, c, b"hi")) + b"\0" * 24), (T0, ether(0x800, offload)),
              (T0, ether(0x800, whole)[:60], 134), (T0, ether(0x800, parts[0])),
              (T0, ether(0x800, parts[1]))]
    run = Run(orders([{"targets": [(a, 1)]}]), [pcap(frames, link=1)])
    records = run.records()
    is_same(records[0].packet, ipv4(a, c, b"hi"), "Ethernet's padding is cut off")
    is_same((records[1].packet, records[1].is_cut, records[1].original_len), (offload, True, None),
            "a total length of 0: what is there, in a record that does not claim that it is all")
    is_same((records[2].packet, records[2].original_len), (whole[:46], 120),
            "a frame captured short is a truncated packet that tells its length")
    is_same([r.packet for r in records[3:]], parts, "fragments are delivered as they are")
    is_same(run.summary["warrants"][0]["truncated"], 1, "and the summary tells how many were cut")


def scope():
    a, c = "192.0.2.7", "203.0.113.1"
    start, stop = T0 + 10 * SEC, T0 + 20 * SEC
    times = [T0, start - 1, start, start + 1, stop - 1, stop, stop + 1, T0 + 30 * SEC]
    capture = pcap([(t, ipv4(a, c, b"%d" % t)) for t in times])
    w = {"start": "2026-01-01T00:00:10Z", "end": "2026-01-01T13:00:20+13:00", "targets": [(a, 1)]}
    run = Run(orders([w]), [capture])
    is_same([r[3] for r in run.cc()], [ipv4(a, c, b"%d" % t) for t in times[2:5]],
            "from the start on, until 1 ns before the end")
    is_same(run.summary["warrants"][0]["refused"],
            {"no_time": 0, "early": 2, "ungiven": 0, "late": 3, "iri_only": 0, "numbers": 0, "full": 0}, "what was refused is counted")
    is_same(run.iri(), [("LIID0001", 1, BEGIN, 10.0), ("LIID0001", 1, END, 20.0)],
            "IRI say when it began and ended: the warrant's own times")
    run = Run(orders([w | {"deliver": "iri-only"}]), [capture])
    is_same((run.cc(), run.iri(), run.summary["warrants"][0]["refused"]["iri_only"]),
            ([], [("LIID0001", 1, BEGIN, 10.0), ("LIID0001", 1, END, 20.0)], 3),
            "iri-only: no content")
    run = Run(orders([w | {"deliver": "cc-only"}]), [capture])
    is_same((len(run.cc()), run.iri()), (3, []), "cc-only: no IRI")
    run = Run(orders([{"targets": [(a, 1)]}]), [capture])
    is_same(run.iri(), [("LIID0001", 1, BEGIN, 0.0), ("LIID0001", 1, END, 30.0)],
            "without bounds: the first packet's time, and the last one's")
    late = {"start": "2026-01-01T00:00:31Z"}
    over = {"liid": "B", "end": "2026-01-01T00:00:00Z"}
    gone = {"liid": "C", "start": "2026-01-01T00:00:21Z", "end": "2026-01-01T00:00:22Z"}
    run = Run(orders([x | {"targets": [(a, 1)]} for x in (late, over, gone)]), [capture])
    is_same((run.cc(), run.iri()), ([], [("C", 1, BEGIN, 21.0), ("C", 1, END, 22.0)]),
            "a warrant outside the stream's time is not executed; one without packets is")
    run = Run(orders([{"targets": [(a, 1)]}]), [pcap([])])
    is_same((run.status, run.cc(), run.iri()), (0, [], []), "nothing seen, nothing said")


def disorder():
    a, c = "192.0.2.7", "203.0.113.1"
    times = [5, 3, 9, 1]
    capture = pcap([(T0 + t * SEC, ipv4(a, c, b"%d" % t)) for t in times])
    text = orders([{"targets": [(a, 1)]},
                   {"liid": "B", "end": "2026-01-01T00:00:04Z", "targets": [(a, 2)]}])
    run = Run(text, [capture])
    is_same([r[3][20:] for r in run.cc() if r[0] == "LIID0001"], [b"5", b"3", b"9", b"1"],
            "packets out of order keep the capture's order")
    is_same([r[3][20:] for r in run.cc() if r[0] == "B"], [b"3", b"1"],
            "scope is by each packet's own time")
    is_same(run.iri(), [("LIID0001", 1, BEGIN, 5.0), ("B", 2, BEGIN, 3.0), ("B", 2, END, 4.0),
                        ("LIID0001", 1, END, 9.0)],
            "what begins late because of it still begins before its first packet")
    whole = Run(text, [capture])
    parts = Run(text, [pcap([(T0 + t * SEC, ipv4(a, c, b"%d" % t))]) for t in times])
    is_same(parts.bytes(), whole.bytes(), "several captures are one stream")


def workers():
    frames = []
    for i in range(120000):
        src, dst = f"10.0.{i % 7}.{i % 251}", f"192.0.2.{i * 7 % 256}"
        pair = (src, dst) if i % 3 else (dst, src)
        frames.append((T0 + i * 1000, ipv4(*pair, b"%d" % i * (i % 40))))
    capture = pcap(frames)
    warrants = [{"liid": f"L{k}", "agency": ("police", "customs")[k % 2], "targets":
                 [(f"10.0.{k}.0/24", 1), (f"10.0.{k}.{k}", 2), (f"192.0.2.{k * 16}/28", k)],
                 "start": f"2026-01-01T00:00:00.0{k}Z"} for k in range(7)]
    text = orders(warrants, agencies=("police", "customs"))
    one = Run(text, [capture], "-t", "1", "--block-size", "64k")
    ok(one.status == 0 and len(one.cc()) > 10000 and numbered_from_zero(one.records()),
       "a capture of many blocks")
    for n in ("2", "3", "8"):
        many = Run(text, [capture], "-t", n, "--block-size", "64k")
        ok(many.bytes() == one.bytes() and many.stdout == one.stdout,
           f"{n} workers write what one does")
    other = Run(text, [capture], "-t", "2")
    ok(other.bytes() == one.bytes(), "and so do blocks of another size")


def files():
    capture = pcap([(T0, ipv4("192.0.2.7", "203.0.113.1"))])
    text = orders([{"targets": [("192.0.2.7", 1)]}])
    run = Run(text, [capture])
    path = os.path.join(run.dir, "police", "hi3.ber")
    is_same([stat.S_IMODE(os.stat(p).st_mode) for p in (run.dir, os.path.dirname(path), path)],
            [0o700, 0o700, 0o600], "folders and files are their owner's alone")
    again = Run(text, [capture], out=run.dir)
    ok(again.status == 1 and "hi2.ber: is there already" in again.stderr and len(run.cc()) == 1,
       "files that are there are not overwritten", [again.stderr])
    again = Run(text, [capture, capture], "--force", out=run.dir)
    ok(again.status == 0 and len(again.cc()) == 2, "unless that is asked for")
    if os.path.exists("/dev/full"):
        os.unlink(path)
        os.symlink("/dev/full", path)
        again = Run(text, [capture], "--force", out=run.dir)
        ok(again.status == 1, "a link is never followed", [again.stderr])
    run = Run(text, ["/nonexistent.pcap"])
    ok(run.status == 1 and "/nonexistent.pcap" in run.stderr, "a capture that is not there is told")


def damage():
    a, c = "192.0.2.7", "203.0.113.1"
    text = orders([{"targets": [(a, 1)]}])
    whole = pcap([(T0 + i * SEC, ipv4(a, c)) for i in range(10)])
    run = Run(text, [whole[:-3], whole])
    ok(run.status == 1 and "capture" in run.stderr, "a cut capture is an error", [run.stderr])
    is_same((len(run.cc()), run.iri()),
            (9, [("LIID0001", 1, BEGIN, 0.0), ("LIID0001", 1, END, 8.0)]),
            "what precedes the cut is delivered and ended; what follows is not")


def small_disk():
    limit = 40000
    capture = pcap([(T0 + i, ipv4("192.0.2.7", "203.0.113.1", b"x" * 1000)) for i in range(200)])
    out = os.path.join(work, "full")
    with open(os.path.join(work, "full.yaml"), "w") as f:
        f.write(orders([{"targets": [("192.0.2.7", 1)]}]))
    with open(os.path.join(work, "full.pcap"), "wb") as g:
        g.write(capture)

    def lower():
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run([WEIR, "intercept", "-q", "--orders", f.name, "--out", out, g.name],
                          capture_output=True, text=True, preexec_fn=lower)
    records = read_records(os.path.join(out, "police", "hi3.ber"))
    ok(done.returncode == 1 and "police/hi3.ber" in done.stderr, "a full disk is told", [done.stderr])
    ok(len(records) < 200 and numbered_from_zero(records), "and leaves whole records only")


def interrupted():
    a, c = "192.0.2.7", "203.0.113.1"
    pipe = os.path.join(work, "pipe")
    os.mkfifo(pipe)
    out = os.path.join(work, "interrupted")
    with open(os.path.join(work, "i.yaml"), "w") as f:
        f.write(orders([{"targets": [(a, 1)]}]))
    process = subprocess.Popen([WEIR, "intercept", "-q", "--orders", f.name, "--out", out, pipe],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with open(pipe, "wb") as p:
        p.write(pcap([(T0 + i * SEC, ipv4(a, c)) for i in range(5)]))
        p.flush()
        while fcntl.ioctl(p, termios.FIONREAD, bytes(4)) != bytes(4) and process.poll() is None:
            time.sleep(0.01)  # it has not read them yet
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
    process.communicate()
    cc = read_records(os.path.join(out, "police", "hi3.ber"))
    iri = read_records(os.path.join(out, "police", "hi2.ber"))
    is_same((len(cc), [(r.type, r.event) for r in iri]), (5, [BEGIN, END]),
            "Ctrl-C ends interception and finishes the files")


def bad_orders():
    good = orders([{"targets": [("192.0.2.7", 1), ("192.0.2.8", 1)]}])
    for old, new, line, words in [
        ("liid:", "lidd:", 8, 'warrants[0]: unknown key "lidd"; did you mean "liid"?'),
        ("192.0.2.8", "192.0.2.300", 15, 'warrants[0].targets[1].prefix: "192.0.2.300" is not'),
        ("192.0.2.8", "192.0.2.7", 15, "warrants[0].targets[1].prefix: 192.0.2.7/32 is listed"),
        ("id: police", "id: ../police", 3, 'agencies[0].id: "../police" is not'),
        ("agency: police", "agency: nobody", 7, "warrants[0].agency: no agency has the id"),
    ]:
        run = Run(good.replace(old, new), [pcap([])])
        place = f"orders{runs}.yaml:{line}: {words}"
        ok(run.status == 1 and place in run.stderr and not os.path.exists(run.dir),
           f"refused: {words}", [run.stderr])
    done = subprocess.run([WEIR, "intercept", "--reference"], capture_output=True, text=True)
    ok(done.returncode == 0 and "warrants[].targets[].cin\n" in done.stdout,
       "the reference tells what orders may say")
    done = subprocess.run([WEIR, "intercept", "x.pcap"], capture_output=True, text=True)
    ok(done.returncode == 2 and "--orders" in done.stderr, "what is needed is told")


try:
    for part in (directions, overlaps, layers, odd_lengths, scope, disorder, workers, files, damage,
                 small_disk, interrupted, bad_orders):
        part()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
