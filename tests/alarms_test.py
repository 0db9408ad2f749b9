#!/usr/bin/env python3
"""What a mediator has to tell agencies outlives its kill -9: collectors that go away, more of them than it tells of at
once, and come back or not. Most of the time is the ten seconds after which a collector is missed, and the fifteen
after which what nobody says again is over.

    alarms_test.py WEIR-MEDIATOR WEIR
"""
import collections
import json
import re
import signal
import time

from handover_peers import Lemf, Provisioner, cc, dial
from mediator_program import NOW, Mediator, agency, orders, run_all, until, warrant
from tap import ok

N = 24  # 16 are told at once, the others one a second


class Waiting:
    """Another mediator, which does not know a record's warrant: it takes ten seconds until that is told."""

    def __init__(self):
        self.p, self.hi2, self.hi3 = Provisioner(), Lemf(), Lemf()
        self.m = Mediator("waiting", orders([agency("a1", self.hi2.port, self.hi3.port)], [warrant("L1")]),
                          provisioner=f"127.0.0.1:{self.p.port}")
        self.link = self.p.accept(answers=False)
        self.c = dial(self.m.port)
        self.c.open(1, "a1", "hi3")
        self.c.keep(1, cc("L9", 1, 0, NOW, b"\x45" + bytes(40)))

    def told(self, words):
        return [r.octets for r in self.hi2.records("hi1") if r.operation == 4 and words in r.octets]

    def judge(self):
        words = b"a1 hi3 of collector c1: records wait at a collector for orders"
        ok(self.hi2.wait(lambda: self.told(words), 30), "an agency is told that records wait for orders",
           [self.m.log.read_text()[-500:]])
        ok(len(self.told(words)) == 1 and b"L9" not in self.told(words)[0] and self.m.said("LIID L9 waits"),
           "once, and of no LIID that is not known as its own: the log has it", [self.told(words)])
        self.link.message(type="change", put={"warrants": [warrant("L9")]}, digest="")
        ok(self.hi3.wait(lambda: self.hi3.count("cc") == 1), "with the orders they come")
        ok(self.hi2.wait(lambda: self.told(b"no records wait"), 30), "and it is told that none waits any more",
           [self.m.log.read_text()[-500:]])
        self.m.end()


def test_survive():
    waiting = Waiting()
    hi2, hi3 = Lemf(), Lemf()
    m = Mediator("survive", orders([agency("a1", hi2.port, hi3.port)], [warrant("L1")]))
    links = [dial(m.port, name=f"c{i}") for i in range(N)]
    for link in links:
        link.open(1, "a1", "hi3")

    def told(words):
        """What the agency had not acknowledged comes again after a kill, octet for octet: that is no second time."""
        found = [re.search(rb"mediator m1: collector (c\d+): (.*)", octets)
                 for octets in {r.octets for r in hi2.records("hi1") if r.operation == 4}]
        return collections.Counter(f[1].decode() for f in found if f and words in f[2])

    def noted():
        """How many are noted as told, for the next process."""
        file = m.folder / "alarms.json"
        alarms = json.loads(file.read_text())["alarms"] if file.exists() else []
        return sum(any(hearer["heard"] for hearer in alarm.get("hearers", [])) for alarm in alarms)

    for link in links:
        link.close()
    ok(hi2.wait(lambda: len(told(b"is not connected")) >= 4, 30), "collectors that are away are missed",
       [m.log.read_text()[-500:]])
    # what was handed on and is not noted yet comes twice: a disk may take its time for that
    ok(until(lambda: noted() >= sum(told(b"is not connected").values()), 30), "what was told is noted",
       [noted(), told(b"is not connected")])
    m.end(signal.SIGKILL)
    hi2.wait(lambda: hi2.ended > 0)  # the kernel sends what it was given
    ok(len(told(b"is not connected")) < N, "not all was told when the mediator was killed", [told(b"is not connected")])
    m.start()
    again = time.monotonic()
    ok(until(lambda: len(told(b"is not connected")) == N, 30), "the next one tells the rest",
       [told(b"is not connected"), m.log.read_text()[-500:]])
    ok(sum(told(b"is not connected").values()) <= N + 1, "each once, but for one that was on its way", [told(b"is not connected")])
    back = dial(m.port, name="c3")
    ok(until(lambda: told(b"is connected again") == {"c3": 1}, 20), "and of the one that comes back",
       [told(b"is connected again")])
    waiting.judge()
    time.sleep(max(0, again + 18 - time.monotonic()))
    ok(told(b"is connected again") == {"c3": 1}, "of no other that it does", [told(b"is connected again")])
    back.close()
    m.end()


run_all(globals())
