#!/usr/bin/env python3
"""weir-agency as its users and their peers see it: streams that are whole, holed, doubled or noise,
keep-alives, TLS, and its ways of misbehaving.

    agency_test.py WEIR WEIR_AGENCY
"""
import contextlib
import json
import pathlib
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

from tap import daemon_log, end, ok, shared, skip

weir, agency = sys.argv[1:]
here = pathlib.Path(__file__).resolve().parent.parent
top = tempfile.TemporaryDirectory()
folder = pathlib.Path(top.name)
count = 0


class Agency:
    """A weir-agency at work, on ports of its own."""

    def __init__(self, *words, transport="plain"):
        global count
        count += 1
        self.out = folder / f"out{count}"
        self.process = subprocess.Popen(
            [agency, "--transport", transport, "--hi2", "127.0.0.1:0", "--hi3", "127.0.0.1:0",
             "--out", self.out, "--max-time", "60s", *words], text=True,
            stdout=subprocess.PIPE, stderr=daemon_log(folder / f"err{count}"))
        self.err = folder / f"err{count}"
        self.ports = {}
        deadline = time.monotonic() + 20
        while len(self.ports) < 2 and time.monotonic() < deadline:
            for side, port in re.findall(r"(HI[23]): listens at \S+:(\d+)", self.err.read_text()):
                self.ports[side] = int(port)
            time.sleep(0.01)

    def dial(self, side):
        s = socket.create_connection(("127.0.0.1", self.ports[side]), timeout=20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def send(self, side, data):
        with self.dial(side) as s:
            s.sendall(data)

    def log(self):
        return self.err.read_text()

    def says(self, *words):
        """Whether its log comes to have all of these."""
        deadline = time.monotonic() + 20
        while not all(word in self.log() for word in words) and time.monotonic() < deadline:
            time.sleep(0.01)
        return all(word in self.log() for word in words)

    def has_ended(self, n):
        """Waits until it has seen the ends of n connections, and so all that was sent on them."""
        deadline = time.monotonic() + 20
        while self.log().count(" ended: ") < n and time.monotonic() < deadline:
            time.sleep(0.01)

    @contextlib.contextmanager
    def given_at_once(self):
        """It stands still meanwhile: what is sent comes to it without a pause."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def end(self, by=signal.SIGTERM):
        """Its exit status; what it said is in self.said."""
        if by:
            self.process.send_signal(by)
        self.said, _ = self.process.communicate(timeout=60)
        return self.process.returncode

    def events(self, kind):
        found = [json.loads(line) for line in self.said.splitlines()]
        return [e for e in found if e["event"] == kind]


def pdus(data):
    """A stream's PS-PDUs."""
    found = []
    while data:
        length, head = data[1], 2
        if length & 0x80:
            head += length & 0x7f
            length = int.from_bytes(data[2:head], "big")
        found.append(data[:head + length])
        data = data[head + length:]
    return found


def packets(path):
    """How many packets a pcap file has, and its link type."""
    data = path.read_bytes()
    link = struct.unpack("<I", data[20:24])[0]
    at, n = 24, 0
    while at < len(data):
        at += 16 + struct.unpack("<I", data[at + 8:at + 12])[0]
        n += 1
    return n, link


subprocess.run([weir, "intercept", "--orders", here / "samples/orders.yaml", "--out",
                folder / "sent", here / "samples/home.pcap"], check=True, stdout=subprocess.DEVNULL)
hi2 = (folder / "sent/police/hi2.ber").read_bytes()
hi3 = (folder / "sent/police/hi3.ber").read_bytes()
iris, ccs = pdus(hi2), pdus(hi3)
keep_alive = (here / "src/etsi/corpus/record/keep-alive").read_bytes()


def whole():
    a = Agency("--until-idle", "300ms")
    with a.given_at_once(), a.dial("HI3") as s:  # it ends when it was idle, so nobody may be slow
        a.send("HI2", hi2)
        for at in range(0, len(hi3), 1009):  # in pieces that are none of its own
            s.sendall(hi3[at:at + 1009])
    ok(a.end(by=None) == 0, "a handover that is whole: exit 0, by itself", [a.said, a.log()])
    ok("verdict: complete, nothing is wrong" in a.said, "a verdict", [a.said])
    ok("the target: interception begins, on line already, 192.0.2.7" in a.said, "plain words")
    ok((a.out / "hi2.ber").read_bytes() == hi2 and (a.out / "hi3.ber").read_bytes() == hi3,
       "the streams are kept as they came")
    ok(packets(a.out / "LIID0001.pcap") == (len(ccs), 101), "each packet is in the capture")
    again = subprocess.run([agency, "--transport", "plain", "--out", a.out, "--max-time", "1s"],
                           capture_output=True, text=True, check=False)
    ok(again.returncode == 1 and "is there already" in again.stderr,
       "what was received before is not replaced", [again.stderr])


def holed():
    a = Agency("--json", "--count", str(len(ccs) - 3 + 2))
    a.send("HI2", hi2)
    a.send("HI3", b"".join(ccs[:10] + ccs[12:20] + ccs[18:40] + ccs[41:]))
    status = a.end(by=None)
    found = {e["finding"]: 0 for e in a.events("finding")}
    for e in a.events("finding"):
        found[e["finding"]] += e["times"]
    ok(status == 1 and found == {"missing": 3, "twice": 2}, "gaps and doubles are found, no more",
       [found])
    gap = [e for e in a.events("finding") if e["finding"] == "missing"][0]
    ok((gap["liid"], gap["cin"], gap["kind"], gap["seq"]) == ("LIID0001", 1, "cc", 12),
       "and where", [gap])
    total = a.events("summary")[0]
    ok(not total["right"] and total["findings"] == {"missing": 3, "twice": 2} and
       total["cc"] == len(ccs) - 3, "the summary says so", [total])


def again():
    """A connection is lost in mid-record; the next one begins before it, as clause 6.3.3 has it."""
    a = Agency("--json")
    a.send("HI3", b"".join(ccs[:50]) + ccs[50][:20])
    a.has_ended(1)
    a.send("HI3", b"".join(ccs[45:]))
    a.has_ended(2)
    status = a.end()
    total = a.events("summary")[0]
    ok(status == 0 and total["findings"] == {"replayed": 5, "cut": 1} and total["cc"] == len(ccs),
       "a reconnection that repeats is borne", [total])


def many():
    """Two sides, eight connections, records dealt out among them, each stream on one."""
    a = Agency("--json", "--until-idle", "500ms")
    with a.given_at_once():
        conns = [a.dial("HI3") for _ in range(8)]
        for i, conn in enumerate(conns):
            liid = b"LIID%04d" % i
            conn.sendall(b"".join(c.replace(b"LIID0001", liid) for c in ccs))
        for conn in conns:
            conn.close()
    ok(a.end(by=None) == 0 and a.events("summary")[0]["cc"] == 8 * len(ccs) and
       len(a.events("summary")[0]["streams"]) == 8, "eight operators at once", [a.said[-500:]])
    ok(all(packets(a.out / f"LIID{i:04d}.pcap")[0] == len(ccs) for i in range(8)),
       "each LIID has its capture")


def answer_to(a, question=keep_alive, wait=5.0):
    """The answer's octets; None where none comes, b"" where the connection ends."""
    with a.dial("HI2") as s:
        s.sendall(question)
        if not select.select([s], [], [], wait)[0]:
            return None
        try:
            return s.recv(4096)
        except ConnectionResetError:
            return b""


def decoded(data):
    said = subprocess.run([weir, "decode", "-j", "-q", "-"], input=data, capture_output=True,
                          check=True).stdout
    return json.loads(said)["pdu"]


def answers():
    asked = decoded(keep_alive)["pSHeader"]
    a = Agency()
    got = decoded(answer_to(a))
    ok("keep-aliveResponse" in got["payload"]["tRIPayload"] and
       got["pSHeader"]["sequenceNumber"] == asked["sequenceNumber"],
       "a keep-alive is answered, with its number", [got])
    ok(a.end() == 0 and "1 keep-alives and other questions, 1 answered" in a.said, "and counted",
       [a.said])
    a = Agency("--misbehave", "silent")
    ok(answer_to(a, wait=0.5) is None, "misbehave silent: nothing is answered")
    a.end()
    a = Agency("--misbehave", "wrong-keepalive")
    got = decoded(answer_to(a))
    ok(got["pSHeader"]["sequenceNumber"] == asked["sequenceNumber"] + 1,
       "misbehave wrong-keepalive: another number is answered")
    a.end()
    a = Agency("--misbehave", "half-closed")
    ok(answer_to(a) == b"", "misbehave half-closed: its side ends at once")
    a.send("HI3", hi3)
    a.has_ended(2)
    ok(a.end() == 0 and f"{len(ccs)} CCs" in a.said, "and it reads on", [a.said])


def resets():
    a = Agency("--misbehave", "reset", "--reset-after", "7")
    was_reset = False
    with a.dial("HI3") as s:
        try:
            for cc in ccs:
                s.sendall(cc)
                time.sleep(0.001)
        except (ConnectionResetError, BrokenPipeError):
            was_reset = True
    ok(was_reset, "misbehave reset: the connection is reset")
    a.end()
    ok("7 CCs" in a.said and "reset on purpose" in a.log(), "after so many records",
       [a.said, a.log()])


def slow():
    a = Agency("--misbehave", "slow", "--slow-rate", "20000")
    sent, began = 0, time.monotonic()
    with a.dial("HI3") as s:
        s.settimeout(0.05)
        while time.monotonic() < began + 1.5:
            try:
                sent += s.send(b"".join(ccs)[sent % len(hi3):][:4096])
            except TimeoutError:
                pass
        a.end()
    seconds = time.monotonic() - began
    took = int(re.search(r"HI3: (\d+) octets", a.said).group(1))
    ok(0 < took < 20000 * (seconds + 1) and took < sent / 2,
       f"misbehave slow: of {sent} octets it took {took} in {seconds:.1f} s", [a.said])


def noise():
    a = Agency("--json")
    with a.dial("HI2") as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        ok(s.recv(10) == b"", "noise ends its connection")
    with a.dial("HI3") as s:
        s.sendall(b"\x30\x84\x7f\xff\xff\xff\xa1\x00")
        ok(s.recv(10) == b"", "so does a record that is too long to be true")
    a.send("HI3", b"".join(c[:9] + bytes(len(c) - 9) for c in ccs[:20]))
    a.send("HI2", hi2)
    a.has_ended(4)
    status = a.end()
    total = a.events("summary")[0]
    ok(status == 1 and total["findings"] == {"not-a-stream": 2, "unreadable": 20} and
       total["iri"] == 2, "all is counted, and others are heard", [total])


def tls():
    certs = folder / "certs"
    subprocess.run([weir, "certs", "-q", certs, "agency:a1", "mediator:m1", "collector:c1"],
                   check=True)
    words = ["--name", "a1", "--certificate", certs / "agency-a1.pem", "--key",
             certs / "agency-a1.key", "--authority", certs / "authority.pem"]
    a = Agency(*words, transport="tls")

    def dial(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(certs / "authority.pem")
        if name:
            context.load_cert_chain(certs / f"{name}.pem", certs / f"{name}.key")
        return context.wrap_socket(a.dial("HI2"))

    with dial("mediator-m1") as s:
        s.sendall(keep_alive + hi2)
        ok("keep-aliveResponse" in decoded(s.recv(4096))["payload"]["tRIPayload"],
           "a mediator is heard and answered through TLS")
        ok(s.version() == "TLSv1.3", "of version 1.3")
    for name, words_of_log in (("collector-c1", "wrong role: collector:c1 is no mediator"),
                               (None, "the peer shows no certificate")):
        try:
            with dial(name) as s:
                s.sendall(keep_alive)
                got = s.recv(100)
        except (ssl.SSLError, ConnectionError):
            got = b""
        ok(got == b"", f"{name or 'one without a certificate'} is not")
        ok(a.says(words_of_log), f"the log says why: {words_of_log}", [a.log()])
    a.send("HI2", keep_alive)
    ok(a.says("does not speak TLS"), "plain TCP is refused", [a.log()])
    ok(a.end() == 0 and "(mediator:m1)" in a.said, "and only the mediator's counts", [a.said])
    wrong = subprocess.run([agency, "--certificate", certs / "mediator-m1.pem", "--key",
                            certs / "mediator-m1.key", "--authority", certs / "authority.pem",
                            "--hi2", "127.0.0.1:0", "--hi3", "127.0.0.1:0", "--max-time", "5s"],
                           capture_output=True, text=True, check=False)
    ok(wrong.returncode == 1 and "is no agency's" in wrong.stderr, "its own role is checked too")


def words():
    def run(*args):
        return subprocess.run([agency, *args], capture_output=True, text=True, check=False)

    ok(run("--hi4", "x").returncode == 2 and run().returncode == 2, "what makes no sense: exit 2")
    conf = folder / "agency.yaml"
    conf.write_text("transport: plain\ndecryption:\n  - {encryption: aes-192-cbc, "
                    "key: abcdefghijklmnopqrstuvwx}\n")
    said = run("--config", conf, "--check")
    ok(said.returncode == 0 and "hi2: " in said.stdout and "abcdef" not in said.stdout and
       "61626364" not in said.stdout, "--check prints it, without keys", [said.stdout])
    conf.write_text("transport: plain\ndecryption:\n  - {encryption: aes-192-cbc, key: short}\n")
    said = run("--config", conf, "--check")
    ok(said.returncode == 2 and "agency.yaml:3: decryption[0].key" in said.stderr,
       "a key that does not fit: file, line, field", [said.stderr])
    a = Agency("--count", "5")
    ok(a.end() == 1, "less than was wished for: exit 1")


def golden():
    """Streams that another encoder made: encrypted, with hashes, with notifications."""
    beside = shared()
    if not beside or not (beside / "asn1/golden").is_dir():
        skip("records that another encoder made", "the shared golden records are not here")
        return
    conf = folder / "golden.yaml"
    conf.write_text("decryption:\n  - {liid: LIID-ENC, encryption: aes-192-cbc, key: \"0x%s\"}\n"
                    % bytes(range(24)).hex())
    a = Agency("--config", conf, "--json", "--each-cc", "--late-start")
    for i, name in enumerate(("encrypted", "tri-hi1")):
        a.send("HI3", (beside / f"asn1/golden/{name}.ber").read_bytes())
        a.has_ended(i + 1)
    a.end()
    total = a.events("summary")[0]
    ok(total["encrypted"] == total["opened"] == 5, "what another encoder encrypted is opened",
       [total])
    ok(total["hashes_right"] == 3 and total["findings"].get("bad-hash") is None,
       "its hashes are right, over sealed and plain records", [total])
    ok(packets(a.out / "LIID-ENC.pcap")[0] == 5, "the packets inside are kept")
    ok(total["hi1"] > 0 and total["findings"].get("unreadable") is None and
       total["findings"].get("no-signer") == 1, "notifications and signatures are known", [total])


for test in (golden, whole, holed, again, many, answers, resets, slow, noise, tls, words):
    test()
end()
