"""What the intercept tests share: orders, capture files, and a reader of PS-PDUs that is no
relation of the encoder's: just enough of BER to walk it."""

import struct

# ---- orders

def orders(warrants, agencies=("police",), extra=""):
    """The text of orders; warrants are dicts that override what is usual. A target is (prefix, CIN)
    or the text of its fields; an agency its id, or (id, text of more fields). extra: lines."""
    text = "operator: {id: EXAMPLE-NZ, network_element: akl-1}\n" + extra + "agencies:\n"
    for agency in agencies:
        agency, more = (agency, "") if isinstance(agency, str) else agency
        text += (f'  - {{id: {agency}, country: NZ, hi2: "127.0.0.1:1", hi3: "[::1]:2"'
                 f'{", " if more else ""}{more}}}\n')
    text += "warrants:\n" if warrants else "warrants: []\n"
    for w in warrants:
        fields = {"reference": "W-1", "authority": "District Court", "agency": "police",
                  "liid": "LIID0001", "authorization_country": "NZ", "delivery_country": "NZ",
                  "start": "1970-01-01T00:00:00Z", "end": "2200-01-01T00:00:00Z"} | w
        targets = fields.pop("targets")
        lead = "  - "
        for key, value in fields.items():
            text += f"{lead}{key}: {value}\n"
            lead = "    "
        text += "    targets:\n"
        for target in targets:
            if isinstance(target, tuple):
                target = 'prefix: "%s", cin: %d' % target
            text += f"      - {{{target}}}\n"
    return text


# ---- captures

def pcap(frames, link=101, is_nano=True):
    """A pcap file of (time in ns, bytes) or (time, bytes, wire length)."""
    magic, unit = (0xA1B23C4D, 1) if is_nano else (0xA1B2C3D4, 1000)
    out = [struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, link)]
    for f in frames:
        time, data, wire = f if len(f) == 3 else (*f, len(f[1]))
        out.append(struct.pack("<IIII", time // 10**9, time % 10**9 // unit, len(data), wire))
        out.append(data)
    return b"".join(out)


def read_pcap(data):
    """(link type, [(time in µs, bytes, wire length)]) of a little-endian file in µs."""
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    assert magic == 0xA1B2C3D4, "tcpdump writes its own byte order and µs"
    frames, at = [], 24
    while at < len(data):
        sec, usec, n, wire = struct.unpack_from("<IIII", data, at)
        frames.append((sec * 10**6 + usec, data[at + 16:at + 16 + n], wire))
        at += 16 + n
    return link & 0xFFFF, frames


# ---- PS-PDUs

def elements(data, at, end):
    """(tag octet, start, end) of each element in data[at:end]."""
    while at < end:
        tag, n = data[at], data[at + 1]
        at += 2
        if n & 0x80:
            size = n & 0x7F
            assert 0 < size <= 4, "a definite length"
            n = int.from_bytes(data[at:at + size], "big")
            at += size
        assert at + n <= end, "an element lies within its parent"
        yield tag, at, at + n
        at += n


def only(data, span, *tags):
    """Steps down: the one element with each tag in turn. (Called a million times; so it walks by itself.)"""
    at, end = span
    for tag in tags:
        while True:
            if at >= end:
                return None
            found, n = data[at], data[at + 1]
            at += 2
            if n & 0x80:
                size = n & 0x7F
                assert 0 < size <= 4, "a definite length"
                n = int.from_bytes(data[at:at + size], "big")
                at += size
            assert at + n <= end, "an element lies within its parent"
            if found == tag:
                end = at + n
                break
            at += n
    return at, end


def number(data, span):
    return int.from_bytes(data[span[0]:span[1]], "big", signed=False)


def level(data, at, end):
    """{tag octet: (start, end)} of the elements in data[at:end], of which no two have the same tag."""
    return {tag: (start, stop) for tag, start, stop in elements(data, at, end)}


class Record:
    """One PS-PDU: header fields, and what it carries."""

    def __init__(self, data, span):
        whole = level(data, *span)
        header = level(data, *whole[0xA1])
        time = level(data, *header[0xA7])
        (kind, at, end), = elements(data, *whole[0xA2])
        liid = header[0x81]
        self.liid = data[liid[0]:liid[1]].decode()
        self.cin = number(data, only(data, header[0xA3], 0x81))
        self.seq = number(data, header[0x84])
        self.usec = number(data, time[0x80]) * 10**6 + number(data, time[0x81])
        self.is_cut = self.packet = self.original_len = self.event = self.type = self.direction = None
        self.is_cc = kind == 0xA1
        content = only(data, (at, end), 0x30)
        if self.is_cc:
            self.take_cc(data, level(data, *content))
        else:
            self.type = number(data, only(data, content, 0x80))
            self.event = number(data, only(data, content, 0xA2, 0xA2, 0xA1, 0x80))

    def take_cc(self, data, cc):
        self.direction = number(data, cc[0x80])
        contents = level(data, *only(data, cc[0xA2], 0xA2, 0xA1))
        self.is_cut = 0xA1 in contents
        if self.is_cut:
            contents = level(data, *contents[0xA1])
            self.original_len = number(data, contents[0x81]) if 0x81 in contents else None
        self.packet = data[slice(*contents[0x80])]


def read_records(path):
    with open(path, "rb") as f:
        data = f.read()
    return [Record(data, (a, b)) for t, a, b in elements(data, 0, len(data))]


def numbered_from_zero(records):
    """Whether the numbers of each (LIID, CIN, IRI or CC) are 0, 1, 2 …"""
    due = {}
    for r in records:
        key = (r.liid, r.cin, r.is_cc)
        if r.seq != due.get(key, 0):
            return False
        due[key] = r.seq + 1
    return True
