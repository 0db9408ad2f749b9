#!/usr/bin/env python3
"""What finds no room in memory goes to disk, with the real programs: sealed, each record once, through kills and damage.

    disk_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR [PART...]
"""
import collections
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
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


def has_room(collector):
    """Whether a quarter of the memory is free: that much a disk that keeps up leaves. One that does not is waited for, as
    any disk may stand still for a while."""
    limit = collector.fields["spool_limit"]
    return all(box["in_memory"] <= limit * 3 // 4 for box in collector.status()["outboxes"])


def feed(collector, first, n, target=TARGET):
    """n packets of the target, each with its number and words that are easy to find; not faster than the disk is."""
    for at in range(first, first + n, 100):
        if not until(lambda: has_room(collector)):
            raise Failed(f"the disk does not take what memory has no room for: {collector.status()['outboxes']}")
        when = time.time_ns()
        collector.feed.frames([(when + k, udp(target, OTHER, 5000, 53, k.to_bytes(8, "big") + 30 * SECRET))
                               for k in range(at, min(at + 100, first + n))])
        time.sleep(0.02)


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
        self.c = Collector(chain, provisioner=self.p, disk=self.disks["collector"], metrics="127.0.0.1:0",
                           **SIZES)
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


def options_of(program):
    """The keys that its configuration may have, but for what is in lists."""
    said = subprocess.run([PROGRAMS[program], "--help"], capture_output=True, text=True, check=True).stdout
    return {key.replace("-", "_") for key in re.findall(r"^  --([a-z0-9-]+)", said.split("above what the file says")[1], re.M)}


def every_option(chain):
    """Of each daemon, by program: what is not the same for all tests of this kind, in folders of its own."""
    f = chain.folder
    for name in ("place1", "place2", "place3", "place4", "place5", "place6"):
        (f / name).mkdir()
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", f / "place6" / "operator.key"], check=True,
                   capture_output=True)
    (f / "place6" / "network.yaml").write_text(
        "operator: {id: EXAMPLE-NZ, network_element: akl-1}\nagencies: []\nwarrants: []\n")
    each = {"transport": "tls", "log": "debug", "metrics": "127.0.0.1:0", "jail": "on", "user": "root" if not os.geteuid() else None}
    return {
        "provisioner": {**each, "statement_key": f / "place6" / "operator.key", "seal_key": f / "place1" / "seal",
                        "audit_key": f / "place1" / "audit", "orders": f / "place6" / "network.yaml",
                        "rest_transport": "tls"},
        "mediator": {**each, **SIZES, "spool_limit": 1 << 20, "spools": f / "place2" / "spools", "disk": f / "place3" / "disk",
                     "keys": f / "place2" / "keys", "patience": "10s", "captures": f / "place4" / "captures",
                     "capture_name": "%L-%Y.pcap", "capture_size": 100000},
        "collector": {**each, **SIZES, "spools": f / "place3" / "spools", "disk": f / "place4" / "c-disk",
                      "keys": f / "place5" / "keys", "signing_key": f / "place6" / "operator.key", "lag": "10ms",
                      "network_element": "ne-1", "checkpoint": "1s", "silence": "3s", "tell_silence": True,
                      "media_silence": "3s", "max_sessions": 1000, "max_legs": 1000},
        "agency": {**each, "audio": f / "place5" / "audio", "force": True, "max_time": "600s", "until_idle": "0s",
                   "count": 0, "late_start": True, "misbehave": "none", "slow_rate": 100, "reset_after": 5,
                   "max_connections": 10, "max_pdu": 1 << 20, "max_streams": 1000},
    }


def with_every_option():
    """Behind the jail's walls each daemon reaches what any row of its configuration names, and works."""
    with Chain(PROGRAMS) as chain:
        chain.certify("provisioner:p1", "mediator:m1", "collector:c1", "agency:police")
        w, fields = World.__new__(World), every_option(chain)
        w.p = Provisioner(chain, **fields["provisioner"]).start()
        w.a = Agency(chain, "police", **fields["agency"]).start()
        w.m = Mediator(chain, provisioner=w.p, **fields["mediator"]).start()
        w.c = Collector(chain, provisioner=w.p, **fields["collector"])
        for daemon in (w.p, w.m, w.c, w.a):
            missed = options_of(daemon.program) - set(daemon.fields) - {"from"}  # which listens nowhere
            ok(not missed, f"weir-{daemon.program} is given every option that it has", missed)
        w.p.put("/mediators/m1", {"name": "m1", "address": w.m.address})
        w.p.put("/collectors/c1", {"name": "c1"})
        w.p.put("/agencies/police", w.a.orders(integrity="sha-256", sign_count=2))
        w.p.put("/agencies/archive", {"id": "archive", "country": "NZ", "deliver_as": "pcap"})
        w.p.put("/warrants/police/L1", warrant("L1"))
        w.p.put("/warrants/archive/L1", warrant("L1", agency="archive"))
        w.c.start()
        w.p.agree("c1", "m1")
        feed(w.c, 0, 200)
        ok(until(lambda: w.content()["acknowledged"] == 200), "with all of them they intercept", w.content())
        w.a.stop()
        feed(w.c, 200, 3000)
        ok(until(lambda: any(b"L1" in octets(f) for f in (chain.folder / "place2" / "keys").glob("*.key"))),
           "the mediator reaches its disk and its keys", w.m.log()[-800:])
        w.a.start()
        ok(until(lambda: w.content()["acknowledged"] == 3200), "and nothing is lost", w.content())
        ok(until(lambda: list((chain.folder / "place4" / "captures" / "archive").glob("L1-*.pcap"))),
           "captures are finished where they are wanted", w.m.log()[-800:])
        for daemon in (w.c, w.m, w.a, w.p):
            status = daemon.stop()
            # an agency that was away during integrity checks finds fault with them
            ok((status == 0 or daemon is w.a) and not re.search(r"(?i)not permitted|permission denied", daemon.log()),
               f"weir-{daemon.program}: no wall was in the way", status, daemon.log()[-1500:])
            if "is in its jail" not in daemon.log():
                print("# this kernel has no whole jail:", re.findall("NOT CONFINED.*", daemon.log()), flush=True)


PARTS = (with_every_option, a_backlog_goes_to_disk, damage_is_stepped_over, an_agency_goes, the_collector_drops, without_a_disk)


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
