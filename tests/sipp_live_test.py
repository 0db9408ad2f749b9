#!/usr/bin/env python3
"""Calls that SIPp makes pass by a live collector: the agency has them as they crossed the wire, and hears what SIPp played.

    sipp_live_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR

All four programs, over TLS, in the caller's namespace; the collector captures where tcpdump does. Skipped by name without
root, SIPp or tshark.
"""
import os
import pathlib
import shutil
import sys
import tempfile

import sharkd
import sipp_sound
from call_records import SIP_PORT, of_liid, read_call_records
from chain_programs import Agency, Chain, Daemon, Failed, Mediator, Provisioner, until
from sipp_calls import Call, Recorder, RelayedCall, World, lacks, make
from sipp_intercept import Wire, has_the_whole_call, warrants_of
from tap import end, ok, skip

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
PROGRAMS = dict(zip(NAMES, map(os.path.abspath, sys.argv[1:6])))
LONG = "so long that no packet holds it; " * 90


class LiveCollector(Daemon):
    def __init__(self, chain, provisioner):
        super().__init__(chain, "collector", "c1", provisioner=provisioner.address)
        self.fields |= {"folder": self.folder / "state", "inputs": [{"uri": "int:left"}]}


def calls_of(world, folder):
    return [
        Call(world, folder, "basic", says=((50,), (50,)), pause=1500),
        Call(world, folder, "moving", ("moving-caller", "moving-callee"), says=((20, 20), (20, 20)), pause=900),
        Call(world, folder, "fragments6", version=6, about=LONG),
        Call(world, folder, "tcp", transport="t1", about=LONG),
        RelayedCall(world, folder, "relayed"),
    ]


def start(chain, calls):
    """The programs, with warrants for all parties and for a stranger."""
    chain.certify("provisioner:p1", "mediator:m1", "collector:c1", "agency:police")
    p = Provisioner(chain).start()
    a = Agency(chain, "police", audio=chain.folder / "sound")
    a.start()
    m = Mediator(chain, provisioner=p).start()
    p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
    p.put("/mediators/m1", {"name": "m1", "address": m.address})
    p.put("/collectors/c1", {"name": "c1"})
    p.put("/agencies/police", a.orders())
    for i, address in enumerate(sorted({c.asked for c in calls})):
        p.put(f"/core-servers/sip-{i}", {"name": f"sip-{i}", "kind": "sip", "address": address, "ports": f"{SIP_PORT}-{SIP_PORT}"})
    for w in warrants_of(calls):
        name, value = w["targets"][0].split(": ", 1)
        p.put(f"/warrants/police/{w['liid']}", {
            "reference": "W-1", "authority": "District Court", "agency": "police", "authorization_country": "NZ",
            "start": "2026-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z", **w, "targets": [{name: value.strip('"')}]})
    c = LiveCollector(chain, p)
    c.start(r"int:left: (open)")
    ok(p.agree("c1", "m1"), "collector and mediator know the warrants", [c.log(), m.log()])
    return a, c


def run(world, chain, work):
    calls = calls_of(world, work)
    agency, collector = start(chain, calls)
    recorder = Recorder(world, work / "calls.pcap")
    amiss = make(world, calls)
    ok(not amiss and recorder.end(), f"SIPp: {len(calls)} calls went as their scenarios say, and tcpdump has them",
       [(p.scenario, p.errors()) for c in calls if c.name in amiss for p in c.parties])
    wire = Wire(work / "calls.pcap")
    n_iri = sum(2 * len(wire.messages_of(call)) for call in calls) + len(wire.messages_of(calls[0]))
    n_cc = sum(2 * len(wire.media_of(call)) for call in calls) + len(wire.media_of(calls[0]))
    until(lambda: (len(agency.records("iri")), len(agency.records("cc"))) == (n_iri, n_cc))
    agency.stop()
    ok(agency.status == 0 and agency.summary["right"], "the agency finds nothing wrong", [agency.summary, agency.log()])
    hi2, hi3 = (of_liid(read_call_records(agency.stream(name))) for name in ("hi2", "hi3"))
    for call in calls:
        for liid, is_callee in ((f"A-{call.name}", 0), (f"B-{call.name}", 1)):
            has_the_whole_call(wire, call, liid, (hi2[liid], hi3[liid]), is_callee, is_live=True)
    sipp_sound.are_heard(chain.folder / "sound", hi3, calls)
    ok(not hi2["STRANGER"] and not hi3["STRANGER"] and not hi2["CC"] and not hi3["IRI"],
       "nobody gets what his warrant does not name", [collector.log()])


def main():
    what = "calls that SIPp makes reach the agency, live"
    lack = lacks() or (None if sharkd.is_there() and shutil.which("tshark") else "no tshark")
    if lack:
        return skip(what, lack)
    with tempfile.TemporaryDirectory(prefix="weir-sipp-") as work, World() as world, Chain(PROGRAMS) as chain:
        try:
            run(world, chain, pathlib.Path(work))
        except Failed as failure:
            ok(False, "the programs do what the test goes on from", [failure])
    return None


main()
end()
