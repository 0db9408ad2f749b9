"""RTP (RFC 3550) in files that SIPp's play_pcap_audio sends: speech whose octets are known.

A talk is what one party says: several files whose sequence numbers, times and octets go on from one to the next, as they
do when a call moves to other ports.
"""
import hashlib
import math
import struct

RATE, STEP = 8000, 160                   # G.711: samples a second, and in a packet of 20 ms
ETHERNET = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"


def ulaw(sample):
    """A sample of 16 bits as G.711 has it (µ-law)."""
    sign, size = (0x80, -sample) if sample < 0 else (0, sample)
    size = min(size, 32635) + 132
    part = size.bit_length() - 8
    return ~(sign | part << 4 | size >> part + 3 & 15) & 0xFF


def noise(name, n):
    """n packets' octets, which no other name has."""
    blocks = (hashlib.sha256(f"{name} {i}".encode()).digest() for i in range(n * STEP // 32))
    return b"".join(blocks)


def tone(hertz, n):
    """n packets of a tone that swells and fades twice a second."""
    samples = (math.sin(2 * math.pi * hertz * i / RATE) * (1 - math.cos(4 * math.pi * i / RATE)) * 8000
               for i in range(n * STEP))
    return bytes(ulaw(int(sample)) for sample in samples)


def udp_frame(payload, port):
    udp = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), bytes(4))
    return ETHERNET + ip + udp


class Talk:
    """What one party says. packets: the RTP packets of all files so far."""

    def __init__(self, ssrc, octets):
        self.ssrc, self.octets, self.packets = ssrc, octets, []

    def rtcp(self):
        """A sender report (6.4.1) and CNAME: of what was sent so far."""
        n = len(self.packets)
        report = struct.pack("!BBHIQIII", 0x80, 200, 6, self.ssrc, (n + 1) << 32, n * STEP, n, n * STEP)
        name = b"\1\6caller\0\0"
        return report + struct.pack("!BBHI", 0x81, 202, 1 + (len(name) + 3) // 4, self.ssrc) + name.ljust(12, b"\0")

    def write(self, path, n):
        """The next n packets as a capture, 20 ms apart, and a report on the next port at its end."""
        frames = []
        for i in range(len(self.packets), len(self.packets) + n):
            head = struct.pack("!BBHII", 0x80, 0x80 if i == 0 else 0, i & 0xFFFF, i * STEP, self.ssrc)
            self.packets.append(head + self.octets[i * STEP:(i + 1) * STEP])
            frames.append(udp_frame(self.packets[-1], 20000))
        frames.append(udp_frame(self.rtcp(), 20001))
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for i, frame in enumerate(frames):
                file.write(struct.pack("<IIII", 0, i * 20000, len(frame), len(frame)) + frame)
