#!/usr/bin/env python3
"""weir convert: formats, compression and selections, held against tcpdump where it can say the same.

    convert_test.py WEIR [SERVER]      (SERVER: the built weir-server, for a sweep through every capture at hand;
                                        a sanitized one has that of malformed_test.py)
"""
import concurrent.futures
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from tap import captures, end, memory_folder, ok, shared, skip
from weir_server import Servers

weir = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory(prefix="weir-convert-")
START = 1700000000
PATIENCE_S = 60


def at(name):
    return os.path.join(folder.name, name)


def convert(*words, status=0, data=None):
    """Runs weir convert; its standard output. The status must be as told."""
    said = subprocess.run([weir, "convert", *words], input=data, capture_output=True, timeout=60, check=False)
    if said.returncode != status:
        ok(False, f"weir convert {' '.join(words)} exits {status}", [said.returncode, said.stderr.decode()])
    return said


def read(name):
    with open(at(name), "rb") as file:
        return file.read()


def packet(i):
    """An Ethernet frame with IPv4 and UDP, told apart by its number."""
    payload = struct.pack(">I", i) * (1 + i * 7 % 200)
    udp = struct.pack(">HHHH", 1000 + i % 3, 53, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i & 0xffff, 0, 64, 17, 0,
                     bytes([192, 0, 2, i % 5]), bytes([198, 51, 100, 1]))
    return bytes(6) + bytes([2, 0, 0, 0, 0, 1]) + b"\x08\x00" + ip + udp


def pcap(n, link=1, magic=0xA1B2C3D4, order="<"):
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)]
    for i in range(n):
        bytes_ = packet(i)
        out.append(struct.pack(order + "IIII", START + i // 10, i % 10 * 100000, len(bytes_), len(bytes_)) + bytes_)
    return b"".join(out)


def packets(data):
    """[(seconds, fraction, captured, wire, bytes)] of a little-endian pcap file."""
    found, at_ = [], 24
    while at_ + 16 <= len(data):
        head = struct.unpack_from("<IIII", data, at_)
        found.append((*head, data[at_ + 16:at_ + 16 + head[2]]))
        at_ += 16 + head[2]
    return found


with open(at("in.pcap"), "wb") as file:
    file.write(pcap(1000))


def formats():
    convert(at("in.pcap"), at("copy.pcap"))
    ok(read("copy.pcap") == read("in.pcap"), "pcap to pcap is the same file")
    for form in ("pcapng", "erf"):
        convert(at("in.pcap"), at("there." + form))
        convert("--micro", at("there." + form), at("back.pcap"))
        ok(read("back.pcap")[24:] == read("in.pcap")[24:], f"to {form} and back: the same packets")
        convert(at("there." + form), at("again." + form))
        ok(read("again." + form) == read("there." + form), f"{form} to {form} is the same file")
    convert("--big-endian", at("in.pcap"), at("big.pcap"))
    ok(read("big.pcap")[:4] == b"\xa1\xb2\xc3\xd4", "--big-endian writes the other byte order")
    convert(at("big.pcap"), at("back.pcap"))
    ok(read("back.pcap") == read("in.pcap"), "and that comes back")
    convert("-w", "pcapng", at("in.pcap"), at("plain.dat"))
    ok(read("plain.dat") == read("there.pcapng"), "-w says the format where the suffix does not")
    convert(at("in.pcap"), at("plain.dat"))
    ok(read("plain.dat") == read("in.pcap"), "and without either it is the input's")
    convert("--micro", at("in.pcap"), at("in.pcap"), at("twice.pcap"))
    ok(read("twice.pcap")[24:] == 2 * read("in.pcap")[24:], "two captures are written one after another")
    convert(at("there.pcapng"), at("in.pcap"), at("there.erf"), at("three.pcapng"))
    convert("--micro", at("three.pcapng"), at("three.pcap"))
    ok(read("three.pcap")[24:] == 3 * read("in.pcap")[24:], "three of different formats are, too")


def compression():
    for codec, suffix in (("gzip", ".gz"), ("bzip2", ".bz2"), ("xz", ".xz"), ("zstd", ".zst"), ("lz4", ".lz4")):
        convert(at("in.pcap"), at("small.pcap" + suffix))
        convert("-z", codec + ":1", at("in.pcap"), at("small.pcap"))
        convert(at("small.pcap" + suffix), at("back.pcap"))
        small = len(read("small.pcap" + suffix))
        ok(read("back.pcap") == read("in.pcap") and small < len(read("in.pcap")) // 2,
           f"{codec} by suffix goes round, in {small} bytes")
        convert(at("small.pcap"), at("back.pcap"))
        ok(read("back.pcap") == read("in.pcap"), f"{codec} by -z goes round")
    said = convert("-z", "gzip:99", at("in.pcap"), at("none.pcap"), status=2)
    ok(b'convert: -z: "gzip:99" is no' in said.stderr and not os.path.exists(at("none.pcap")),
       "a level that is none is refused, and the option is named", [said.stderr])
    said = convert(at("in.pcap"), at("none.snoop.gz"), status=2)
    ok(b"none.snoop.gz: snoop can be read, but not written" in said.stderr and not os.path.exists(at("none.snoop.gz")),
       "a format that can only be read is refused, and the output is named", [said.stderr])
    with open(at("in.snoop"), "wb") as file:
        file.write(b"snoop\0\0\0" + struct.pack(">II6I", 2, 4, 60, 60, 84, 0, 1700000000, 5) + bytes(60))
    convert(at("in.snoop"), at("of-snoop.dat"))
    ok(read("of-snoop.dat")[:4] == b"\x0a\x0d\x0d\x0a", "and becomes pcapng where nothing is said")
    said = convert("-z", "zip", at("in.pcap"), at("none.pcap"), status=2)
    ok(b"zip" in said.stderr, "a compression that is none is refused")


def selections():
    everything = packets(read("in.pcap"))
    convert("-f", "host 192.0.2.3 and src port 1001", at("in.pcap"), at("out.pcap"))
    wanted = [p for i, p in enumerate(everything) if i % 5 == 3 and i % 3 == 1]
    ok(packets(read("out.pcap")) == wanted and wanted, "a filter")
    convert("-f", "host 192.0.2.3", "-f", "host 192.0.2.4", at("in.pcap"), at("out.pcap"))
    ok(packets(read("out.pcap")) == [p for i, p in enumerate(everything) if i % 5 > 2], "two filters: either")
    for places, part in (("11-20", everything[10:20]), ("991-", everything[990:]), ("-3", everything[:3]),
                         ("7", everything[6:7]), ("2000-", [])):
        convert("--packets", places, at("in.pcap"), at("out.pcap"))
        ok(packets(read("out.pcap")) == part and len(read("out.pcap")) >= 24, f"places {places}")
    for places in ("0-3", "5-4", "x", "-", "1-2-3"):
        said = convert("--packets", places, at("in.pcap"), at("none.pcap"), status=2)
        ok(places.encode() in said.stderr, f"places {places} are refused")
    convert("--from", str(START + 10), "--to", "2023-11-14T22:13:32.5Z", at("in.pcap"), at("out.pcap"))
    ok(packets(read("out.pcap")) == everything[100:125], "from a time on, and before another")
    convert("-s", "40", at("in.pcap"), at("out.pcap"))
    ok([p[2:] for p in packets(read("out.pcap"))] == [(40, p[3], p[4][:40]) for p in everything],
       "snapped to 40 bytes; the length on the wire stays")
    convert("-f", "udp", "--packets", "1-100", "-s", "60", at("in.pcap"), at("out.erf"))
    convert("--micro", at("out.erf"), at("out.pcap"))
    ok([p[2:] for p in packets(read("out.pcap"))] == [(min(60, p[2]), p[3], p[4][:60]) for p in everything[:100]],
       "all of it at once, through ERF")


def direction_sample():
    """A pcapng file of six packets: in, out, unknown, and again."""
    def block(kind, body):
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", 1, 0, 0))
    for i in range(6):
        bytes_ = packet(i)
        options = b"" if i % 3 == 2 else struct.pack("<HHIHH", 2, 4, 1 + i % 3, 0, 0)
        out += block(6, struct.pack("<IIIII", 0, 0, i, len(bytes_), len(bytes_)) + bytes_ +
                     bytes(-len(bytes_) % 4) + options)
    return out + block(0x40000BAD, b"\1\2\3\4") + block(0x7777, b"unknown!")


def blocks():
    with open(at("in.pcapng"), "wb") as file:
        file.write(direction_sample())
    convert(at("in.pcapng"), at("out.pcapng"))
    ok(read("out.pcapng") == read("in.pcapng"), "pcapng to pcapng keeps unknown blocks and options")
    for way, first in (("in", 0), ("out", 1)):
        convert("--direction", way, at("in.pcapng"), at("out.pcap"))
        ok([p[4] for p in packets(read("out.pcap"))] == [packet(first), packet(first + 3)], f"only packets that went {way}")
    convert("--direction", "in", at("in.pcapng"), at("out.pcapng"))
    ok(b"unknown!" in read("out.pcapng") and struct.pack("<I", 0x40000BAD) not in read("out.pcapng"),
       "where packets are left out, blocks that ask not to be copied are too")
    convert(at("in.pcapng"), at("out.erf"))
    convert("--direction", "in", "-w", "pcap", at("out.erf"), at("out.pcap"))
    ok([p[4] for p in packets(read("out.pcap"))][:1] == [packet(0)], "ERF keeps the direction")


def trouble():
    whole = read("in.pcap")
    with open(at("cut.pcap"), "wb") as file:
        file.write(whole[:-10])
    said = convert(at("cut.pcap"), at("out.pcapng"), status=1)
    convert("--micro", at("out.pcapng"), at("out.pcap"))
    ok(packets(read("out.pcap")) == packets(whole)[:999], "a cut capture is written up to the cut")
    last = len(whole) - len(packet(999)) - 16
    ok(at("cut.pcap").encode() in said.stderr and str(last).encode() in said.stderr and said.stderr.count(b"\n") == 1,
       f"and the error names file and offset: {said.stderr.decode().strip().split('/')[-1]}")
    said = convert(at("absent.pcap"), at("never.pcap"), status=1)
    ok(b"absent.pcap" in said.stderr and not os.path.exists(at("never.pcap")), "an absent capture makes no output")
    said = convert(at("in.pcap"), at("no-such-folder/out.pcap"), status=1)
    ok(b"no-such-folder" in said.stderr, "an output that cannot be made is told")
    said = convert(at("copy.pcap"), at("copy.pcap"), status=2)
    ok(read("copy.pcap") == whole, "a capture is not overwritten by itself")
    said = convert(at("in.pcap"), "/dev/full", status=1)
    ok(b"/dev/full" in said.stderr, "a full disk is told")
    with open(at("sll.pcap"), "wb") as file:
        file.write(pcap(3, link=113))
    said = convert(at("sll.pcap"), at("out.erf"), status=1)
    ok(b"113" in said.stderr and b"sll.pcap" in said.stderr, "a link type that ERF does not know is told")
    said = convert("--micro", at("in.pcap"), at("sll.pcap"), at("out.pcap"), status=1)
    ok(b"113" in said.stderr and b"sll.pcap" in said.stderr, "so is a second link type for pcap")
    ok(packets(read("out.pcap")) == packets(whole), "and what came before it was written")
    with open(at("none.pcap"), "wb") as file:
        file.write(pcap(0, link=113))
    for form in ("pcap", "pcapng", "erf"):
        convert(at("none.pcap"), at("none-out." + form))
    ok(read("none-out.pcap")[20:] == b"\x71\0\0\0" and len(read("none-out.pcapng")) == 28, "no packets: a header alone")
    ok(not [n for n in os.listdir(folder.name) if n.endswith(".part")], "nothing unfinished is left behind")


def pipes():
    said = convert("-", "-", data=read("in.pcap"))
    ok(said.stdout == read("in.pcap") and said.stderr == b"", "standard input to standard output, without a word")
    with subprocess.Popen([weir, "convert", "-", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        os.set_blocking(running.stdout.fileno(), False)
        begun = time.monotonic()  # for a message; a packet that is kept back comes at the input's end only
        running.stdin.write(read("in.pcap")[:24 + 16 + len(packet(0)) + 5])
        running.stdin.flush()
        came = b""
        while time.monotonic() - begun < PATIENCE_S and len(packets(came)) < 1:
            came += running.stdout.read() or b""
            time.sleep(0.01)
        took = time.monotonic() - begun
        ok(packets(came) == packets(read("in.pcap"))[:1], f"the first packet is out after {took:.2f} s")
        running.send_signal(signal.SIGINT)
        running.wait(PATIENCE_S)
        ok(running.returncode == 0, "an interrupt ends it in good order")


def interrupted():
    with subprocess.Popen([weir, "convert", "-", at("caught.pcapng")], stdin=subprocess.PIPE) as running:
        running.stdin.write(read("in.pcap"))
        running.stdin.flush()
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_S and (not os.path.exists(at("caught.pcapng.part")) or
                                                os.path.getsize(at("caught.pcapng.part")) < len(read("in.pcap"))):
            time.sleep(0.01)
        ok(not os.path.exists(at("caught.pcapng")), "a file has another name until it is finished")
        running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE_S)
    convert("--micro", at("caught.pcapng"), at("back.pcap"))
    ok(read("back.pcap")[24:] == read("in.pcap")[24:] and not os.path.exists(at("caught.pcapng.part")),
       "a signal finishes the file")


def memory():
    """The largest resident size of a child, in MB, for 200 MB of input."""
    one = pcap(1000)
    with open(at("large.pcap"), "wb") as file:
        file.write(one[:24])
        for _ in range(200 * 1048576 // len(one)):
            file.write(one[24:])
    convert(at("large.pcap"), at("large.pcapng"))
    convert("-z", "zstd", at("large.pcap"), at("large.pcap.zst"))
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    ok(most < 64, f"200 MB are converted in {most:.1f} MB of memory")
    for name in ("large.pcap", "large.pcapng", "large.pcap.zst"):
        os.unlink(at(name))


# with the reason why tcpdump writes another packet
APART = {"tcpdump__timestamp_invalid_nano.pcap": "libpcap takes a fraction of more than 2 s as negative"}


def timed(data):
    """The packets with one number for their time."""
    return [(p[0] * 1000000 + p[1], *p[2:]) for p in packets(data)]


def converted(servers, path):
    """Why a capture is not (written as tcpdump writes it, the same after pcapng and back): None where it is,
    "skip" where that cannot be told."""
    with tempfile.TemporaryDirectory(prefix="weir-", dir=memory_folder()) as own:
        straight, there, back, theirs = (f"{own}/{name}" for name in ("a.pcap", "b.pcapng", "c.pcap", "theirs"))
        said = servers.run([["convert", "-q", "--micro", *pair]
                            for pair in ((path, straight), (path, there), (there, back))])
        died = next((each.died for each in said if each.died), None)
        if died:
            return died, died
        tcpdump = subprocess.run(["tcpdump", "-r", path, "-w", theirs], capture_output=True, timeout=60, check=False)
        as_tcpdump = "skip"
        if not tcpdump.returncode and os.path.exists(theirs):
            # tcpdump passes on fractions of more than a second, Weir makes them seconds
            as_tcpdump = differ(theirs, straight, timed)
        there_and_back = "skip"
        if not any(each.status for each in said):
            there_and_back = differ(straight, back, lambda data: data[24:])
        return as_tcpdump, there_and_back


def differ(one, other, form):
    """None, or how the files differ in this form."""
    one, other = pathlib.Path(one).read_bytes(), pathlib.Path(other).read_bytes()
    return None if form(one) == form(other) else f"{len(one)} and {len(other)} bytes"


def every_capture(server):
    shared_folder = shared()
    if not shared_folder or not shutil.which("tcpdump"):
        skip("every capture is written as tcpdump writes it", "no shared captures here, or no tcpdump")
        return
    paths = [str(p) for p in captures(shared_folder, "formats", "voip", "mirror", "malformed")
             if p.name not in APART]
    with concurrent.futures.ThreadPoolExecutor(2) as pool, Servers(server) as servers:
        results = list(pool.map(lambda path: converted(servers, path), paths))
    for what, column in (("written as tcpdump writes it", 0), ("the same after pcapng and back", 1)):
        compared = [(path, row[column]) for path, row in zip(paths, results) if row[column] != "skip"]
        wrong = [f"{path}: {result}" for path, result in compared if result]
        ok(len(compared) > 100 and not wrong, f"{len(compared)} captures are {what}", wrong[:20])


formats()
compression()
selections()
blocks()
trouble()
pipes()
interrupted()
memory()
if len(sys.argv) > 2:
    every_capture(os.path.abspath(sys.argv[2]))
end()
