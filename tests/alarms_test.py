#!/usr/bin/env python3
"""What a mediator has to tell agencies outlives its kill -9: collectors that go away, more of them than it tells of at
once, and come back or not. Most of the time is the ten seconds after which a collector is missed, and the fifteen
after which what nobody says again is over.

    alarms_test.py WEIR-MEDIATOR WEIR
"""
import collections
import re
import signal
import time

from handover_peers import Lemf, dial
from mediator_program import Mediator, agency, orders, run_all, until, warrant
from tap import ok

N = 24  # 16 are told at once, the others one a second


def test_survive():
    hi2, hi3 = Lemf(), Lemf()
    m = Mediator("survive", orders([agency("a1", hi2.port, hi3.port)], [warrant("L1")]))
    links = [dial(m.port, name=f"c{i}") for i in range(N)]
    for link in links:
        link.open(1, "a1", "hi3")

    def told(words):
        found = [re.search(rb"mediator m1: collector (c\d+): (.*)", r.octets) for r in hi2.records("hi1")
                 if r.operation == 4]
        return collections.Counter(f[1].decode() for f in found if f and words in f[2])

    for link in links:
        link.close()
    ok(hi2.wait(lambda: len(told(b"is not connected")) >= 4, 30), "collectors that are away are missed",
       [m.log.read_text()[-500:]])
    m.end(signal.SIGKILL)
    hi2.wait(lambda: hi2.ended > 0)  # the kernel sends what it was given
    ok(len(told(b"is not connected")) < N, "not all was told when the mediator was killed", [told(b"is not connected")])
    m.start()
    again = time.monotonic()
    ok(until(lambda: len(told(b"is not connected")) == N, 30), "the next one tells the rest",
       [told(b"is not connected"), m.log.read_text()[-500:]])
    ok(set(told(b"is not connected").values()) == {1}, "each once", [told(b"is not connected")])
    back = dial(m.port, name="c3")
    ok(until(lambda: told(b"is connected again") == {"c3": 1}, 20), "and of the one that comes back",
       [told(b"is connected again")])
    time.sleep(max(0, again + 18 - time.monotonic()))
    ok(told(b"is connected again") == {"c3": 1}, "of no other that it does", [told(b"is connected again")])
    back.close()
    m.end()


run_all(globals())
