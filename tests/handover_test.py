#!/usr/bin/env python3
"""From the mediator's spool to an agency: what is sent again, and what is not, whoever resets, stalls, half-closes,
does not read, or is killed. The agencies are played (handover_peers.py).

    handover_test.py WEIR-MEDIATOR WEIR [NAME...]
"""
import signal
import subprocess
import time

import handover_peers as peers
from handover_peers import Lemf, Provisioner, dial
from mediator_program import Mediator, agency, feed, orders, run_all, stream, top, warrant, weir
from tap import ok

UNSENT = 256 << 10  # octets that the kernel may hold unsent


def status(p, m):
    """What the mediator says of its first agency, now: it does so whenever its provisioner comes."""
    found = []
    while not found:
        link = p.accept()  # of those that were killed nothing comes any more
        link.wait(lambda: link.is_down or any(x["type"] == "status" for x in link.messages))
        found = [x for x in link.messages if x["type"] == "status" and not link.is_down]
    ok(m.process.poll() is None, "the mediator says how it stands")
    return found[-1]["agencies"][0]


def runs(lemf):
    """[(first number, last number, octets)] of the content on each connection that had any."""
    out = []
    for connection in lemf.connections:
        got = [r for r in connection if r.kind == "cc"]
        if got:
            ok([r.seq for r in got] == list(range(got[0].seq, got[0].seq + len(got))),
               f"records {got[0].seq} to {got[-1].seq} of a connection are whole and in order")
            out.append((got[0].seq, got[-1].seq, len(got[0].octets)))
    return out


def repeated(lemf):
    """Records that came more than once."""
    seqs = [r.seq for r in lemf.records("cc")]
    return len(seqs) - len(set(seqs))


def is_complete(lemf, n):
    return {r.seq for r in lemf.records("cc")} == set(range(n))


def test_kill():
    window, n = 30000, 6000
    hi2, hi3, p = Lemf(), Lemf("slow"), Provisioner()
    m = Mediator("kill", orders([agency("a1", hi2.port, hi3.port, resend_window=window)], [warrant("L1")]),
                 provisioner=f"127.0.0.1:{p.port}")
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    records = stream(n, size=800)
    size = feed(c, 1, records)
    c.wait(lambda: c.acked.get(1) == size)
    for i in range(3):
        hi3.wait(lambda: len(hi3.connections) > i and len(hi3.connections[i]) > 300)
        m.end(signal.SIGKILL)
        hi3.mode = "good"
        hi3.wait(lambda: hi3.ended > i)  # the kernel sends what it was given
        hi3.mode = "slow"
        m.start()
        hi3.wait(lambda: len(hi3.connections) > i + 1 and hi3.connections[-1])
    hi3.mode = "good"
    hi3.wait(lambda: is_complete(hi3, n), 20)
    ok(is_complete(hi3, n), "a mediator that is killed three times in mid-delivery loses nothing",
       [len({r.seq for r in hi3.records("cc")}), m.log.read_text()[-500:]])
    all_runs = runs(hi3)
    step = all_runs[0][2]
    again = [a[1] - b[0] + 1 for a, b in zip(all_runs, all_runs[1:])]
    ok(len(again) == 3 and all(k * step >= window - step for k in again), "the window comes again", [again, step])
    ok(all(k * step <= window + UNSENT + (128 << 10) for k in again),
       "and beyond it only what TCP had not acknowledged", [again, step])
    found = status(p, m)
    ok(found["hi3"]["sent_again"] == again[-1], "what is sent again is known as such, also after a kill",
       [found["hi3"], again])
    ok(found["hi3"]["sent_again_octets"] == sum(len(r) for r in records[all_runs[3][0]:all_runs[3][0] + again[-1]]),
       "in octets too", [found["hi3"]])
    m.end()


def test_window():
    """A keep-alive that is answered confirms what lies before it: the window is for what it does not."""
    hi2, sure, unsure = Lemf(), Lemf(), Lemf()
    quick = {"keepalive_interval": "2s", "keepalive_wait": "1900ms", "resend_window": 1 << 20}
    m = Mediator("window", orders([agency("a1", hi2.port, sure.port, **quick),
                                   agency("a2", hi2.port, unsure.port, resend_window=1 << 20)],
                                  [warrant("L1"), warrant("L1", to="a2")]))
    c = dial(m.port)
    records = stream(110)
    for channel, who in ((1, "a1"), (2, "a2")):
        c.open(channel, who, "hi3")
        feed(c, channel, records[:100])
    ok(sure.wait(lambda: sure.count("cc") == 100) and unsure.wait(lambda: unsure.count("cc") == 100), "both have all")
    asked = sum(r.operation == peers.KEEP_ALIVE for r in sure.connections[0])
    sure.wait(lambda: sum(r.operation == peers.KEEP_ALIVE for r in sure.connections[0]) > asked + 1)
    time.sleep(0.2)
    for lemf in (sure, unsure):
        lemf.drop()
        lemf.wait(lambda: len(lemf.connections) == 2)
    for channel in (1, 2):
        feed(c, channel, records[100:], len(b"".join(records[:100])))
    ok(sure.wait(lambda: sure.count("cc") >= 110) and repeated(sure) == 0,
       "who answered a keep-alive behind its records gets none again", [runs(sure)])
    ok(unsure.wait(lambda: is_complete(unsure, 110)) and runs(unsure)[1][0] == 0,
       "who answered nothing gets its window again", [runs(unsure)])
    m.end()


def test_deaf():
    """An agency whose TCP acknowledges and whose program never reads."""
    hi2, hi3 = Lemf(), Lemf("stuck")
    m = Mediator("deaf", orders([agency("a1", hi2.port, hi3.port, keepalive_interval="2s", keepalive_wait="1900ms",
                                        resend_window=1 << 20)], [warrant("L1")]))
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    records = stream(2000, size=1000)
    feed(c, 1, records)
    ok(hi3.wait(lambda: len(hi3.connections) == 2), "it is hung up on")
    hi3.mode = "good"
    hi3.wait(lambda: hi3.connections[-1] and hi3.connections[-1][-1].seq == 1999)
    last = [r.seq for r in hi3.connections[-1] if r.kind == "cc"]
    ok(last == list(range(2000)), "and gets from the beginning what its kernel had and nobody read",
       [last[:1], last[-1:], m.log.read_text()[-400:]])
    m.end()


def test_half_closed():
    hi2, hi3 = Lemf(), Lemf("slow")
    m = Mediator("half", orders([agency("a1", hi2.port, hi3.port)], [warrant("L1")]))
    c = dial(m.port)
    c.open(1, "a1", "hi3")
    feed(c, 1, stream(1500, size=700))
    hi3.wait(lambda: hi3.connections and len(hi3.connections[0]) > 100)
    hi3.half_close()
    ok(hi3.wait(lambda: len(hi3.connections) == 2), "who will never answer again is dialled anew")
    hi3.mode = "good"
    ok(hi3.wait(lambda: is_complete(hi3, 1500)), "and gets all, since it went on reading", [runs(hi3)])
    ends = runs(hi3)
    ok(ends[1][0] > 0 and repeated(hi3) * ends[0][2] <= UNSENT + (128 << 10), "not all of it twice", [ends])
    m.end()


def test_numbers():
    lemf, hi3 = Lemf(), Lemf()
    m = Mediator("numbers", orders([agency("a1", lemf.port, hi3.port, keepalive_interval="400ms",
                                           keepalive_wait="390ms")], [warrant("L1")]))

    def seqs():
        return [r.seq for r in lemf.records("tri") if r.operation == peers.KEEP_ALIVE]

    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        n = len(seqs())
        lemf.wait(lambda: len(seqs()) >= n + 3)
        m.restart(how)
    n = len(seqs())
    lemf.wait(lambda: len(seqs()) >= n + 3)
    got = seqs()
    ok(got == sorted(set(got)) and len(lemf.connections) >= 4 and got[-1] <= len(got) + 3,
       "keep-alives have numbers of one sequence, over connections, restarts and kills", [got])
    ok(len(lemf.records("hi1")) == 1, "and what was told of the warrant was told once")
    m.end()


def test_sealed():
    """Under TLS too it goes on where the agency's TCP is, not further, and hardly before."""
    certs = top / "certs"
    made = subprocess.run([weir, "certs", "-q", certs, "mediator:m1", "collector:c1", "agency:a1"],
                          capture_output=True, text=True, check=False)
    if not ok(made.returncode == 0, "certificates are made", [made.stderr]):
        return
    hi2, hi3 = (Lemf("slow", tls=peers.context(certs, "agency:a1", True)) for _ in range(2))
    window, n = 64 << 10, 6000
    m = Mediator("sealed", orders([agency("a1", hi2.port, hi3.port, transport="tls", resend_window=window)],
                                  [warrant("L1")]),
                 transport="tls", certificate=certs / "mediator-m1.pem", key=certs / "mediator-m1.key",
                 authority=certs / "authority.pem")
    c = dial(m.port, tls=peers.context(certs, "collector:c1", False))
    c.open(1, "a1", "hi3")
    feed(c, 1, stream(n, size=300))
    for i in range(3):
        hi3.wait(lambda: len(hi3.connections) > i and len(hi3.connections[i]) > 300)
        hi3.reset()
        hi3.wait(lambda: len(hi3.connections) > i + 1)
    hi3.mode = "good"
    ok(hi3.wait(lambda: is_complete(hi3, n), 20), "a window as long as what an agency may lose leaves no gap",
       [runs(hi3), m.log.read_text()[-400:]])
    ends = runs(hi3)
    step = ends[0][2]
    again = [(a[1] - b[0] + 1) * step for a, b in zip(ends, ends[1:])]
    ok(len(again) == 3 and all(0 < k <= window + 20 * step for k in again), "and what comes again lies within it",
       [again, ends])
    m.end()


run_all(globals())
