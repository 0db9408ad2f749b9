#!/usr/bin/env python3
"""Nothing is lost, whatever fails: the whole chain under faults, with traffic that passes by all the while.

    faults_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR [--minutes M] [--seed N]

Without --minutes each fault comes once, in an order that the seed decides; with it, faults of programs and of links
come in random combination for that long. Every packet that was sent while the collector was there must be at the agency, once, in order; those of the
collector's absence are counted. The seed is printed, and gives the same faults again. The machine's clock is not
touched, and no program's.
"""
import argparse
import os
import random
import threading
import time

from chain_programs import Failed, until
from faults import WINDOW, Rig, own_network
from tap import end, ok, skip

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
QUIET_S = 0.6  # between faults
DRAIN_S = 60


def arguments():
    parser = argparse.ArgumentParser()
    for name in NAMES:
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def hurt_once(rig, name, bring, seconds):
    """A row of the account: name, seconds, first packet, packet behind the last."""
    first = len(rig.traffic.sent)
    bring(seconds)
    time.sleep(QUIET_S)
    return name, seconds, first, len(rig.traffic.sent)


def hurt_each(rig, chance):
    """Each fault once, one after the other."""
    faults = sorted(rig.faults().items())
    chance.shuffle(faults)
    return [hurt_once(rig, name, bring, chance.uniform(0.2, 0.6)) for name, bring in faults]


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


def judge(rig, rows):
    n_sent = len(rig.traffic.sent)
    wanted = {n for n in range(n_sent) if not rig.in_absence(n)}

    def has_all():
        time.sleep(0.2)
        return wanted <= {n for _, n in rig.received()[0]}

    until(has_all, DRAIN_S)
    got, again = rig.received()
    numbers = [n for _, n in got]
    seqs = [seq for seq, _ in got]
    have = set(numbers)
    print(f"# {'fault':<44} {'seconds':>7} {'sent':>6} {'received':>8} {'absent':>6} {'lost':>5} {'twice':>5}")
    for name, seconds, first, behind in rows:
        span = range(first, behind)
        lost = [n for n in span if n in wanted and n not in have]
        twice = sum(1 for n in numbers if first <= n < behind) - sum(1 for n in span if n in have)
        absent = sum(1 for n in span if n not in wanted and n not in have)
        print(f"# {name:<44} {seconds:7.2f} {len(span):6} {len(span) - len(lost) - absent:8} {absent:6} {len(lost):5} "
              f"{twice:5}")
    lost = sorted(wanted - have)
    ok(not lost, f"each of {len(wanted)} packets that the collector was there for is at the agency",
       [f"{len(lost)} are not: {lost[:20]}", rig.c.log()[-1500:], rig.m.log()[-1500:]])
    ok(len(numbers) == len(have), "none is there under two numbers", [len(numbers), len(have)])
    ok(numbers == sorted(numbers), "they are in the order in which they were sent",
       [[(a, b) for a, b in zip(numbers, numbers[1:]) if a > b][:10]])
    ok(seqs == list(range(seqs[0] if seqs else 0, (seqs[0] if seqs else 0) + len(seqs))),
       "their numbers have neither gap nor repetition", [[(a, b) for a, b in zip(seqs, seqs[1:]) if b != a + 1][:10]])
    n_new = max(rig.to_hi3.n_connections, 1)
    ok(again <= n_new * WINDOW, f"what came again ({again} octets) is within the agency's window",
       [f"{n_new} connections"])


def main():
    settings = arguments()
    reason = own_network()
    if reason:
        skip("the chain under faults", reason)
        end()
    print(f"# seed {settings.seed}", flush=True)
    rig = None
    try:
        rig = Rig({name: getattr(settings, name) for name in NAMES})
        chance = random.Random(settings.seed)
        rows = hurt_long(rig, chance, settings.minutes) if settings.minutes else hurt_each(rig, chance)
        rig.traffic.end()
        judge(rig, rows)
    except Failed as failure:
        ok(False, "the programs start and answer", [failure])
    finally:
        if rig:
            rig.end()
    end()


main()
