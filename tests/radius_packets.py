"""RADIUS packets and what carries them, made by hand, for tests: no relation of Weir's reader."""

import hashlib
import struct
from ipaddress import ip_address, ip_network

REQUEST, ACCEPT, REJECT, ACCOUNTING, RESPONSE = 1, 2, 3, 4, 5
START, STOP, INTERIM, ON, OFF = 1, 2, 3, 7, 8


def attribute(kind, value):
    if isinstance(value, int):
        value = struct.pack("!I", value)
    if isinstance(value, str):
        value = value.encode()
    return bytes([kind, 2 + len(value)]) + value


def prefix6(text):
    net = ip_network(text)
    return bytes([0, net.prefixlen]) + net.network_address.packed[:(net.prefixlen + 7) // 8]


# name: (type, how its value is written)
NAMES = {
    "user": (1, str), "nas": (4, lambda v: ip_address(v).packed), "port": (5, int),
    "ip": (8, lambda v: ip_address(v).packed), "route": (22, str), "timeout": (27, int),
    "called": (30, str), "calling": (31, str), "nasid": (32, str), "status": (40, int),
    "in": (42, int), "out": (43, int), "sid": (44, str), "seconds": (46, int), "cause": (49, int),
    "ingiga": (52, int), "outgiga": (53, int), "portid": (87, str), "prefix": (97, prefix6),
    "delegated": (123, prefix6), "ip6": (168, lambda v: ip_address(v).packed), "fill": (25, str),
    "called": (30, str), "porttype": (61, int), "cell": (26, lambda v: struct.pack("!IBB", 10415, 22, 2 + len(v)) + v),
}


def packet(code, identifier, authenticator, fields):
    """A packet; fields is a list of (name, value)."""
    body = b"".join(attribute(NAMES[k][0], NAMES[k][1](v)) for k, v in fields)
    return struct.pack("!BBH", code, identifier, 20 + len(body)) + authenticator + body


class Nas:
    """A NAS and its server: numbers its requests, and answers them."""

    def __init__(self, address="10.0.0.20", server="10.0.0.10"):
        self.address, self.server = address, server
        self.n = 0
        self.last = None

    def ask(self, code, **fields):
        """The IP packet of a request."""
        self.n += 1
        authenticator = hashlib.md5(b"%d%s" % (self.n, self.address.encode())).digest()
        self.last = (self.n & 255, authenticator, 1812 if code == REQUEST else 1813)
        fields = {"nas": self.address} | fields
        return udp(self.address, self.server, 30000, self.last[2],
                   packet(code, self.last[0], authenticator, list(fields.items())))

    def account(self, status, **fields):
        return self.ask(ACCOUNTING, status=status, **fields)

    def answer(self, code, **fields):
        """The IP packet of the answer to the request that was asked last."""
        return udp(self.server, self.address, self.last[2], 30000,
                   packet(code, self.last[0], bytes(16), list(fields.items())))


def ipv4(src, dst, payload=b"", proto=253, fragment=0, number=7):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number, fragment, 64, proto, 0,
                       ip_address(src).packed, ip_address(dst).packed) + payload


def ipv6(src, dst, payload=b"", proto=59):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), proto, 64, ip_address(src).packed,
                       ip_address(dst).packed) + payload


def ip(src, dst, payload=b""):
    return (ipv4 if ip_address(src).version == 4 else ipv6)(src, dst, payload)


def udp(src, dst, sport, dport, payload):
    return ipv4(src, dst, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload, 17)


def fragments(packet4, cuts, number):
    """An IPv4 packet in fragments whose payloads end at these offsets (multiples of 8)."""
    src, dst, proto, payload = packet4[12:16], packet4[16:20], packet4[9], packet4[20:]
    out, start = [], 0
    for stop in list(cuts) + [len(payload)]:
        more = 0x2000 if stop < len(payload) else 0
        out.append(ipv4(ip_address(src), ip_address(dst), payload[start:stop], proto,
                        more | start // 8, number))
        start = stop
    return out


def ether(kind, payload, tags=()):
    head = b"\2\0\0\0\0\1\2\0\0\0\0\2"
    for tag, vlan in tags:
        head += struct.pack("!HH", tag, vlan)
    return head + struct.pack("!H", kind) + payload
