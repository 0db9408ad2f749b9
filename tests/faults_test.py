#!/usr/bin/env python3
"""Nothing is lost, whatever fails: the whole chain under faults, with traffic that passes by all the while.

    faults_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR [--minutes M] [--seed N] [--only WORDS]

Without --minutes each fault comes once, briefly, in an order that the seed decides. With it each comes once at its
full length, and then faults of programs and of links in random combination for that long. Every packet that was sent
while the collector was there must be at the agency, once, in order, or be in the ledger as lost, by its reason; those
of the collector's absence must lie in a gap that the ledger states; the sums must close. The account is printed as a table. The seed is
printed, and gives the same faults again. WEIR_CLOCK_STEP names the library that steps the programs' clock
(clock_step.c); without it that is left out.
"""
import argparse
import os
import random
import threading
import time

from chain_programs import Failed, until
from faults import WINDOW, PAYLOAD, Rig, own_network
from tap import end, ok, skip

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
QUIET_S = 0.2  # between faults
DRAIN_S = 60
LONG_S = {"agency SIGKILL": 30, "agency SIGTERM": 30, "agency half-open": 30, "mediator-agency slow": 30,
          "mediator SIGKILL": 20, "collector-mediator cut": 20, "collector's disk full, mediator away": 20,
          "provisioner away, an hour by the clock": 30}  # … of each fault at its full length; the others
ELSE_S = 4


def arguments():
    parser = argparse.ArgumentParser()
    for name in NAMES:
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="faults whose names have these words")
    return parser.parse_args()


def hurt_once(rig, name, bring, seconds):
    """A row of the account: name, seconds, first packet, packet behind the last."""
    first = len(rig.traffic.sent)
    began = time.monotonic()
    bring(seconds)
    took = time.monotonic() - began
    time.sleep(QUIET_S)
    return name, took, first, len(rig.traffic.sent)


def hurt_each(rig, chance, only, is_long):
    """Each fault once, one after the other."""
    faults = sorted((name, bring) for name, bring in rig.faults().items() if not only or only in name)
    chance.shuffle(faults)
    rows = []
    for name, bring in faults:
        seconds = LONG_S.get(name, ELSE_S) if is_long else chance.uniform(0.15, 0.3)
        rows.append(hurt_once(rig, name, bring, seconds))
        if is_long:
            print("#", *rows[-1], flush=True)
    return rows


def hurt_long(rig, chance, minutes):
    """Faults of programs and of links in random combination."""
    faults = sorted(rig.faults().items())
    programs = [row for row in faults if "SIG" in row[0]]
    links = [row for row in faults if "SIG" not in row[0]]
    over = time.monotonic() + minutes * 60
    rows = []
    while time.monotonic() < over:
        (program, kill), (link, trouble) = chance.choice(programs), chance.choice(links)
        wishes = chance.choice([[(program, kill)], [(link, trouble)], [(program, kill), (link, trouble)]])
        seconds = chance.uniform(0.2, 5)
        if "provisioner" in program and ("provisioner" in link or "orders" in link):
            wishes = wishes[:1]  # one program is not ended by two

        def bring(length, faults_now=tuple(fault for _, fault in wishes)):
            others = [threading.Thread(target=fault, args=(length,)) for fault in faults_now[1:]]
            for thread in others:
                thread.start()
            faults_now[0](length)
            for thread in others:
                thread.join()

        rows.append(hurt_once(rig, " + ".join(name for name, _ in wishes), bring, seconds))
        print("#", *rows[-1], flush=True)
    return rows


class Account:
    """What was sent, what came, and what the ledger says of the rest."""

    def __init__(self, rig):
        self.rig = rig
        self.n_sent = len(rig.traffic.sent)
        until(self.is_settled, DRAIN_S)
        self.got, self.again = rig.received()
        self.row, self.losses, self.gaps, self.page = rig.ledger()
        self.have = {n for _, n in self.got}
        missing = [n for n in range(self.n_sent) if n not in self.have]
        self.absent = {n for n in missing if rig.in_absence(n) and rig.is_stated(n, self.gaps)}
        self.lost = [n for n in missing if n not in self.absent]

    def is_settled(self):
        """Whether what was counted as matched is at the agency, or lost."""
        time.sleep(0.2)
        row, losses, _, page = self.rig.ledger()
        left = row.get("matched", 0) - sum(losses.values())
        return (page.get("closes") and row.get("acknowledged") == left and len(self.rig.received()[0]) >= left and
                self.has_last())

    def has_last(self):
        """Also the packets that were sent last were looked at: nothing but a gap is behind them."""
        return any(n == self.n_sent - 1 for _, n in self.rig.received()[0][-1:])

    def stated(self, absent, lost):
        words = []
        if absent:
            words.append(f"{absent} in a gap of the input")
        if lost:
            words.append(f"{lost} lost: {', '.join(sorted(self.losses)) or 'NOT STATED'}")
        return "; ".join(words)

    def table(self, rows):
        """To be pasted."""
        print("# | fault | s | sent | received | lost | repeated | stated |")
        print("# |---|--:|--:|--:|--:|--:|---|")
        lost_all, in_rows = set(self.lost), [0] * 5
        for name, seconds, first, behind in rows:
            span = range(first, behind)
            absent = sum(n in self.absent for n in span)
            lost = sum(n in lost_all for n in span)
            again = sum(self.again[n] for n in span)
            received = len(span) - absent - lost
            for i, n in enumerate((len(span), received, absent + lost, again)):
                in_rows[i] += n
            print(f"# | {name} | {seconds:.1f} | {len(span)} | {received} | {absent + lost} | {again} | "
                  f"{self.stated(absent, lost)} |")
        n_missing = len(self.absent) + len(self.lost)
        print(f"# | between them | | {self.n_sent - in_rows[0]} | {self.n_sent - n_missing - in_rows[1]} | "
              f"{n_missing - in_rows[2]} | {sum(self.again.values()) - in_rows[3]} | |")
        print(f"# | **all** | | {self.n_sent} | {self.n_sent - n_missing} | {n_missing} | {sum(self.again.values())} | "
              f"{self.stated(len(self.absent), len(self.lost))} |", flush=True)


def judge(rig, rows):
    a = Account(rig)
    a.table(rows)
    seqs = [seq for seq, _ in a.got]
    numbers = [n for _, n in a.got]
    n_lost, matched = sum(a.losses.values()), a.row.get("matched", 0)
    logs = [rig.c.log()[-1500:], rig.m.log()[-1500:]]
    ok(len(a.lost) <= n_lost, f"each of {a.n_sent - len(a.absent)} packets that the collector was there for is at the "
       f"agency, or in the ledger as lost ({len(a.lost)})", [a.lost[:20], a.losses, a.gaps, *logs])
    ok(a.page.get("closes") and matched == len(a.have) + n_lost,
       f"the ledger's sums close: {matched} matched, {len(a.have)} at the agency, {n_lost} lost {a.losses or ''}",
       [a.row, a.page.get("remarks"), *logs])
    ok(len(numbers) == len(a.have), "none is there under two numbers", [len(numbers), len(a.have)])
    ok(numbers == sorted(numbers), "they are in the order in which they were sent",
       [[(x, y) for x, y in zip(numbers, numbers[1:]) if x > y][:10]])
    n_skipped = sum(y - x - 1 for x, y in zip(seqs, seqs[1:]))
    ok(seqs == sorted(seqs) and n_skipped <= n_lost, "their numbers have no gap but for what the ledger says is lost",
       [n_skipped, n_lost, [(x, y) for x, y in zip(seqs, seqs[1:]) if y != x + 1][:10]])
    n_new, octets = max(rig.to_hi3.n_connections, 1), sum(a.again.values()) * PAYLOAD
    ok(octets <= n_new * WINDOW, f"what came again ({octets} octets) is within the agency's window",
       [f"{n_new} connections"])


def main():
    settings = arguments()
    reason = own_network()
    if reason:
        skip("the chain under faults", reason)
        end()
    print(f"# seed {settings.seed}", flush=True)
    if not os.environ.get("WEIR_CLOCK_STEP"):
        skip("a clock that is stepped", "WEIR_CLOCK_STEP names no library")
    rig = None
    try:
        rig = Rig({name: getattr(settings, name) for name in NAMES})
        chance = random.Random(settings.seed)
        rows = hurt_each(rig, chance, settings.only, settings.minutes > 0)
        if settings.minutes:
            rows += hurt_long(rig, chance, settings.minutes)
        rig.traffic.end()
        judge(rig, rows)
    except Failed as failure:
        ok(False, "the programs start and answer", [failure])
    finally:
        if rig:
            rig.end()
    end()


main()
