#!/usr/bin/env python3
"""A collector hears of warrants before the mediator does: their records wait, and none is lost or comes twice.

    patience_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR

The mediator's way to the provisioner goes through a proxy, which is cut while a warrant is put, one gets content and one
gets an earlier start. Mediator and collector are killed while records wait; then the way is there again.
"""
import signal
import sys
import time

from chain_programs import Agency, Chain, Collector, Failed, Mediator, Provisioner, until, utc
from faults import Proxy
from radius_packets import udp
from tap import end, ok

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
PROGRAMS = dict(zip(NAMES, sys.argv[1:6]))
LIIDS = {"KNOWN": "192.0.2.7", "NEW": "192.0.2.8", "CONTENT": "192.0.2.9", "EARLIER": "192.0.2.10"}
N = 150  # packets of each, known and unknown in turns


def warrant(liid, **more):
    return {"reference": "W-1", "authority": "District Court", "agency": "police", "liid": liid,
            "authorization_country": "NZ", "start": "2026-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z",
            "targets": [{"prefix": f"{LIIDS[liid]}/32", "cin": 7}], **more}


def put(p, liid, **more):
    p.put(f"/warrants/police/{liid}", warrant(liid, **more))


def feed(collector, first, liids):
    """N packets of each, in turns."""
    frames = []
    for n in range(first, first + N):
        for liid in liids:
            frames.append((time.time_ns(), udp(LIIDS[liid], "198.51.100.9", 5000, 53, n.to_bytes(8, "big") + bytes(52))))
    collector.feed.frames(frames)


def state(daemon):
    """What it says of itself now; where it was just started, once it says where."""
    said = []

    def ask():
        try:
            said.append(daemon.status())
        except OSError:
            return False
        return True

    if not until(ask):
        raise Failed(f"{daemon.name} does not tell how it is: {daemon.log()}")
    return said[-1]


def n_held(m):
    return sum(c["held"] for c in state(m)["collectors"])


def refused(m):
    return {reason: n for interface in ("hi2", "hi3") for reason, n in state(m)["agencies"][0][interface]["refused"].items()
            if n}


def page(p, liid):
    """The ledger's page of a warrant, and its row of content."""
    whole = p.ask("GET", f"/warrants/police/{liid}/ledger")[1] or {}
    return whole, next((row for row in whole.get("rows", []) if row["kind"] == "cc"), {})


def numbers(a, liid):
    return [e.get("sequence", e.get("seq")) for e in a.records("cc") if e["liid"] == liid]


def begin(chain):
    p = Provisioner(chain).start()
    a = Agency(chain, "police").start()
    way = Proxy(p.address)
    m = Mediator(chain, provisioner=way, metrics="127.0.0.1:0").start()
    c = Collector(chain, provisioner=p, metrics="127.0.0.1:0")
    p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
    p.put("/mediators/m1", {"name": "m1", "address": m.address})
    p.put("/collectors/c1", {"name": "c1"})
    p.put("/agencies/police", a.orders())
    put(p, "KNOWN")
    put(p, "CONTENT", deliver="iri-only")
    put(p, "EARLIER", start=utc(time.time() + 3600))
    c.start()
    p.agree("c1", "m1")
    return p, a, way, m, c


def cut_off(p, way):
    way.is_away = True
    way.cut()
    until(lambda: not p.daemons()["m1"]["connected"])


def records_wait(p, a, way, m, c):
    """The collector acts by orders that the mediator does not have."""
    feed(c, 0, ["KNOWN"])
    ok(until(lambda: len(numbers(a, "KNOWN")) == N), "a warrant that both know is delivered", [m.log()])
    cut_off(p, way)
    put(p, "NEW")
    put(p, "CONTENT")
    put(p, "EARLIER")
    ok(p.agree("c1") and not p.daemons()["m1"]["agreed"], "a new warrant and two other ones reach the collector alone")
    feed(c, N, LIIDS)
    matched = N + N * len(LIIDS)
    ok(until(lambda: state(c)["intercept"]["total"]["cc"] == matched), "it intercepts by them",
       [state(c)["intercept"]["total"], matched])
    ok(until(lambda: n_held(m) > 0), "what the mediator does not know waits", [state(m)["collectors"]])
    for what, daemon in (("mediator", m), ("collector", c)):
        daemon.stop(signal.SIGKILL)
        daemon.start()
        ok(until(lambda: state(m)["collectors"] and n_held(m) > 0), f"so it does when the {what} was killed",
           [state(m)["collectors"], m.log()[-1000:]])
    ok(not refused(m) and not any(numbers(a, liid) for liid in LIIDS if liid != "KNOWN"),
       "nothing is refused, and nothing comes through", [refused(m)])


def all_arrives(p, a, way, m):
    way.is_away = False
    ok(p.agree("m1"), "the mediator hears the provisioner", [m.log()[-1000:]])
    ok(until(lambda: all(len(numbers(a, liid)) >= N for liid in LIIDS) and len(numbers(a, "KNOWN")) >= 2 * N),
       "what waited is delivered", [{liid: len(numbers(a, liid)) for liid in LIIDS}, m.log()[-1000:]])
    for liid in LIIDS:
        due = 2 * N if liid == "KNOWN" else N

        def is_told(liid=liid, due=due):
            whole, row = page(p, liid)
            return row.get("acknowledged") == row.get("matched") == due and whole["closes"]

        # of an agency's TCP that was cut with the mediator, some may come again: the ledger says how many
        whole, row = page(p, liid) if not until(is_told) else page(p, liid)
        got = numbers(a, liid)
        ok(is_told() and sorted(set(got)) == list(range(due)) and len(got) == due + row.get("sent_again", 0),
           f"{liid}: each record once, in the ledger too, which closes", [len(got), got[:5], row, whole])
    ok(not refused(m) and n_held(m) == 0, "none was refused, and none waits", [refused(m)])


def none_blocks(p, a, m, c):
    """A warrant that is stopped, while others of the agency go on."""
    p.ask("DELETE", "/warrants/police/NEW")
    feed(c, 2 * N, ["KNOWN", "NEW"])
    ok(p.agree("c1", "m1") and until(lambda: len(set(numbers(a, "KNOWN"))) == 3 * N) and until(lambda: n_held(m) == 0),
       "where the provisioner is there nothing waits for long", [len(numbers(a, "KNOWN")), state(m)["collectors"]])


def main():
    try:
        with Chain(PROGRAMS, is_plain=True) as chain:
            p, a, way, m, c = begin(chain)
            records_wait(p, a, way, m, c)
            all_arrives(p, a, way, m)
            none_blocks(p, a, m, c)
    except Failed as failure:
        ok(False, "the programs start and answer", [failure])
    end()


if __name__ == "__main__":
    main()
