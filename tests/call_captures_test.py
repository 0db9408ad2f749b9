#!/usr/bin/env python3
"""Every SIP capture at hand, target by target: the calls, participants, messages and RTP packets that are delivered are those
that tshark finds of that target.

    call_captures_test.py SERVER        (the built weir-server; WEIR_ALL=1: the other decoder is asked for all records)

The targets of a capture are all users that its From and To name, each with a warrant of its own. Of each of them

 - every message of a call, from the first on that names the target, is in HI2, by method or status;
 - every RTP stream that tshark sets up by a description of such a call is in HI3, packet by packet;
 - legs that are one call, by the reasons that weir calls shows, have one CIN, which begins and ends once; one that is
   tried again behind its END has another;
 - nothing is delivered beyond that.

The table of it is printed. Where the two disagree, the capture is named here with the reason; a disagreement that is not
named fails the test, and so does a name without one. Skipped by name without the shared folder or sharkd.
"""
import collections
import concurrent.futures
import itertools
import json
import os
import re
import shutil
import struct
import sys
import tempfile
from ipaddress import ip_address

import sharkd
import verifier
from call_records import END as END_OF_CALL, LETTERS, REPORT, field, of_liid, read_call_records
from call_tables import METHODS, differences, split
from intercept_records import numbered_from_zero, orders
from tap import captures as captures_of, end, memory_folder, ok, shared, skip
from weir_server import Servers

N_JUDGED = 1 << 32 if os.environ.get("WEIR_ALL") else 50  # records of each call's media that the other decoder is asked for
N_THREADS = 2
SIP_FIELDS = ["sip.Call-ID", "sip.Method", "sip.Status-Code", "sip.from.tag", "sip.to.tag", "sip.from.user", "sip.from.host",
              "sip.to.user", "sip.to.host", "sip.r-uri.user", "sip.r-uri.host", "sip.pai.user", "sip.pai.host",
              "sip.auth.username", "sip.auth.realm", "sip.from.port", "sip.to.port", "sip.r-uri.port", "sip.pai.port"]
N_PORTS = 4
RTP_FIELDS = ["ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "udp.srcport", "udp.dstport", "rtp.ssrc", "rtp.setup-frame", "icmp.type",
              "icmpv6.type"]
OPERATOR = "operator: {id: EXAMPLE-NZ, network_element: akl-1, trust_from: true, sip_anywhere: true}\n"

# Why the two do not agree; all others must.
DAMAGED = "octets were changed on purpose: tshark reads start lines and fields that are none"
BEHIND_THE_END = "tshark counts RTP that comes behind the call's end"
BOUND_ONCE = "tshark does not know a port again that another description named before"
OF_BOTH = ("a PBX sends its legs' media past itself: two calls of a target say that they have one and the same media, from the end "
           "of the ringing to their own end, and each is delivered whole")
REFUSED_FAX = "T.38 was refused (488), so that RTP goes on: tshark takes it for T.38 all the same"
REASONS = {
    "nDPI__fuzz-2006-06-26-2594.pcap": DAMAGED,
    "heplify__sip_sctp.pcap": "SIP over SCTP is not read",
    "ipfixprobe__inputs-sip.pcap": "tshark counts a message again where an ICMP error quotes it",
    "open5gs__ipsec_to_ipsec_call.pcapng": "part of the signalling is in ESP without encryption, which tshark opens",
    "ISA__i_was_called_by_another_pc.pcap": f"{BOUND_ONCE}; {BEHIND_THE_END}; and {OF_BOTH}",
    "ISA__sip.pcap.pcapng": f"{BOUND_ONCE}; and {BEHIND_THE_END}",
    "nDPI__pcap-sip.pcap": BEHIND_THE_END,
    "suricata__sip-method-sip.pcap": BEHIND_THE_END,
    "wswiki__h223-over-rtp.pcap.gz": BEHIND_THE_END,
    "wswiki__nb6-telephone.pcap": BEHIND_THE_END,
    "nDPI__FAX-Call-t38-CA-TDM-SIP-FB-1.pcap": REFUSED_FAX,
    "wswiki__FAX-Call-t38-CA-TDM-SIP-FB-1.pcap": REFUSED_FAX,
    "wswiki__filenameGRE199---fax-iz-InLife-G711---OK___.cap": "Remote-Party-ID names a target, and tshark does not read it",
}
BEYOND_THE_CHECKER = {"wswiki__c07-sip-r2.cap"}  # a test suite's: a method of 16,000 letters is none for it

work = tempfile.mkdtemp(prefix="weir-calls-", dir=memory_folder())


class Parties:
    """Messages that have a Call-ID and a tag in common are of one leg or exchange: its key is any of them."""

    def __init__(self):
        self.above = {}

    def find(self, call_id, tag):
        key = call_id, tag
        while self.above.setdefault(key, key) != key:
            key = self.above[key]
        return key

    def join(self, call_id, *tags):
        keys = [self.find(call_id, tag) for tag in tags if tag] or [self.find(call_id, "")]
        for key in keys[1:]:
            self.above[key] = keys[0]


class Theirs:
    """What tshark finds in a capture, by leg or exchange."""

    def __init__(self, shark, path):
        self.legs = Parties()
        self.messages = []                                          # (leg, method or status, (user, host) of whom it names)
        self.rtp = collections.defaultdict(collections.Counter)     # leg: stream: packets
        self.named = set()                                          # in From or To
        self.setters = {}                                           # stream: leg whose description set it up
        rows = shark.rows(path, SIP_FIELDS + RTP_FIELDS)
        messages = [list(messages_of(cells)) if cells[0] else [] for cells in rows]
        for call_id, tags, *_ in itertools.chain.from_iterable(messages):
            self.legs.join(call_id, *tags)
        for call_id, tags, start, names in itertools.chain.from_iterable(messages):
            self.messages.append((self.leg(call_id, tags), start, names))
            self.named |= set(names[:2])
        for cells in rows:
            self.take_rtp(messages, cells[len(SIP_FIELDS):])

    def leg(self, call_id, tags):
        return self.legs.find(call_id, next((tag for tag in tags if tag), ""))

    def take_rtp(self, messages, cells):
        """A packet; what an ICMP error quotes is none. Where ZRTP sets a stream up again, it stays that description's."""
        src, src6, dst, dst6, sport, dport, ssrc, setup = [cell.split(",")[-1] for cell in cells[:8]]
        if not ssrc or any(cells[8:]):
            return
        key = str(ip_address(src6 or src)), int(sport), str(ip_address(dst6 or dst)), int(dport), int(ssrc.split()[0], 0)
        setter = messages[int(setup) - 1] if setup else None
        if setter:
            self.setters[key] = self.leg(*setter[0][:2])
        if key in self.setters:
            self.rtp[self.setters[key]][key] += 1

    def targets(self):
        """(user, host) of all that From and To name, in a fixed order; the host of a tel: URI is not told."""
        return sorted(name for name in self.named if re.fullmatch(r"[\w.!~'()&=+$,?/-]+", name[0], re.A) and
                      re.fullmatch(r"[\w.:[\]-]*", name[1], re.A))


def messages_of(cells):
    """The messages of one frame: (Call-ID, tags, method or status, whom it names: From, To, and others)."""
    starts = [m if m in METHODS else "other" for m in cells[1].split(",") if m] + [s for s in cells[2].split(",") if s]
    columns = [split(cell, len(starts)) for cell in (cells[0], *cells[3:len(SIP_FIELDS)])]
    for i, start in enumerate(starts):
        call_id, from_tag, to_tag, *names = [column[min(i, len(column) - 1)] for column in columns]
        ports = names[-N_PORTS:] + [""]
        pairs = [(user.strip('"'), host_of(host.strip('"'), port)) for user, host, port in zip(names[::2], names[1::2], ports)]
        if to_tag or start == "REGISTER" or start.isdigit():  # the request's URI is a Contact then, or a server
            del pairs[2]
        yield call_id, (from_tag, to_tag), start, [(user, host) if ";" not in user else (user.split(";")[0], "")
                                                   for user, host in pairs]


def host_of(host, port):
    """An IPv6 address without brackets (RFC 3261 25.1 wants them) is cut at its first colon by tshark."""
    for text in (f"{host}:{port}", f"{host}:{port}".rpartition(":")[0]) if ":" in port else ():
        try:
            return f"[{ip_address(text)}]"
        except ValueError:
            pass
    return host


def is_among(target, names):
    return any(name[0] == target[0] and target[1] in ("", name[1]) for name in names)


def uri_of(target):
    """As a warrant names it; without a host, in any realm."""
    return "sip:" + "@".join(part for part in target if part)


def stream_of(packet):
    """The RTP stream of an IP packet of media: None where it is RTCP or no RTP."""
    if packet[0] >> 4 == 4:
        src, dst, udp = packet[12:16], packet[16:20], packet[(packet[0] & 15) * 4:]
    else:
        src, dst, udp = packet[8:24], packet[24:40], packet[40:]
    if len(udp) < 20 or udp[8] >> 6 != 2 or 192 <= udp[9] <= 223:
        return None
    sport, dport = struct.unpack_from("!HH", udp)
    return str(ip_address(src)), sport, str(ip_address(dst)), dport, struct.unpack_from("!I", udp, 16)[0]


def start_of(message):
    words = message.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if words[0].upper() == "SIP/2.0":
        return words[1]
    return words[0] if words[0] in METHODS else "other"


def text_of(message, name, short):
    return (field(message, name) or field(message, short)).decode("utf-8", "replace")


def tag_of(text):
    found = re.search(r";\s*tag\s*=\s*([^;\s]+)", text.rsplit(">", 1)[-1], re.I)
    return found[1] if found else ""


class Delivered:
    """What one target's warrant got; leg: which one a message is of."""

    def __init__(self, iri, cc, leg):
        self.messages, self.rtp, self.calls = collections.Counter(), collections.Counter(), collections.defaultdict(set)
        self.n_other = 0
        self.is_numbered = numbered_from_zero(iri + cc)
        self.types, self.spans = collections.defaultdict(str), {}   # spans: places of a CIN's BEGIN and END
        last = {}
        for place, r in enumerate(iri):
            key = leg(text_of(r.sip, b"Call-ID", b"i"), [tag_of(text_of(r.sip, b"From", b"f")), tag_of(text_of(r.sip, b"To", b"t"))])
            self.calls[r.cin].add(key)
            self.types[r.cin] += LETTERS[r.type]
            if r.type != REPORT:
                self.spans[r.cin] = self.spans.get(r.cin, (place,))[0], place
            if r.type != END_OF_CALL or r.sip != last.get(r.cin):  # else time ended it: that repeats what was told last
                self.messages[key, start_of(r.sip)] += 1
            last[r.cin] = r.sip
        for r in cc:
            stream = stream_of(r.packet) if r.protocol == 0 else None
            self.n_other += stream is None
            if stream:
                self.rtp[stream] += 1


class Capture:
    """One capture, its targets, and what came of them."""

    def __init__(self, number, path):
        self.number, self.path, self.name = number, str(path), path.name
        self.dir = os.path.join(work, str(number))
        self.faults, self.rows = [], []

    def look(self, shark):
        self.theirs = Theirs(shark, self.path)
        self.targets = {f"T{self.number}-{i}": target for i, target in enumerate(self.theirs.targets())}

    def commands(self):
        os.mkdir(self.dir)
        path = os.path.join(self.dir, "orders.yaml")
        warrants = [{"liid": liid, "targets": [f'sip_uri: "{uri_of(target)}"']} for liid, target in self.targets.items()]
        with open(path, "w", encoding="utf-8") as file:
            file.write(OPERATOR + orders(warrants).split("\n", 1)[1])
        return [["intercept", "-q", "-t", "1", "--orders", path, "--out", self.dir, self.path], ["calls", "-q", "-j", self.path]]

    def records(self):
        return [os.path.join(self.dir, "police", name) for name in ("hi2.ber", "hi3.ber")]

    def check(self, said):
        intercepted, called = said
        if intercepted.died or (intercepted.status and "cut" not in intercepted.errors and "ends" not in intercepted.errors):
            self.faults.append(f"weir: {intercepted.died} {intercepted.errors.strip()}")
            return
        calls = [json.loads(line) for line in called.out.decode().split("\n") if line]
        together = {leg["call_id"]: call["call"] for call in calls if len(call["legs"]) > 1 for leg in call["legs"]}
        iri, cc = (read_call_records(path) for path in self.records())
        self.keep_beginnings(cc)
        hi2, hi3 = of_liid(iri), of_liid(cc)
        for liid, target in self.targets.items():
            self.compare(target, Delivered(hi2[liid], hi3[liid], self.theirs.leg), together)

    def keep_beginnings(self, cc):
        self.beginnings = os.path.join(self.dir, "beginnings.ber")
        with open(self.beginnings, "wb") as file:
            for r in cc:
                if r.seq < N_JUDGED:
                    file.write(r.octets[r.begin:r.span[1]])

    def compare(self, target, got, together):
        theirs, uri = self.theirs, uri_of(target)
        wanted, named, begun = collections.Counter(), set(), set()
        for leg, start, names in theirs.messages:
            call = together.get(leg[0], leg)
            if is_among(target, names):
                named.add(leg)
                begun.add(call)
            if call in begun:
                wanted[leg, start] += 1
        legs = {leg for leg, _ in wanted}
        faults = [f"message {fault}" for fault in differences(got.messages, wanted)]
        streams = sum((theirs.rtp[leg] for leg in legs if leg in theirs.rtp), collections.Counter())
        faults += [f"RTP {fault}" for fault in differences(got.rtp, streams)]
        if not got.is_numbered:
            faults.append("a number is missing")
        faults += [f"CIN {cin}: {types}" for cin, types in got.types.items() if not re.fullmatch("BC*ER*|R+", types)]
        for call in begun:
            cins = {cin for cin, told in got.calls.items() if call in {together.get(leg[0], leg) for leg in told}}
            spans = sorted(got.spans[cin] for cin in cins if cin in got.spans)
            is_call = any(key[1] == "INVITE" and together.get(key[0][0], key[0]) == call for key in wanted)
            if is_call and (not spans or any(after[0] < before[1] for before, after in zip(spans, spans[1:]))):
                faults.append(f"CINs {cins} for one call {call} at a time")
        self.faults += [f"{uri}: {fault}" for fault in faults]
        self.rows.append((uri, len(got.calls), len(legs - named), got.messages.total(), wanted.total(), len(got.rtp),
                          len(streams), got.rtp.total(), streams.total(), got.n_other))


def has_sip(manifest, name):
    return "sip" in manifest.get(name, "").split("tshark_protos=")[-1].split("+")


def sip_captures(folder):
    root = folder / "pcaps"
    rows = [line.split("\t") for line in (root / "manifest.tsv").read_text().split("\n") if line]
    manifest = {row[0]: row[6] for row in rows}
    paths = [path for path in captures_of(folder, "") if has_sip(manifest, str(path.relative_to(root)))]
    return [Capture(i, path) for i, path in enumerate(paths)]


def compare_all(captures):
    with concurrent.futures.ThreadPoolExecutor(N_THREADS) as pool, Servers(sys.argv[1]) as servers, \
            sharkd.Sharkds(N_THREADS, {"rtp.heuristic_rtp": "FALSE"}) as sharks:
        list(pool.map(lambda c: sharks.lend(lambda shark, c: c.look(shark), c), captures))
        done = [c for c in captures if c.targets]
        for c, said in zip(done, servers.map([c.commands() for c in done])):
            c.check(said)
    return done


def table(done):
    print("# of each target: CINs; legs that were joined to those that name it; messages, RTP streams and packets, "
          "delivered / tshark; other packets delivered")
    for c in done:
        print(f"# {c.name}{': ' + REASONS[c.name] if c.name in REASONS else ''}")
        for uri, n_calls, n_joined, *rest in c.rows:
            print(f"#   {uri}: {n_calls} CINs, {n_joined} joined, {rest[0]}/{rest[1]} messages, {rest[2]}/{rest[3]} streams, "
                  f"{rest[4]}/{rest[5]} packets, {rest[6]} others")


def is_judged(folder, done):
    """All of HI2; of HI3 the beginning of each call, since the records of a stream differ in their packets alone."""
    if os.environ.get("WEIR_NO_ORACLE") or not verifier.is_there(folder):
        skip("another decoder has nothing to say about the records", "it is not asked here, or not at hand")
        return
    done = [c for c in done if c.name not in BEYOND_THE_CHECKER]
    said = verifier.decode(folder, [path for c in done for path in (c.records()[0], c.beginnings)], "--strict", "--quiet")
    findings = [line for line in said.stdout.splitlines() if b'"findings"' in line]
    ok(said.returncode == 0 and not findings and b" PDUs, " in said.stderr,
       f"another decoder has nothing to say about {len(done)} captures' records",
       [(b" ".join(findings) + said.stderr)[:1500].decode()])


def main():
    what = "calls of the captures at hand are delivered as tshark finds them"
    folder = shared()
    if not folder:
        return skip(what, "no folder of captures")
    if not sharkd.is_there():
        return skip(what, "no sharkd")
    done = compare_all(sip_captures(folder))
    table(done)
    for c in done:
        if c.name in REASONS:
            ok(bool(c.faults), f"{c.name}: not as tshark has it: {REASONS[c.name]}")
        else:
            ok(not c.faults, f"{c.name}: {len(c.rows)} targets as tshark has them", c.faults[:12])
    ok({c.name for c in done} >= set(REASONS), "every capture with a reason is there", [set(REASONS) - {c.name for c in done}])
    n_messages, n_packets = (sum(row[i] for c in done for row in c.rows) for i in (3, 7))
    ok(n_messages > 1000 and n_packets > 10000, f"{n_messages} messages and {n_packets} packets of RTP in all")
    return is_judged(folder, done)


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
