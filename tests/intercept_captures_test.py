#!/usr/bin/env python3
"""Every capture at hand that holds IP: what is intercepted is exactly what other tools find.

    intercept_captures_test.py SERVER        (the built weir-server)

For the busiest IPv4 and IPv6 address of each capture (by tcpdump's count):

 - the packets of HI3 are, in order and octet for octet, the IP packets of the frames that
   tcpdump finds with "host ADDRESS", with their times;
 - where a capture has VLANs or tunnels, which tcpdump's filter does not look into, they are the
   outermost IP packets with that address that tshark shows, by its field output;
 - an independent decoder of the ASN.1 has nothing to say about any of the records.

Needs the folder of captures beside the project; skipped by name without it.
"""

import collections
import concurrent.futures
import gzip
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from ipaddress import ip_address

import sharkd
import verifier
from intercept_records import numbered_from_zero, orders, pcap, read_pcap, read_records
from tap import captures as captures_of, end, memory_folder, ok, shared, skip
from weir_server import Servers

FOLDERS = ("access", "protoid")
N_THREADS = 2
AT_ONCE = 20

# link type: bytes before the IP header, for frames that tcpdump's filter finds
LINK_LENS = {0: 4, 1: 14, 12: 0, 101: 0, 108: 4, 113: 16, 228: 0, 229: 0, 276: 20}
IP_PROTOS_OF_TUNNELS = {4, 41, 47, 115, 137}
PORTS_OF_TUNNELS = {1701, 2152, 4789, 6081, 8472}
ETHERTYPES_OF_TUNNELS = {0x8100, 0x88A8, 0x9100, 0x9200, 0x8847, 0x8848, 0x8863, 0x8864}
TSHARK_OPTIONS = {"ip.defragment": "FALSE", "ipv6.defragment": "FALSE",
                  "tcp.desegment_tcp_streams": "FALSE", "ip.tso_support": "TRUE"}

work = tempfile.mkdtemp(prefix="weir-captures-", dir=memory_folder())


def run(*words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def tcpdump(path, expression):
    """(link type, frames) of those that match; None where tcpdump cannot read the file."""
    done = run("tcpdump", "-nn", "-r", path, "-w", "-", expression)
    if len(done.stdout) < 24:
        return None
    return read_pcap(done.stdout)


def ip_offset(link, frame):
    """Where a frame's IP header is if nothing lies around it; None where that is not told."""
    if link == 9:  # PPP, with or without address and control
        return 4 if frame[:2] == b"\xff\x03" else 2
    return LINK_LENS.get(link)


def erf_frames(data):
    """[(time in ns, bytes, wire length)] of ERF's Ethernet records."""
    at, frames = 0, []
    while at < len(data):
        fraction, sec, kind, _, n, _, wire = struct.unpack_from("<IIBB", data, at) + \
            struct.unpack_from(">HHH", data, at + 10)
        if kind & 0x7F == 2:
            frame = data[at + 18:at + n][:wire]
            frames.append((sec * 10**9 + (fraction * 10**9 + (1 << 31) >> 32), frame, wire))
        at += n
    return frames


def ip_packet(frame, at, wire):
    """(packet, octets that it claims, where they are more) at an offset. An IP header without a
    length (left to the interface that sends it) means all that the frame has."""
    if frame[at] >> 4 == 4:
        claims = struct.unpack_from("!H", frame, at + 2)[0]
    else:
        claims = struct.unpack_from("!H", frame, at + 4)[0]
        claims = claims + 40 if claims or frame[at + 6] == 59 else jumbo_len(frame, at)
    claims = claims or wire - at
    packet = frame[at:at + claims]
    return packet, claims if claims > len(packet) else None


def jumbo_len(frame, at):
    """RFC 2675: the option that stands first in a hop-by-hop header; else 0."""
    if frame[at + 6] == 0 and len(frame) >= at + 48 and frame[at + 42:at + 44] == b"\xc2\x04":
        return struct.unpack_from("!I", frame, at + 44)[0] + 40
    return 0


def addresses(link, frame):
    """(source, destination) of the outermost IP header; () where there is none."""
    at = ip_offset(link, frame)
    if at is None or len(frame) < at + 20:
        return ()
    if frame[at] >> 4 == 4:
        return frame[at + 12:at + 16], frame[at + 16:at + 20]
    if frame[at] >> 4 == 6 and len(frame) >= at + 40:
        return frame[at + 8:at + 24], frame[at + 24:at + 40]
    return ()


def has_tunnel(link, frame):
    """Whether the frame may hold IP where tcpdump's filter does not look for it."""
    at = ip_offset(link, frame)
    if at is None or len(frame) < at + 20:
        return at is None
    if link == 9 and at == 2:  # it takes it for granted that address and control are there
        return True
    if link == 1:
        kind = struct.unpack_from("!H", frame, 12)[0]
        if kind in ETHERTYPES_OF_TUNNELS or kind <= 1500:
            return True
        if kind not in (0x800, 0x86DD):
            return False
    is_4 = frame[at] >> 4 == 4
    proto = frame[at + 9] if is_4 else frame[at + 6]
    if proto in IP_PROTOS_OF_TUNNELS or (not is_4 and proto in (0, 43, 44, 60)):
        return True
    ports = at + (frame[at] & 15) * 4 if is_4 else at + 40
    return proto == 17 and len(frame) >= ports + 4 and bool(
        PORTS_OF_TUNNELS & set(struct.unpack_from("!HH", frame, ports)))


class Capture:
    """One capture file, and what came of it."""

    def __init__(self, number, path):
        self.number, self.path, self.name = number, path, os.path.basename(path)
        self.plain = path
        self.dir = os.path.join(work, str(number))
        self.faults = []
        self.targets = {}      # LIID -> address
        self.n_packets = 0
        self.needs_tshark = self.is_skipped = False

    def unpack(self):
        """tcpdump and tshark are given what is inside."""
        if self.path.endswith(".gz"):
            self.plain = os.path.join(work, f"{self.number}.plain")
            with gzip.open(self.path) as f, open(self.plain, "wb") as g:
                shutil.copyfileobj(f, g)
        self.seen = tcpdump(self.plain, "")
        if self.seen is None:
            other = os.path.join(work, f"{self.number}.pcap")
            if ".erf" in self.name:
                with open(self.plain, "rb") as f, open(other, "wb") as g:
                    g.write(pcap(erf_frames(f.read()), link=1, is_nano=False))
            else:
                run("editcap", "-F", "pcap", self.plain, other)
            self.plain = other
            self.seen = tcpdump(self.plain, "")

    def choose(self):
        """The busiest addresses of both versions; False where there is no IP."""
        if self.seen is None:
            self.is_skipped = True
            return False
        link, frames = self.seen
        self.seen = None
        counts = {4: collections.Counter(), 16: collections.Counter()}
        for _, frame, _ in frames:
            self.needs_tshark |= has_tunnel(link, frame)
            pair = addresses(link, frame)
            if pair and is_plain_ip(link, frame):
                counts[len(pair[0])].update(set(pair))
        for size, count in counts.items():
            if count:
                address = max(count.items(), key=lambda item: (item[1], item[0]))[0]
                version = 4 if size == 4 else 6
                self.targets[f"V{version}-{self.number}"] = str(ip_address(address))
        return bool(self.targets)

    def command(self):
        """The words of weir for this capture."""
        os.mkdir(self.dir)
        text = orders([{"liid": liid, "targets": [(address, 1)]}
                       for liid, address in self.targets.items()])
        path = os.path.join(self.dir, "orders.yaml")
        with open(path, "w") as f:
            f.write(text)
        return ["intercept", "-q", "-t", "1", "--orders", path, "--out", self.dir, self.path]

    def take(self, said):
        """What weir said and wrote."""
        if said.died:
            self.faults.append(f"weir: {said.died}")
        if said.status and "cut" not in said.errors and "ends" not in said.errors:
            self.faults.append(f"weir: {said.errors.strip()}")
        self.cc = collections.defaultdict(list)
        for r in read_records(os.path.join(self.dir, "police", "hi3.ber")):
            self.cc[r.liid].append(r)
            self.n_packets += 1

    def compare_with_tcpdump(self, liid, address):
        link, frames = tcpdump(self.plain, f"(ip or ip6) and host {address}")
        wanted = []
        for usec, frame, wire in frames:
            at = ip_offset(link, frame)
            if at is not None and is_plain_ip(link, frame):
                wanted.append((usec, *ip_packet(frame, at, wire)))
        got = [(r.usec, r.packet, r.original_len) for r in self.cc[liid]]
        if self.needs_tshark:  # it has the rest
            known = set(wanted)
            got = [g for g in got if g in known]
        self.differ(liid, "tcpdump", got, wanted)

    def differ(self, liid, rival, got, wanted):
        if got == wanted:
            return
        pair = next(((g, w) for g, w in zip(got, wanted) if g != w), ("", ""))
        self.faults.append(f"{liid} {self.targets[liid]}: {len(got)} packets, {rival} has "
                           f"{len(wanted)}; first that differ: {str(pair)[:120]} … {str(pair)[-120:]}")

    def compare_with_tshark(self, shown):
        """shown: frame, length on the wire, and IP layers, outermost first: (source, destination, offset)."""
        for liid, address in self.targets.items():
            wanted = []
            for frame, wire, layers in shown:
                at = next((at for src, dst, at in layers if address in (src, dst)), None)
                if at is not None:
                    wanted.append(ip_packet(frame, at, wire))
            got = [(r.packet, r.original_len) for r in self.cc[liid]]
            self.differ(liid, "tshark", got, wanted)

    def prepare(self):
        self.unpack()
        return self.choose()

    def check(self, said):
        self.take(said)
        for liid, address in self.targets.items():
            self.compare_with_tcpdump(liid, address)
            if not all(is_right_way(r, ip_address(address).packed) for r in self.cc[liid]):
                self.faults.append(f"{liid}: a direction is wrong")
        if not all(numbered_from_zero(rs) for rs in self.cc.values()):
            self.faults.append("a number is missing")


def is_plain_ip(link, frame):
    """Whether an IP header of the version that is announced follows the link header. (libpcap's
    filter looks at the addresses of any frame that is announced as IP.)"""
    at = ip_offset(link, frame)
    kinds = {1: frame[12:14], 113: frame[14:16], 276: frame[0:2], 9: frame[at - 2:at]}
    versions = {b"\x08\x00": 4, b"\x86\xdd": 6, b"\0\x21": 4, b"\0\x57": 6}
    version = frame[at] >> 4
    return version in (4, 6) and version == versions.get(kinds.get(link), version) and (
        link not in kinds or kinds[link] in versions)


def is_right_way(record, address):
    """Whether the record's direction is what its packet says."""
    p = record.packet
    src, dst = (p[12:16], p[16:20]) if p[0] >> 4 == 4 else (p[8:24], p[24:40])
    return (src == address, dst == address) == {0: (True, False), 1: (False, True),
                                                2: (True, True)}[record.direction]


# ---- tshark's dissectors

def shown_by(shark, capture):
    """[(frame, length on the wire, IP layers)] of a whole capture; the layers of frames that name a target."""
    plain = os.path.join(work, f"{capture.number}.frames")
    run("tcpdump", "-r", capture.plain, "-w", plain)  # keeps to the file's snap length
    with open(plain, "rb") as f:
        _, frames = read_pcap(f.read())
    targets = set(capture.targets.values())
    shown = []
    for i, cells in enumerate(shark.rows(plain, ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst"])):
        is_near = targets & {address for cell in cells for address in cell.split(",")}
        shown.append(ip_layers(shark.tree(i + 1)) if is_near else [])
    return [(frame, wire, layers) for (_, frame, wire), layers in zip(frames, shown)]


def ip_layers(tree):
    """The IP layers that no ICMP error quotes, outermost first: (source, destination, offset)."""
    return [(fields.get(name + ".src"), fields.get(name + ".dst"), at)
            for name, at, fields in tree if name in ("ip", "ipv6")]


def judge(folder, captures):
    """The independent decoder on all records of many captures: whether it finds nothing to say about
    them, and what it said."""
    said = verifier.decode(folder, [os.path.join(c.dir, "police", name) for c in captures
                                    for name in ("hi2.ber", "hi3.ber")], "--strict", "--quiet")
    findings = [line for line in said.stdout.splitlines() if b'"findings"' in line]
    return (said.returncode == 0 and b" PDUs, " in said.stderr and not findings), \
        (b" ".join(findings) + said.stderr)[:1000].decode()


def compare_all(captures):
    """All captures, side by side: intercepted, and held against tcpdump and tshark."""
    with concurrent.futures.ThreadPoolExecutor(N_THREADS) as pool, Servers(sys.argv[1]) as servers, \
            sharkd.Sharkds(N_THREADS, TSHARK_OPTIONS) as sharks:
        done = [c for c, is_ip in zip(captures, pool.map(Capture.prepare, captures)) if is_ip]
        parts = [done[i:i + AT_ONCE] for i in range(0, len(done), AT_ONCE)]
        said = [s for answers in servers.map([c.command() for c in part] for part in parts) for s in answers]
        list(pool.map(Capture.check, done, said))
        deep = [c for c in done if c.needs_tshark]
        for c, shown in zip(deep, pool.map(lambda c: sharks.lend(shown_by, c), deep)):
            c.compare_with_tshark(shown)
    return done


def main():
    what = "interception of the captures at hand"
    folder = shared()
    if not folder:
        return skip(what, "no folder of captures")
    for tool in ("tcpdump", "sharkd", "editcap"):
        if not shutil.which(tool):
            return skip(what, f"no {tool}")
    captures = [Capture(i, str(path)) for i, path in enumerate(captures_of(folder, *FOLDERS))]
    done = compare_all(captures)
    for c in done:
        ok(not c.faults, f"{c.name}: {c.n_packets} packets of {', '.join(c.targets.values())}"
           f"{', by tshark too' if c.needs_tshark else ''}", c.faults)
    for c in captures:
        if c.is_skipped:
            skip(c.name, "tcpdump cannot read it")
    ok(len(done) > 800 and sum(c.n_packets for c in done) > 40000, "there was enough to compare")
    if not verifier.is_there(folder):
        return skip("the records are judged by another decoder", "no escript")
    is_good, said = judge(folder, done)
    ok(is_good, f"another decoder has nothing to say about {len(done)} captures' records", [said])


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
