#!/usr/bin/env python3
"""What finds no room in memory goes to disk, with the real programs: sealed, each record once, through kills and damage.

    disk_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR [PART...]
"""
import collections
import datetime
import json
import pathlib
import re
import signal
import sys
import threading
import time

from chain_programs import Agency, Chain, Collector, Failed, Mediator, Provisioner, until
import tap
from radius_packets import udp

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
PROGRAMS = dict(zip(NAMES, sys.argv[1:6]))
TARGET, OTHER, BYSTANDER = "192.0.2.7", "198.51.100.9", "192.0.2.8"
SECRET = b"the words of the target "
N = 12000
SIZES = {"spool_limit": 4 << 20, "disk_limit": 64 << 20}


one_says = threading.Lock()


def ok(is_so, sentence, *why):
    with one_says:
        return tap.ok(is_so, sentence, why)


def feed(collector, first, n, target=TARGET):
    """n packets of the target, each with its number and words that are easy to find; not faster than any disk is."""
    for at in range(first, first + n, 200):
        when = time.time_ns()
        collector.feed.frames([(when + k, udp(target, OTHER, 5000, 53, k.to_bytes(8, "big") + 30 * SECRET))
                               for k in range(at, min(at + 200, first + n))])
        time.sleep(0.04)


def warrant(liid, **more):
    return {"reference": "W-1", "authority": "District Court", "agency": "police", "liid": liid,
            "authorization_country": "NZ", "start": "2026-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z",
            "targets": [{"prefix": f"{TARGET}/32", "cin": 7}], **more}


class World:
    """A chain whose collector and mediator have little memory, and a disk."""

    def __init__(self, chain):
        self.p = Provisioner(chain).start()
        self.a = Agency(chain, "police").start()
        self.disks = {who: chain.folder / f"{who}-disk" for who in ("collector", "mediator")}
        self.m = Mediator(chain, provisioner=self.p, disk=self.disks["mediator"], **SIZES).start()
        self.c = Collector(chain, provisioner=self.p, disk=self.disks["collector"], **SIZES)
        self.p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
        self.p.put("/mediators/m1", {"name": "m1", "address": self.m.address})
        self.p.put("/collectors/c1", {"name": "c1"})
        self.p.put("/agencies/police", self.a.orders())
        self.p.put("/warrants/police/L1", warrant("L1"))
        self.c.start()
        self.p.agree("c1", "m1")

    def content(self):
        """The ledger's row of the content."""
        page = self.p.ask("GET", "/warrants/police/L1/ledger")[1] or {}
        return next((row for row in page.get("rows", []) if row["kind"] == "cc"), collections.Counter())

    def page(self):
        return self.p.ask("GET", "/warrants/police/L1/ledger")[1]

    def lost(self, reason):
        return sum(loss["records"] for loss in self.content().get("losses", []) if loss["reason"] == reason)

    def blocks(self, who):
        """The files on disk that hold content."""
        return sorted(f for f in (self.disks[who] / "police.hi3").glob("*.disk"))

    def is_clear(self, who):
        return any(SECRET in octets(f) for f in self.disks[who].rglob("*") if f.is_file())

    def keys(self, daemon):
        return [f for f in pathlib.Path(daemon.fields["folder"], "keys").iterdir() if b"L1" in octets(f)]

    def told(self, who):
        """What the agency was told of records that a disk does not give back: (LIID, number, from, until)."""
        found = [re.match(rf"alarm of LIID (\S+): (?:collector|mediator) \S+: .*the {who}'s disk does not give them back: "
                          r"(\d+) records (?:from (\S+) to|at) (\S+)", e["words"])
                 for e in self.a.events("record") if e["kind"] == "hi1"]
        return [(f[1], int(f[2]), seconds(f[3] or f[4]), seconds(f[4])) for f in found if f]

    def numbers(self):
        return [e["sequence"] if "sequence" in e else e["seq"] for e in self.a.records("cc")]


def octets(path):
    """What is in a file; nothing where it has gone meanwhile, as the daemons' files do."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def seconds(text):
    return datetime.datetime.fromisoformat(text.rstrip(".").replace("Z", "+00:00")).timestamp()


def spoil(files):
    """Damages a block in the middle of what is on disk: what stands there is another's."""
    with open(files[0], "r+b") as file:
        file.seek(1500000)
        was = file.read(64)
        file.seek(1500000)
        file.write(bytes(octet ^ 255 for octet in was))


def backlog(w, first, n):
    """The mediator is away: what comes waits on the collector's disk."""
    w.m.stop()
    feed(w.c, first, n)
    return until(lambda: w.content()["spooled"] == first + n)


def a_backlog_goes_to_disk():
    """Mediator and agency away, kill -9 of both with their backlog on disk; then the end of the warrant."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        w = World(chain)
        ok(backlog(w, 0, N) and w.blocks("collector"), "what has no room in memory is on disk, and nothing is lost",
           w.content(), w.c.log()[-800:])
        ok(not w.is_clear("collector") and any(SECRET in octets(f) for f in
                                               (w.c.fields["folder"] / "spools").rglob("*") if f.is_file()),
           "where nobody can read it")
        ok(len(w.keys(w.c)) == 1, "but with a key", w.c.log()[-800:])
        w.c.process.kill()
        w.c.process.wait()
        w.c.feed.close()
        w.c.start()
        w.a.stop()
        w.m.start()
        ok(until(lambda: w.content()["handed"] == N), "after kill -9 of the collector the mediator gets all of it",
           w.content(), w.c.log()[-800:], w.m.log()[-800:])
        ok(w.blocks("mediator") and not w.is_clear("mediator") and len(w.keys(w.m)) == 1,
           "which waits for the agency as it waited there", w.blocks("mediator"))
        w.m.stop(signal.SIGKILL)
        w.m.start()
        w.a.start()
        ok(until(lambda: w.content()["acknowledged"] == N), "after kill -9 of the mediator the agency does",
           w.content(), w.m.log()[-800:])
        ok(w.numbers() == list(range(N)), "each packet once, in order", len(w.numbers()))
        page = w.page()
        ok(page["closes"] and not any(r.get("losses") for r in page["rows"]), "the ledger says so too", page)
        the_warrant_ends(w)


def the_warrant_ends(w):
    ok(w.keys(w.c) and w.keys(w.m), "while the warrant is in force its keys stay")
    w.p.ask("DELETE", "/warrants/police/L1")
    ok(until(lambda: not w.keys(w.c) and not w.keys(w.m), 15), "once it is over and delivered they go",
       w.c.log()[-500:], w.m.log()[-500:])

    def said():
        entries = w.p.ask("GET", "/audit")[1]
        entries = entries.get("audit") or entries.get("entries") or []
        return {e["who"] for e in entries if (e["what"], e["kind"], e["key"]) == ("destroy", "keys", "L1")}

    ok(until(lambda: said() == {"c1", "m1"}), "and the audit log says whose", said())

    def left():
        return {str(f): octets(f).count(SECRET) for d in (w.c, w.m) for f in d.fields["folder"].rglob("*")
                if f.is_file() and SECRET in octets(f)}

    ok(until(lambda: not left()), "and then the folders in memory hold nothing of what was delivered", left())


def damage_is_stepped_over():
    """A block that is damaged, on either disk: the rest arrives, and what was in it is counted as lost."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        w = World(chain)
        w.p.put("/warrants/police/L2", warrant("L2", targets=[{"prefix": f"{BYSTANDER}/32", "cin": 8}]))
        w.p.agree("c1", "m1")
        began = time.time()
        backlog(w, 0, N)
        ended = time.time()
        feed(w.c, 0, 20, BYSTANDER)
        spoil(w.blocks("collector"))
        w.a.stop()
        w.m.start()
        ok(until(lambda: w.lost("damaged") and w.content()["handed"] + w.lost("damaged") == N),
           "what was in a damaged block of the collector's is counted, and all else goes on", w.page(),
           w.c.log()[-800:])
        damaged = w.lost("damaged")
        ok(0 < damaged < N / 4, "it is one block", damaged)
        spoil(w.blocks("mediator"))
        w.a.start()
        ok(until(lambda: w.lost("spoiled") and w.content()["acknowledged"] + w.lost("spoiled") + damaged == N),
           "so it is with one of the mediator's", w.page(), w.m.log()[-800:])
        spoiled = w.lost("spoiled")
        for who, n in (("collector", damaged), ("mediator", spoiled)):
            ok(until(lambda: w.told(who)) and [told[:2] for told in w.told(who)] == [("L1", n)],
               f"the agency is told whose and how many records the {who}'s disk lost, and nothing of another warrant",
               w.told(who), n)
            since, to = w.told(who)[0][2:]
            ok(began < since < to < ended and to - since < (ended - began) / 2,
               "and between which times: those of the records beside the hole", began, since, to, ended)
        got = w.numbers()
        ok(len(set(got)) == N - damaged - spoiled, "the agency has as many as the ledger says", len(got), damaged,
           spoiled)
        page = w.page()
        ok(page["closes"] and not page["is_complete"] and
           all(any(words in remark for remark in page["remarks"]) for words in ("the collector had on its disk",
                                                                               "the mediator had on its disk")),
           "the sums close, and the page says what was lost", page["remarks"])
        feed(w.c, N, 100)
        ok(until(lambda: w.content()["acknowledged"] == N + 100 - damaged - spoiled) and w.lost("damaged") == damaged,
           "then it goes on as ever", w.content())
        w.c.stop()
        w.m.stop()
        w.m.start()
        w.c.start()
        feed(w.c, N + 100, 100)
        ok(until(lambda: w.content()["acknowledged"] == N + 200 - damaged - spoiled) and
           (w.lost("damaged"), w.lost("spoiled")) == (damaged, spoiled), "and after a restart", w.content())


def an_agency_goes():
    """It is removed while records wait for it, at its mediator and at the collector: not unless somebody says that
    they may be dropped, and then it is said how many and whose."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        w = World(chain)
        feed(w.c, 0, 200)
        ok(until(lambda: w.content()["acknowledged"] == 200), "an agency has all", w.content())
        w.a.stop()
        feed(w.c, 200, 3000)
        ok(until(lambda: w.content()["kept"] == 3200), "it goes away, and the mediator keeps what is for it", w.content())
        w.m.stop()
        feed(w.c, 3200, 1000)
        ok(until(lambda: w.content()["spooled"] == 4200), "then the mediator does, and the collector keeps it", w.content())
        w.p.ask("DELETE", "/warrants/police/L1")

        def owed():
            status, said = w.p.ask("DELETE", "/agencies/police")
            return status == 409 and re.search(r"(\d+) at collectors and (\d+) at mediators, of police/L1: wait, or drop",
                                               json.dumps(said))

        ok(until(owed) and int(owed()[1]) >= 1000 and int(owed()[2]) >= 3000,
           "it is not removed by mistake: what it is owed is said", w.p.ask("DELETE", "/agencies/police"))
        whole = w.p.ask("GET", "/orders")[1]
        ok(w.p.ask("PUT", "/orders", {**whole, "agencies": []})[0] == 409, "nor with orders that do not name it")
        w.m.start()
        # what the collector has, and the word of the warrant's end, are on their way; the agency stays away
        ok(until(lambda: (w.page() or {}).get("closes") and w.content()["kept"] == 4200 and owed() and
                 int(owed()[1]) == 0), "the mediator comes back, and takes the rest", w.content(), owed())
        w.m.stop()
        w.c.stop()
        status = w.p.ask("DELETE", "/agencies/police?drop=true")[0]
        ok(status == 204, "it is, when that is what is wanted", status)
        w.m.start()
        w.c.start()
        ok(until(lambda: w.lost("undelivered")), "the mediator drops what was left", w.page(), w.m.log()[-800:])
        row = w.content()
        ok(row["acknowledged"] + w.lost("undelivered") == 4200 and w.lost("undelivered") >= 3000 and w.page()["closes"],
           "and the ledger says how many, and closes", row)

        def dropped():
            entries = w.p.ask("GET", "/audit")[1]
            entries = entries.get("audit") or entries.get("entries") or []
            return {(e["who"], e["key"]): int(e["before"]) for e in entries if (e["what"], e["kind"]) == ("drop", "records")}

        ok(until(lambda: dropped().get(("m1", "police/L1"), 0) >= w.lost("undelivered")),
           "so does the audit log", dropped(), w.lost("undelivered"))
        ok("alarm records_undelivered: warrant police/L1: records are dropped" in w.m.log(), "and the log",
           w.m.log()[-800:])
        ok(until(lambda: not w.keys(w.m), 15), "then its key has served", w.m.log()[-500:])


def the_collector_drops():
    """An agency that is removed while the mediator is away: the collector says what it drops, also after a restart."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        w = World(chain)
        backlog(w, 0, 500)
        w.p.ask("DELETE", "/warrants/police/L1")
        ok(until(lambda: w.p.ask("DELETE", "/agencies/police")[0] == 409), "an agency that is owed records stays")
        w.c.process.kill()
        w.c.process.wait()
        w.c.feed.close()
        ok(w.p.ask("DELETE", "/agencies/police?drop=true")[0] == 204, "it is dropped while the collector is not there")
        w.c.start()
        ok(until(lambda: w.lost("abandoned") == 500), "which says so when it is", w.content(), w.c.log()[-800:])
        ok(until(lambda: (w.page() or {}).get("closes")) and not w.content()["handed"] and
           "alarm records_abandoned: warrant police/L1" in w.c.log(), "to the record", w.page())


def without_a_disk():
    """No folder, no key, nothing on disk."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        w = World.__new__(World)
        w.disks = {}
        w.p = Provisioner(chain).start()
        m = Mediator(chain, provisioner=w.p).start()
        w.p.put("/mediators/m1", {"name": "m1", "address": m.address})
        ok(not (m.fields["folder"] / "keys").exists(), "without a disk there are no keys")


PARTS = (a_backlog_goes_to_disk, damage_is_stepped_over, an_agency_goes, the_collector_drops, without_a_disk)


def go(part):
    try:
        part()
    except (Failed, OSError, KeyError) as failure:
        ok(False, f"{part.__name__}: the programs do what they should", repr(failure))


# At the same time, for they wait most of theirs.
threads = [threading.Thread(target=go, args=(part,)) for part in PARTS if part.__name__ in (sys.argv[6:] or
                                                                                         [p.__name__ for p in PARTS])]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
tap.end()
