#!/usr/bin/env python3
"""The ledger, with the real programs: its sums against the packets that were sent and what the agency counted.

    ledger_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR [PART...]

Traffic goes through a FIFO, so that the test knows every packet that was there.
"""
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

from chain_programs import Agency, Chain, Collector, Failed, Mediator, Provisioner, until, utc
import tap
from radius_packets import udp

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
PROGRAMS = dict(zip(NAMES, sys.argv[1:6]))
SECOND = 10**9
TARGET, OTHER = "192.0.2.7", "198.51.100.9"


def ok(is_so, sentence, *why):
    return tap.ok(is_so, sentence, why)


def packet(n):
    """A UDP datagram from the target, with its number in it."""
    return udp(TARGET, OTHER, 5000, 53, n.to_bytes(8, "big") + bytes(52))


def feed(collector, first, n, when=None):
    """n packets, which are from now on; in pieces, so that no pipe is full."""
    when = when or time.time_ns()
    for at in range(first, first + n, 200):
        collector.feed.frames([(when + k, packet(k)) for k in range(at, min(at + 200, first + n))])


def warrant(liid, **more):
    return {"reference": "W-1", "authority": "District Court", "agency": "police", "liid": liid,
            "authorization_country": "NZ", "start": "2026-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z",
            "targets": [{"prefix": f"{TARGET}/32", "cin": 7}], **more}


def register(p, mediator, agency):
    p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
    p.put("/mediators/m1", {"name": "m1", "address": mediator.address})
    p.put("/collectors/c1", {"name": "c1"})
    p.put("/agencies/police", agency.orders())


class Page:
    """What the provisioner says of a warrant."""

    def __init__(self, p, liid):
        self.status, self.all = p.ask("GET", f"/warrants/police/{liid}/ledger")
        self.rows = {(row["kind"], row.get("cin", 0)): row for row in (self.all or {}).get("rows", [])}

    def of(self, kind, cin=7):
        return self.rows.get((kind, cin), {})

    def count(self, kind, column, cin=7):
        return self.of(kind, cin).get(column, 0)

    def loss(self, kind, reason, cin=7):
        return sum(loss["records"] for loss in self.of(kind, cin).get("losses", []) if loss["reason"] == reason)

    def gaps(self, reason):
        return [gap for gap in self.all["gaps"] if gap["reason"] == reason]


def comes_to(p, liid, is_so):
    """The page, once something is so of it, or as it is in the end."""
    until(lambda: is_so(Page(p, liid)))
    return Page(p, liid)


COLUMNS = ("matched", "encoded", "spooled", "handed", "received", "kept", "sent", "acknowledged")


def all_have(page, n):
    """Whether every column of the target's content says n: collector and mediator tell at different times."""
    return all(page.count("cc", column) == n for column in COLUMNS)


def comes_to_have(agency, wanted):
    """Sequence numbers of content at the agency, once all that are wanted are there: what its kernel has acknowledged
    it writes at its own pace."""
    until(lambda: wanted <= set(numbers(agency)))
    return numbers(agency)


def numbers(agency):
    """Sequence numbers of content that the agency has, in the order of their coming."""
    return [e["sequence"] if "sequence" in e else e["seq"] for e in agency.events("record")
            if e.get("liid") == "L1" and e.get("kind", "").lower() == "cc"]


def weir(chain, *words):
    done = subprocess.run([chain.programs["weir"], "ledger", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def start_all(chain, **collector):
    p = Provisioner(chain, statement_key=chain.folder / "operator.key").start()
    a = Agency(chain, "police").start()
    m = Mediator(chain, provisioner=p).start()
    register(p, m, a)
    c = Collector(chain, provisioner=p, **collector)
    return p, a, m, c


def make_keys(chain):
    for words in (["genpkey", "-algorithm", "ED25519", "-out", "operator.key"],
                  ["pkey", "-in", "operator.key", "-pubout", "-out", "operator.pem"],
                  ["genpkey", "-algorithm", "ED25519", "-out", "other.key"],
                  ["pkey", "-in", "other.key", "-pubout", "-out", "other.pem"]):
        subprocess.run(["openssl", *words], cwd=chain.folder, check=True, capture_output=True)


def every_record_counts():
    """Sums are those of the packets sent and of the agency; refused by scope; tools and statements."""
    with Chain(PROGRAMS) as chain:
        chain.certify("provisioner:p1", "mediator:m1", "collector:c1", "agency:police")
        make_keys(chain)
        p, a, m, c = start_all(chain)
        now = time.time()
        p.put("/warrants/police/L1", warrant("L1"))
        p.put("/warrants/police/L2", warrant("L2", start=utc(now + 3600)))
        p.put("/warrants/police/L3", warrant("L3", deliver="iri-only"))
        c.start()
        p.agree("c1", "m1")
        feed(c, 0, 1000)
        page = comes_to(p, "L1", lambda page: page.count("cc", "acknowledged") == 1000 and page.all["is_complete"])
        cc = page.of("cc")
        ok(all_have(page, 1000), "each packet that was sent is in each column", cc)
        ok(cc["first_sequence"] == 0 and cc["last_sequence"] == 999, "with its first and last number")
        ok(page.all["is_complete"] and page.all["closes"], "the page is complete", page.all)
        ok(page.count("iri", "acknowledged") == 1 and page.count("hi1", "acknowledged", 0) == 1,
           "so are the records of HI2, and the notification that the mediator made", page.rows)
        early = comes_to(p, "L2", lambda page: page.loss("cc", "early") == 1000 and page.all["closes"])
        ok(early.count("cc", "matched") == 1000 and early.loss("cc", "early") == 1000 and early.all["closes"] and
           not early.count("cc", "encoded"), "what is refused by scope is counted by its reason", early.all)
        iri = comes_to(p, "L3", lambda page: page.loss("cc", "iri_only") == 1000 and page.all["closes"])
        ok(iri.loss("cc", "iri_only") == 1000 and iri.all["closes"], "also for what may not be delivered", iri.all)
        ok(Page(p, "nobody").status == 404, "a warrant that nobody knows has no ledger")
        tools(chain, p)
        c.stop()
        a.stop()
        ok(numbers(a) == list(range(1000)), "the agency counted as many", len(numbers(a)))


def signed_by(key, page):
    """A statement of this page, whatever it says."""
    text = json.dumps(page, sort_keys=True, separators=(",", ":"))
    canonical = key.with_name("canonical")
    canonical.write_text(text)
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", canonical],
                               capture_output=True, check=True).stdout
    return {"statement": page, "algorithm": "Ed25519", "signature": signature.hex()}


def tools(chain, p):
    """weir ledger, statements, and what was tampered with."""
    folder = chain.folder
    where = ["--at", p.url.rsplit("/api", 1)[0], "--authority", str(folder / "certs" / "authority.pem"), "--api-key",
             str(p.folder / "first")]
    status, said = weir(chain, "police/L1", *where)
    ok(status == 0 and "cc of CIN 7" in said and "police/L1: complete" in said, "weir ledger says so in words", said)
    status, said = weir(chain, "police/L1", "--json", *where)
    ok(status == 0 and json.loads(said)["is_complete"], "and in JSON")
    status, said = weir(chain, "police/L9", *where)
    ok(status == 1 and "404" in said, "of an unknown warrant it says that", said)
    status, said = weir(chain, "police/L1", "--at", where[1], "--authority", str(folder / "operator.pem"), "--api-key",
                        where[5])
    ok(status == 1, "it believes no other authority", said)
    status, said = weir(chain, "statement", "police/L1", *where)
    ok(status == 0 and json.loads(said)["statement"]["asked_by"] == "first", "a statement is made", said[:300])
    statement = folder / "statement.json"
    statement.write_text(said)
    public = ["--key", str(folder / "operator.pem")]
    status, told = weir(chain, "verify", str(statement), *public)
    ok(status == 0 and "the signature is good" in told and "complete" in told, "and verified", told)
    statement.write_text(json.dumps(json.loads(said), indent=2))
    ok(weir(chain, "verify", str(statement), *public)[0] == 0, "however its blanks and lines are")
    ok(weir(chain, "verify", str(statement), "--key", str(folder / "other.pem"))[0] == 1, "another key's it is not")
    forged = json.loads(said)
    forged["statement"]["rows"][0]["matched"] += 1
    statement.write_text(json.dumps(forged))
    status, told = weir(chain, "verify", str(statement), *public)
    ok(status == 1 and "signature" in told, "one number changed, and it is refused", told)
    statement.write_text(json.dumps(signed_by(folder / "operator.key", forged["statement"])))
    status, told = weir(chain, "verify", str(statement), *public)
    ok(status == 3 and "the signature is good" in told and "the sums do not close" in told,
       "a page that the operator signed is not believed what it says of its sums", told)
    status, told = weir(chain, "verify", "--json", str(statement), *public)
    ok(forged["statement"]["closes"] and status == 3 and not json.loads(told)["closes"] and
       not json.loads(told)["is_complete"] and json.loads(told)["remarks"], "nor in JSON", status, told[:300])
    entries = p.ask("GET", "/audit")[1]
    entries = entries.get("audit") or entries.get("entries") or []
    ok(any(e["what"] == "statement" and e["key"] == "police/L1" and e["who"] == "first" for e in entries),
       "the audit log says who asked for it", entries[-2:])


def what_is_lost_is_said():
    """The mediator is away, and the collector's spool is full."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        make_keys(chain)
        p, a, m, c = start_all(chain, spool_limit=1 << 20, metrics="127.0.0.1:0")
        for daemon in (a,):
            daemon.fields["transport"] = "plain"
        p.put("/agencies/police", a.orders())
        p.put("/warrants/police/L1", warrant("L1"))
        c.start()
        p.agree("c1", "m1")
        m.stop(signal.SIGKILL)
        n = 16000
        before = time.time()
        feed(c, 0, n)
        page = comes_to(p, "L1", lambda page: page.count("cc", "matched") == n)
        lost = page.loss("cc", "full")
        ok(page.count("cc", "matched") == n and 0 < lost < n and page.count("cc", "spooled") == n - lost,
           "what found no room is lost, and counted", page.all)
        loss = next((loss for loss in page.of("cc").get("losses", []) if loss["reason"] == "full"), {})
        ok(loss and utc(before - 1) <= loss["first"] <= loss["last"] <= utc(time.time() + 1),
           "with its first and last time", loss)
        one = c.status()["intercept"]["warrants"][0]
        ok([one.get(key, "")[:23] for key in ("lost_first", "lost_last")] == [loss["first"][:23], loss["last"][:23]] and
           one["full"] == lost, "the collector's status has the same, by warrant", one, loss)
        said = re.search(r"alarm outbox_full: warrant police/L1: .*, since (\S+)Z", c.log())
        ok(said and loss["first"].startswith(said[1]), "and the log the time of the first", said, loss)
        kept = c.fields["folder"] / "alarms.json"
        ok(until(lambda: kept.exists() and [alarm["n"] for alarm in json.loads(kept.read_text())["alarms"]
                                            if alarm["kind"] == "outbox_full"] == [lost]),
           "what the agency was not told of yet is on disk", kept.exists() and kept.read_text())
        kill(c, c.feed)
        c.start()
        m.start()
        the_agency_hears_of_it(c, a, loss)
        page = comes_to(p, "L1", lambda page: page.count("cc", "handed") == page.count("cc", "acknowledged") == n - lost and
                        page.all["closes"])
        ok(page.count("cc", "acknowledged") == n - lost and page.all["closes"] and not page.all["is_complete"] and
           any("no room left" in remark for remark in page.all["remarks"]),
           "all else arrives, the sums close, and the page says what was lost", page.all["remarks"])
        ok(until(lambda: len(set(numbers(a))) == n - lost), "the agency has as many", len(set(numbers(a))), n - lost)


def the_agency_hears_of_it(c, a, loss):
    """The mediator was away when records were lost, and the collector was killed since: the agency is told when both
    are back. Log and HI1 say the same."""
    lost = loss["records"]
    said = re.search(r"alarm outbox_full: (warrant police/L1: records are lost, for there is no room left in the outbox)",
                     c.log())
    ok(said, "the collector's log says which warrant loses records", c.log()[-1000:])

    def alarms():
        return [e["words"] for e in a.events("record") if e["kind"] == "hi1" and
                e["words"].startswith("alarm of LIID L1: collector c1: warrant police/L1: ")]

    until(lambda: any(f"again: {lost} records " in text for text in alarms()), 30)
    ok(alarms() and any(f"there is room in the outbox again: {lost} records " in text for text in alarms()), "the agency hears of the loss, by LIID, with its number and times", alarms(),
       a.events("record")[-3:])
    ok(any(f"from {loss['first'][:23]}Z to {loss['last'][:23]}Z" in text for text in alarms()),
       "which are those of the ledger", alarms(), loss)
    ok(len(alarms()) <= 2 and f"is over: warrant police/L1: there is room in the outbox again: {lost} records " in
       c.log(), "once, or once at each end; and the log says the same")


def kill(daemon, feeder=None):
    daemon.process.kill()
    daemon.process.wait()
    if feeder:
        feeder.close()


def nothing_is_forgotten():
    """kill -9 of the collector, then of the mediator, with records in hand."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        make_keys(chain)
        p, a, m, c = start_all(chain)
        p.put("/agencies/police", a.orders())
        p.put("/warrants/police/L1", warrant("L1"))
        p.put("/warrants/police/L2", warrant("L2", deliver="iri-only"))
        c.start()
        p.agree("c1", "m1")
        feed(c, 0, 3000)
        page = comes_to(p, "L1", lambda page: page.count("cc", "matched") == 3000)
        kill(c, c.feed)
        c.start()
        feed(c, 3000, 2000)
        page = comes_to(p, "L1", lambda page: all_have(page, 5000) and page.all["closes"])
        ok(all_have(page, 5000) and page.all["closes"],
           "the collector's counts survive kill -9", page.all)
        second = comes_to(p, "L2", lambda page: page.loss("cc", "iri_only") == 5000)
        ok(second.loss("cc", "iri_only") == 5000, "those of what it refused too", second.all)
        ok(len(page.gaps("restart")) == 1 and any("not captured from" in remark for remark in page.all["remarks"]),
           "the time in which it did not run is stated", page.all["gaps"], page.all["remarks"])
        feed(c, 5000, 3000)
        kill(m)
        m.start()
        feed(c, 8000, 1000)
        page = comes_to(p, "L1", lambda page: all_have(page, 9000) and page.all["closes"])
        cc = page.of("cc")
        ok(all_have(page, 9000) and page.all["closes"],
           "the mediator's counts survive kill -9", cc, page.all["remarks"])
        seen = comes_to_have(a, set(range(9000)))
        ok(set(seen) == set(range(9000)), "the agency has all of them", len(seen))
        ok(cc.get("sent_again", 0) >= len(seen) - 9000, "what it has twice is marked as sent again",
           cc.get("sent_again"), len(seen))
        c.stop()
        c.start()
        feed(c, 9000, 100)
        page = comes_to(p, "L1", lambda page: all_have(page, 9100) and page.all["closes"])
        ok(page.count("cc", "matched") == 9100 and page.all["closes"] and page.of("cc").get("last_sequence") == 9099,
           "and an end in good order", page.of("cc"))


def in_the_middle_of_traffic():
    """kill -9 of the collector while it works: what it had numbered and not written is counted as lost."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        make_keys(chain)
        p, a, m, c = start_all(chain, metrics="127.0.0.1:0")
        p.put("/agencies/police", a.orders())
        p.put("/warrants/police/L1", warrant("L1"))
        c.start()
        p.agree("c1", "m1")
        for round_ in range(3):
            at = 100000 * (round_ + 1)
            feeder = threading.Thread(target=feed_until_broken, args=(c, at))
            feeder.start()
            time.sleep(0.3)
            c.process.kill()
            c.process.wait()
            feeder.join()
            c.feed.close()
            c.start()
        feed(c, 900000, 100)
        page = comes_to(p, "L1", lambda page: page.count("cc", "handed") == page.count("cc", "acknowledged") ==
                        page.count("cc", "spooled") > 0 and page.all["closes"])
        cc = page.of("cc")
        ok(page.all["closes"] and cc["spooled"] == cc["acknowledged"] > 100, "the sums close", page.all)
        ok(cc["encoded"] == cc["spooled"] + page.loss("cc", "killed"), "with what was in hand at each end", cc)
        killed = sum(page.loss(kind, "killed") for kind in ("cc", "iri"))
        ok(c.status()["ledger"]["killed"] == killed and
           f'weir_ledger_records_total{{reason="killed"}} {killed}\n' in c.get("/metrics")[2],
           "as many are in the collector's metrics and status", c.status()["ledger"], killed)
        # more may come between the page and here
        n = cc["acknowledged"]
        seen = comes_to_have(a, set(range(n)))
        ok(seen[:n] == list(range(n)), "and the agency has what the ledger says, each once", len(seen), cc)
        ok(len(page.gaps("restart")) in (1, 2, 3), "each time without a collector is stated", page.all["gaps"])


def feed_until_broken(collector, first):
    try:
        for at in range(first, first + 90000, 200):
            feed(collector, at, 200)
    except OSError:
        pass


def a_spool_that_is_gone():
    """The folder of the mediator's spools is removed, then that of the collector's: the page says what went with it."""
    with Chain(PROGRAMS, is_plain=True) as chain:
        make_keys(chain)
        p, a, m, c = start_all(chain)
        p.put("/agencies/police", a.orders())
        p.put("/warrants/police/L1", warrant("L1"))
        c.start()
        p.agree("c1", "m1")
        feed(c, 0, 500)
        comes_to(p, "L1", lambda page: all_have(page, 500))
        a.stop()
        feed(c, 500, 300)
        page = comes_to(p, "L1", lambda page: page.count("cc", "handed") == page.count("cc", "kept") == 800)
        ok(page.count("cc", "acknowledged") == 500, "300 records wait at the mediator", page.of("cc"))
        for _ in range(2):  # until it has saved its state it sends again what the mediator has
            saved = (c.folder / "state" / "state").stat().st_mtime_ns
            until(lambda at=saved: (c.folder / "state" / "state").stat().st_mtime_ns > at)
        kill(m)
        shutil.rmtree(m.folder / "state" / "spools")
        a.start()
        m.start()
        page = comes_to(p, "L1", lambda page: page.loss("cc", "gone") >= 300)
        feed(c, 800, 200)
        comes_to_have(a, {999})  # the last of all
        page = settled(p)
        again = len(a.records("cc")) - 200  # that the collector still had
        said = [r for r in page.all["remarks"] if "lost at the mediator: its spool is gone" in r]
        ok(page.all["closes"] and not page.all["is_complete"] and
           f"cc of CIN 7: at most {300 - again} " in "".join(said) and " between 20" in "".join(said),
           "a mediator that lost them: the sums close, and the page says how many, and between when and when",
           page.all["remarks"], again)
        ok(any("the spool of m1 was lost between 20" in r for r in page.all["remarks"]), "and whose spool it was")
        ok(until(lambda: [e for e in a.records("hi1") if "spool police/hi3: it is gone, with what waited in it" in
                          e["words"]]), "the agency is told", a.records("hi1"))
        m.stop()
        feed(c, 1000, 100)
        comes_to(p, "L1", lambda page: page.count("cc", "spooled") == 1100)
        kill(c, c.feed)
        shutil.rmtree(c.folder / "state" / "spools")
        m.start()
        c.start()
        feed(c, 1100, 50)
        until(lambda: len(a.records("cc")) >= 250 + again)
        page = settled(p)
        ok(page.loss("cc", "vanished") == 100 and page.all["closes"] and
           any("100 lost in the collector" in r and "its spool is gone" in r for r in page.all["remarks"]),
           "a collector that lost them: as many, by that reason", page.all["remarks"], page.of("cc"))
        ok(until(lambda: [e for e in a.records("hi1") if "outbox police/hi3: it is gone, with what waited in it" in
                          e["words"]]), "the agency is told of that too", a.records("hi1"))


def settled(p):
    """The page once nothing on it moves any more."""
    return comes_to(p, "L1", lambda page: not any("different moments" in r or "before they have all told" in r or
                                                  "on their way" in r for r in page.all["remarks"]))


PARTS = (a_spool_that_is_gone, every_record_counts, what_is_lost_is_said, nothing_is_forgotten, in_the_middle_of_traffic)

for part in PARTS:
    if len(sys.argv) > 6 and part.__name__ not in sys.argv[6:]:
        continue
    try:
        part()
    except Failed as failure:
        ok(False, f"{part.__name__}: the programs do what they should", failure)
tap.end()
