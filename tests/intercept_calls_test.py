#!/usr/bin/env python3
"""Calls: which messages and which packets of media are a target's, and which records tell of them.

    intercept_calls_test.py WEIR

Captures are made here, and what must come of them is worked out here too, from the same steps, by rules
that share no line with Weir.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from call_packets import Call, datagram, rtp, sdp, segment
from call_records import BEGIN, CONTINUE, END, REPORT, read_call_records
from intercept_records import numbered_from_zero, orders, pcap
from radius_packets import fragments, ip
from tap import end, ok, shared, skip
import verifier

WEIR = os.path.abspath(sys.argv[1])
T0 = 1767225600 * 10**9  # 2026-01-01T00:00:00Z
SEC, MS = 10**9, 10**6
SERVER = 'core_servers: [{kind: sip, address: "10.0.0.2"}]\n'
FROM, TO, UNKNOWN = 0, 1, 2
A, B = "10.0.0.1", "10.0.0.2"
BOB, ALICE = 'sip_uri: "sip:bob@example.net"', 'sip_uri: "sip:alice@example.net"'

work = tempfile.mkdtemp(prefix="weir-calls-")
runs = 0
streams = []


class Run:
    def __init__(self, text, packets, *words, operator="", checked=True, quiet=("-q",)):
        global runs
        runs += 1
        self.dir = os.path.join(work, f"out{runs}")
        names = [os.path.join(work, f"{runs}.{x}") for x in ("yaml", "pcap")]
        self.prefix = f"R{runs}L"  # the verifier looks at all runs in one call, and takes an LIID for one warrant
        text = text.replace("network_element: akl-1", "network_element: akl-1" + operator).replace("LIID", self.prefix)
        with open(names[0], "w") as f:
            f.write(text)
        with open(names[1], "wb") as f:
            f.write(pcap([p if isinstance(p, tuple) else (T0 + i * MS, p) for i, p in enumerate(packets)]))
        done = subprocess.run([WEIR, "intercept", *quiet, "--json", "--orders", names[0], "--out", self.dir, *words, names[1]],
                              capture_output=True, text=True, check=False)
        self.stderr = done.stderr
        self.summary = json.loads(done.stdout) if done.stdout else None
        if checked:
            streams.append(self)

    def path(self, name, agency="police"):
        return os.path.join(self.dir, agency, name + ".ber")

    def cc(self, liid="LIID0001"):
        return [r for r in read_call_records(self.path("hi3")) if r.liid == liid.replace("LIID", self.prefix)]

    def iri(self, liid="LIID0001"):
        return [r for r in read_call_records(self.path("hi2")) if r.liid == liid.replace("LIID", self.prefix)]

    def octets(self):
        return [open(self.path(x), "rb").read() for x in ("hi2", "hi3")]


def same(got, wanted, sentence):
    return ok(got == wanted, sentence, [f"got    {got}"[:3000], f"wanted {wanted}"[:3000]])


def warrant(*targets, **fields):
    return orders([{"targets": list(targets or [BOB])} | fields], extra=SERVER)


def types(records):
    return [r.type for r in records]


def packets(records):
    return [r.packet for r in records]


def voices(n, a=(A, 4000), b=(B, 5000)):
    """RTP both ways: [(packet, from whom)]"""
    return [(rtp(*a[:1], *b[:1], a[1], b[1], k) if k % 2 == 0 else rtp(b[0], a[0], b[1], a[1], k)) for k in range(n)]


def begun(call, a=(A, "audio 4000"), b=(B, "audio 5000")):
    return [call.invite(sdp(*a)), call.answer(100, to_tag=""), call.answer(180), call.answer(200, body=sdp(*b)),
            call.ask("ACK")]


def over(call, by_called=False):
    return [call.ask("BYE", is_called=by_called, cseq=2), call.answer(200, "BYE", is_called=not by_called)]


def ended(call):
    bye = call.ask("BYE", cseq=2)
    call.cseq = 2
    return [bye, call.answer(200, "BYE")]


def a_call():
    call = Call()
    early, late = voices(4), voices(6)
    strange = [rtp(A, B, 4002, 5002, 1), rtp("10.0.0.9", "10.0.0.8", 4000, 5000, 1), ip(A, B, b"x" * 30)]
    rtcp = datagram(A, B, 4001, 5001, b"\x80\xc8\0\1abcd")
    run = Run(warrant(), [*early, *begun(call), *late, *strange, rtcp, *ended(call), *voices(3)])
    iri, cc = run.iri(), run.cc()
    same(types(iri), [BEGIN] + [CONTINUE] * 5 + [END], "a call begins, goes on and ends")
    same([r.sip for r in iri], call.messages, "each message is told whole")
    ok(len({r.cin for r in iri + cc}) == 1 and numbered_from_zero(iri + cc), "with one CIN, and numbers from 0")
    same(packets(cc), late + [rtcp], "its media are delivered, from the answer to the BYE, and nothing else")
    same([r.direction for r in cc], [TO, FROM] * 3 + [TO], "with their direction")
    same([(r.session_direction, r.direction) for r in iri], [(TO, TO), (TO, FROM), (TO, FROM), (TO, FROM), (TO, TO), (TO, TO), (TO, FROM)],
         "so has each message, and the call")
    same({(r.stream, r.frame_type, r.protocol) for r in cc}, {("0.0", 0, 0)}, "whole IP packets, of one stream")
    same({r.is_masked for r in iri}, {False}, "whole")


def of_caller():
    call = Call()
    late = voices(4)
    run = Run(warrant(ALICE), [*begun(call), *late, *ended(call)])
    same(types(run.iri()), [], "From is what a caller says of himself: it is not believed")
    call = Call()
    run = Run(warrant(ALICE), [*begun(call), *late, *ended(call)], operator=", trust_from: true")
    same((types(run.iri()), [r.direction for r in run.cc()]), ([BEGIN] + [CONTINUE] * 5 + [END], [FROM, TO] * 2),
         "unless the operator trusts it")
    call = Call(caller="sip:anonymous@anonymous.invalid")
    said = ["P-Asserted-Identity: <tel:09-123-4567>"]
    first = call.invite(sdp(A, "audio 4000"), more=said)
    run = Run(warrant('phone: "+6491234567"'), [first, *begun(call)[1:], *late, *ended(call)],
              operator=', country_code: "64", national_prefix: "0"')
    same((types(run.iri())[:1], packets(run.cc()), [r.direction for r in run.cc()]), ([BEGIN], late, [FROM, TO] * 2),
         "who is asserted to call is the target by his number, however it is written")


def both_parties():
    call = Call()
    late = voices(6)
    text = orders([{"targets": [BOB]}, {"targets": [ALICE], "liid": "LIID0002"}, {"targets": ['sip_uri: "sip:*@example.net"'],
                                                                              "liid": "LIID0003"},
                   {"targets": ['sip_uri: "sip:carol@example.net"'], "liid": "LIID0004"}], extra=SERVER)
    run = Run(text, [*begun(call), *late, *ended(call)], operator=", trust_from: true")
    for n, way in ((1, [TO, FROM] * 3), (2, [FROM, TO] * 3), (3, None)):
        liid = f"LIID000{n}"
        iri, cc = run.iri(liid), run.cc(liid)
        ok([r.sip for r in iri] == call.messages and packets(cc) == late and (way is None or [r.direction for r in cc] == way)
           and len({r.cin for r in iri + cc}) == 1 and numbered_from_zero(iri + cc), f"{liid} has its own complete copy",
           [types(iri), [r.direction for r in cc]])
    same((run.iri("LIID0004"), run.cc("LIID0004")), ([], []), "who is no party gets nothing")


def media_moves():
    call = Call()
    first, held, second = voices(4), voices(2), voices(4, b=(B, 5100))
    again = [call_part for call_part in begun(call)]
    call.cseq = 2
    move = [call.ask("INVITE", sdp(A, "audio 4000", origin=2)), call.answer(200, body=sdp(B, "audio 5100", origin=2)), call.ask("ACK")]
    stale = rtp("10.0.0.7", B, 4444, 5000, 9)
    call.cseq = 3
    bye = [call.ask("BYE"), call.answer(200, "BYE")]
    run = Run(warrant(), [*again, *first, *move, *second, stale, *bye, *held])
    same(packets(run.cc()), first + second, "media follow to another port, from the message on, and leave the old one")
    call = Call()
    early = [rtp(B, A, 5000, 4000, k) for k in range(3)]
    run = Run(warrant(), [call.invite(sdp(A, "audio 4000")), *early, call.answer(183, body=sdp(B, "audio 5000")), *voices(2),
                          call.answer(200, body=sdp(B, "audio 5000")), call.ask("ACK"), *ended(call)])
    same(packets(run.cc()), early + voices(2), "media that come before the answer are the call's")
    call = Call()
    video = [rtp(A, B, 4010, 5010, k) for k in range(3)]
    run = Run(warrant(), [*begun(call, (A, "audio 4000", "video 4010"), (B, "audio 5000", "video 5010")), *voices(2), *video, *ended(call)])
    same([(r.stream, r.packet) for r in run.cc()], [("0.0", p) for p in voices(2)] + [("0.1", p) for p in video],
         "each m= line is a stream")
    call = Call()
    nat = [rtp("203.0.113.9", B, 62000, 5000, k) for k in range(5)] + [rtp(B, "203.0.113.9", 5000, 62000, k) for k in range(5)]
    run = Run(warrant(), [*begun(call), *nat, *ended(call)])
    same(packets(run.cc()), nat, "a party behind NAT is heard, and spoken to")
    same([r.direction for r in run.cc()], [TO] * 5 + [FROM] * 5, "in its direction")
    call = Call()
    fax = [datagram(B, A, 5000, 4000, b"\0\1udptl" + bytes([k])) for k in range(3)]
    run = Run(warrant(), [*begun(call, (A, "image 4000 udptl t38"), (B, "image 5000 udptl t38")), *fax, *ended(call)])
    same([(r.protocol, r.packet) for r in run.cc()], [(2, p) for p in fax], "facsimile by T.38 is UDPTL")


def choices():
    """What an operator or an agency may choose."""
    call = Call()
    noise = [rtp(A, B, 4000, 5000, k, b"\x40", kind=13) for k in range(3)]
    late = voices(4)
    run = Run(warrant(), [*begun(call), *noise, *late, *ended(call)])
    same(packets(run.cc()), noise + late, "comfort noise is delivered")
    call = Call()
    text = orders([{"targets": [BOB]}], agencies=[("police", "comfort_noise: false")], extra=SERVER)
    run = Run(text, [*begun(call), *noise, *late, *ended(call)])
    same(packets(run.cc()), late, "unless the agency does not want it")
    # a server that sends the call on under another Call-ID: the Session-ID is the same
    mark = ["Session-ID: " + "5a" * 16]
    legs = [Call(call_id="in"), Call(call_id="out", ends=(B, "10.0.0.3"))]
    steps = [legs[0].invite(sdp(A, "audio 4000"), more=mark), legs[1].invite(sdp(B, "audio 6000"), more=mark)]
    run = Run(warrant(), steps)
    same(len({r.cin for r in run.iri()}), 1, "legs that are one call have one CIN")
    told = Run(warrant(), [steps[0], *steps[1:] * 3], quiet=())
    ok(run.stderr == "" and told.stderr.count("\n") == 1 and told.stderr.endswith(
        f"info: LIID {told.prefix}0001, CIN {told.iri()[0].cin}: leg 1 is of one call with leg 0, by session-id\n"),
       "and the log says why, once", [run.stderr, told.stderr])
    run = Run(warrant(), steps, operator=", join_by_session_id: false")
    same(len({r.cin for r in run.iri()}), 2, "unless the operator turns the rule off")
    call = Call()
    run = Run(warrant(), [call.invite(sdp(A, "audio 4000").replace("c=IN IP4 10.0.0.1", "c=IN IP4 ua.example.net")), *begun(call)[1:]])
    same(run.summary and run.summary["counts"]["sip"]["named_hosts"], 2,
         "who names a host instead of an address is counted: for RTP and RTCP")
    call = Call()
    quiet = [(T0 + k * MS, p) for k, p in enumerate(begun(call))]
    long_after = [(T0 + n * SEC, ip("9.9.9.9", "8.8.8.8")) for n in (30, 59, 61, 62, 130, 131)]
    run = Run(warrant(), quiet + long_after, operator=", call_silence: 1m")
    same([(r.type, (r.usec - T0 // 1000) // 10**6) for r in run.iri()][-1:], [(END, 61)], "a call of which nothing is heard ends")


def a_port_is_used_again():
    """Nobody saw the call's end. Its port is given to strangers: what they say is not the target's."""
    call, others = Call(), Call(called="sip:carol@example.net", caller="sip:dave@example.net", call_id="c2", ends=("10.0.0.7", B))
    late = voices(6)
    strangers = voices(4, ("10.0.0.7", 4444), (B, 5000))
    bye_missed = [(T0 + k * MS, p) for k, p in enumerate([*begun(call), *late])]
    steps = [*begun(others, ("10.0.0.7", "audio 4444"), (B, "audio 5000")), *strangers]
    run = Run(warrant(), bye_missed + [(T0 + 40 * SEC + k * MS, p) for k, p in enumerate(steps)])
    same(packets(run.cc()), late, "a port that strangers are given, long after a call's end that nobody saw, is not the call's")
    same((types(run.iri())[-1], run.iri()[-1].usec // 1000 - T0 // MS), (END, 40003), "which ends where they are given it")
    call, others = Call(), Call(called="sip:carol@example.net", caller="sip:dave@example.net", call_id="c2", ends=("10.0.0.7", B))
    talk = [(T0 + k * SEC, p) for k, p in enumerate(voices(45))]
    first = [(T0 - 20 * MS + k * MS, p) for k, p in enumerate(begun(call))]
    again = [(T0 + 40 * SEC + k * MS, p) for k, p in enumerate(begun(others, ("10.0.0.7", "audio 4444"), (B, "audio 5000")))]
    run = Run(warrant(start="2025-12-31T00:00:00Z"), sorted(first + talk + again))
    same(packets(run.cc()), voices(45), "one in which they talk cannot be ousted by what others say")


def ways_of_travel():
    late = voices(4)
    call = Call()
    big = ["X-Fill: " + "y" * 2500]
    first = call.invite(sdp(A, "audio 4000"), more=big)
    parts = fragments(first, [800, 1600], 77)
    run = Run(warrant(), [*parts[::-1], *begun(call)[1:], *late, *ended(call)])
    same((types(run.iri()), packets(run.cc())), ([BEGIN] + [CONTINUE] * 5 + [END], late), "an INVITE in fragments begins a call")
    same(run.iri()[0].sip, call.messages[0], "and is told whole")
    speech = rtp(A, B, 4000, 5000, 1, b"z" * 1500)
    call = Call()
    run = Run(warrant(), [*begun(call), *fragments(speech, [800], 78), *late, *ended(call)])
    same([p[12:] for p in packets(run.cc())], [p[12:] for p in [speech] + late], "a packet of media in fragments is put together")
    for name, anywhere, port in (("a server's port", "", 5060), ("any port, where SIP is looked for anywhere", ", sip_anywhere: true", 7777)):
        for is_tcp in (False, True):
            call = Call(port=port)
            call.is_tcp = is_tcp
            run = Run(warrant(), [*begun(call), *late, *ended(call)], operator=anywhere)
            same((types(run.iri()), packets(run.cc())), ([BEGIN] + [CONTINUE] * 5 + [END], late),
                 f"{'TCP' if is_tcp else 'UDP'}, {name}")
    call = Call(port=7777)
    run = Run(warrant(), [*begun(call), *late, *ended(call)])
    same((run.iri(), run.cc()), ([], []), "another port is not looked at, unless that is asked for")
    call = Call(port=5060)
    text = call.text("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", "", sdp(A, "audio 4000"), [], "application/sdp")
    whole = [segment(A, B, (5060, 5060), 100 + k, text[k:k + 37]) for k in range(0, len(text), 37)]
    shuffled = [whole[0], *random.Random(5).sample(whole[1:], len(whole) - 1), *whole[3:5]]
    run = Run(warrant(), [*shuffled, *voices(2)[:1]])
    same((types(run.iri()), [r.sip for r in run.iri()][:1], len(run.cc())), ([BEGIN, END], [text], 1),
         "in pieces, out of order, some twice: it is one message")
    run = Run(warrant(), [segment(A, B, (5060, 5060), 100 + k, text[k:k + 37]) for k in range(0, len(text), 37) if k != 74])
    tcp = run.summary["counts"]["sip_tcp"]
    same((run.iri(), tcp["gaps"], tcp["lost"]), ([], 1, 37), "octets of a connection that were not captured are counted")
    a, b = "2001:db8::1", "2001:db8::2"
    call = Call(ends=(a, b))
    late6 = voices(4, (a, 4000), (b, 5000))
    run = Run(orders([{"targets": [BOB]}], extra='core_servers: [{kind: sip, address: "2001:db8::2"}]\n'),
              [*begun(call, (a, "audio 4000"), (b, "audio 5000")), *late6, *ended(call)])
    same((types(run.iri()), packets(run.cc())), ([BEGIN] + [CONTINUE] * 5 + [END], late6), "IPv6")


def scope():
    late = voices(10)

    def steps():
        call = Call()
        return call, [*begun(call), *late, *ended(call)]  # a millisecond apart
    call, all_steps = steps()
    run = Run(warrant(deliver="iri-only"), all_steps)
    same((types(run.iri()), run.cc()), ([BEGIN] + [CONTINUE] * 5 + [END], []), "iri-only: no media")
    run = Run(warrant(deliver="cc-only"), all_steps)
    same((run.iri(), packets(run.cc())), ([], late), "cc-only: no messages")
    run = Run(warrant(start="2026-01-01T00:00:00.008Z"), all_steps)
    same((types(run.iri()), packets(run.cc())), ([BEGIN, END], late[3:]),
         "a warrant that starts while they talk: the media from then on; the first message from then on begins")
    same([r.sip for r in run.iri()], call.messages[-2:], "what was said before is nobody's")
    run = Run(warrant(end="2026-01-01T00:00:00.008Z"), all_steps)
    same((types(run.iri()), packets(run.cc())), ([BEGIN] + [CONTINUE] * 4 + [END], late[:3]), "one that ends: no more from its end on")
    same((run.iri()[-1].sip, run.iri()[-1].usec), (call.messages[4], T0 // 1000 + 8000),
         "its END is at the warrant's end, and says again what was said last")
    run = Run(warrant(end="2026-01-01T00:00:00Z", start="2025-01-01T00:00:00Z"), all_steps)
    same((run.iri(), run.cc()), ([], []), "one that is over brings nothing")
    call, all_steps = steps()
    run = Run(warrant(), all_steps[:-2])
    same(types(run.iri())[-1], END, "what goes on when the data end has its END")


def messages():
    call = Call(call_id="m1")
    page = call.ask("MESSAGE", "meet me at six", to_tag="", kind="text/plain")
    fine = call.answer(200, "MESSAGE")
    register = Call(caller="sip:bob@example.net", called="sip:bob@example.net", call_id="r1")
    steps = [page, fine, register.ask("REGISTER", to_tag=""), register.answer(200, "REGISTER", more=["Expires: 3600"])]
    run = Run(warrant(), steps)
    iri = run.iri()
    same((types(iri), [r.sip for r in iri]), ([REPORT] * 4, call.messages + register.messages), "what is of no call is reported")
    ok(iri[0].cin == iri[1].cin != iri[2].cin == iri[3].cin, "with a CIN for each exchange", [r.cin for r in iri])
    run = Run(warrant(deliver="iri-only"), steps)
    masked = run.iri()
    ok(b"meet" not in masked[0].sip and len(masked[0].sip) == len(page) - 28 and masked[0].is_masked
       and not masked[1].is_masked and masked[0].sip.split(b"\r\n\r\n")[0] == call.messages[0].split(b"\r\n\r\n")[0],
       "a warrant without content does not see what was written", [masked[0].sip, masked[0].is_masked])
    call = Call()
    cell = ["P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=5300102a00280f01"]
    run = Run(warrant(), [call.invite(sdp(A, "audio 4000")), call.answer(180, more=cell), call.answer(486)])
    same((types(run.iri()), [r.has_place for r in run.iri()]), ([BEGIN, CONTINUE, END], [False, True, False]),
         "where the target is goes with what it says")
    again = call.invite(sdp(A, "audio 4000"))
    run = Run(warrant(), [again, again, again, call.answer(486, to_tag="t2")])
    same(types(run.iri()), [BEGIN, CONTINUE, CONTINUE, END], "an INVITE that is sent again begins nothing twice")


def forms():
    """Encrypted, hashed, flagged: the same call in other forms."""
    late = voices(6)
    key = "0x" + "5a" * 24
    for more in (f"encryption: aes-192-cbc, encryption_key: \"{key}\"", "integrity: sha-256, integrity_count: 3", "segment_flags: true",
                 "header_version: 17", "time_format: generalized"):
        call = Call()
        text = orders([{"targets": [BOB]}], agencies=[("police", more)], extra=SERVER)
        run = Run(text, [*begun(call), *late, *ended(call)], checked="encryption" not in more)
        counts = run.summary["warrants"][0] if run.summary else {}
        ok(not run.stderr and counts.get("iri", 0) == 7 and counts.get("cc", 0) == 6, f"with {more.split(':')[0]}", [run.stderr, counts])
        if "encryption" in more:
            with open(os.path.join(work, "key"), "w") as f:
                f.write(key + "\n")
            said = subprocess.run([WEIR, "decode", "--json", "--key", f.name, run.path("hi3")], capture_output=True,
                                  text=True, check=False)
            ok(said.returncode == 0 and said.stdout.count("iPMMCC") >= 6, "which its key opens", [said.stderr, said.stdout[:500]])


def many():
    """Calls of many parties at once; some move their media. What is a target's is worked out beside."""
    dice = random.Random(23)
    steps, wanted, messages = [], {k: [] for k in range(4)}, {k: [] for k in range(4)}
    live = []
    for n in range(500):
        roll = dice.random()
        if roll < 0.15 or not live:
            k = n + 1
            call = Call(called=f"sip:p{dice.randrange(8)}@example.net", call_id=f"x{k}", ends=(f"10.1.{k >> 8}.{k & 255}", B))
            call.a, call.b = (call.ends[0], 4000 + 2 * dice.randrange(3)), (B, 10000 + 4 * k)
            new = begun(call, (call.a[0], f"audio {call.a[1]}"), (B, f"audio {call.b[1]}"))
            live.append(call)
        elif roll < 0.2:
            call = dice.choice(live)
            call.cseq += 1
            call.b = (B, call.b[1] + 2)
            new = [call.ask("INVITE", sdp(call.a[0], f"audio {call.a[1]}", origin=call.cseq)),
                   call.answer(200, body=sdp(B, f"audio {call.b[1]}", origin=call.cseq)), call.ask("ACK")]
        elif roll < 0.27:
            call = live.pop(dice.randrange(len(live)))
            call.cseq += 1
            new = [call.ask("BYE"), call.answer(200, "BYE")]
        else:
            call = dice.choice(live)
            new = []
            for p in voices(dice.randrange(1, 6), call.a, call.b):
                steps.append(p)
                if int(call.called[5]) in wanted:
                    wanted[int(call.called[5])].append(p)
        steps += new
        if int(call.called[5]) in messages:
            messages[int(call.called[5])] += call.messages[-len(new):] if new else []
    text = orders([{"targets": [f'sip_uri: "sip:p{k}@example.net"'], "liid": f"LIID000{k}"} for k in range(4)], extra=SERVER)
    first = None
    for words in (["--threads", "1"], ["--threads", "2"], ["--threads", "4", "--block-size", "4k"]):
        run = Run(text, steps, *words, checked=first is None)
        if first is None:
            first, before = run.octets(), run.prefix
            for k in range(4):
                liid = f"LIID000{k}"
                same(packets(run.cc(liid)), wanted[k], f"{liid}: {len(wanted[k])} packets, each the target's")
                told = [r for r in run.iri(liid)]
                same([r.sip for r in told[:len(messages[k])]], messages[k], f"{liid}: {len(messages[k])} messages")
        else:
            again = [x.replace(run.prefix.encode(), before.encode()) for x in run.octets()]
            ok(again == first, f"the same with {' '.join(words)}", [run.stderr])


def against_the_verifier():
    if os.environ.get("WEIR_NO_ORACLE") or not shared() or not verifier.is_there(shared()):
        skip("the independent verifier decodes every stream", "no shared folder, or no Erlang, or not asked")
        return
    paths = [p for run in streams for x in ("hi2", "hi3") if os.path.getsize(p := run.path(x))]
    done = verifier.decode(shared(), paths, "--strict", "--quiet")
    ok(done.returncode == 0, f"the independent verifier has nothing to say about {len(paths)} streams",
       (done.stdout + done.stderr).decode(errors="replace").splitlines()[-20:])


for step in (a_call, of_caller, both_parties, media_moves, choices, a_port_is_used_again, ways_of_travel, scope, messages, forms, many, against_the_verifier):
    step()
shutil.rmtree(work)
end()
