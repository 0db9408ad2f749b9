#!/usr/bin/env python3
"""What lies in a tunnel whose own datagrams are fragmented is delivered whole.

    intercept_fragments.py WEIR
"""

import os
import struct
import subprocess
import sys
import tempfile
from ipaddress import ip_address

from intercept_records import numbered_from_zero, orders, pcap, read_records
from tap import end, ok

WEIR = os.path.abspath(sys.argv[1])
T0 = 1767225600 * 10**9  # 2026-01-01T00:00:00Z
TARGET, PEER, EDGE, CORE = "192.0.2.7", "203.0.113.1", "10.0.0.1", "10.0.0.2"


def ipv4(src, dst, payload, proto, ident=7, field=0):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, field, 64, proto, 0,
                       ip_address(src).packed, ip_address(dst).packed) + payload


def gtpu(packet):
    body = struct.pack("!BBHI", 0x30, 0xFF, len(packet), 5) + packet
    return struct.pack("!HHHH", 2152, 2152, 8 + len(body), 0) + body


def fragments(payload, proto, sizes, ident=7):
    """The IPv4 fragments, of so many bytes each, that carry the payload between edge and core."""
    out, at = [], 0
    for size in sizes:
        more = 0x2000 if at + size < len(payload) else 0
        out.append(ipv4(EDGE, CORE, payload[at:at + size], proto, ident, more | at // 8))
        at += size
    return out


def records(frames, targets, *words):
    """The CC records of one run on raw IP frames, a millisecond apart (or at the time given)."""
    timed = [f if isinstance(f, tuple) else (T0 + i * 10**6, f) for i, f in enumerate(frames)]
    with tempfile.TemporaryDirectory(prefix="weir-fragments-") as folder:
        for name, data in (("o.yaml", orders([{"targets": targets}]).encode()), ("c.pcap", pcap(timed))):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        subprocess.run([WEIR, "intercept", "--orders", "o.yaml", "--out", "out", *words, "c.pcap"],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)
        found = read_records(os.path.join(folder, "out", "police", "hi3.ber"))
    assert numbered_from_zero(found)
    return found


inner = ipv4(TARGET, PEER, bytes(range(256)) * 5, 253)
tunnel = gtpu(inner)
first, second, third = fragments(tunnel, 17, (800, 400, len(tunnel) - 1200))
watched = [(TARGET + "/32", 1)]

for name, order in (("in order", (first, second, third)), ("backward", (third, second, first)),
                    ("the first last", (second, third, first)),
                    ("one of them twice", (first, first, second, third))):
    got = records(order, watched)
    ok([r.packet for r in got] == [inner] and got[0].original_len is None,
       f"three fragments, {name}: the packet inside comes once, whole")

got = records((first, second), watched)
ok(len(got) == 1 and inner.startswith(got[0].packet) and len(got[0].packet) == 1200 - 16 and
   got[0].original_len == len(inner), "without the last fragment the packet is delivered as far as it came")

plain = ipv4(TARGET, PEER, b"later", 253)
got = records(((T0, first), (T0 + 61 * 10**9, plain), (T0 + 62 * 10**9, second),
               (T0 + 130 * 10**9, plain)), watched)
ok([len(r.packet) for r in got] == [len(plain), 800 - 16, len(plain)],
   "after a minute's wait it is delivered as far as it came, in its place")

got = records((plain, first, plain, third, plain, second, plain), watched)
ok([r.packet for r in got] == [plain, plain, plain, inner, plain],
   "among other packets it has its place where it became whole")

got = records((first, second, third), [(EDGE + "/32", 1), (TARGET + "/32", 2)])
ok([(r.cin, r.packet) for r in got] == [(1, first), (1, second), (1, third)],
   "a warrant that names the tunnel's end gets the fragments as they came, and not what lies in them")

many = []
for i in range(300):
    many += fragments(gtpu(ipv4(TARGET, PEER, struct.pack("!I", i) * 200, 253)), 17, (400, 400, 36), i)
one = [r.packet for r in records(many, watched, "--threads", "1")]
eight = [r.packet for r in records(many, watched, "--threads", "8", "--block-size", "4k")]
ok(len(one) == 300 and one == eight, "300 tunnelled packets: one worker and eight deliver the same")

end()
