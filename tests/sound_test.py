#!/usr/bin/env python3
"""weir-agency --audio: records of calls with sound that is known, as a mediator delivers them, and the WAV files that
come of it, sample by sample: with loss, disorder and doubles, through a kill, and of calls that others captured.

    sound_test.py WEIR WEIR_AGENCY
"""
import collections
import json
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import wave

from call_records import read_call_records
from handover_peers import KEEP_ALIVE, header, pdu_len, tlv, tri
from intercept_records import orders
from tap import daemon_log, end, ok, shared, skip

weir, agency = sys.argv[1:]
top = tempfile.TemporaryDirectory()
folder = pathlib.Path(top.name)
RTP, FROM, TO = 0, 0, 1
PCMU, PCMA, NOISE = 0, 8, 13
BEGAN = 1700000000
N = 160     # samples of a packet
count = 0


# ---- what G.711 says, independent of Weir: the middles of the intervals between its decision values ----

def mu_law():
    """16-bit values by octet: segments of 16 intervals, the first of which is half as wide (G.711 table 2)."""
    values, low = [0], 1
    for segment in range(8):
        width = 2 << segment
        for _ in range(16 if segment else 15):
            values.append(low + width // 2)
            low += width
    return {0x80 * (sign == 1) | (0x7f - i): sign * 4 * values[i] for sign in (1, -1) for i in range(128)}


def a_law():
    """The same, of table 1: two segments of one width, and every second bit inverted."""
    values, low = [], 0
    for segment in range(8):
        width = 2 << max(segment - 1, 0)
        for _ in range(16):
            values.append(low + width // 2)
            low += width
    return {(0x80 * (sign == 1) | i) ^ 0x55: sign * 8 * values[i] for sign in (1, -1) for i in range(128)}


LAWS = {PCMU: mu_law(), PCMA: a_law()}


# ---- records and their receiver ----

def rtp(seq, stamp, octets, kind=PCMU, ssrc=0xabc):
    return struct.pack("!BBHII", 0x80, kind, seq & 0xffff, stamp & 0xffffffff, ssrc) + octets


def in_ip(octets, source=b"\xc0\0\2\1", destination=b"\xc0\0\2\2"):
    udp = struct.pack("!HHHH", 4000, 4002, 8 + len(octets), 0) + octets
    return struct.pack("!BBHIBBH", 0x45, 0, 20 + len(udp), 0, 64, 17, 0) + source + destination + udp


def cc(cin, seq, at, way, packet, stream=b"0.1"):
    """An IPMMCC with an IP packet."""
    media = tlv(0xac, tlv(0x80, bytes([5, 5, 17, 2])) + tlv(0x81, packet) + tlv(0x82, b"\0") + tlv(0x83, stream) +
                tlv(0x84, bytes([RTP])))
    payload = tlv(0xa1, tlv(0x30, tlv(0x80, bytes([way])) + tlv(0xa2, media)))
    return tlv(0x30, header("LIID-1", cin, seq, at) + tlv(0xa2, payload))


def iri(cin, seq, at, way, message, kind=1):
    """An IPMMIRI with a SIP message; kind 1: Begin."""
    def address(last):
        return tlv(0x81, b"\0") + tlv(0xa2, tlv(0x81, bytes([192, 0, 2, last]))) + tlv(0x83, b"\1")

    sip = tlv(0xa1, tlv(0xa0, address(1)) + tlv(0xa1, address(2)) + tlv(0x82, message))
    media = tlv(0xab, tlv(0x80, bytes([5, 5, 17, 1])) + tlv(0xa1, sip))
    payload = tlv(0xa0, tlv(0x30, tlv(0x80, bytes([kind])) + tlv(0xa2, media) + tlv(0x85, b"\0") +
                            tlv(0x86, bytes([way]))))
    return tlv(0x30, header("LIID-1", cin, seq, at) + tlv(0xa2, payload))


def invite(*lines):
    body = "\r\n".join(("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", *lines, ""))
    return "\r\n".join(("INVITE sip:b@example.net SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
                        "From: <sip:a@example.net>;tag=1", "To: <sip:b@example.net>", "Call-ID: 1", "CSeq: 1 INVITE",
                        "Content-Type: application/sdp", f"Content-Length: {len(body)}", "", body)).encode()


class Agency:
    def __init__(self, sound, *words):
        global count
        count += 1
        self.err = folder / f"err{count}"
        self.process = subprocess.Popen(
            [agency, "--transport", "plain", "--hi2", "127.0.0.1:0", "--hi3", "127.0.0.1:0", "--audio", sound,
             "--max-time", "120s", *words], text=True, stdout=subprocess.PIPE, stderr=daemon_log(self.err))
        self.sides = {}
        ports, deadline = {}, time.monotonic() + 30
        while len(ports) < 2 and time.monotonic() < deadline:
            ports = dict(re.findall(r"(HI[23]): listens at \S+:(\d+)", self.err.read_text()))
            time.sleep(0.01)
        for side, port in ports.items():
            self.sides[side] = socket.create_connection(("127.0.0.1", int(port)), timeout=60)

    def send(self, side, *records):
        self.sides[side].sendall(b"".join(records))

    def settle(self, side="HI3"):
        """Until a keep-alive is answered: what was sent before it is with the agency."""
        s, octets = self.sides[side], b""
        s.sendall(tri(KEEP_ALIVE, 0))
        while not pdu_len(octets) or len(octets) < pdu_len(octets):
            got = s.recv(4096)
            if not got:
                return False
            octets += got
        return True

    def end(self, by=signal.SIGTERM):
        for s in self.sides.values():
            s.close()
        self.process.send_signal(by)
        self.said, _ = self.process.communicate(timeout=60)
        return self.process.returncode


def samples(path):
    """Of each channel."""
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getframerate()) == (2, 8000), path
        frames = file.readframes(file.getnframes())
        values = struct.unpack(f"<{len(frames) // 2}h", frames)
        return [list(values[i::file.getnchannels()]) for i in range(file.getnchannels())]


class Speaker:
    """A source of noise that is known, 20 ms a packet."""

    def __init__(self, seed, n, kind=PCMU, ssrc=0xabc):
        dice = random.Random(seed)
        self.octets, self.kind, self.ssrc = dice.randbytes(n * N), kind, ssrc
        self.seq, self.stamp = dice.randrange(65536), dice.randrange(1 << 32)

    def packet(self, i):
        return in_ip(rtp(self.seq + i, self.stamp + i * N, self.octets[i * N:(i + 1) * N], self.kind, self.ssrc))

    def sound(self, lost=(), law=None):
        law = LAWS[self.kind if law is None else law]
        return [0 if i // N in lost else law[octet] for i, octet in enumerate(self.octets)]


def call(cin, speakers, order):
    """Records of what these say: (way, packet's number) in this order; each packet has its own time."""
    return [cc(cin, seq, BEGAN + i * 0.02, way, speakers[way].packet(i)) for seq, (way, i) in enumerate(order)]


# ---- the tests ----

def exact():
    """Two calls of 12 s at a time: as they were said, and with loss, disorder and doubles."""
    dice = random.Random(7)
    plain = {FROM: Speaker(1, 600, PCMU, 0x101), TO: Speaker(2, 600, PCMA, 0x102)}
    rough = {FROM: Speaker(3, 600, PCMA, 0x201), TO: Speaker(4, 600, PCMU, 0x202)}
    in_order = [(way, i) for i in range(600) for way in (FROM, TO)]
    lost = {FROM: {5, 100, 101, 102, *range(300, 340)}, TO: {7, *range(500, 520)}}
    mixed = [(way, i) for way, i in in_order if i not in lost[way]]
    mixed.sort(key=lambda one: one[1] + dice.uniform(0, 8))     # up to eight packets behind its turn
    mixed += [(way, i) for way, i in mixed[-40:]]
    records = call(1, plain, in_order), call(2, rough, mixed)
    said = subprocess.run([weir, "decode", "-q", "-"], input=records[0][0] + records[1][5], capture_output=True, check=False)
    ok(said.returncode == 0, "the records are sound by the schema", [said.stdout, said.stderr])
    sound = folder / "exact"
    a = Agency(sound)
    a.send("HI3", *(record for pair in zip(*records) for record in pair), *records[0][len(records[1]):],
           *records[1][len(records[0]):])
    ok(a.settle() and a.end() == 0 and "6 sound files written" in a.said, "two calls are received", [a.said])
    ok(samples(sound / "LIID-1-1-0.1-from-00000101.wav") == [plain[FROM].sound()] and
       samples(sound / "LIID-1-1-0.1-to-00000102.wav") == [plain[TO].sound()],
       "what each party of the first says, every sample")
    ok(samples(sound / "LIID-1-1-0.1.wav") == [plain[FROM].sound(), plain[TO].sound()],
       "and both, left and right, side by side")
    ok(samples(sound / "LIID-1-2-0.1-from-00000201.wav") == [rough[FROM].sound(lost[FROM])] and
       samples(sound / "LIID-1-2-0.1-to-00000202.wav") == [rough[TO].sound(lost[TO])],
       "loss is silence, and disorder and doubles are not heard")
    ok(samples(sound / "LIID-1-2-0.1.wav") == [rough[FROM].sound(lost[FROM]), rough[TO].sound(lost[TO])],
       "in both parties' file neither")
    ok(len(list(sound.iterdir())) == 6, "there is nothing else", list(sound.iterdir()))


def killed():
    """What a keep-alive's answer confirms is in files that can be played, whatever comes then."""
    sound = folder / "killed"
    speakers = {FROM: Speaker(5, 700), TO: Speaker(6, 700)}
    records = call(9, speakers, [(way, i) for i in range(700) for way in (FROM, TO)])
    a = Agency(sound)
    a.send("HI3", *records[:1000])
    settled = a.settle()
    a.send("HI3", *records[1000:])
    a.end(signal.SIGKILL)
    heard = samples(sound / "LIID-1-9-0.1-from-00000abc.wav")[0]
    ok(settled and len(heard) >= 500 * N and heard == speakers[FROM].sound()[:len(heard)],
       f"after kill -9 all that was confirmed can be heard ({len(heard)} samples)")
    both = samples(sound / "LIID-1-9-0.1.wav")
    ok(len(both[1]) >= 500 * N and both[1][:500 * N] == speakers[TO].sound()[:500 * N], "of both parties")
    a = Agency(sound)
    a.send("HI3", *records[1000:])
    ok(a.settle() and a.end() == 1, "another one goes on, and misses what the first took", [a.said])
    ok(samples(sound / "LIID-1-9-0.1-from-00000abc.wav")[0] == heard and
       samples(sound / "LIID-1-9-0.1-from-00000abc-2.wav") == [speakers[FROM].sound()[500 * N:]],
       "beside the first one's files, which it leaves alone")


def signalled():
    """Dynamic payload types, before and behind the description; comfort noise; another codec."""
    sound = folder / "signalled"
    speaker, other = Speaker(8, 100, 97, 0x77), Speaker(9, 100, 9, 0x99)
    a = Agency(sound, "--late-start")
    a.send("HI3", *(cc(4, i, BEGAN + i * 0.02, TO, speaker.packet(i)) for i in range(50)))
    a.settle()
    a.send("HI2", iri(4, 0, BEGAN, FROM, invite("m=audio 4000 RTP/AVP 97 98", "a=rtpmap:97 PCMA/8000",
                                                "a=rtpmap:98 opus/48000/2")))
    ok(a.settle("HI2"), "a description comes behind the media")
    quiet = in_ip(rtp(speaker.seq + 100, speaker.stamp + 100 * N, b"\x40", NOISE, 0x77))
    again = in_ip(rtp(speaker.seq + 101, speaker.stamp + 500 * N, speaker.octets[:N], 97, 0x77))
    a.send("HI3", *(cc(4, i, BEGAN + i * 0.02, TO, speaker.packet(i)) for i in range(50, 100)),
           cc(4, 100, BEGAN + 2, TO, quiet), cc(4, 101, BEGAN + 10, TO, again),
           *(cc(4, 102 + i, BEGAN + i * 0.02, FROM, other.packet(i)) for i in range(100)))
    ok(a.settle() and a.end() == 0, "and all is right", [a.said])
    expected = speaker.sound(law=PCMA) + [0] * (400 * N) + speaker.sound(law=PCMA)[:N]
    ok(samples(sound / "LIID-1-4-0.1-to-00000077.wav") == [expected],
       "all of it is heard, and comfort noise is as long as its silence")
    ok(a.said.count("no-sound: source 00000099, payload type 9 (G722): it is not G.711") == 1 and
       not list(sound.glob("*00000099*")), "another codec is named, once, and not written", [a.said])


def again():
    """What was kept makes the same sound later, without a network."""
    kept, first, later = folder / "kept", folder / "first", folder / "later"
    speakers = {FROM: Speaker(12, 500), TO: Speaker(13, 500, 97)}
    a = Agency(first, "--out", kept)
    a.send("HI3", *call(3, speakers, [(way, i) for i in range(500) for way in (FROM, TO)]))
    a.settle()
    a.send("HI2", iri(3, 0, BEGAN, FROM, invite("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMU/8000")))
    ok(a.settle("HI2") and a.end() == 0, "a call is kept", [a.said])
    said = subprocess.run([agency, "--from", kept, "--audio", later], capture_output=True, text=True, check=False)
    names = sorted(path.name for path in first.iterdir())
    ok(said.returncode == 0 and "verdict: complete" in said.stdout and len(names) == 3 and
       names == sorted(path.name for path in later.iterdir()) and
       all((first / name).read_bytes() == (later / name).read_bytes() for name in names),
       "what is kept can be taken in again, and sounds the same", [said.stdout, said.stderr, names])
    ok(samples(first / "LIID-1-3-0.1-to-00000abc.wav") == [speakers[TO].sound(law=PCMU)], "and is what was said")


def hostile():
    """Time stamps and numbers of somebody who means no good."""
    sound = folder / "hostile"
    dice = random.Random(11)
    a = Agency(sound)
    a.send("HI3", *(cc(6, i, BEGAN + i * 0.02, FROM,
                       in_ip(rtp(dice.randrange(65536), dice.randrange(1 << 32), bytes(N)))) for i in range(5000)))
    ok(a.settle() and a.end() == 0, "any numbers and time stamps", [a.said])
    sizes = [path.stat().st_size for path in sound.iterdir()]
    ok(len(sizes) == 2 and max(sizes) < 4 * 8000 * 2 * (100 + 10 + 100), "make no more than the time that passed", sizes)


# Calls of other people's telephones: one with G.729 too, one with keys pressed, one with a codec of its own beside.
CAPTURES = ("ISA__sip.pcap.pcapng", "Laborator09__sip.pcap", "heplify__sip_ipv4_tcp.pcap", "ptavi-p5__sip.libpcap",
            "wswiki__SIP_DTMF2.cap")


def payload_of(packet):
    """(payload type, time stamp, SSRC, payload) of an IP packet with RTP; None where it is RTCP or something else."""
    udp = packet[(packet[0] & 15) * 4:]
    said = udp[8:struct.unpack_from("!H", udp, 4)[0]]
    if len(said) < 12 or said[0] >> 6 != 2 or 192 <= said[1] <= 223:
        return None
    at = 12 + 4 * (said[0] & 15)
    if said[0] & 0x10:
        at += 4 + 4 * struct.unpack_from("!H", said, at + 2)[0]
    padding = said[-1] if said[0] & 0x20 else 0
    return said[1] & 127, *struct.unpack_from("!II", said, 4), said[at:len(said) - padding]


def sound_of(packets):
    """By time stamps, of a sender that tells them well."""
    first = min(stamp for _, stamp, _ in packets)
    sound = [0] * (max(stamp + len(octets) for _, stamp, octets in packets) - first)
    for kind, stamp, octets in packets:
        sound[stamp - first:stamp - first + len(octets)] = [LAWS[kind][octet] for octet in octets]
    return sound


def captured():
    """Intercepts of captured calls, each party's: what is delivered of G.711 is what is heard."""
    beside = shared()
    if not beside:
        skip("calls that others captured are heard as they were said", "the shared captures are not here")
        return
    for name in CAPTURES:
        path, at = beside / "pcaps/voip" / name, folder / name
        said = subprocess.run([weir, "calls", "-j", path], capture_output=True, text=True, check=True).stdout
        legs = [leg for line in said.splitlines() for leg in json.loads(line)["legs"]]
        names = sorted({re.match("sip:[^@]+@[^:;]+", leg[side])[0] for leg in legs for side in ("caller", "called")})
        text = orders([{"liid": f"T{i}", "targets": [f'sip_uri: "{one}"']} for i, one in enumerate(names)])
        at.mkdir()
        (at / "orders.yaml").write_text(text.replace("akl-1}", "akl-1, trust_from: true, sip_anywhere: true}"))
        subprocess.run([weir, "intercept", "-q", "--orders", at / "orders.yaml", "--out", at, path], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([agency, "--from", at / "police", "--audio", at / "sound", "--log", "error"], check=True,
                       stdout=subprocess.DEVNULL)
        voices = collections.defaultdict(list)
        for r in read_call_records(at / "police/hi3.ber"):
            kind, stamp, ssrc, octets = payload_of(r.packet) or (None,) * 4
            if kind in LAWS:
                voices[f"{r.liid}-{r.cin}-{r.stream}-{('from', 'to')[r.direction]}-{ssrc:08x}.wav"].append((kind, stamp, octets))
        there = {path.name for path in (at / "sound").iterdir() if re.search(r"-(?:from|to)-", path.name)}
        wrong = [voice for voice in there & set(voices) if samples(at / "sound" / voice) != [sound_of(voices[voice])]]
        ok(there == set(voices) and there and not wrong, f"{name}: {len(there)} voices as they were captured",
           [sorted(there ^ set(voices)), wrong])


for test in (exact, killed, signalled, again, hostile, captured):
    test()
end()
