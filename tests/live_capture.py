#!/usr/bin/env python3
"""Live capture against a network of its own: what was sent is what is captured.

    live_capture.py PROBE        PROBE: the built live-probe

Makes a network namespace (which goes when it ends) with a pair of virtual interfaces,

    left <----> right            packets are sent into left, captured on right

sends packets whose bytes it knows, and compares what the probe captured with them and with what
tcpdump captured beside it. Speaks TAP. Skipped by name without the rights to make a namespace.
"""

import ctypes
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from links import add_pair, no_ipv6, run, settle, up

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
BATCH = 64

count = 0
failures = 0


def ok(is_ok, sentence):
    global count, failures
    count += 1
    failures += not is_ok
    print(("ok" if is_ok else "not ok"), count, "-", sentence, flush=True)
    return is_ok


def is_same(got, wanted, sentence):
    if ok(got == wanted, sentence):
        return
    if isinstance(got, list) and isinstance(wanted, list):
        print(f"# {len(got)} for {len(wanted)}; the first that differ:")
        got, wanted = next(((g, w) for g, w in zip(got, wanted) if g != w), (None, None))
    print(f"# got    {str(got)[:400]}\n# wanted {str(wanted)[:400]}")


# ---- packets

def sum16(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(src, dst, payload, protocol=17, ident=0, fragment=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol,
                       0, socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack("!H", sum16(head)) + head[12:] + payload


def udp(sport, dport, payload):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def ether(payload, kind=0x0800, tags=b"", number=0):
    return (b"\x02\0\0\0\0\x02" + b"\x02\0" + struct.pack("!I", number) + tags +
            struct.pack("!H", kind) + payload)


def tag(vid, kind=0x8100, priority=3):
    return struct.pack("!HH", kind, priority << 13 | vid)


def packet(n, sport=1000, dport=5000, src="10.0.0.1", dst="10.0.0.2", size=40, tags=b""):
    body = struct.pack("!I", n) + bytes((n + i) & 255 for i in range(size))
    return ether(ipv4(src, dst, udp(sport, dport, body), ident=n & 0xFFFF), tags=tags, number=n)


def send(interface, frames):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        s.bind((interface, 0))
        for frame in frames:
            s.send(frame)


# ---- the probe

class Frame:
    def __init__(self, words):
        self.queue, self.block, self.time = int(words[1]), int(words[2]), int(words[3])
        self.direction, self.cap, self.wire = int(words[4]), int(words[5]), int(words[6])
        self.link, self.flags, self.lost = int(words[7]), int(words[8]), int(words[9])
        self.bytes = bytes.fromhex(words[10]) if len(words) > 10 else b""


class Stats:
    def __init__(self, words):
        (self.received, self.delivered, self.filtered, self.errors, self.in_flight, self.dropped,
         self.bytes, self.returns) = map(int, words[1:9])

    def adds_up(self):
        return self.received == (self.delivered + self.filtered + self.errors + self.in_flight)


class Probe:
    def __init__(self, uri, queues=1, block_size=0, n_blocks=0, snap=0, filter="", before=(), after=()):
        self.process = subprocess.Popen(
            [*before, probe_path, uri, str(queues), str(block_size), str(n_blocks), str(snap),
             filter, *after], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.first = self.process.stdout.readline().strip()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        said = []
        while True:
            answer = self.process.stdout.readline()
            if not answer or answer.startswith("done "):
                return said
            said.append(answer.split())

    def stats(self, what="stats"):
        return Stats(self.tell(what)[0])

    def until(self, n, and_dropped=False):
        """Waits until so many were received, or received and dropped; a minute at most."""
        for _ in range(1200):
            stats = self.stats()
            if stats.received + and_dropped * stats.dropped >= n:
                break
            time.sleep(0.05)
        return stats

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            words = f.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.stdin.write("end\n")
        self.process.stdin.close()
        self.frames, self.ended = [], []
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "frame":
                self.frames.append(Frame(words))
            elif words[0] == "ended":
                self.ended.append(int(words[2]))
            elif words[0] == "changed":
                self.changed = int(words[1])
            elif words[0] == "stats":
                self.last = Stats(words)
        self.process.wait()
        return self


class Tcpdump:
    """tcpdump beside the probe: the frames (time, wire length, bytes) of a capture of its own."""

    def __init__(self, interface, *options):
        self.path = os.path.join(scratch, "tcpdump.pcap")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.process = subprocess.Popen(
            ["tcpdump", "-i", interface, "-w", self.path, "-U", "--immediate-mode", "-Z", "root", "--time-stamp-precision",
             "nano", "-B", "16384", "-s", "2048", *options], stderr=subprocess.PIPE, text=True)
        while "listening on" not in self.process.stderr.readline():
            pass

    def n_written(self):
        with open(self.path, "rb") as f:
            octets, at, n = f.read(), 24, 0
        while at + 16 <= len(octets):
            at += 16 + struct.unpack_from("<I", octets, at + 8)[0]
            n += at <= len(octets)
        return n

    def end(self, n):
        """Waits until it has written n, which are all that it is to see."""
        for _ in range(600):
            if self.n_written() >= n:
                break
            time.sleep(0.1)
        self.process.send_signal(2)
        self.process.communicate()
        frames = []
        with open(self.path, "rb") as f:
            head = f.read(24)
            assert struct.unpack("<I", head[:4])[0] == 0xA1B23C4D
            while record := f.read(16):
                s, ns, cap, wire = struct.unpack("<IIII", record)
                frames.append((s * 10**9 + ns, wire, f.read(cap)))
        return frames


def seen(frames):
    return [(f.time, f.wire, f.bytes) for f in frames]


# ---- the facts

def compare(title, frames, backwards=(), options=(), **how):
    """Sends frames into left (and backwards out of right): probe, tcpdump and we must agree."""
    probe = Probe("int:right", **how)
    dump = Tcpdump("right", *options)
    probe.tell("go")
    send("left", frames)
    send("right", backwards)
    probe.until(len(frames) + len(backwards))
    theirs = dump.end(len(frames) + len(backwards))
    probe.end()
    is_same([f.bytes for f in probe.frames], list(frames) + list(backwards),
            f"{title}: the bytes of {len(frames) + len(backwards)} packets are as they were sent")
    is_same(seen(probe.frames), theirs, f"{title}: and as tcpdump saw them, times to the nanosecond")
    ok(probe.last.adds_up() and probe.last.in_flight == 0 and probe.last.dropped == 0 and
       probe.last.bytes == sum(len(f.bytes) for f in probe.frames), f"{title}: the statistics add up")
    return probe


def facts_of_sameness():
    frames = [packet(n, size=n % 1400) for n in range(3000)]
    probe = compare("both ways", frames, [packet(n) for n in range(3000, 3100)])
    is_same([f.direction for f in probe.frames], [1] * 3000 + [2] * 100,
            "coming in and going out are told apart")
    is_same({f.link for f in probe.frames}, {1}, "the link type is Ethernet")
    ok(all(f.cap == f.wire == len(f.bytes) for f in probe.frames), "nothing was cut")


def facts_of_tags():
    frames = [packet(1), packet(2, tags=tag(5)), packet(3, tags=tag(4095, priority=7)),
              packet(4, tags=tag(7, 0x88A8) + tag(8)), packet(5, tags=tag(0)),
              packet(6, tags=tag(9) + tag(9) + tag(9))]
    compare("VLAN tags", frames * 50)
    probe = Probe("int:right", filter="vlan 5")
    probe.tell("go")
    send("left", [*frames, frames[1]])
    probe.until(2)
    probe.end()
    is_same([f.bytes for f in probe.frames], [frames[1]] * 2,
            "a filter finds the tag that the kernel keeps beside the packet")
    probe = Probe("int:right", snap=60)
    probe.tell("go")
    send("left", frames)
    probe.until(len(frames))
    probe.end()
    is_same([f.bytes for f in probe.frames], [f[:60] for f in frames],
            "a snap length counts the tag's bytes")
    is_same([f.wire for f in probe.frames], [len(f) for f in frames], "and the wire length too")


def facts_of_filters():
    frames = [packet(n, dport=5000 + n % 10) for n in range(1000)]
    probe = Probe("int:right", filter="udp dst port 5003")
    probe.tell("go")
    send("left", frames + frames[3:4])
    probe.until(101)
    probe.end()
    is_same([f.bytes for f in probe.frames], frames[3::10] + frames[3:4], "a filter lets through what matches")
    is_same(probe.last.received, 101, "the kernel filtered: no other packet reached us")


def facts_of_queues():
    frames, flows = [], {}
    for n in range(4000):
        flow = n // 2 % 100
        here, there = f"10.1.{flow}.1", f"10.2.{flow}.9"
        ports = (2000 + flow, 443)
        if n % 2:
            frames.append(packet(n, ports[1], ports[0], there, here))
        else:
            frames.append(packet(n, ports[0], ports[1], here, there))
        flows[frames[-1]] = flow
    pieces = [(ident, ether(ipv4("10.3.0.1", "10.3.0.2", bytes([ident]) * 64, ident=ident,
                                 fragment=part), number=ident))
              for ident in range(100) for part in (0x2000, 0x2008, 0x0010)]
    probe = Probe("int:right", queues=2)
    probe.tell("go")
    send("left", frames + [piece for _, piece in pieces])
    probe.until(len(frames) + len(pieces))
    each = [probe.stats(f"queue {i}") for i in range(2)]
    probe.end()
    got = [f.bytes for f in probe.frames]
    is_same(sorted(got), sorted(frames + [p for _, p in pieces]),
            "two queues: every packet exactly once, fragments as they were on the wire")
    queue_of = {}
    for f in probe.frames:
        if f.bytes in flows:
            queue_of.setdefault(flows[f.bytes], set()).add(f.queue)
    ok(all(len(q) == 1 for q in queue_of.values()), "both directions of a flow stay on one queue")
    is_same({q for s in queue_of.values() for q in s}, {0, 1}, "and both queues have flows")
    is_same(len({f.queue for f in probe.frames if f.bytes not in flows}), 1,
            "all fragments between two addresses come to one queue")
    is_same(sum(s.received for s in each), len(got), "the queues' statistics add up to the whole")
    for i in range(2):
        order = [f.bytes for f in probe.frames if f.queue == i and f.bytes in flows]
        wanted = [f for f in frames if f in set(order)]
        is_same(order, wanted, f"queue {i} is in the order of sending")


def facts_of_loss():
    probe = Probe("int:right", block_size=65536, n_blocks=4)
    frames = [packet(n, size=400) for n in range(5000)]
    send("left", frames)
    before = probe.stats()
    probe.tell("go")
    stats = probe.until(5000, and_dropped=True)  # the ring is empty again
    send("left", frames[:100])
    probe.until(stats.received + 100)
    probe.end()
    ok(before.dropped > 4000 and before.received == 0, "while nobody reads, the kernel drops and counts")
    is_same(probe.last.received + probe.last.dropped, 5100, "sent = received + dropped, to the packet")
    is_same([f.bytes for f in probe.frames],
            frames[:len(probe.frames) - 100] + frames[:100], "what was kept are the first")
    ok(probe.last.adds_up(), "the statistics add up")

    probe = Probe("int:right", block_size=65536, n_blocks=4)
    send("left", frames)
    probe.tell("go")
    stats = probe.until(5000, and_dropped=True)
    send("left", frames[:100])
    probe.until(stats.received + 100)
    probe.end()
    is_same(sum(f.lost for f in probe.frames), probe.last.dropped,
            "the frame after a gap says how many were lost")
    is_same(len(probe.frames) + sum(f.lost for f in probe.frames), 5100, "to the packet")


def facts_of_holding():
    probe = Probe("int:right", block_size=65536, n_blocks=8)
    frames = [packet(n, size=400) for n in range(6000)]
    probe.tell("hold 1")
    probe.tell("go")
    for i in range(0, 1000, 50):
        send("left", frames[i:i + 50])
        time.sleep(0.02)
    stats = probe.until(1000, and_dropped=True)
    ok(stats.in_flight > 0 and stats.received == stats.delivered + stats.in_flight,
       "a held block's packets are in flight")
    ok(stats.dropped > 0, "at a held block the ring ends: the kernel drops")
    cpu = probe.cpu()
    time.sleep(1)
    ok(probe.cpu() - cpu < 0.15, "and the reader sleeps")
    is_same(probe.tell("release"), [["changed", "0"]], "what was held was not overwritten")
    for i in range(1000, 1500, 50):  # what finds room in the blocks that are not read yet
        send("left", frames[i:i + 50])
        probe.until(stats.received + i + 50 - 1000)
    probe.end()
    is_same(probe.last.received + probe.last.dropped, 1500, "sent = received + dropped, to the packet")
    is_same([f.bytes for f in probe.frames][-500:], frames[1000:1500], "after it came back all is well")
    is_same([f.block for f in probe.frames], sorted(f.block for f in probe.frames),
            "blocks keep their order and their numbers")

    probe = Probe("int:right", block_size=65536, n_blocks=8)
    probe.tell("hold 6")
    probe.tell("go")
    for i in range(0, 300, 50):
        send("left", frames[i:i + 50])
        time.sleep(0.03)
    probe.until(300, and_dropped=True)
    cpu = probe.cpu()
    time.sleep(0.5)
    ok(probe.cpu() - cpu < 0.15, "with blocks held and nothing to read, the reader sleeps")
    is_same(probe.tell("release"), [["changed", "0"]], "blocks are given back newest first")
    send("left", frames[300:6000])
    probe.until(6000, and_dropped=True)
    probe.end()
    is_same(probe.last.received + probe.last.dropped, 6000, "and the ring goes round as before")


def facts_of_absence():
    for queues in (1, 2):
        name = f"{queues} queue{'s' * (queues > 1)}"
        add_pair("here", "there")
        frames = [packet(n, sport=n) for n in range(900)]
        probe = Probe("int:there", queues=queues)
        probe.tell("go")
        send("here", frames[:300])
        run("ip", "link", "set", "there", "down")
        time.sleep(0.1)
        run("ip", "link", "set", "there", "up")
        settle("here", "there")
        send("here", frames[300:600])
        run("ip", "link", "del", "here")
        time.sleep(0.4)
        cpu = probe.cpu()
        time.sleep(0.6)
        ok(probe.cpu() - cpu < 0.15, f"{name}: while the interface is away, the readers sleep")
        run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
        time.sleep(0.3)  # it is there, but down
        up("here", "there")
        time.sleep(1)
        send("here", frames[600:])
        probe.until(900)
        probe.end()
        is_same(sorted(f.bytes for f in probe.frames), sorted(frames),
                f"{name}: down and up, deleted and made anew, no packet is lost or seen twice")
        ok(probe.last.adds_up() and set(probe.ended) == {-12}, f"{name}: and nothing failed")
        is_same(probe.last.returns, 1, f"{name}: its return is counted")
        run("ip", "link", "del", "here")

    add_pair("here", "there")
    probe = Probe("int:there")
    probe.tell("hold 1")
    probe.tell("go")
    for i in range(6):
        send("here", frames[i:i + 1])
        time.sleep(0.1)
        probe.tell("hold 1")
        run("ip", "link", "del", "here")
        add_pair("here", "there")
        time.sleep(0.5)
        if i == 1:
            is_same(probe.tell("release"), [["changed", "0"]],
                    "a block stays good though its interface has gone")
    run("ip", "link", "del", "here")
    with open(f"/proc/{probe.process.pid}/maps") as f:
        n_rings = f.read().count("socket:")
    ok(1 <= n_rings <= 3, "however often it comes and goes, few rings are kept for held blocks")
    probe.end()
    is_same([f.bytes[6:12] for f in probe.frames][:3], [f[6:12] for f in frames[:3]], "what was sent before is there")


def facts_of_other_links():
    dump = Tcpdump("lo")
    probe = Probe("int:lo", queues=2)
    probe.tell("go")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        for n in range(20):
            s.sendto(b"%d" % n, s.getsockname())
    probe.until(40)
    theirs = dump.end(20)
    probe.end()
    is_same(sorted(f.bytes for f in probe.frames), sorted(b for _, _, b in theirs),
            "loopback packets are seen once, as tcpdump sees them")
    ok(len(probe.frames) == 20 and probe.last.filtered == 20 and probe.last.adds_up(),
       "their other sight is counted as filtered")
    is_same({f.flags for f in probe.frames}, {2}, "and that their checksums are not filled in is known")

    dump = Tcpdump("any", "-y", "LINUX_SLL2", "udp and dst port 5001")
    probe = Probe("int:any", filter="udp and dst port 5001")
    probe.tell("go")
    send("left", [packet(n, dport=5000 + n % 2) for n in range(40)])
    probe.until(40)
    theirs = dump.end(40)
    probe.end()
    is_same(seen(probe.frames), theirs, "\"any\" and a filter: SLL2 headers as tcpdump has them")
    ok({f.link for f in probe.frames} == {276} and len(probe.frames) == 40, "of link type 276")
    probe = Probe("int:any")
    probe.tell("go")
    send("left", [packet(99, tags=tag(6))])
    probe.until(2)
    probe.end()
    body = packet(99)[14:]
    is_same([(f.direction, f.bytes[:2], f.bytes[20:]) for f in probe.frames],
            [(2, b"\x81\0", b"\x60\x06\x08\0" + body), (1, b"\x81\0", b"\x60\x06\x08\0" + body)],
            "with the VLAN tag, which libpcap would drop")

    run("ip", "tuntap", "add", "mode", "tun", "name", "tun9")
    tun = os.open("/dev/net/tun", os.O_RDWR) if os.path.exists("/dev/net/tun") else None
    if tun is None:
        ok(True, "a tun device # SKIP there is no /dev/net/tun")
        return
    import fcntl
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH14x", b"tun9", 0x1001))
    no_ipv6("tun9")
    run("ip", "link", "set", "tun9", "up")
    probe = Probe("int:tun9", filter="udp")
    probe.tell("go")
    whole = [ipv4("10.0.0.1", "10.0.0.2", udp(1, 2, b"%d" % n), protocol=17 - n % 2 * 11)
             for n in range(20)]
    for bytes_ in whole:
        os.write(tun, bytes_)
    probe.until(10)
    probe.end()
    is_same([(f.link, f.bytes) for f in probe.frames], [(101, b) for b in whole[::2]],
            "a tun device's packets are raw IP, and a filter knows it")


def facts_of_errors():
    probe = Probe("int:nowhere0")
    is_same(probe.first, "refused -11 int:nowhere0: there is no interface nowhere0", "no such interface")
    probe = Probe("int:right", filter="udp port port")
    ok(probe.first.startswith('refused -9 int:right: filter "udp port port": ') and
       "syntax error" in probe.first, "a filter's syntax")
    probe = Probe("int:right", filter="host example.org")
    ok(probe.first.startswith('refused -9 int:right: ') and "example.org" in probe.first,
       "a filter's names are not looked up in the DNS")
    run("ip", "link", "set", "left", "down")
    run("ip", "link", "set", "right", "down")
    is_same(Probe("int:right").first, "refused -12 int:right: interface right is down", "an interface that is down")
    up("left", "right")
    is_same(Probe("int:right", after=("hardware",)).first,
            "refused -6 int:right: interface right gives no hardware time: Operation not supported",
            "time stamps that the interface cannot give")
    ok(Probe("int:right", n_blocks=4000000000).first.startswith("refused -9 "), "a ring beyond all bounds")
    if shutil.which("setpriv"):
        probe = Probe("int:right", before=("setpriv", "--bounding-set=-net_raw"))
        ok(probe.first.startswith("refused -10 int:right: ") and "CAP_NET_RAW" in probe.first,
           "the right to capture")
    else:
        ok(True, "the right to capture # SKIP no setpriv")


def facts_of_stopping():
    probe = Probe("int:right", queues=3)
    probe.tell("go")
    time.sleep(0.1)
    probe.tell("stop")
    probe.end()  # when each has ended
    is_same(probe.ended, [-13] * 3, "stopping ends every queue's reader")
    probe = Probe("int:right")
    ok("promiscuity 1" in link("right"), "the interface is promiscuous while capturing")
    probe.end()
    ok("promiscuity 0" in link("right"), "and not afterwards")


def link(name):
    return subprocess.run(["ip", "-d", "link", "show", name], capture_output=True, text=True).stdout


def skip_all(reason):
    print(f"1..0 # SKIP live capture: {reason}")
    sys.exit(0)


def main():
    if os.geteuid() != 0:
        skip_all("needs root")
    for tool in ("ip", "tcpdump"):
        if not shutil.which(tool):
            skip_all(f"no {tool}")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        skip_all("no network namespace can be made: " + os.strerror(ctypes.get_errno()))
    no_ipv6("lo")
    run("ip", "link", "set", "lo", "up")
    add_pair("left", "right")
    for facts in (facts_of_sameness, facts_of_tags, facts_of_filters, facts_of_queues, facts_of_loss,
                  facts_of_holding, facts_of_absence, facts_of_other_links, facts_of_stopping,
                  facts_of_errors):
        facts()
    print(f"1..{count}")
    return 1 if failures else 0


probe_path = sys.argv[1]
with tempfile.TemporaryDirectory() as scratch:
    status = main()
sys.exit(status)
