#!/usr/bin/env python3
"""The collector as a daemon: orders from a provisioner, records to a mediator, restarts.

    collector_test.py WEIR-COLLECTOR [PART... | -PART...]      these parts, or all but these
"""

import atexit
import fcntl
import gzip
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from call_packets import Call, rtp, sdp
from call_records import call_records
from fake_links import ACKNOWLEDGE, MESSAGE, RECORDS, Mediator, Provisioner, wait_for
from handover_peers import Record as Tri, pdu_len
from intercept_records import Record, elements, numbered_from_zero, pcap
from radius_packets import ACCEPT, REQUEST, START, STOP, Nas, ip
from radius_world import World
from tap import daemon_log, end, ok

COLLECTOR = os.path.abspath(sys.argv[1])
T0 = 1767225600 * 10**9
SEC = 10**9
ACTIVE, ACCEPTED, ENDED, END_ACTIVE, ATTEMPT, INTERIM = (1, 7), (1, 1), (2, 8), (2, 9), (4, 0), (3, 6)
VIGIL = (11, 12)

work = tempfile.mkdtemp(prefix="weir-collector-")
QUIET = [ip("9.9.9.9", "8.8.8.8")] * 150  # nobody's packets, 1.5 s of them: meanwhile orders come


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def orders(mediator, targets, **more):
    """A collector's view."""
    warrant = {"agency": "police", "liid": "LIID0001", "authorization_country": "NZ",
               "start": "1970-01-01T00:00:00Z", "end": "2200-01-01T00:00:00Z",
               "targets": targets} | more
    return {
        "operator": {"id": "EXAMPLE-NZ", "network_element": "akl-1"},
        "agencies": [{"id": "police", "country": "NZ"}],
        "core_servers": [{"kind": "radius", "address": "10.0.0.10", "ports": "1812-1813"}],
        "mediators": [{"name": "m1", "address": f"127.0.0.1:{mediator.port}"}],
        "warrants": [warrant] if targets else [],
    }


class Collector:
    n = 0

    def __init__(self, folder, provisioner, packets, inputs=None, uris=None, **more):
        Collector.n += 1
        path = os.path.join(work, f"collector{Collector.n}")
        self.paths = uris or []
        for k, capture in enumerate([] if uris else inputs or [packets]):
            self.paths.append(f"{path}-{k}.pcap")
            with open(self.paths[-1], "wb") as f:
                f.write(pcap(capture))
        text = f"name: c1\ntransport: plain\nfolder: {folder}\n"
        if provisioner:
            text += f"provisioner: 127.0.0.1:{provisioner.port}\n"
        text += "".join(f"{k}: {v}\n" for k, v in more.items() if k not in ("times", "pace"))
        text += "inputs:\n" + "".join(
            f"  - {{uri: {p}, workers: 2, block_size: 4096, times: {more.get('times', 'own')}, "
            f"pace: {more.get('pace', 'fast')}}}\n" for p in self.paths)
        with open(path + ".yaml", "w") as f:
            f.write(text)
        self.log = path + ".log"
        with daemon_log(self.log) as log:
            self.process = subprocess.Popen([COLLECTOR, "--config", path + ".yaml"], stderr=log,
                                            stdout=subprocess.DEVNULL)
        atexit.register(self.process.kill)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)

    def said(self):
        with open(self.log) as f:
            return f.read()


def records(mediator, interface):
    data = mediator.streams.get(("police", interface), b"")
    return [Record(data, (a, b)) for t, a, b in elements(data, 0, len(data))]


def iris(mediator):
    """Records of HI2, but for those of vigils (interception without a session)."""
    return [r for r in records(mediator, "hi2") if r.event not in VIGIL]


def events(mediator):
    return [(r.type, r.event) for r in iris(mediator)]


def vigils(mediator):
    return [r.event for r in records(mediator, "hi2") if r.event in VIGIL]


def cc(mediator):
    return [r.packet for r in records(mediator, "hi3")]


def same(got, wanted, sentence, *why):
    ok(got == wanted, sentence, [f"got    {got}"[:900], f"wanted {wanted}"[:900], *why])


def at(*steps, start=T0, step=SEC // 100):
    return [(start + i * step, p) for i, p in enumerate(steps)]


def a_capture_is_delivered():
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"radius_user": "alice@isp"},
                                                {"prefix": "198.51.100.7", "cin": 5}]))
    nas = Nas()
    mine = [ip("192.0.2.7", "203.0.113.1", b"%d" % i) for i in range(300)]
    other = ip("198.51.100.7", "203.0.113.1")
    folder = os.path.join(work, "one")
    stop = nas.account(STOP, user="alice@isp", sid="1")
    start = nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7")
    c = Collector(folder, provisioner, at(*QUIET, start, *mine, stop, mine[0],
                                          other), times="now", pace="own")
    ok(wait_for(lambda: len(provisioner.digests) > 0), "the provisioner is told what it has",
       [c.said()])
    ok(wait_for(lambda: len(cc(mediator)) >= 301), "records come to the mediator", [c.said()])
    same([p for p in cc(mediator) if p != other], mine, "all between Start and Stop, no other")
    same(events(mediator), [ACTIVE, ACCEPTED, ENDED], "the static address, then the session")
    ok(wait_for(lambda: provisioner.status and [m["up"] for m in provisioner.status["mediators"]] ==
                [True], 8) and
       provisioner.status["inputs"][0]["received"] > 0, "its status says how it is")
    provisioner.change(orders(mediator, [{"prefix": "198.51.100.7", "cin": 6}]))
    ok(wait_for(lambda: events(mediator)[3:] == [END_ACTIVE, ACTIVE]),
       "other orders: what is no longer named ends, what is new begins", [str(events(mediator))])
    provisioner.change(orders(mediator, []))
    ok(wait_for(lambda: events(mediator)[5:] == [END_ACTIVE]), "a warrant that is withdrawn ends")
    same(c.end(), 0, "SIGTERM ends it in good order", c.said())
    ok(all(numbered_from_zero(records(mediator, x)) for x in ("hi2", "hi3")), "numbers run from 0")
    ok("police" not in " ".join(os.listdir(folder)) and
       os.stat(os.path.join(folder, "state")).st_mode & 0o777 == 0o600,
       "its files are its owner's alone")
    for x in (provisioner, mediator):
        x.close()


def checkpoints_pass(folder, n=2):
    """Waits until a collector has saved its state so many times more."""
    path = pathlib.Path(folder, "state")
    for _ in range(n):
        before = path.stat().st_mtime_ns if path.exists() else 0
        wait_for(lambda then=before: path.exists() and path.stat().st_mtime_ns > then)


def numbers_survive(how, sentence):
    """A session begins; the collector ends and starts again; the session goes on."""
    mediator = Mediator()
    folder = os.path.join(work, "restart-" + sentence.split()[0])
    wanted = orders(mediator, [{"radius_user": "alice@isp"}, {"prefix": "198.51.100.7", "cin": 5}])
    provisioner = Provisioner(wanted)
    nas = Nas()
    first = [ip("192.0.2.7", "203.0.113.1", b"a%d" % i) for i in range(100)]
    second = [ip("203.0.113.1", "192.0.2.7", b"b%d" % i) for i in range(100)]
    begin = [nas.ask(REQUEST, user="alice@isp", sid="1"), nas.answer(ACCEPT, ip="192.0.2.7"),
             nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7")]
    stop = nas.account(STOP, user="alice@isp", sid="1")
    c = Collector(folder, provisioner, at(*QUIET, *begin, *first),
                  times="now", pace="own", checkpoint="1s")
    ok(wait_for(lambda: len(cc(mediator)) >= 100), f"{sentence}: the first part", [c.said()])
    if how == signal.SIGKILL:
        checkpoints_pass(folder)  # the second one is of what has been seen by now
    c.end(how)
    provisioner.close()
    c = Collector(folder, None, at(*second, stop, second[0]), times="now", pace="own")
    ok(wait_for(lambda: len(cc(mediator)) >= 200), f"{sentence}: it goes on without a provisioner",
       [c.said()])
    ok(wait_for(lambda: ENDED in events(mediator)), "and hears the session's end", [c.said()])
    c.end()
    iri = [r for r in iris(mediator) if r.cin != 5]
    same([(r.type, r.event) for r in iri], [ATTEMPT, ACCEPTED, INTERIM, ENDED],
         "the session has one beginning and one end")
    same(len({r.cin for r in iri}), 1, "and one CIN")
    same(cc(mediator), first + second, "packets of both parts")
    ok(all(numbered_from_zero(records(mediator, x)) for x in ("hi2", "hi3")),
       "numbers go on where they were",
       [str([(r.cin, r.seq) for r in records(mediator, "hi2")])])
    same(vigils(mediator), [11, 12], "until it began, interception was of nobody, once")
    same([(r.type, r.event) for r in records(mediator, "hi2") if r.cin == 5], [ACTIVE],
         "the static address began once")
    mediator.close()


def killed_at_once():
    """Records that were made after the state was saved last tell the numbers."""
    mediator = Mediator()
    mediator.is_slow = True
    folder = os.path.join(work, "killed")
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    parts = [[ip("192.0.2.7", "203.0.113.1", b"%d-%d" % (k, i)) for i in range(100)]
             for k in range(4)]
    for k, part in enumerate(parts):
        c = Collector(folder, provisioner, at(*QUIET, *part, *QUIET), times="now", pace="own",
                      checkpoint="1h")
        ok(wait_for(lambda n=k: len(cc(mediator)) >= 100 * (n + 1)), f"part {k}", [c.said()])
        c.end(signal.SIGKILL)
    ok(numbered_from_zero(records(mediator, "hi3")) and cc(mediator) == sum(parts, []),
       "killed three times before it could save: numbers neither repeat nor jump")
    same(events(mediator), [ACTIVE], "and nothing began twice")
    for x in (provisioner, mediator):
        x.close()


def what_mediators_have_goes():
    """The spool does not keep for the next checkpoint what would fill it: the state is saved before."""
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    folder = os.path.join(work, "room")
    c = Collector(folder, provisioner, at(*QUIET), times="now", pace="own")
    ok(wait_for(lambda: events(mediator) == [ACTIVE]), "a collector has its orders", [c.said()])
    c.end()
    mine = at(*[ip("192.0.2.7", "203.0.113.1", bytes(3000))] * 1700, step=SEC // 2000)
    c = Collector(folder, provisioner, mine, times="now", pace="own", checkpoint="1h", spool_limit=8 << 20)

    def box():
        return next((b for b in (provisioner.status or {}).get("outboxes", []) if b["interface"] == "hi3"), {})

    ok(wait_for(lambda: box().get("octets", 0) > 1700 * 3000 and box()["waiting"] == 0, 30),
       "a mediator has five MB", [box(), c.said()])
    ok(wait_for(lambda: box()["size"] < 4 << 20), "most of which the spool has given up, an hour before the next checkpoint", [box()])
    c.end(signal.SIGKILL)
    ok(numbered_from_zero(records(mediator, "hi3")) and len(cc(mediator)) == 1700, "none is lost")
    for x in (provisioner, mediator):
        x.close()


class Turning(Mediator):
    """Takes no content while it turns it away, and then says by itself where to go on."""

    def __init__(self):
        self.is_turning, self.n_opened, self.is_fresh, self.at, self.holes, self.n_ahead = False, 0, False, 0, [], 0
        super().__init__()

    def heard(self, connection, kind, body):
        if kind == MESSAGE:
            m = json.loads(body)
            if m.get("interface") != "hi3":
                super().heard(connection, kind, body)
                return
            self.channel = connection, m["channel"]
            self.n_opened += 1
            self.is_fresh = True
            self.go_on()
        elif kind == RECORDS and (connection, struct.unpack("!I", body[:4])[0]) == self.channel:
            offset, = struct.unpack("!Q", body[4:12])
            if self.is_turning:
                self.is_fresh = False
                return
            if offset > self.at and not self.is_fresh:
                self.n_ahead += 1
                return
            if offset > self.at:
                self.holes.append((self.at, offset))
            self.is_fresh = False
            self.at = max(self.at, offset + len(body) - 12)
            self.send(connection, ACKNOWLEDGE, struct.pack("!IQ", self.channel[1], self.at))
        elif kind == RECORDS:
            super().heard(connection, kind, body)

    def go_on(self):
        connection, number = self.channel
        self.send(connection, MESSAGE, {"type": "channel", "channel": number, "offset": self.at})


def sent_back_to_a_hole():
    """What can not be read any more is left out where the mediator takes that: on a channel that was just opened."""
    mediator = Turning()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    folder, disk = os.path.join(work, "back"), os.path.join(work, "back-disk")
    c = Collector(folder, provisioner, at(*QUIET), times="now", pace="own")
    ok(wait_for(lambda: events(mediator) == [ACTIVE]), "a collector has its orders", [c.said()])
    c.end()
    mediator.is_turning = True
    mine = at(*[ip("192.0.2.7", "203.0.113.1", bytes(3000))] * 1700, step=SEC // 2000)
    c = Collector(folder, provisioner, mine, times="now", pace="own", checkpoint="1h", spool_limit=2 << 20, disk=disk)

    def box():
        return next((b for b in (provisioner.status or {}).get("outboxes", []) if b["interface"] == "hi3"), {})

    ok(wait_for(lambda: box().get("on_disk", 0) > 2 << 20, 60), "a mediator turns content away, and it is on disk", [box(), c.said()])
    with open(min(pathlib.Path(disk, "police.hi3").glob("*.disk")), "r+b") as f:
        f.seek(5000)
        was = f.read(64)
        f.seek(5000)
        f.write(bytes(octet ^ 255 for octet in was))
    n_opened, end = mediator.n_opened, box()["octets"]
    mediator.is_turning = False
    mediator.go_on()
    ok(wait_for(lambda: mediator.at >= end), "told to go back to where it cannot read, it goes on behind",
       [mediator.at, end, mediator.holes, c.said()])
    ok(mediator.n_opened == n_opened + 1 and len(mediator.holes) == 1 and not mediator.n_ahead,
       "after asking once more", [mediator.n_opened, n_opened, mediator.holes, mediator.n_ahead])
    c.end(signal.SIGKILL)
    for x in (provisioner, mediator):
        x.close()


def without_a_memory():
    """Whoever does not know what numbers were given says that they begin again, where an agency asks for it."""
    folder = os.path.join(work, "memory")

    def run(mediator, n, wanted, sentence):
        what = orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}])
        what["agencies"][0]["cin_reset"] = True
        provisioner = Provisioner(what)
        c = Collector(folder, provisioner,
                      at(*QUIET, *[ip("192.0.2.7", "203.0.113.1")] * 40), times="now", pace="own")
        ok(wait_for(lambda: len(cc(mediator)) == n), f"{sentence}: its packets come", [c.said()])
        c.end()
        octets, got = mediator.streams.get(("police", "hi2"), b""), []
        while octets:
            n = pdu_len(octets[:10])
            got.append(Tri(octets[:n]))
            octets = octets[n:]
        same([(r.operation or r.kind, r.cin, r.seq) for r in got], wanted, sentence)
        provisioner.close()

    mediator, another, told = Mediator(), Mediator(), [(7, 5, 0), ("iri", 5, 0)]
    run(mediator, 40, told, "a collector that has never run tells of a reset")
    run(mediator, 80, told, "one that remembers does not")
    shutil.rmtree(folder)
    run(another, 40, told, "one that has lost its memory does")
    mediator.close()
    another.close()


def by_the_clock():
    """A warrant that is put in for two seconds, in mid-session."""
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, []))
    nas = Nas()
    begin = nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7")
    mine = [ip("192.0.2.7", "203.0.113.1", b"%d" % i) for i in range(1000)]
    c = Collector(os.path.join(work, "clock"), provisioner, at(*QUIET, begin, *mine),
                  times="now", pace="own")
    ok(wait_for(lambda: provisioner.digests), "a session begins, and nobody asks", [c.said()])
    now = int(time.time()) + 3  # time enough for the orders, and the session, to arrive
    provisioner.change(orders(mediator, [{"radius_user": "alice@isp"}], start=utc(now + 1),
                              end=utc(now + 3)))
    ok(wait_for(lambda: len(events(mediator)) == 2, 12), "the warrant starts and ends by itself",
       [c.said(), str(events(mediator))])
    same(events(mediator), [ACTIVE, END_ACTIVE], "with the session active")
    times = [r.usec / 10**6 for r in records(mediator, "hi2")]
    same(times, [now + 1, now + 3], "to the second")
    wait_for(lambda: len(records(mediator, "hi3")) >= 199)
    got = records(mediator, "hi3")
    ok(190 < len(got) <= 201 and all(now + 1 <= r.usec / 10**6 < now + 3 for r in got),
       "packets are those of its time", [str(len(got))])
    same([r.packet for r in got], mine[mine.index(got[0].packet):][:len(got)], "without a gap")
    c.end()
    for x in (provisioner, mediator):
        x.close()


def withdrawn_meanwhile(how, sentence):
    """A warrant that is withdrawn, and one that ends, while the collector is down."""
    mediator = Mediator()
    folder = os.path.join(work, f"withdrawn{how}{len(sentence)}")
    ending = int(time.time()) + 8
    view = orders(mediator, [{"radius_user": "alice@isp"}, {"prefix": "198.51.100.7", "cin": 5}])
    view["warrants"].append(dict(view["warrants"][0], liid="LIID0002", end=utc(ending),
                                 targets=[{"prefix": "198.51.100.9", "cin": 6}]))
    provisioner = Provisioner(view)
    start = Nas().account(START, user="alice@isp", sid="1", ip="192.0.2.7")
    mine = [ip("192.0.2.7", "203.0.113.1", b"%d" % i) for i in range(50)]
    c = Collector(folder, provisioner, at(*QUIET, start, *mine, *QUIET), times="now", pace="own")
    ok(wait_for(lambda: len(cc(mediator)) == 50 and len(events(mediator)) == 3), f"{sentence}: three sessions", [c.said()])
    if how == signal.SIGKILL:  # a session of a target is saved when it begins
        begun = max(r.usec for r in iris(mediator))
        wait_for(lambda: os.path.exists(os.path.join(folder, "state")) and
                 os.stat(os.path.join(folder, "state")).st_mtime_ns // 1000 > begun)
        time.sleep(0.5)
    c.end(how)
    stopped = time.time()
    if sentence.endswith("without a word"):  # the orders are there, and what they end was not ended yet
        other = os.path.join(work, "other-folder")
        provisioner.change(orders(mediator, []))
        d = Collector(other, provisioner, at(*QUIET[:5]))
        wait_for(lambda: "0 warrants" in d.said())
        d.end()
        shutil.copy(os.path.join(other, "orders.json"), folder)
        provisioner.close()
        provisioner = None
    else:
        view["warrants"] = view["warrants"][1:]
        provisioner.orders = view
        time.sleep(max(0, ending + 0.4 - time.time()))
    seen = []
    for _ in range(2):
        c = Collector(folder, provisioner, at(*QUIET[:20]), times="now", pace="own")
        wait_for(lambda: len(events(mediator)) == 6, 20)
        time.sleep(0.3)
        c.end()
        seen.append(events(mediator)[3:])
    same(seen, [[END_ACTIVE] * 3] * 2, "each is told to have ended when it returns, once", c.said())
    ends = {r.cin: r.usec / 10**6 for r in iris(mediator)[3:]}
    last = max(r.usec for r in records(mediator, "hi3")) / 10**6
    fixed = ends.pop(6, 0)
    ok(all(last <= t <= stopped for t in ends.values()) and len(ends) == 2,
       "at the time at which they were intercepted last", [ends, last, stopped])
    if provisioner:
        same(fixed, ending, "or at the warrant's end")
        provisioner.close()
    ok(all(numbered_from_zero(records(mediator, x)) for x in ("hi2", "hi3")), "numbered from 0")
    mediator.close()


def links_come_and_go():
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    mine = [ip("192.0.2.7", "203.0.113.1", b"%d" % i) for i in range(400)]
    c = Collector(os.path.join(work, "links"), provisioner, at(*QUIET, *mine),
                  times="now", pace="own")
    for n in (50, 150, 250):
        wait_for(lambda k=n: len(cc(mediator)) >= k)
        mediator.drop()
    ok(wait_for(lambda: len(cc(mediator)) >= 400, 20), "a mediator that comes and goes gets all",
       [c.said()])
    same(cc(mediator), mine, "each record once, in order")
    c.end()
    for x in (provisioner, mediator):
        x.close()


def radius_on_another_input(is_told_late):
    """In the pace of the packets: RADIUS on one input, traffic on another. Of the core server it is told
    before or while it reads."""
    mediator = Mediator()
    wanted_orders = orders(mediator, [{"radius_user": "alice@isp"}])
    provisioner = Provisioner({**orders(mediator, []), "core_servers": []} if is_told_late else wanted_orders)
    nas = Nas()
    mine = [ip("192.0.2.7", "203.0.113.1", b"%d" % i) for i in range(300)]
    start = nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7")
    stop = nas.account(STOP, user="alice@isp", sid="1")
    # the words stand between two packets, 1 µs behind the one and before the other
    traffic = [(T0 + i * SEC // 100, p) for i, p in enumerate(mine)]
    words = [(T0, ip("9.9.9.9", "8.8.8.8")), (traffic[100][0] - 1000, start),
             (traffic[250][0] - 1000, stop), (traffic[-1][0], ip("9.9.9.9", "8.8.8.8"))]
    c = Collector(os.path.join(work, "late" if is_told_late else "two"), provisioner, None,
                  inputs=[traffic, words], times="now", pace="own")
    if is_told_late:
        wait_for(lambda: all(f"{path}: open" in c.said() for path in c.paths))
        time.sleep(0.3)  # the first packets are on their way
        provisioner.change(wanted_orders)
    ok(wait_for(lambda: ENDED in events(mediator), 20), "RADIUS comes on an input of its own",
       [c.said()])
    # each input begins when it begins: what its records say tells how far its times were moved
    begin, stop = (next(r.usec for r in iris(mediator) if r.event == event) for event in (1, 8))
    wait_for(lambda: cc(mediator))
    found = records(mediator, "hi3")[0]
    moved = found.usec - traffic[mine.index(found.packet)][0] // 1000
    wanted = [p for t, p in traffic if begin <= t // 1000 + moved < stop]
    wait_for(lambda: len(cc(mediator)) >= len(wanted))
    status = c.end()  # what it holds it has delivered by then
    got = cc(mediator)
    ok(status == 0 and len(wanted) > 100 and got == wanted,
       "packets of the session on the other are found, and no others",
       [f"{len(got)} from {mine.index(got[0])}, wanted {len(wanted)} from {mine.index(wanted[0]) if wanted else 'none'}",
        f"the first {found.usec - begin} us behind the Start", c.said()])
    for x in (provisioner, mediator):
        x.close()


def deal(seed, packets, n, radius_apart):
    """Packets dealt to n inputs, at random, or with RADIUS on the first and the rest on others."""
    draw = random.Random(seed)
    inputs = [[] for _ in range(n)]
    for time_ns, p in packets:
        is_radius = p[9:10] == b"\x11" and p[0] == 0x45
        k = draw.randrange(n) if not radius_apart else 0 if is_radius else draw.randrange(1, n)
        inputs[k].append((time_ns, p))
    return inputs


def several_inputs_are_one_stream():
    """Files are never silent: what comes of them must be exact, however fast each is read."""
    mediator = Mediator()
    users = World(0, 0, 1, 0).users
    view = orders(mediator, [{"radius_user": "x"}])
    view["warrants"] = [dict(view["warrants"][0], liid=u.split("@")[0], targets=[{"radius_user": u}]) for u in users]
    provisioner = Provisioner(view)
    first = os.path.join(work, "first")
    c = Collector(first, provisioner, [(time.time_ns(), ip("9.9.9.9", "8.8.8.8"))])
    ok(wait_for(lambda: provisioner.digests), "orders for all users", [c.said()])
    c.end()
    provisioner.close()
    rows = ((11, 3000, 60, 2, False), (12, 3000, 400, 3, False), (13, 3000, 60, 2, True), (14, 2000, 1400, 3, True),
            (15, 4000, 20, 3, False))
    for seed, n_steps, size, n, is_apart in rows:
        world = World(seed, n_steps, size, time.time_ns() - 10 * SEC, 10**6)
        mediator.drop()
        mediator.streams.clear()
        folder = os.path.join(work, f"world{seed}")
        os.mkdir(folder)
        shutil.copy(os.path.join(first, "orders.json"), folder)
        c = Collector(folder, None, None, inputs=deal(seed, world.packets, n, is_apart), lag="0")
        wait_for(lambda c=c, n=n: c.said().count("read to its end") == n, 20)
        wait_for(lambda c=c: "link with mediator" in c.said())  # who ends before that keeps all for the next time
        c.end()
        got = {u: [] for u in world.users}
        for r in records(mediator, "hi3"):
            got[r.liid + "@isp"].append(r.packet)
        wrong = [u for u in world.users if sorted(got[u]) != sorted(world.wanted[u])]
        total = sum(len(x) for x in world.wanted.values())
        ok(not wrong and total > 50, f"world {seed} on {n} inputs, RADIUS {'apart' if is_apart else 'anywhere'}: "
           f"the {total} packets of each user's sessions, no other",
           [f"{u}: got {len(got[u])} wanted {len(world.wanted[u])}" for u in wrong] + [c.said()])
        ok(all(numbered_from_zero(records(mediator, x)) for x in ("hi2", "hi3")), "numbered from 0, in order")
    mediator.close()


def through_a_fifo():
    mine = [ip("192.0.2.7", "203.0.113.1", b"%d" % i + bytes(900)) for i in range(600)]  # more than a pipe holds
    for times in ("now", "own"):
        mediator = Mediator()
        provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
        folder, fifo = os.path.join(work, f"fifo-{times}"), os.path.join(work, f"traffic-{times}")
        os.mkfifo(fifo)
        c = Collector(folder, provisioner, None, uris=[fifo], times=times)
        wait_for(lambda c=c: "orders: 1" in c.said())
        with open(fifo, "wb") as f:
            f.write(pcap(at(*mine, start=time.time_ns() if times == "own" else T0, step=1000)))
        wait_for(lambda: len(cc(mediator)) >= len(mine), 10)
        same(len(cc(mediator)), len(mine), f"a capture comes whole through a FIFO, times: {times}", c.said())
        c.end()
        for x in (provisioner, mediator):
            x.close()


ALICE, BOB = ("10.0.0.1", 4000), ("10.0.0.2", 5000)


def of_bob(mediator, *more, **fields):
    """Orders for whom calls Bob, and for others."""
    wanted = orders(mediator, [{"sip_uri": f"sip:{x}@example.net"} for x in ("bob", *more)], **fields)
    wanted["core_servers"] = [{"kind": "sip", "address": BOB[0]}]
    return wanted


def answered(call):
    return [call.invite(sdp(ALICE[0], "audio 4000")), call.answer(180), call.answer(200, body=sdp(BOB[0], "audio 5000")),
            call.ask("ACK")]


def speech(n, first=0):
    return [rtp(ALICE[0], BOB[0], ALICE[1], BOB[1], first + k) for k in range(n)]


def of_calls(mediator, interface):
    return call_records(mediator.streams.get(("police", interface), b""))


def said_of(mediator):
    """What was told of calls: types and messages."""
    return [(r.type, r.sip) for r in of_calls(mediator, "hi2")]


def media(mediator):
    return [r.packet for r in of_calls(mediator, "hi3")]


def calls_survive(how, sentence):
    """They talk; the collector ends and starts again; they talk on, and hang up."""
    mediator = Mediator()
    folder = os.path.join(work, "calls-" + sentence.split()[-1])
    provisioner = Provisioner(of_bob(mediator))
    call = Call()
    c = Collector(folder, provisioner, at(*QUIET, *answered(call), *speech(100)), times="now", pace="own", checkpoint="1s")
    ok(wait_for(lambda: len(media(mediator)) >= 100), f"{sentence}: the first part", [c.said()])
    if how == signal.SIGKILL:
        checkpoints_pass(folder)
    c.end(how)
    provisioner.close()
    bye = call.ask("BYE", cseq=2)
    call.cseq = 2
    c = Collector(folder, None, at(*speech(100, 100), bye, call.answer(200, "BYE"), *speech(5, 200)), times="now", pace="own")
    ok(wait_for(lambda: len(said_of(mediator)) >= 6), f"{sentence}: its end is heard", [c.said(), said_of(mediator)])
    c.end()
    same(media(mediator), speech(200), "media of both parts, and none behind the end")
    same(said_of(mediator), list(zip((1, 3, 3, 3, 3, 2), call.messages)), "messages of both parts: one beginning, one end")
    same(len({r.cin for x in ("hi2", "hi3") for r in of_calls(mediator, x)}), 1, "and one CIN")
    ok(all(numbered_from_zero(of_calls(mediator, x)) for x in ("hi2", "hi3")), "numbers go on where they were")
    mediator.close()


def parties_leave():
    """While they talk, the warrant names somebody else."""
    mediator = Mediator()
    provisioner = Provisioner(of_bob(mediator, "carol"))
    call = Call()
    c = Collector(os.path.join(work, "leave"), provisioner, at(*QUIET, *answered(call), *speech(2000)), times="now", pace="own")
    ok(wait_for(lambda: len(media(mediator)) >= 50), "they talk", [c.said()])
    provisioner.change({**of_bob(mediator, "dave"), "operator": {"id": "EXAMPLE-NZ", "network_element": "akl-2"}})
    wait_for(lambda: len(provisioner.digests) >= 2)
    n = len(media(mediator))
    ok(wait_for(lambda: len(media(mediator)) >= n + 50), "other orders that still name him: the call goes on", [c.said()])
    same([t for t, _ in said_of(mediator)], [1, 3, 3, 3], "and is not told anew")
    gone = of_bob(mediator)
    gone["warrants"][0]["targets"] = [{"sip_uri": "sip:dave@example.net"}]
    provisioner.change(gone)
    ok(wait_for(lambda: said_of(mediator)[-1:] == [(2, call.messages[3])]), "orders that do not end it, with what was said last",
       [c.said(), said_of(mediator)])
    end_usec = of_calls(mediator, "hi2")[-1].usec
    time.sleep(0.5)
    same([r.usec for r in of_calls(mediator, "hi3") if r.usec > end_usec], [], "and nothing more is delivered")
    got = media(mediator)
    same(got, speech(len(got)), "of what was, nothing is missing")
    c.end()
    for x in (provisioner, mediator):
        x.close()


def signalling_on_another_input():
    """SIP on one input, media on another: what is said there decides here, to the packet."""
    mediator = Mediator()
    provisioner = Provisioner(of_bob(mediator))
    call = Call()
    talk = speech(300)
    traffic = [(T0 + k * SEC // 100, p) for k, p in enumerate(talk)]
    bye = call.ask("BYE", cseq=2)
    invite, *rest = answered(call)
    call.cseq = 2
    # the words stand between two packets, 1 µs behind the one and before the other
    words = [(T0, ip("9.9.9.9", "8.8.8.8")), (traffic[100][0] - 1000, invite),
             *[(traffic[101][0] - 900 + k, p) for k, p in enumerate(rest)], (traffic[250][0] - 1000, bye),
             (traffic[250][0] - 900, call.answer(200, "BYE")), (traffic[-1][0], ip("9.9.9.9", "8.8.8.8"))]
    c = Collector(os.path.join(work, "apart"), provisioner, None, inputs=[traffic, words], times="now", pace="own")
    ok(wait_for(lambda: [t for t, _ in said_of(mediator)][-1:] == [2], 20), "SIP comes on an input of its own", [c.said()])
    end_usec = of_calls(mediator, "hi2")[-2].usec  # the BYE
    begin_usec = of_calls(mediator, "hi2")[3].usec  # the ACK: both ends are known
    wait_for(lambda: media(mediator))
    found = of_calls(mediator, "hi3")
    # each input begins when it begins: what its records say tells how far its times were moved
    moved = found[0].usec - traffic[talk.index(found[0].packet)][0] // 1000
    sure = [p for t, p in traffic if begin_usec <= t // 1000 + moved < end_usec]
    wait_for(lambda: len(media(mediator)) >= len(sure))
    status = c.end()
    got = media(mediator)
    # between the INVITE and the ACK one end is known, and as good
    first = talk.index(got[0])
    ok(status == 0 and len(sure) > 100 and got == talk[first:first + len(got)] and got[-len(sure):] == sure
       and len(got) - len(sure) <= 3, "the call's packets on the other are found, and no others",
       [len(got), len(sure), first, c.said()])
    for x in (provisioner, mediator):
        x.close()


def an_unheard_call():
    """A call that is answered and of which no media come is an alarm."""
    mediator = Mediator()
    provisioner = Provisioner(of_bob(mediator))
    call = Call()
    named = Call(call_id="named")
    steps = [*answered(call), named.invite(sdp(ALICE[0], "audio 4000").replace("c=IN IP4 10.0.0.1", "c=IN IP4 ua.example.net")),
             named.answer(200, body=sdp(BOB[0], "audio 5100")), named.ask("ACK")]
    mute = at(*QUIET, *steps, *[ip("9.9.9.9", "8.8.8.8")] * 2500)
    c = Collector(os.path.join(work, "mute"), provisioner, mute, times="now", pace="own", media_silence="1s")
    ok(wait_for(lambda: any("5000" in a[2] for a in mediator.alarms), 20), "its agency hears of it", [c.said()])
    ok(wait_for(lambda: any("a host's name to 10.0.0.2:5100" in a[2] for a in mediator.alarms), 20),
       "and of one whose media are at a name, which is not looked up", [c.said(), mediator.alarms])
    told = [a for a in mediator.alarms if "5000" in a[2]]
    cin = [r.cin for r in of_calls(mediator, "hi2")][:1]
    wanted = f"CIN {cin[0] if cin else '?'}, 10.0.0.1:4000 to 10.0.0.2:5000"
    ok(told and told[0][:2] == ("police", "LIID0001") and wanted in told[0][2],
       "which call it is, and where its media are expected", [mediator.alarms, wanted])
    ok("a call was answered" in c.said() and wanted in c.said(), "the log says so too", [c.said()])
    ok(wait_for(lambda: provisioner.status and "call_unheard" in str(provisioner.status.get("alarms"))), "and the status",
       [provisioner.status and provisioner.status.get("alarms")])
    c.end()
    for x in (provisioner, mediator):
        x.close()


def heard_one_way():
    """What comes from one end does not speak for the other; but who said that it only receives sends nothing."""
    mediator = Mediator()
    provisioner = Provisioner(of_bob(mediator))
    steps, talk = [], []
    for k, ways in enumerate((("", ""), ("sendonly", "recvonly"), ("", ""))):
        call = Call(call_id=f"way{k}")
        steps += [call.invite(sdp(ALICE[0], f"audio {4000 + 2 * k}", way=ways[0])),
                  call.answer(200, body=sdp(BOB[0], f"audio {5000 + 2 * k}", way=ways[1])), call.ask("ACK")]
    steps.append(rtp(BOB[0], ALICE[0], 5004, 4004, 0))  # of the third call both are heard, one of them once
    for n in range(1500):
        talk.append(rtp(ALICE[0], BOB[0], 4000 + n % 3 * 2, 5000 + n % 3 * 2, n))
    c = Collector(os.path.join(work, "one-way"), provisioner, at(*QUIET, *steps, *talk), times="now", pace="own",
                  media_silence="1s")
    wanted = "10.0.0.2:5000 to 10.0.0.1:4000, one way"
    ok(wait_for(lambda: any(wanted in a[2] for a in mediator.alarms), 20), "its agency hears of the end that is not heard",
       [mediator.alarms, c.said()])
    ok(wait_for(lambda: len(media(mediator)) > 900, 20) and not [a for a in mediator.alarms if wanted not in a[2]],
       "and of no call that is as it was described, or of which both were heard", [mediator.alarms])
    c.end()
    for x in (provisioner, mediator):
        x.close()


def a_silent_fifo():
    for scheme in ("", "pcap:"):
        fifo = os.path.join(work, f"silent{len(scheme)}")
        os.mkfifo(fifo)
        c = Collector(os.path.join(work, f"waits{len(scheme)}"), None, None, uris=[scheme + fifo])
        wait_for(c.said)  # it is there, and hears signals
        time.sleep(0.5)
        c.process.send_signal(signal.SIGTERM)
        try:
            status = c.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            status = None
        ok(status == 0, f"a FIFO into which nobody writes keeps nobody from ending ({scheme or 'path'})", [c.said()])


def a_fifo_that_stalls():
    """No more comes than a piece of the header, and its writer stays. Four octets tell that it is pcap: then it is open."""
    header, packed = pcap([]), gzip.compress(pcap([]))
    for what, octets, n, n_open in (("three octets", header[:3], 1, 0), ("half a header", header[:10], 1, 1),
                                    ("the header of a gzip", packed[:10], 1, 0),
                                    ("half a header, for six inputs", header[:10], 6, 1)):
        fifo = os.path.join(work, f"stalls-{len(what)}")
        os.mkfifo(fifo)
        c = Collector(fifo + "-folder", None, None, uris=[fifo] * n)
        with open(fifo, "wb", buffering=0) as f:
            time.sleep(0.2)  # all inputs wait
            f.write(octets)
            taken = wait_for(lambda f=f: in_pipe(f) == 0)
            time.sleep(0.3)  # it waits for more
            c.process.send_signal(signal.SIGTERM)
            try:
                status = c.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                status = None
                c.process.kill()
        ok(taken and status == 0 and c.said().count(": open") == n_open,
           f"{what} in a FIFO whose writer writes no more: SIGTERM ends it", [f"status {status}", c.said()])


def in_pipe(f):
    return struct.unpack("i", fcntl.ioctl(f, termios.FIONREAD, bytes(4)))[0]


def told_what_makes_no_sense():
    for text, word in (("name: c1\ntransport: plain\ninputs: []\n", "inputs"),
                       ("name: c1\ninputs: [{uri: x}]\n", "certificate"),
                       ("name: c1\ntransport: plain\ninputs: [{uri: x, speed: 7}]\n", "speed")):
        path = os.path.join(work, "bad.yaml")
        with open(path, "w") as f:
            f.write(text)
        done = subprocess.run([COLLECTOR, "--config", path, "--check"], capture_output=True, text=True)
        ok(done.returncode == 2 and word in done.stderr, f"refused, naming {word}",
           [done.stderr, str(done.returncode)])


for part, *words in (
        (told_what_makes_no_sense,), (a_capture_is_delivered,),
        (numbers_survive, signal.SIGTERM, "ended in good order"), (numbers_survive, signal.SIGKILL, "killed"),
        (killed_at_once,), (what_mediators_have_goes,), (sent_back_to_a_hole,),
        (without_a_memory,), (by_the_clock,), (through_a_fifo,), (a_silent_fifo,), (a_fifo_that_stalls,),
        (calls_survive, signal.SIGTERM, "calls, ended in good order"), (calls_survive, signal.SIGKILL, "calls, killed"),
        (parties_leave,), (signalling_on_another_input,), (an_unheard_call,), (heard_one_way,), (links_come_and_go,),
        (withdrawn_meanwhile, signal.SIGTERM, "withdrawn after SIGTERM"),
        (withdrawn_meanwhile, signal.SIGKILL, "withdrawn after a kill"),
        (withdrawn_meanwhile, signal.SIGKILL, "withdrawn without a word"),
        (radius_on_another_input, False), (radius_on_another_input, True), (several_inputs_are_one_stream,)):
    if part.__name__ in sys.argv[2:] or not any(x == f"-{part.__name__}" or x[0] != "-" for x in sys.argv[2:]):
        part(*words)
shutil.rmtree(work)
end()
