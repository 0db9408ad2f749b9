"""The mediator's neighbours, played in Python: collector, provisioner and agency, and their octets.

Nothing here is taken from Weir's own code: records are put together from their tags.
"""
import json
import os
import socket
import ssl
import struct
import threading
import time

import ports

HELLO, MESSAGE, RECORDS, ACKNOWLEDGE, PING, PONG, REFUSAL = range(1, 8)
KEEP_ALIVE, KEEP_ALIVE_RESPONSE, FIRST_SEGMENT, LAST_SEGMENT = 3, 4, 5, 6
OPTION_REQUEST, OPTION_RESPONSE, OPTION_COMPLETE, ACK_REQUEST, ACK_RESPONSE = 9, 10, 11, 12, 13


# ---- records ----

def tlv(tag, value):
    n = len(value)
    if n < 0x80:
        length = bytes([n])
    else:
        octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + length + value


def integer(n):
    return n.to_bytes(n.bit_length() // 8 + 1, "big")


def header(liid, cin, seq, at):
    micros = round(at * 1e6)
    return tlv(0xa1, tlv(0x80, bytes([4, 0, 2, 2, 5, 1, 43])) + tlv(0x81, liid.encode()) + tlv(0x82, b"XX") +
               tlv(0xa3, tlv(0xa0, tlv(0x80, b"op")) + tlv(0x81, integer(cin))) + tlv(0x84, integer(seq)) +
               tlv(0xa7, tlv(0x80, integer(micros // 1000000)) + tlv(0x81, integer(micros % 1000000))))


def cc(liid, cin, seq, at, packet):
    """An IPCC."""
    ipcc = tlv(0xa2, tlv(0x80, bytes([5, 3, 20, 2])) + tlv(0xa1, tlv(0x80, packet)))
    payload = tlv(0xa1, tlv(0x30, tlv(0x80, b"\0") + tlv(0xa2, ipcc)))
    return tlv(0x30, header(liid, cin, seq, at) + tlv(0xa2, payload))


def iri(liid, cin, seq, at):
    """An IPIRI REPORT."""
    contents = tlv(0x80, b"\0") + tlv(0x81, b"alice") + tlv(0x82, b"\0") + tlv(0x83, b"\1")
    ipiri = tlv(0xa2, tlv(0x80, bytes([5, 3, 20, 1])) + tlv(0xa1, contents))
    payload = tlv(0xa0, tlv(0x30, tlv(0x80, b"\4") + tlv(0xa2, ipiri)))
    return tlv(0x30, header(liid, cin, seq, at) + tlv(0xa2, payload))


def tri(kind, seq, inner=b""):
    tag = (0xa0 if inner else 0x80) | kind
    return tlv(0x30, header("lemf", 0, seq, time.time()) + tlv(0xa2, tlv(0xa2, tlv(tag, inner))))


def split(octets, tag=None):
    """[(tag, value)] of what lies side by side; None where the last one is not whole."""
    out, at = [], 0
    while at < len(octets):
        if len(octets) - at < 2:
            return None
        first, n, head = octets[at], octets[at + 1], 2
        if n & 0x80:
            head += n & 0x7f
            n = int.from_bytes(octets[at + 2:at + head], "big")
        if at + head + n > len(octets):
            return None
        out.append((first, octets[at + head:at + head + n]))
        at += head + n
    return out if tag is None else next((v for t, v in out if t == tag), None)


def pdu_len(octets):
    """The length of the PDU at the front, or 0 where that is not known yet."""
    if len(octets) < 6:
        return 0
    assert octets[0] == 0x30, f"no PDU begins with {octets[0]:02x}"
    n = octets[1]
    if n & 0x80:
        k = n & 0x7f
        return 2 + k + int.from_bytes(octets[2:2 + k], "big")
    return 2 + n


class Record:
    """What a PDU says."""

    def __init__(self, octets):
        self.octets = octets
        body = split(split(octets, 0x30))
        facts = dict(split(dict(body)[0xa1]))
        self.liid = facts[0x81].decode()
        self.seq = int.from_bytes(facts[0x84], "big")
        cin = dict(split(facts[0xa3])).get(0x81)
        self.cin = None if cin is None else int.from_bytes(cin, "big")
        if 0xa7 in facts:
            micro = dict(split(facts[0xa7]))
            self.time = int.from_bytes(micro[0x80], "big") + int.from_bytes(micro[0x81], "big") / 1e6
        (payload, inner), = split(dict(body)[0xa2])
        self.kind = {0xa0: "iri", 0xa1: "cc", 0xa2: "tri", 0xa3: "hi1"}[payload]
        self.operation = split(inner)[0][0] & 0x1f if self.kind in ("tri", "hi1") else None


# ---- links ----

class Link:
    """One end of a link, plain."""

    def __init__(self, sock, role, name, version=1):
        self.sock = sock
        self.acked = {}         # channel: offset
        self.offsets = {}       # channel: what the mediator answered
        self.messages = []
        self.refusal = None
        self.is_down = False
        self.lock = threading.Condition()
        self.send_lock = threading.Lock()
        self.kept = {}          # channel: what is sent again when the mediator asks for it, from offset 0 on
        self.answers = False    # what a provisioner is asked: whether the orders are the newest
        self.digest = ""        # … that the mediator says it has
        self.send(HELLO, json.dumps({"role": role, "name": name, "version": version, "software": "test"}).encode())
        threading.Thread(target=self.read, daemon=True).start()

    def send(self, kind, body):
        try:
            with self.send_lock:
                self.sock.sendall(struct.pack(">IB", len(body) + 1, kind) + body)
        except OSError:
            pass

    def keep(self, channel, octets):
        """Sends a channel's whole stream, as one parcel, and again what the mediator could not take yet."""
        self.kept[channel] = octets
        self.records(channel, 0, octets)

    def message(self, **what):
        self.send(MESSAGE, json.dumps(what).encode())

    def records(self, channel, offset, octets):
        self.send(RECORDS, struct.pack(">IQ", channel, offset) + octets)

    def take(self, kind, body):
        if kind == PING:
            self.send(PONG, b"")
        elif kind == ACKNOWLEDGE:
            channel, offset = struct.unpack(">IQ", body)
            self.acked[channel] = offset
        elif kind == REFUSAL:
            self.refusal = json.loads(body)["reason"]
        elif kind == MESSAGE:
            what = json.loads(body)
            self.messages.append(what)
            if what["type"] == "channel":
                channel, at = what["channel"], what["offset"]
                self.offsets[channel] = at
                if self.kept.get(channel, b"")[at:]:
                    self.records(channel, at, self.kept[channel][at:])
            self.digest = what.get("digest", self.digest)
            if what["type"] == "ask" and self.answers:
                self.message(type="current", number=what["number"], digest=self.digest)

    def read(self):
        octets = b""
        while True:
            try:
                more = self.sock.recv(65536)
            except OSError:
                more = b""
            with self.lock:
                self.is_down = not more
                octets += more
                while len(octets) >= 5 and len(octets) >= 4 + struct.unpack(">I", octets[:4])[0]:
                    n = struct.unpack(">I", octets[:4])[0]
                    self.take(octets[4], octets[5:4 + n])
                    octets = octets[4 + n:]
                self.lock.notify_all()
            if not more:
                return

    def wait(self, test, seconds=10):
        with self.lock:
            return self.lock.wait_for(test, seconds)

    def open(self, channel, agency, interface, stream="1"):
        """Opens a channel; the offset that the mediator answers."""
        self.offsets.pop(channel, None)
        self.message(type="channel", channel=channel, agency=agency, interface=interface, stream=stream)
        self.wait(lambda: channel in self.offsets)
        return self.offsets.get(channel)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def context(folder, who, is_server):
    """TLS 1.3 as `weir certs` makes it possible: who is "agency:a1"."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(folder / "authority.pem")
    made.load_cert_chain(folder / f"{who.replace(':', '-')}.pem", folder / f"{who.replace(':', '-')}.key")
    return made


def dial(port, role="collector", name="c1", version=1, tls=None):
    sock = socket.create_connection(("127.0.0.1", port))
    return Link(tls.wrap_socket(sock) if tls else sock, role, name, version)


class Provisioner:
    """Listens for the mediator."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def accept(self, answers=True):
        self.listener.settimeout(15)
        link = Link(self.listener.accept()[0], "provisioner", "p1")
        link.answers = answers
        return link


# ---- agencies ----

class Lemf:
    """One interface of an agency. mode: good; absent (reads, does not answer); wrong (number);
    stuck (does not read); slow (reads a little). room: octets that its kernel takes before it reads."""

    all = []

    def __init__(self, mode="good", port=0, tls=None, room=None):
        self.all.append(self)
        self.mode = mode
        self.tls = tls
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if mode in ("stuck", "slow"):
            room = 8192
        if room:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.port = ports.bind(self.listener, port=port)
        self.listener.listen()
        self.connections = []   # [[Record]]
        self.cuts = []          # octets of a record that was not whole at the end of a connection
        self.starts = []
        self.ended = 0          # connections that are over
        self.lock = threading.Condition()
        self.sock = None
        self.accepts_options = True
        self.acknowledges = True
        self.acceptor = threading.Thread(target=self.listen, daemon=True)
        self.acceptor.start()

    def listen(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.sock = sock
                self.connections.append([])
                self.cuts.append(b"")
                self.starts.append(time.monotonic())
                self.lock.notify_all()
            threading.Thread(target=self.serve, args=(sock, len(self.connections) - 1), daemon=True).start()

    def answer(self, sock, record):
        reply = None
        if record.operation == KEEP_ALIVE and self.mode not in ("absent", "stuck"):
            reply = tri(KEEP_ALIVE_RESPONSE, record.seq + (self.mode == "wrong"))
        elif record.operation == OPTION_REQUEST:
            option = tlv(0x80, b"")
            accepted, declined = (option, b"") if self.accepts_options else (b"", option)
            reply = tri(OPTION_RESPONSE, record.seq, tlv(0xa0, accepted) + tlv(0xa1, declined))
        elif record.operation == ACK_REQUEST and self.acknowledges:
            reply = tri(ACK_RESPONSE, record.seq)
        if reply:
            try:
                sock.sendall(reply)
            except OSError:
                pass

    def serve(self, sock, index):
        octets = b""
        try:
            sock = self.tls.wrap_socket(sock, server_side=True) if self.tls else sock
        except OSError:
            return
        with self.lock:
            self.sock = sock
        while True:
            while self.mode == "stuck":
                time.sleep(0.05)
            if self.mode == "slow":
                time.sleep(0.01)
            try:
                more = sock.recv(2048 if self.mode == "slow" else 1 << 18)
            except OSError:
                more = b""
            octets += more
            at = 0
            while (n := pdu_len(octets[at:at + 10])) and at + n <= len(octets):
                record = Record(octets[at:at + n])
                at += n
                if record.kind == "tri":
                    self.answer(sock, record)
                with self.lock:
                    self.connections[index].append(record)
            octets = octets[at:]
            with self.lock:
                self.cuts[index] = octets
                self.lock.notify_all()
            if not more:
                sock.close()
                with self.lock:
                    self.ended += 1
                    self.lock.notify_all()
                return

    def half_close(self):
        """Says that it will never say anything again, and goes on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection by a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.sock.detach())

    def drop(self):
        """Ends the connection without warning."""
        with self.lock:
            sock = self.sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def records(self, *kinds):
        """All that came, of these kinds, over all connections."""
        with self.lock:
            return [r for c in self.connections for r in c if r.kind in kinds]

    def wait(self, test, seconds=15):
        with self.lock:
            return self.lock.wait_for(test, seconds)

    def count(self, *kinds):
        return sum(r.kind in kinds for c in self.connections for r in c)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # or whoever waits there might wait at the next one, of the same number
        self.acceptor.join()
        self.listener.close()
        if self.sock:
            self.sock.close()
