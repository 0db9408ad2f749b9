#!/usr/bin/env python3
"""howto_sample OUT.pcap: makes the capture that docs/howto/parallel-capture.md and the library's
test run on. 6,000 packets in 6 seconds, one a millisecond, the same at every run:

- 19 of 20 belong to one of 16 TCP conversations between 192.0.2.1..16 and 198.51.100.10:443
- every 20th is DNS between 192.0.2.k and 198.51.100.53: a query, and in its next turn the answer;
  every 10th query gets none
- every 100th packet, of whichever kind, carries an 802.1Q tag
"""
import struct
import sys

N_PACKETS = 6000
START_S = 1767225600  # 2026-01-01T00:00:00Z
SERVER, RESOLVER = "198.51.100.10", "198.51.100.53"


def sum16(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(map(int, text.split(".")))


def ipv4(src, dst, proto, payload, ident):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, 0, 64, proto, 0)
    head += address(src) + address(dst)
    return head[:10] + struct.pack(">H", sum16(head)) + head[12:] + payload


def with_sum(src, dst, proto, segment, at):
    pseudo = address(src) + address(dst) + struct.pack(">BBH", 0, proto, len(segment))
    found = sum16(pseudo + segment) or 0xFFFF
    return segment[:at] + struct.pack(">H", found) + segment[at + 2:]


def tcp(src, dst, sport, dport, payload, seq):
    head = struct.pack(">HHIIBBHHH", sport, dport, seq, 1, 0x50, 0x10, 65535, 0, 0)
    return with_sum(src, dst, 6, head + payload, 16)


def udp(src, dst, sport, dport, payload):
    head = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
    return with_sum(src, dst, 17, head + payload, 6)


def conversation(i):
    k = i * 2654435761 % 2**32 % 16 + 1
    client, port = f"192.0.2.{k}", 40000 + k
    size = (i * 37) % 1200
    if i % 3:
        return ipv4(SERVER, client, 6, tcp(SERVER, client, 443, port, b"d" * size, i), i)
    return ipv4(client, SERVER, 6, tcp(client, SERVER, port, 443, b"u" * (size // 8), i), i)


def dns(i):
    """Turn 2n is query n; turn 2n + 1 its answer, or another query where there is none."""
    turn = i // 20
    number = turn // 2
    client = f"192.0.2.{number % 16 + 1}"
    name = b"\x07example\x03net\x00\x00\x01\x00\x01"
    query = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + name
    answer = struct.pack(">HHHHHH", number, 0x8180, 1, 0, 0, 0) + name
    if turn % 2 == 0:
        return ipv4(client, RESOLVER, 17, udp(client, RESOLVER, 5353, 53, query), i)
    if number % 10:
        return ipv4(RESOLVER, client, 17, udp(RESOLVER, client, 53, 5353, answer), i)
    return conversation(i)


def frame(i):
    packet = conversation(i) if i % 20 else dns(i)
    tag = struct.pack(">HH", 0x8100, 7) if i % 100 == 0 else b""
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + tag + b"\x08\0" + packet


def main():
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for i in range(N_PACKETS):
            data = frame(i)
            out.write(struct.pack("<IIII", START_S + i // 1000, i % 1000 * 1000000,
                                  len(data), len(data)) + data)


if __name__ == "__main__":
    main()
