"""What the tests of calls share: a reader of IPMMIRI and IPMMCC records (TS 102 232-5), and of SIP messages as they crossed
a wire. Neither is a relation of weir's code.

    records = read_call_records("police/hi2.ber")      # CallRecord: liid cin seq type sip src dst, or packet stream
    messages = wire_messages(frames)                    # Message: number octets src dst call_id
"""
import collections
import struct
from ipaddress import ip_address

from intercept_records import elements, level, number, only

BEGIN, END, CONTINUE, REPORT = 1, 2, 3, 4
LETTERS = {BEGIN: "B", END: "E", CONTINUE: "C", REPORT: "R"}
IRI, CC = 0xA0, 0xA1  # tags of payloads
SIP_PORT = 5060

Message = collections.namedtuple("Message", "number octets src dst call_id")


# ---- records

def address_of(data, span):
    """IPAddress, binary or as text."""
    value = level(data, *level(data, *span)[0xA2])
    (tag, (start, stop)), = value.items()
    octets = data[start:stop]
    return str(ip_address(octets if tag == 0x81 else octets.decode()))


class CallRecord:
    """One PS-PDU of a call."""

    def __init__(self, data, span):
        whole = level(data, *span)
        header = level(data, *whole[0xA1])
        (kind, at, end), = elements(data, *whole[0xA2])
        self.octets, self.span, self.time = data, span, header[0xA7]  # the PS-PDU is octets[begin:span[1]]
        self.liid = data[slice(*header[0x81])].decode()
        self.cin = number(data, only(data, header[0xA3], 0x81))
        self.seq = number(data, header[0x84])
        self.is_cc = kind == CC
        self.type = self.sip = self.is_masked = self.packet = self.stream = None
        content = only(data, (at, end), 0x30)
        if self.is_cc:
            self.take_cc(data, level(data, *content))
        else:
            self.take_iri(data, level(data, *content))

    @property
    def usec(self):
        time = level(self.octets, *self.time)
        return number(self.octets, time[0x80]) * 10**6 + number(self.octets, time[0x81])

    def take_iri(self, data, iri):
        self.type = number(data, iri[0x80])
        self.session_direction = number(data, iri[0x85]) if 0x85 in iri else None
        self.direction = number(data, iri[0x86]) if 0x86 in iri else None
        (form, at, end), = elements(data, *only(data, iri[0xA2], 0xAB, 0xA1))
        assert form in (0xA1, 0xA6), "a SIP message"
        message = level(data, at, end)
        self.has_place = only(data, iri[0xA2], 0xAB, 0xA2) is not None
        self.is_masked = form == 0xA6
        self.src, self.dst = (address_of(data, message[tag]) for tag in (0xA0, 0xA1))
        self.sip = bytes(data[slice(*message[0x82])])

    def take_cc(self, data, cc):
        self.direction = number(data, cc[0x80])
        contents = level(data, *only(data, cc[0xA2], 0xAC))
        self.packet = bytes(data[slice(*contents[0x81])])
        self.frame_type = number(data, contents[0x82])
        self.stream = data[slice(*contents[0x83])].decode() if 0x83 in contents else None
        self.protocol = number(data, contents[0x84])


def payload_of(data, span):
    """The tag of what a PS-PDU carries."""
    return data[level(data, *span)[0xA2][0]]


def read_call_records(path):
    with open(path, "rb") as file:
        return call_records(file.read())


def call_records(data):
    """Those of IRI and CC; what else there is, HI1 say, is left out."""
    records = [CallRecord(data, (a, b)) for _, a, b in elements(data, 0, len(data)) if payload_of(data, (a, b)) in (IRI, CC)]
    for before, record in zip([None, *records], records):
        record.begin = before.span[1] if before else 0
    return records


def of_liid(records):
    found = collections.defaultdict(list)
    for r in records:
        found[r.liid].append(r)
    return found


# ---- the wire

def ip_packet(frame):
    """The IP packet of an Ethernet frame without what fills it up; b"" where there is none."""
    if frame[12:14] == b"\x08\0":
        return frame[14:14 + struct.unpack_from("!H", frame, 16)[0]]
    if frame[12:14] == b"\x86\xdd":
        return frame[14:54 + struct.unpack_from("!H", frame, 18)[0]]
    return b""


class Whole:
    """Puts IP payloads together: fragments come in any order, none is lost."""

    def __init__(self):
        self.parts = collections.defaultdict(dict)

    def payload(self, packet):
        """(source, destination, protocol, payload) once it is whole; else None."""
        if packet[0] >> 4 == 4:
            src, dst, protocol = packet[12:16], packet[16:20], packet[9]
            payload, where, name = packet[(packet[0] & 15) * 4:], struct.unpack_from("!H", packet, 6)[0], packet[4:6]
            place, is_last = (where & 0x1FFF) * 8, not where & 0x2000
        else:
            src, dst, protocol = packet[8:24], packet[24:40], packet[6]
            payload, place, is_last, name = packet[40:], 0, True, b""
            if protocol == 44:
                protocol, where, name = packet[40], struct.unpack_from("!H", packet, 42)[0], packet[44:48]
                payload, place, is_last = packet[48:], where & 0xFFF8, not where & 1
        if not place and is_last:
            return src, dst, protocol, payload
        parts = self.parts[src, dst, name]
        parts[place] = payload, is_last
        at = 0
        while at in parts:
            octets, is_end = parts[at]
            at += len(octets)
            if is_end:
                return src, dst, protocol, b"".join(parts[place][0] for place in sorted(parts))
        return None


class Streams:
    """TCP without loss: what each side says, message by message."""

    def __init__(self):
        self.due, self.held = {}, collections.defaultdict(bytes)

    def feed(self, key, tcp):
        """The SIP messages that are whole now."""
        seq, flags = struct.unpack_from("!I", tcp, 4)[0], tcp[13]
        octets = tcp[(tcp[12] >> 4) * 4:]
        if flags & 2:
            self.due[key] = seq + 1 & 0xFFFFFFFF
        elif octets and seq == self.due.get(key):
            self.due[key] = seq + len(octets) & 0xFFFFFFFF
            self.held[key] += octets
        while b"\r\n\r\n" in self.held[key]:
            head = self.held[key].index(b"\r\n\r\n") + 4
            size = head + int(field(self.held[key][:head], b"Content-Length"))
            if len(self.held[key]) < size:
                break
            yield self.held[key][:size]
            self.held[key] = self.held[key][size:]


def field(message, name):
    for line in message.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]:
        if line.lower().startswith(name.lower() + b":"):
            return line.split(b":", 1)[1].strip()
    return b""


def wire_messages(frames):
    """The SIP messages at port 5060 in [(time, frame, length)], each with the number of the frame that completes it."""
    whole, streams, found = Whole(), Streams(), []
    for n, (_, frame, _) in enumerate(frames):
        packet = ip_packet(frame)
        got = packet and whole.payload(packet)
        if not got or got[2] not in (6, 17) or SIP_PORT not in struct.unpack_from("!HH", got[3]):
            continue
        src, dst, protocol, octets = got
        said = [octets[8:]] if protocol == 17 else streams.feed((src, dst, octets[:4]), octets)
        for message in said:
            found.append(Message(n, bytes(message), str(ip_address(src)), str(ip_address(dst)),
                                 field(message, b"Call-ID").decode()))
    return found
