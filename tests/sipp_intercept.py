"""What weir intercept delivers of the calls that SIPp made (sipp_test.py): to each party's warrant the whole call, octet for
octet, and nothing else; to a stranger's nothing.
"""
import re
import struct
import subprocess
from ipaddress import ip_address

import sharkd
import verifier
from call_records import LETTERS, SIP_PORT, ip_packet, of_liid, read_call_records, wire_messages
from intercept_records import numbered_from_zero, orders, read_pcap
from tap import ok, shared, skip

FROM, TO = 0, 1
LIVE_USEC = 100_000
MEDIA = "(rtp || rtcp) && !icmp && !icmpv6"


def warrants_of(calls):
    """Each caller by her address, each callee by his number; what may be delivered of the first call in part; a stranger."""
    found = [{"liid": f"A-{c.name}", "targets": [f'sip_uri: "sip:{c.caller}@weir.example"']} for c in calls]
    found += [{"liid": f"B-{c.name}", "targets": [f'phone: "{c.callee}"']} for c in calls]
    first = [f'sip_uri: "sip:{calls[0].caller}@weir.example"']
    found += [{"liid": "IRI-written", "deliver": "iri-only", "targets": [f'sip_uri: "sip:{c.caller}@weir.example"']}
              for c in calls if c.name == "written"]
    return found + [{"liid": "IRI", "deliver": "iri-only", "targets": first}, {"liid": "CC", "deliver": "cc-only", "targets": first},
                    {"liid": "STRANGER", "targets": ['sip_uri: "sip:nobody@weir.example"']}]


def servers_of(calls):
    addresses = {c.asked for c in calls} | {p.address for c in calls for p in c.parties[1:]}
    return "core_servers:\n" + "".join(f'  - {{kind: sip, address: "{address}", ports: {SIP_PORT}}}\n'
                                       for address in sorted(addresses))


def intercept(weir, folder, path, text, *options):
    """The folder of the agency's records."""
    folder.mkdir()
    (folder / "orders.yaml").write_text(text)
    said = subprocess.run([weir, "intercept", "-q", *options, "--orders", folder / "orders.yaml", "--out", folder, path],
                          capture_output=True, text=True, check=False)
    ok(said.returncode == 0, f"weir intercept{''.join(' ' + word for word in options)} ends well", [said.stderr])
    return folder / "police"


class Wire:
    """What crossed the wire, by call."""

    def __init__(self, path):
        _, self.frames = read_pcap(path.read_bytes())
        self.messages = wire_messages(self.frames)
        shown = subprocess.run([*sharkd.lightly("tshark", "-r", str(path)), "-Y", MEDIA, "-T", "fields", "-e", "frame.number"],
                               capture_output=True, text=True, check=True).stdout
        self.media = [int(n) - 1 for n in shown.split()]

    def messages_of(self, call):
        return [m for m in self.messages if m.call_id.removeprefix("beyond-") == call.id]

    def media_of(self, call):
        """[(time, direction for the caller, IP packet)]"""
        ssrcs = {party.talk.ssrc: FROM if party is call.parties[0] else TO for party in call.parties}
        senders = {ip_address(party.address).packed: ssrcs[party.talk.ssrc] for party in call.parties}
        found = []
        for n in self.media:
            time, frame, _ = self.frames[n]
            packet = ip_packet(frame)
            said = packet[28:] if packet[0] >> 4 == 4 else packet[48:]
            ssrc = struct.unpack_from("!I", said, 4 if 200 <= said[1] <= 207 else 8)[0]
            if ssrc in ssrcs:
                src = packet[12:16] if packet[0] >> 4 == 4 else packet[8:24]
                found.append((time, senders.get(src, ssrcs[ssrc]), packet))
        return found


def is_same(found, wanted, is_live):
    """Whether lists of (time, way, what) agree. Two who capture live have their own clocks' microseconds, and may see what
    crosses in opposite ways at once in another order."""
    if not is_live:
        return found == wanted
    ways = {way for _, way, _ in found + wanted}
    times = zip(sorted(time for time, _, _ in found), sorted(time for time, _, _ in wanted))
    return all([f[2] for f in found if f[1] == way] == [w[2] for w in wanted if w[1] == way] for way in ways) and \
        all(abs(one - other) < LIVE_USEC for one, other in times)


def has_the_whole_call(wire, call, liid, records, is_callee, is_live=False):
    """One warrant's records of its one call."""
    iri, cc = records
    messages, media = wire.messages_of(call), wire.media_of(call)
    types = "".join(LETTERS[r.type] for r in iri)
    is_call = any(m.octets.startswith(b"INVITE") for m in messages)
    ok(numbered_from_zero(iri + cc) and
       (re.fullmatch("BC*ER*", types) and len({r.cin for r in iri + cc}) == 1 if is_call else re.fullmatch("R+", types)),
       f"{liid}: {'one call' if is_call else 'no call'}, {types}", [(r.cin, r.seq) for r in iri])
    told = [(wire.frames[m.number][0], (m.src, m.dst), m.octets) for m in messages]
    got = [(r.usec, (r.src, r.dst), r.sip) for r in iri]
    ok(is_same(got, told, is_live), f"{liid}: {len(told)} messages as they crossed the wire, octet for octet",
       [f"{len(got)}: {[(g[2].split(None, 3)[:2], g[:2]) for g in got]}", [(t[2].split(None, 3)[:2], t[:2]) for t in told]])
    wanted = [(time, way ^ is_callee, packet) for time, way, packet in media]
    found = [(r.usec, r.direction, r.packet) for r in cc]
    first = next(((i, f, w) for i, (f, w) in enumerate(zip(found, wanted)) if f != w), "")
    ok(is_same(found, wanted, is_live) and all(r.frame_type == 0 and r.protocol == 0 for r in cc),
       f"{liid}: {len(wanted)} packets of RTP and RTCP, and no other", [len(found), str(first)[:300]])


def is_masked_at_most(found, wanted):
    """Whether messages differ from others at most in letters that became an X, in their Subject."""
    def is_so(seen, told):
        at = told.index(b"Subject: ") + 9 if b"Subject: " in told else len(told)
        until = told.index(b"\r\n", at) if at < len(told) else at
        return (seen[:at], seen[until:]) == (told[:at], told[until:]) and seen[at:until] in (told[at:until], b"X" * (until - at))

    return len(found) == len(wanted) and all(map(is_so, found, wanted))


def facts(weir, folder, path, calls):
    wire = Wire(path)
    warrants = warrants_of(calls)
    text = orders(warrants, extra=servers_of(calls))
    out = intercept(weir, folder / "records", path, text)
    hi2, hi3 = (of_liid(read_call_records(out / name)) for name in ("hi2.ber", "hi3.ber"))
    for call in calls:
        for liid, is_callee in ((f"A-{call.name}", 0), (f"B-{call.name}", 1)):
            if is_callee and call.named != call.callee:
                ok(not hi2[liid] and not hi3[liid], f"{liid}: who registers names nobody else")
                continue
            has_the_whole_call(wire, call, liid, (hi2[liid], hi3[liid]), is_callee)
    ok(is_masked_at_most([r.sip for r in hi2["IRI"]], [r.sip for r in hi2["A-" + calls[0].name]]) and not hi3["IRI"],
       "iri-only: the messages, of which what is content may be masked, and no media")
    written, seen = hi2["A-written"][0].sip, hi2["IRI-written"][0].sip
    head, body = written.split(b"\r\n\r\n")
    ok(seen == head + b"\r\n\r\n" + b"X" * len(body) and len(body) > 40 and not hi3["IRI-written"],
       "iri-only: of a message the text is masked, octet by octet", [seen])
    ok([r.packet for r in hi3["CC"]] == [r.packet for r in hi3["A-" + calls[0].name]] and not hi2["CC"],
       "cc-only: the media, and no message")
    ok(not hi2["STRANGER"] and not hi3["STRANGER"], "a stranger's warrant gets nothing")
    again = intercept(weir, folder / "again", path, text, "--threads", "1")
    ok(all((again / name).read_bytes() == (out / name).read_bytes() for name in ("hi2.ber", "hi3.ber")),
       "one worker and many write the same octets")
    found = intercept(weir, folder / "found", path, orders(warrants).replace("akl-1}", "akl-1, sip_anywhere: true}"))
    ok(all((found / name).read_bytes() == (out / name).read_bytes() for name in ("hi2.ber", "hi3.ber")),
       "SIP that is looked for in all traffic is the same")
    is_judged([out / name for name in ("hi2.ber", "hi3.ber")])


def is_judged(paths):
    checker = shared()
    if not checker or not verifier.is_there(checker):
        skip("another decoder has nothing to say about the records", "it is not here")
        return
    said = verifier.decode(checker, paths, "--strict", "--quiet")
    ok(said.returncode == 0 and b" PDUs, " in said.stderr, "another decoder has nothing to say about the records",
       [(said.stdout + said.stderr)[:1500].decode()])
