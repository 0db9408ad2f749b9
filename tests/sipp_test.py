#!/usr/bin/env python3
"""Calls that SIPp makes, with RTP, in network namespaces of the test's own: weir finds in them what tshark finds, what SIPp
says that it sent, and what each scenario says that happens; intercepts of each of them what its warrant names,
and weir-agency what was said.

    sipp_test.py WEIR WEIR_AGENCY

Skipped by name without root, SIPp or tshark.
"""
import collections
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import sharkd
import sipp_intercept
import sipp_sound
from call_tables import differences, ours, theirs
from intercept_records import read_pcap
from sipp_calls import MEDIA_PORT, Call, Recorder, RelayedCall, World, lacks, make
from tap import end, memory_folder, ok, skip

WEIR, AGENCY = map(os.path.abspath, sys.argv[1:])
LONG = "so long that no packet holds it; " * 90

# Of each call, what calls have that goes as usual; a scenario's own is in HAPPENS.
USUAL = {"cause": "bye", "status": [200], "dialogs": [1], "joined": ["first"], "endpoints": 4}
NO_CALL = {"cause": "none", "status": [None], "dialogs": [0], "endpoints": 0}
HAPPENS = {
    "moving": {"endpoints": 8},
    "forked": {"dialogs": [2], "endpoints": 6},
    "redirected": {"dialogs": [2]},
    "cancelled": {"cause": "cancelled", "status": [487], "endpoints": 2},
    "natted": {"endpoints": 5},  # the fifth is learned: her media come from there
    "registered": NO_CALL,
    "written": NO_CALL,
    "relayed": {"status": [200, 200], "dialogs": [1, 1], "joined": ["first", "origin"], "endpoints": 8},
}


def calls_of(world, folder):
    """All scenarios. Who hangs up waits half a second longer than anybody speaks, for those who are late."""
    return [
        Call(world, folder, "basic", says=((50,), (50,)), pause=1500),
        Call(world, folder, "early", ("caller", "early-callee"), says=((25,), (10, 25))),
        Call(world, folder, "moving", ("moving-caller", "moving-callee"), says=((20, 20), (20, 20)), pause=900),
        Call(world, folder, "held", ("holding-caller", "holding-callee"), says=((10, 10, 10), (10, 10)), pause=700),
        Call(world, folder, "forked", ("caller", "forking-callee"), says=((25,), (10, 25))),
        Call(world, folder, "redirected", ("redirected-caller", "redirecting-callee", "callee"), says=((25,), (), (25,))),
        Call(world, folder, "cancelled", ("hasty-caller", "ringing-callee"), says=((), ()), pause=300),
        Call(world, folder, "fragments", about=LONG),
        Call(world, folder, "tcp", transport="t1"),
        Call(world, folder, "ipv6", version=6),
        Call(world, folder, "fragments6", version=6, about=LONG),
        Call(world, folder, "tcp6", version=6, transport="t1", about=LONG),
        RelayedCall(world, folder, "relayed"),
        Call(world, folder, "natted", ("natted-caller", "echoing-callee"), says=((25,), ())),
        Call(world, folder, "registered", ("registering-caller", "registrar"), says=((), ())),
        Call(world, folder, "written", ("writing-caller", "reading-callee"), says=((), ())),
    ]


# ---- the capture, by tshark and by hand

def tshark(path, *words):
    return subprocess.run([*sharkd.lightly("tshark", "-r", str(path)), *words], capture_output=True, text=True,
                          check=True).stdout


def statistics(path):
    """What tshark -z sip,stat counts: {method or status: n}."""
    said = tshark(path, "-q", "-z", "sip,stat")
    found = re.findall(r"^  (?:SIP (\d+) .*|([A-Z]+) +): +(\d+) Packets$", said, re.M)
    return {status or method: int(n) for status, method, n in found}


def participants(shark, path):
    """{Call-ID: (caller, called, first final answer to its INVITE, redirections apart that are followed)}, of field output."""
    found = {}
    for call_id, caller, called, method, status in shark.rows(
            path, ["sip.Call-ID", "sip.from.addr", "sip.to.addr", "sip.CSeq.method", "sip.Status-Code"]):
        if not call_id:
            continue
        _, _, final = found.setdefault(call_id, (caller, called, None))
        if method == "INVITE" and status >= "200" and (not final or 300 <= final < 400):  # a redirection is followed
            found[call_id] = caller, called, int(status)
    return found


def datagrams(path):
    """(source, port, payload) of each UDP datagram that is whole in its frame."""
    _, frames = read_pcap(pathlib.Path(path).read_bytes())
    for _, frame, _ in frames:
        kind, packet = frame[12:14], frame[14:]
        if kind == b"\x08\0" and packet[9] == 17 and not struct.unpack_from("!H", packet, 6)[0] & 0x3FFF:
            source, udp = packet[12:16], packet[(packet[0] & 15) * 4:]
        elif kind == b"\x86\xdd" and packet[6] == 17:
            source, udp = packet[8:24], packet[40:]
        else:
            continue
        yield source, struct.unpack_from("!H", udp)[0], udp[8:struct.unpack_from("!H", udp, 4)[0]]


# ---- facts

def is_fragment(frame):
    if frame[12:14] == b"\x08\0":
        return bool(struct.unpack_from("!H", frame, 20)[0] & 0x3FFF)
    return frame[12:14] == b"\x86\xdd" and frame[20] == 44


def is_hard(path):
    """The capture has what the scenarios are for."""
    _, frames = read_pcap(pathlib.Path(path).read_bytes())
    n = collections.Counter(frame[12:14] for _, frame, _ in frames if is_fragment(frame))
    ok(n[b"\x08\0"] >= 2 and n[b"\x86\xdd"] >= 2, f"{n.total()} packets are fragments, of both versions of IP", [n])


def sent_what_it_should(path, calls):
    """What SIPp was given to play is what crossed the wire, in order; all of it where the machine was not too slow."""
    wanted = {party.talk.ssrc: party.talk.packets for call in calls for party in call.parties if party.talk.packets}
    found = collections.defaultdict(list)
    for source, port, payload in datagrams(path):
        if port >= MEDIA_PORT and port % 2 == 0 and len(payload) > 12:
            found[source, struct.unpack_from("!I", payload, 8)[0]].append(payload)
    faults = []
    for (source, ssrc), packets in found.items():
        places = [wanted[ssrc].index(packet) if packet in wanted[ssrc] else -1 for packet in packets]
        if -1 in places or places != sorted(set(places)) or len(places) < len(wanted[ssrc]) / 2:
            faults.append(f"{source.hex()} {ssrc:x}: {places}")
    ok({ssrc for _, ssrc in found} == set(wanted) and not faults,
       f"SIPp played {sum(map(len, found.values()))} packets of RTP in {len(wanted)} voices, octet for octet", faults)


def says_what_sipp_says(calls, messages):
    """Messages of each call, against SIPp's own account of them. Through the relay each goes twice."""
    said = collections.Counter()
    for call in calls:
        for party in call.parties:
            for (call_id, what), n in party.said().items():
                said[call_id, what] += n
                if call.name == "relayed":
                    other = call_id.removeprefix("beyond-") if call_id.startswith("beyond-") else "beyond-" + call_id
                    said[other, what] += n
    faults = differences(messages, said)
    ok(not faults, f"{sum(said.values())} messages, as SIPp says that it sent them", faults[:12])


def goes_as_it_should(call, found, shown):
    """One call, against its scenario, and against tshark's fields."""
    mine = [c for c in found if call.id in [leg["call_id"] for leg in c["legs"]]]
    if not ok(len(mine) == 1, f"{call.name}: found once", [mine]):
        return
    c, = mine
    wanted = USUAL | HAPPENS.get(call.name, {})
    is_as = {"cause": c["cause"], "status": [leg.get("status") for leg in c["legs"]],
             "dialogs": [leg["dialogs"] for leg in c["legs"]],
             "joined": [leg.get("joined_by", "first") for leg in c["legs"]],
             "endpoints": len({(m["address"], m["port"]) for m in c["media"]})}
    ok(is_as == wanted, f"{call.name}: {wanted['cause']} after {wanted['status'][0]}, {wanted['endpoints']} endpoints",
       [is_as, wanted])
    names = [(leg["caller"], leg["called"], leg.get("status")) for leg in c["legs"]]
    fields = [shown[leg["call_id"]] for leg in c["legs"]]
    asked = (f"sip:{call.caller}@weir.example", f"sip:{call.named}@weir.example")
    ok(names == fields and all(name[:2] == asked for name in names),
       f"{call.name}: {asked[0]} to {asked[1]}; tshark has the same parties and answers", [names, fields, asked])


def main():
    what = "calls that SIPp makes are found as tshark finds them"
    lack = lacks() or (None if sharkd.is_there() and shutil.which("tshark") else "no tshark")
    if lack:
        return skip(what, lack)
    path = work / "calls.pcap"
    with World() as world:
        calls = calls_of(world, work)
        recorder = Recorder(world, path)
        amiss = make(world, calls)
        ok(not amiss, f"SIPp: {len(calls)} calls went as their scenarios say",
           [(p.scenario, p.errors()) for c in calls if c.name in amiss for p in c.parties])
        ok(recorder.end(), "tcpdump has all that crossed the wire")
    is_hard(path)
    sent_what_it_should(path, calls)
    status, found, messages, streams = ours(WEIR, path)
    ok(status == 0 and len(found) == len(calls), "weir finds so many calls", [status, len(found)])
    with sharkd.Sharkd({"rtp.heuristic_rtp": "FALSE"}) as shark:
        messages_there, streams_there = theirs(shark, path)
        shown = participants(shark, path)
    faults = differences(messages, messages_there)
    ok(not faults, f"{sum(messages.values())} messages as tshark has them, by Call-ID, method and status", faults[:12])
    faults = differences(streams, streams_there)
    ok(not faults, f"{len(streams)} streams as tshark -z rtp,streams has them, packet by packet", faults[:12])
    totals = collections.Counter()
    for (_, start), n in messages.items():
        totals[start] += n
    ok(totals == statistics(path), f"by method and status as tshark -z sip,stat has them: {dict(totals)}",
       [statistics(path)])
    says_what_sipp_says(calls, messages)
    for call in calls:
        goes_as_it_should(call, found, shown)
    sipp_intercept.facts(WEIR, work, path, calls)
    sipp_sound.facts(AGENCY, work, work / "records" / "police", calls)
    return None


work = pathlib.Path(tempfile.mkdtemp(prefix="weir-sipp-", dir=memory_folder()))
try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
