"""SIP messages, RTP, and what carries them, made by hand, for tests: no relation of Weir's reader."""

import struct
from ipaddress import ip_address

from radius_packets import ipv4, ipv6


def datagram(src, dst, sport, dport, payload):
    """An IP packet with a UDP datagram."""
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    return (ipv4 if ip_address(src).version == 4 else ipv6)(src, dst, head + payload, 17)


def segment(src, dst, ports, seq, payload, flags=0x18):
    """An IP packet with a TCP segment."""
    head = struct.pack("!HHIIBBHHH", *ports, seq & 0xFFFFFFFF, 1, 0x50, flags, 65535, 0, 0)
    return (ipv4 if ip_address(src).version == 4 else ipv6)(src, dst, head + payload, 6)


def rtp(src, dst, sport, dport, number, payload=b"\xff" * 20, kind=0):
    return datagram(src, dst, sport, dport, struct.pack("!BBHII", 0x80, kind, number & 0xFFFF, 160 * number, 0xABC) + payload)


def sdp(address, *media, origin=1, way=""):
    """media: "audio 4000" and the like."""
    family = "IP%d" % ip_address(address).version
    lines = ["v=0", f"o=- {origin} {origin} IN {family} {address}", "s=-", f"c=IN {family} {address}", "t=0 0"]
    for m in media:
        lines.append(f"m={m} RTP/AVP 0" if " " not in m[m.index(" ") + 1:] else f"m={m}")
        if way:
            lines.append(f"a={way}")
    return "\r\n".join(lines) + "\r\n"


class Call:
    """A dialog between two parties: knows its tags and numbers, and gives messages as packets."""

    def __init__(self, caller="sip:alice@example.net", called="sip:bob@example.net", ends=("10.0.0.1", "10.0.0.2"),
                 call_id="c1@10.0.0.1", port=5060):
        self.caller, self.called, self.ends, self.call_id, self.port = caller, called, ends, call_id, port
        self.cseq = 1
        self.messages = []
        self.seq = [1000, 5000]
        self.is_tcp = False

    def text(self, start, cseq, to_tag, body, more, kind):
        lines = [start, f"Via: SIP/2.0/UDP {self.ends[0]}:5060;branch=z9hG4bK{self.call_id}{cseq.replace(' ', '')}",
                 f"From: <{self.caller}>;tag=f1", f"To: <{self.called}>" + (f";tag={to_tag}" if to_tag else ""),
                 f"Call-ID: {self.call_id}", f"CSeq: {cseq}", *more]
        if body:
            lines.append(f"Content-Type: {kind}")
        return ("\r\n".join(lines) + f"\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()

    def send(self, message, is_called):
        self.messages.append(message)
        src, dst = self.ends[::-1] if is_called else self.ends
        if not self.is_tcp:
            return datagram(src, dst, self.port, self.port, message)
        at = self.seq[is_called]
        self.seq[is_called] += len(message)
        return segment(src, dst, (self.port, self.port), at, message)

    def ask(self, method, body="", to_tag="t1", is_called=False, more=(), kind="application/sdp", cseq=None):
        cseq = cseq or self.cseq
        if is_called:  # From and To change places in a request of the called party's
            other = Call(self.called, self.caller, self.ends[::-1], self.call_id, self.port)
            text = other.text(f"{method} {self.caller} SIP/2.0", f"{cseq} {method}", "f1", body, more, kind)
            text = text.replace(b";tag=f1\r\nTo", b";tag=t1\r\nTo")
        else:
            text = self.text(f"{method} {self.called} SIP/2.0", f"{cseq} {method}", to_tag, body, more, kind)
        return self.send(text, is_called)

    def answer(self, status, method="INVITE", body="", to_tag="t1", more=(), kind="application/sdp", is_called=True):
        return self.send(self.text(f"SIP/2.0 {status} X", f"{self.cseq} {method}", to_tag, body, more, kind), is_called)

    def invite(self, body="", **more):
        return self.ask("INVITE", body, to_tag="", **more)
