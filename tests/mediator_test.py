#!/usr/bin/env python3
"""The mediator between collectors and agencies that are played here (handover_peers.py).

    mediator_test.py WEIR-MEDIATOR WEIR [NAME...]
"""
import re
import signal
import struct
import subprocess
import time

import handover_peers as peers
from handover_peers import Lemf, Provisioner, cc, dial, iri
from mediator_program import (NOW, Mediator, agency, feed, numbers, orders, program, run_all, stream, top, until,
                              warrant, weir)
from tap import ok


def test_once():
    hi2, hi3 = Lemf(), Lemf()
    m = Mediator("once", orders([agency("a1", hi2.port, hi3.port)], [warrant("L1"), warrant("L2", start=NOW + 99)]))
    ok(hi2.wait(lambda: hi2.count("hi1") == 1), "an agency is told of the warrant that is in force", [m.log.read_text()])
    told = hi2.records("hi1")[0]
    ok((told.liid, told.operation, told.seq) == ("L1", 1, 0), "it is activated, number 0", [vars(told)])
    c = dial(m.port)
    ok(c.open(7, "a1", "hi3") == 0 and c.open(8, "a1", "hi2") == 0, "channels begin at 0")
    content, events = stream(50), stream(5, iri)
    c.records(7, 0, b"".join(content[:20]))
    c.records(8, 0, b"".join(events))
    size = len(b"".join(content[:20]))
    ok(c.wait(lambda: c.acked.get(7) == size and 8 in c.acked), "what is there is acknowledged", [c.acked])
    ok(hi3.wait(lambda: hi3.count("cc") == 20) and hi2.wait(lambda: hi2.count("iri") == 5), "and delivered",
       [m.log.read_text()[-2000:]])
    back = len(b"".join(content[:15]))
    c.records(7, back, b"".join(content[15:30]))
    ok(hi3.wait(lambda: hi3.count("cc") == 30), "what comes again is passed over")
    ok([r.octets for r in hi3.records("cc")] == content[:30], "each record is there once, in order, octet by octet")
    c.records(7, 10 ** 6, content[30])
    ok(c.wait(lambda: c.is_down) and m.said("are missing"), "a gap ends the link")
    c = dial(m.port, name="c2")
    c.open(1, "a1", "hi3")
    late = stream(3, liid="L1", first=100)
    c.records(1, 5000, b"".join(late))
    ok(c.wait(lambda: c.acked.get(1) == 5000 + len(b"".join(late))) and m.said("are lost"),
       "a collector that knows more of its stream than we do goes on, and what is lost is said")
    hi3.wait(lambda: hi3.count("cc") == 33)
    m.restart(signal.SIGKILL)
    c = dial(m.port)
    size = len(b"".join(content[:30]))
    ok(c.open(7, "a1", "hi3") == size, "after a kill it knows how far the stream has come", [c.offsets])
    ok(c.open(9, "a1", "hi3", stream="2") == 0, "another stream begins at 0")
    c.records(9, 0, b"".join(content[:10]))
    # what the agency's TCP had acknowledged in the moment of the kill may come once more before it
    ok(hi3.wait(lambda: [r.octets for r in hi3.records("cc")][-10:] == content[:10]), "and is taken from there",
       [hi3.count("cc"), m.log.read_text()[-1000:]])
    c.wait(lambda: c.acked.get(9))
    ok(m.restart() == 0, "it ends in good order")
    c = dial(m.port)
    ok(c.open(7, "a1", "hi3", stream="2") == len(b"".join(content[:10])), "this it remembers too")
    time.sleep(0.2)
    ok(len(hi2.records("hi1")) == 1, "the agency is told once, whatever restarts")
    m.end()


def test_roles():
    m = Mediator("roles", orders([], []))
    other = dial(m.port, role="mediator", name="m2")
    ok(other.wait(lambda: other.is_down) and other.refusal, f"a mediator is no collector: {other.refusal}")
    other = dial(m.port, version=9)
    ok(other.wait(lambda: other.is_down) and other.refusal, f"nor is one of another version: {other.refusal}")
    c = dial(m.port)
    c.message(type="channel", channel=1, agency="a1", interface="hi9")
    ok(c.wait(lambda: c.is_down) and c.refusal, f"a channel without sense is refused: {c.refusal}")
    c = dial(m.port)
    c.records(1, 0, stream(1)[0])
    ok(c.wait(lambda: c.is_down) and c.refusal, f"records without a channel too: {c.refusal}")
    m.end()


def test_scope():
    p = Provisioner()
    hi2, hi3 = Lemf(), Lemf()
    what = orders([agency("a1", hi2.port, hi3.port)],
                  [warrant("L1"), warrant("IRI", deliver="iri-only"), warrant("CC", deliver="cc-only"),
                   warrant("OTHER", to="a1", start=NOW - 10, stop=NOW - 5)])
    m = Mediator("scope", what, provisioner=f"127.0.0.1:{p.port}")
    link = p.accept()
    c = dial(m.port)
    c.open(1, "a1", "hi2")
    c.open(2, "a1", "hi3")
    packet = b"\x45" + bytes(40)
    wrong2 = [cc("L1", 1, 0, NOW, packet), iri("NONE", 1, 0, NOW), iri("CC", 1, 0, NOW), iri("L1", 1, 0, NOW + 3601),
              iri("L1", 1, 0, NOW - 3601), b"\x30\x03\x02\x01\x00", iri("OTHER", 1, 0, NOW)]
    right2 = [iri("L1", 1, 1, NOW), iri("IRI", 1, 0, NOW), iri("OTHER", 1, 0, NOW - 8),
              iri("OTHER", 1, 1, int(NOW - 5))]
    wrong3 = [cc("IRI", 1, 0, NOW, packet), iri("L1", 1, 0, NOW)]
    right3 = [cc("L1", 1, 0, NOW, packet), cc("CC", 1, 0, NOW, packet)]
    mixed2 = [r for pair in zip(wrong2, right2) for r in pair] + wrong2[len(right2):]
    c.keep(1, b"".join(mixed2))
    c.keep(2, b"".join(wrong3 + right3) + b"noise")
    hi2.wait(lambda: hi2.count("iri") == 4)
    hi3.wait(lambda: hi3.count("cc") == 2)
    time.sleep(0.1)
    ok([r.octets for r in hi2.records("iri", "cc")] == right2, "HI2 gets the IRI that its warrants cover",
       [(r.liid, r.kind, r.seq) for r in hi2.records("iri", "cc")])
    ok([r.octets for r in hi3.records("iri", "cc")] == right3, "HI3 the content")
    ok(c.wait(lambda: c.acked.get(1) == len(b"".join(mixed2))), "what is refused is acknowledged too")

    def counted():
        states = [s for s in link.messages if s["type"] == "status"]
        return states and states[-1]["agencies"] and states[-1]["agencies"][0]

    # what is counted of the octets that the agency has comes later than they do
    link.wait(lambda: counted() and counted()["hi2"]["received"] == 11 and counted()["hi3"]["refused"]["malformed"] and
              counted()["hi2"]["acknowledged"] == counted()["hi2"]["end"], 30)
    refused = counted()["hi2"]["refused"]
    ok(refused == {"malformed": 1, "unknown_liid": 1, "out_of_time": 3, "kind": 1, "interface": 1, "no_capture": 0},
       "and counted by reason", [refused])
    refused = counted()["hi3"]["refused"]
    ok(refused["kind"] == 1 and refused["interface"] == 1 and refused["malformed"] == 1, "on HI3 too", [refused])
    ok(counted()["hi2"]["spooled"] == 4 and counted()["hi2"]["acknowledged"] == counted()["hi2"]["end"],
       "as is what is spooled and acknowledged", [counted()["hi2"]])
    m.end()


def test_orders():
    p = Provisioner()
    hi2, hi3, second = Lemf(), Lemf(), Lemf()
    m = Mediator("orders", provisioner=f"127.0.0.1:{p.port}")
    link = p.accept()
    one = agency("a1", hi2.port, hi3.port)
    soon = int(time.time()) + 2
    link.message(type="orders", orders=orders([one], [warrant("L1", start=soon, stop=soon + 2)]), digest="00")

    def haves():
        return [x["digest"] for x in link.messages if x["type"] == "have"]

    ok(link.wait(lambda: haves()), "orders are taken, and their digest is told")
    ok(re.fullmatch("[0-9a-f]{64}", haves()[-1]) and (m.folder / "orders.json").stat().st_mode & 0o777 == 0o600,
       "and kept, for the owner alone")
    c = dial(m.port)
    c.message(type="channel", channel=2, agency="a2", interface="hi3")
    ok(hi2.wait(lambda: hi2.count("hi1") == 1, 5), "a warrant is activated at its start")
    ok(int(hi2.records("hi1")[0].time) == soon, "to the second", [hi2.records("hi1")[0].time, soon])
    ok(2 not in c.offsets, "a channel of an agency that is not known has no answer")
    link.message(type="change", put={"agencies": [agency("a2", second.port, second.port)],
                                     "warrants": [warrant("L9", to="a2")]}, digest="00")
    ok(link.wait(lambda: len(haves()) == 2) and haves()[0] != haves()[1], "a change is taken")
    ok(c.wait(lambda: c.offsets.get(2) == 0), "and the channel has its answer")
    ok(hi2.wait(lambda: hi2.count("hi1") == 2, 5), "a warrant is deactivated at its end")
    last = hi2.records("hi1")[-1]
    ok(int(last.time) == soon + 2 and last.operation == 2 and last.seq == 1, "to the second", [vars(last)])
    second.wait(lambda: second.count("hi1") == 1)
    link.message(type="change", put={"warrants": [warrant("L9", to="a2", stop=NOW + 7200)]}, digest="00")
    ok(second.wait(lambda: second.count("hi1") == 2) and second.records("hi1")[-1].operation == 3,
       "a warrant that changes is modified")
    for revision in ("00000000000000aa", "00000000000000bb"):
        link.message(type="change", put={"warrants": [warrant("L9", to="a2", stop=NOW + 7200, revision=revision)]},
                     digest="00")
    ok(second.wait(lambda: second.count("hi1") == 3) and second.records("hi1")[-1].operation == 3,
       "so is one that changes in what a mediator does not see")
    link.message(type="change", remove={"warrants": ["a2/L9"]}, digest="00")
    ok(second.wait(lambda: second.count("hi1") == 4) and second.records("hi1")[-1].operation == 2,
       "one that is taken away is deactivated")
    link.message(type="change", remove={"warrants": ["a2/NONE"]}, digest="00")
    ok(link.wait(lambda: len(haves()) == 7) and haves()[6] == haves()[5] and m.said("refused"),
       "a change that cannot be is refused, and the old digest told")
    link.close()
    p.listener.close()
    hi2.wait(lambda: False, 0.2)
    m.restart(signal.SIGKILL)
    c = dial(m.port)
    ok(c.open(1, "a1", "hi3") == 0 and c.open(2, "a2", "hi3") == 0, "it starts again without the provisioner")
    time.sleep(0.3)
    ok(len(hi2.records("hi1")) == 2 and len(second.records("hi1")) == 4, "and tells nothing twice")
    c.close()
    m.end()


def test_keepalive():
    quick = {"keepalive_interval": "2s", "keepalive_wait": "1900ms"}
    # with little room, so that what waits before a question is read well before its answer is missed
    idle, busy, wrong, absent = Lemf(), Lemf(room=1 << 17), Lemf("wrong"), Lemf("absent")
    m = Mediator("keepalive", orders([agency("a1", idle.port, busy.port, **quick),
                                      agency("a2", wrong.port, absent.port, **quick)], [warrant("L1")]))
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    started = time.monotonic()
    octets, n = 0, 0
    while time.monotonic() - started < 4:
        octets += feed(c, 1, stream(200, size=1000, first=n), octets)
        n += 200
    ok(busy.wait(lambda: busy.count("cc") == n), f"{n} records under a load without a pause")
    def probes(lemf):
        return [r for r in lemf.records("tri") if r.operation == peers.KEEP_ALIVE]

    ok(busy.wait(lambda: len(probes(busy)) >= 2), "each keep-alive goes out under load too", [len(probes(busy))])
    ok(numbers(probes(busy)) == list(range(len(probes(busy)))), "with numbers of their own")
    ok(numbers(busy.records("cc")) == list(range(n)) and len(busy.connections) == 1, "between whole records")
    ok(idle.wait(lambda: len(probes(idle)) >= 2) and len(idle.connections) == 1, "and where nothing else does",
       [len(probes(idle)), len(idle.connections), m.log.read_text()[-1000:]])
    ok(wrong.wait(lambda: len(wrong.connections) >= 2), "a wrong answer remakes the connection")
    ok(absent.wait(lambda: len(absent.connections) >= 2), "so does none")
    gap = absent.starts[1] - absent.starts[0]
    ok(3.5 < gap < 9, "within interval and wait", [gap])
    m.end()


def test_alarms():
    """What a collector says is wrong, and what the mediator sees itself, are told as HI1 alarms."""
    hi2, hi3, other = Lemf(), Lemf(), Lemf()
    m = Mediator("alarms", orders([agency("a1", hi2.port, hi3.port), agency("a2", other.port, other.port)],
                                  [warrant("L1"), warrant("L9", to="a2")]))
    c = dial(m.port)
    c.open(1, "a1", "hi3")

    def alarms(lemf):
        return [r for r in lemf.records("hi1") if r.operation == 4]

    began = time.monotonic()
    c.message(type="alarm", agency="a1", liid="L1", text="7 records found no room")
    ok(hi2.wait(lambda: len(alarms(hi2)) == 1), "a loss is told to the agency", [m.log.read_text()[-500:]])
    told = alarms(hi2)[0].octets
    ok(b"collector c1: 7 records found no room" in told and told.endswith(b"L1"), "with collector, words and LIID", [told])
    for wrong in ({"agency": "a1", "liid": "L9", "text": "x"}, {"agency": "none", "text": "x"}, {"agency": "a1"},
                  {"agency": "a1", "text": "\u00e9"}, {"agency": "a1", "text": "x" * 201}, {"agency": "a1", "text": ""}):
        c.message(type="alarm", **wrong)
    c.message(type="alarm", agency="a1", text="its clock was set")
    ok(hi2.wait(lambda: len(alarms(hi2)) == 2) and b"its clock was set" in alarms(hi2)[1].octets,
       "one without an LIID is of all, and what is not well said is not told", [[a.octets for a in alarms(hi2)]])
    for i in range(100):
        c.message(type="alarm", agency="a1", text=f"again {i}")
    c.open(1, "a1", "hi3")
    hi2.wait(lambda: len(alarms(hi2)) >= 10)
    time.sleep(0.3)
    n = len(alarms(hi2))
    ok(10 <= n <= 17 + (time.monotonic() - began) and not c.is_down, "nor a hundred at once", [n])
    ok(not alarms(other), "another agency hears nothing of it")
    ok(numbers(alarms(hi2)) == list(range(len(alarms(hi2)))), "alarms have numbers of one sequence")
    c.records(1, 77, stream(1)[0])
    ok(hi2.wait(lambda: b"77 octets" in alarms(hi2)[-1].octets, 8), "what was here and is lost is an alarm",
       [alarms(hi2)[-1].octets])
    m.end()


def test_withdrawn():
    """What was intercepted before a warrant was deleted is delivered, however late it comes."""
    p = Provisioner()
    hi2, hi3 = Lemf(), Lemf()
    m = Mediator("withdrawn", orders([agency("a1", hi2.port, hi3.port)], [warrant("L1"), warrant("L2")]),
                 provisioner=f"127.0.0.1:{p.port}")
    link = p.accept()
    backlog = [cc("L1", 1, i, NOW - 10 + i / 100, b"\x45" + bytes(40)) for i in range(50)]
    link.message(type="change", remove={"warrants": ["a1/L1"]}, digest="00")
    ok(hi2.wait(lambda: [r.operation for r in hi2.records("hi1")] == [1, 1, 2]), "a warrant is taken away")
    gone = time.time()
    link.close()
    p.listener.close()
    for how in (signal.SIGTERM, signal.SIGKILL):
        m.restart(how)
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    later = [cc("L1", 1, 50 + i, gone + 5 + i, b"\x45" + bytes(40)) for i in range(5)]
    c.records(1, 0, b"".join(backlog + later))
    ok(hi3.wait(lambda: hi3.count("cc") == 50), "its backlog comes through, after restarts too",
       [hi3.count("cc"), m.log.read_text()[-500:]])
    time.sleep(0.2)
    ok([r.octets for r in hi3.records("cc")] == backlog, "and nothing that was intercepted later")
    m.end()


def test_doubt():
    """What the orders do not cover waits until the provisioner has said that there are no others, or patience is over."""
    p = Provisioner()
    hi2, hi3 = Lemf(), Lemf()
    m = Mediator("doubt", orders([agency("a1", hi2.port, hi3.port)], [warrant("L1"), warrant("L2")]),
                 provisioner=f"127.0.0.1:{p.port}")
    link = p.accept(answers=False)
    c = dial(m.port)
    packet = b"\x45" + bytes(40)
    first = [cc(liid, 1, i, NOW, packet) for i, liid in enumerate(("L1", "L3", "L1", "L3"))]

    def asked():
        return [x["number"] for x in link.messages if x["type"] == "ask"]

    def got():
        return [r.octets for r in hi3.records("cc")]

    c.open(1, "a1", "hi3")
    c.open(2, "a1", "hi2")
    c.keep(1, b"".join(first))
    ok(link.wait(asked), "a record that no orders cover makes it ask", [link.messages])
    c.keep(2, iri("L2", 1, 0, NOW))
    ok(hi2.wait(lambda: hi2.count("iri") == 1) and c.wait(lambda: c.acked.get(2)), "what has another way passes it")
    ok(hi3.wait(got) and got() == first[:1] and c.wait(lambda: c.acked.get(1) == len(first[0])),
       "what is before it was taken", [len(got()), c.acked])
    link.message(type="change", put={"warrants": [warrant("L3")]}, digest="")
    ok(hi3.wait(lambda: hi3.count("cc") == 4) and got() == first, "orders that cover it let it through, in its place",
       [hi3.count("cc"), m.log.read_text()[-500:]])
    c.close()
    m.settings["patience"] = "1s"
    m.restart()
    link = p.accept(answers=False)
    second = [cc(liid, 1, i, NOW, packet) for i, liid in enumerate(("L4", "L1", "L4"))]
    c = dial(m.port)
    c.open(1, "a1", "hi3", stream="2")
    c.keep(1, b"".join(second))
    link.message(type="current", number=1, digest="00")
    ok(hi2.wait(lambda: any(b"no orders came in time" in r.octets for r in hi2.records("hi1"))),
       "without an answer patience ends, which the agency is told", [m.log.read_text()[-500:]])
    ok(hi3.wait(lambda: hi3.count("cc") == 5) and got() == first + second[1:2] and m.said("waited long enough"),
       "and what is in doubt is refused, the rest taken", [hi3.count("cc")])
    third = [cc("L5", 1, 0, NOW, packet)] + stream(3, liid="L1", first=10)
    c.records(1, len(b"".join(second)), b"".join(third))
    ok(hi3.wait(lambda: hi3.count("cc") == 8), "so it is with what comes then, at once")
    link.wait(asked)
    link.message(type="current", number=max(asked()), digest=link.digest)
    link.message(type="change", put={"warrants": [warrant("L9")]}, digest="")
    ok(link.wait(lambda: any(x["type"] == "have" for x in link.messages)), "the provisioner answers")
    link.answers = True
    before = len(asked())
    fourth = [cc("L6", 1, 0, NOW, packet), cc("L1", 1, 99, NOW, packet)]
    c.close()
    c = dial(m.port)
    c.open(1, "a1", "hi3", stream="3")
    c.keep(1, b"".join(fourth))
    ok(hi3.wait(lambda: hi3.count("cc") == 9) and link.wait(lambda: len(asked()) > before),
       "once the provisioner answers it is asked again", [hi3.count("cc"), asked()])
    counts = lambda: [s["agencies"][0]["hi3"]["refused"]["unknown_liid"] for s in link.messages if s["type"] == "status"]
    ok(link.wait(lambda: counts()[-1] == 4, 12), "each that was refused is counted once", [counts()])
    m.end()


def test_options():
    hi2, hi3 = Lemf(), Lemf()
    hi2.accepts_options = False
    hi3.acknowledges = False
    m = Mediator("options", orders([agency("a1", hi2.port, hi3.port, acknowledge=True)],
                                   [warrant("L1")]))
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    records = stream(100)
    feed(c, 1, records)
    ok(hi3.wait(lambda: hi3.count("cc") == 100), "records follow when options are agreed on", [m.log.read_text()])
    first = [(r.kind, r.operation) for r in hi3.connections[0][:4]]
    ok(first[:2] == [("tri", peers.OPTION_REQUEST), ("tri", peers.OPTION_COMPLETE)] and first[2][0] == "cc",
       "in the order of clause 6.3.5", [first])
    hi3.wait(lambda: any(r.operation == peers.ACK_REQUEST for r in hi3.connections[0]))
    hi3.acknowledges = True
    hi3.drop()
    ok(hi3.wait(lambda: hi3.count("cc") == 200), "what was not acknowledged comes again, whatever TCP says")
    ok(hi3.wait(lambda: hi3.connections[1][-1].operation == peers.ACK_REQUEST), "and is asked for")
    time.sleep(0.2)
    hi3.drop()
    ok(hi3.wait(lambda: len(hi3.connections) == 3) and hi3.count("cc") == 200, "what was acknowledged does not")
    ok(hi2.wait(lambda: hi2.count("hi1") == 1) and
       not any(r.operation == peers.ACK_REQUEST for r in hi2.connections[0]), "who declines is not asked")
    m.end()


def test_reconnection():
    window = 20000
    hi2, hi3, plain = Lemf(), Lemf("slow"), Lemf("slow")
    m = Mediator("reconnection", orders([agency("a1", hi2.port, hi3.port, resend_window=window),
                                         agency("a2", hi2.port, plain.port)],
                                        [warrant("L1"), warrant("L1", to="a2")]))
    c = dial(m.port)
    records = stream(8000, size=300)
    for channel, who in ((1, "a1"), (2, "a2")):
        c.open(channel, who, "hi3")
        feed(c, channel, records)
    for lemf in (hi3, plain):
        for i in range(3):
            lemf.wait(lambda: lemf.connections and len(lemf.connections[-1]) > 200, 10)
            lemf.drop()
            lemf.wait(lambda: len(lemf.connections) > i + 1, 10)
        lemf.mode = "good"
    for lemf, allowed in ((hi3, window), (plain, 0)):
        lemf.wait(lambda: lemf.connections[-1] and lemf.connections[-1][-1].seq == 7999, 20)
        seen, dup = -1, []
        whole = True
        for connection in lemf.connections:
            again = [r for r in connection if r.seq <= seen]
            dup.append(sum(len(r.octets) for r in again))
            got = numbers(connection)
            whole &= got == list(range(got[0], got[0] + len(got))) if got else True
            seen = max([seen] + got)
        ok(whole and seen == 7999, "each connection begins and goes on at whole records",
           [[(x[0], x[-1]) for x in map(numbers, lemf.connections) if x]])
        ok(len(lemf.connections) >= 4 and lemf.connections[-1][-1].seq == 7999, "up to the last")
        starts = [x[0].seq for x in lemf.connections if x]
        ok(max(dup) <= allowed + 10 * len(records[0]), f"duplicates stay within the window of {allowed}",
           [dup, starts])
    m.end()


def test_slow():
    hi2, stuck, good = Lemf(), Lemf("stuck"), Lemf()
    m = Mediator("slow", orders([agency("a1", hi2.port, stuck.port, keepalive_interval="700ms", keepalive_wait="600ms"),
                                 agency("a2", hi2.port, good.port)], [warrant("L1"), warrant("L1", to="a2")]),
                 spool_limit=8 << 20)
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    c.open(2, "a2", "hi3")
    records = stream(12000, size=1400)
    octets = b"".join(records)
    at = 0
    while at < len(records):
        size = len(b"".join(records[:at]))
        part = b"".join(records[at:at + 400])
        c.wait(lambda: c.acked.get(2, 0) >= size)
        until(lambda: good.count("cc") >= at - 2000, 20)
        c.records(1, size, part)
        c.records(2, size, part)
        at += 400
    ok(good.wait(lambda: good.count("cc") == 12000), "an agency that does not read delays no other",
       [good.count("cc"), m.log.read_text()[-800:]])
    ok(c.acked[1] < len(octets) and m.said("limit"), "what it has no room for is not acknowledged", [c.acked])
    ok(stuck.wait(lambda: len(stuck.connections) >= 2), "its connection is remade")
    stuck.mode = "good"
    before = c.offsets[1]
    ok(c.wait(lambda: c.offsets[1] > before, 20), "when there is room, the collector is told to go on",
       [c.offsets, m.log.read_text()[-800:]])
    while c.acked.get(1, 0) < len(octets) and not c.is_down:
        offset = c.offsets[1]
        step = len(records[0])
        rest = records[offset // step:] if all(len(r) == step for r in records) else None
        if rest is None:
            done, k = 0, 0
            while done < offset:
                done += len(records[k])
                k += 1
            rest = records[k:]
        feed(c, 1, rest, offset)
        if not c.wait(lambda: c.acked[1] == len(octets) or c.offsets[1] > offset, 15):
            break
    stuck.wait(lambda: len({r.seq for x in stuck.connections for r in x if r.kind == "cc"}) == 12000, 30)
    got = {r.seq for x in stuck.connections for r in x if r.kind == "cc"}
    ok(len(got) == 12000, "and in the end it has all", [len(got), c.acked, c.offsets])
    m.end()


def pcap_packets(path):
    """[(seconds, octets)] of a pcap file of raw IP."""
    octets = path.read_bytes()
    magic, _, _, _, _, _, link = struct.unpack("<IHHIIII", octets[:24])
    assert magic == 0xa1b2c3d4 and link == 101, (hex(magic), link)
    at, out = 24, []
    while at < len(octets):
        s, us, n, wire = struct.unpack("<IIII", octets[at:at + 16])
        assert n == wire
        out.append((s + us / 1e6, octets[at + 16:at + 16 + n]))
        at += 16 + n
    return out


def test_captures():
    m = Mediator("captures", orders([agency("a1", 1, 1, deliver_as="pcap", pcap_rotation="2s")],
                                    [warrant("../L"), warrant("L2")]), capture_size=100000)
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    packets = [(NOW - 100 + i / 1000, b"\x45" + struct.pack(">I", i) + bytes(i % 900)) for i in range(600)]
    sent = 0

    def send(numbers_):
        nonlocal sent
        for i in numbers_:
            for liid in ("../L", "L2"):
                record = cc(liid, 1, i, *packets[i])
                c.records(1, sent, record)
                sent += len(record)

    send(range(300))
    record = iri("L2", 1, 0, NOW)
    c.records(1, sent, record)
    sent += len(record)
    ok(c.wait(lambda: c.acked.get(1) == sent), "content for captures is taken")
    folder = m.folder / "captures" / "a1"
    until(lambda: any(folder.glob(".*.part")))
    m.restart(signal.SIGKILL)
    c = dial(m.port)
    ok(c.open(1, "a1", "hi3") == sent, "a kill in between loses nothing")
    send(range(300, 600))
    c.wait(lambda: c.acked.get(1) == sent)

    def finished(safe):
        return sorted(folder.glob(safe + "-*.pcap*"), key=lambda p: pcap_packets(p)[0][0])

    ok(until(lambda: all(sum(len(pcap_packets(f)) for f in finished(s)) == 600 for s in ("L2", "=2E=2E=2FL")), 15),
       "files are finished by time and size", [list(folder.iterdir()), m.log.read_text()[-500:]])
    for safe in ("L2", "=2E=2E=2FL"):
        files = finished(safe)
        got = [p for f in files for p in pcap_packets(f)]
        ok([p[1] for p in got] == [p[1] for p in packets] and
           all(abs(a[0] - b[0]) < 2e-6 for a, b in zip(got, packets)),
           f"captures of {safe} hold each packet once, in order", [len(got), [f.name for f in files]])
        ok(len(files) > 1 and all(f.stat().st_mode & 0o777 == 0o600 for f in files), "in several files, by size")
        ok(all(f.stat().st_size < 100000 + 1000 for f in files), "none of them longer than that and a packet",
           [[(f.name, f.stat().st_size) for f in files]])
    ok(not any((m.folder).glob("L*")) and not any((m.folder / "captures").glob("L*")), "no LIID leads elsewhere")
    m.end()


def test_tls():
    certs = top / "certs"
    made = subprocess.run([weir, "certs", "-q", certs, "mediator:m1", "collector:c1", "collector:c2", "agency:a1",
                           "agency:other"], capture_output=True, text=True, check=False)
    if not ok(made.returncode == 0, "certificates are made", [made.stderr]):
        return
    hi2 = Lemf(tls=peers.context(certs, "agency:other", True))
    hi3 = Lemf(tls=peers.context(certs, "agency:a1", True))
    m = Mediator("tls", orders([agency("a1", hi2.port, hi3.port, transport="tls", keepalive_interval="2s",
                                       keepalive_wait="1900ms")], [warrant("L1")]),
                 transport="tls", certificate=certs / "mediator-m1.pem", key=certs / "mediator-m1.key",
                 authority=certs / "authority.pem")
    other = dial(m.port, name="c1", tls=peers.context(certs, "collector:c2", False))
    ok(other.wait(lambda: other.is_down) and 1 not in other.offsets, f"c2 is not c1: {other.refusal}")
    c = dial(m.port, tls=peers.context(certs, "collector:c1", False))
    ok(c.open(1, "a1", "hi3") == 0, "a collector with its certificate is welcome", [m.log.read_text()])
    records = stream(3000, size=1000)
    feed(c, 1, records)
    ok(hi3.wait(lambda: hi3.count("cc") == 3000), "records go to the agency that the orders mean",
       [hi3.count("cc"), m.log.read_text()[-1000:]])
    ok([r.octets for r in hi3.records("cc")] == records, "octet by octet")
    ok(hi3.wait(lambda: sum(r.operation == peers.KEEP_ALIVE for r in hi3.connections[0]) >= 2) and
       len(hi3.connections) == 1, "and each keep-alive is answered")
    ok(until(lambda: m.said("the other end is agency:other, not agency:a1")) and not hi2.count("hi1"),
       "another agency gets nothing")
    m.end()


def test_hostile():
    hi2, hi3 = Lemf(), Lemf()
    m = Mediator("hostile", orders([agency("a1", hi2.port, hi3.port)], [warrant("L1")]))
    hi3.wait(lambda: hi3.sock)
    hi3.sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    ok(hi3.wait(lambda: len(hi3.connections) == 2), "an agency that sends noise is hung up on")
    hi3.sock.sendall(peers.tri(peers.KEEP_ALIVE_RESPONSE, 5))
    ok(hi3.wait(lambda: len(hi3.connections) == 3, 10), "and one that answers what was not asked")
    ok(m.process.poll() is None and m.said("begins no PS-PDU"), "with the reason in the log", [m.log.read_text()])
    m.end()
    check = subprocess.run([program, "--name", "m1", "--transport", "plain", "--listen", "127.0.0.1:0", "--capture-name",
                            "x.pcap", "--check"], capture_output=True, text=True, check=False)
    ok(check.returncode != 0 and "capture_name" in check.stderr, "a template without %L is refused", [check.stderr])
    bad = top / "bad"
    bad.mkdir()
    (bad / "orders.json").write_text('{"operator":{"id":"op"},"agencies":[],"warrants":[{}]}')
    run = subprocess.run([program, "--name", "m1", "--transport", "plain", "--listen", "127.0.0.1:0", "--folder", str(bad)],
                         capture_output=True, text=True, check=False, timeout=20)
    ok(run.returncode == 1 and "orders.json" in run.stderr, "orders that are damaged are refused by name", [run.stderr])


run_all(globals())
