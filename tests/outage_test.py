#!/usr/bin/env python3
"""A mediator that is away costs disk and nothing else, and what is fresh is not starved while the backlog drains.

    outage_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR [--seconds S] [--mbit R] [--link R]

Live traffic of R Mbit/s for one agency, and a little for another, is captured all the while; the collector's link to
the mediator is not much faster than that, so that the backlog is there for some time when the mediator is back. Promised is:
nothing is lost; each stream comes in its order, the oldest first; other agencies' streams, and what is reported (HI2),
do not wait for the backlog; then memory is enough again.
"""
import argparse
import os
import pathlib
import socket
import statistics
import struct
import threading
import time

from chain_programs import Agency, Chain, Failed, Mediator, Provisioner, outbox, until
from faults import LiveCollector, Proxy, own_network
from streams import account, content
from tap import end, ok, skip

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
TARGET, OTHER_TARGET, THIRD_TARGET, PEER = "192.0.2.7", "192.0.2.8", "192.0.2.9", "198.51.100.1"
SIZE = 1400      # octets of a packet
NUMBER_AT = 28   # in it
TICK_S = 0.002
MAX_BURST = 200  # packets
LESS_OFTEN = 40  # a packet of the other agency's target for so many of the first one's
MEMORY = 12 << 20
DISK = 16 << 30
SPARE = DISK // 32  # octets of a file that is kept for the next time
DRAIN_S = 60


def arguments():
    parser = argparse.ArgumentParser()
    for name in NAMES:
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--seconds", type=float, default=6, help="that the mediator is away")
    parser.add_argument("--mbit", type=float, default=25, help="of live traffic")
    parser.add_argument("--link", type=float, default=60, help="Mbit/s of the collector's link to the mediator")
    parser.add_argument("--memory", type=int, default=MEMORY, help="octets of a spool in memory")
    return parser.parse_args()


def packet(target, n, size):
    udp = struct.pack("!HHHHI", 4000, 5000, size - 20, 0, n) + bytes(size - 32)
    return (b"\2" * 6 + b"\4" * 6 + b"\x08\0" +
            struct.pack("!BBHIBBH", 0x45, 0, size, 0, 64, 17, 0) + socket.inet_aton(PEER) + socket.inet_aton(target) + udp)


class Stream:
    """Packets to two targets, at a rate, each with its number. What a slow machine keeps it from sending is not made up
    for: that would be more at once than a disk takes."""

    def __init__(self, mbit):
        self.rate = mbit * 1e6 / 8 / SIZE
        self.n = 0           # sent to the first target
        self.other = []      # when each was sent to the other one
        self.is_over = False
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.raw.bind(("left", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        head = packet(TARGET, 0, SIZE)
        before, behind = head[:14 + NUMBER_AT], head[14 + NUMBER_AT + 4:]
        began = time.monotonic()
        while not self.is_over:
            due = int((time.monotonic() - began) * self.rate)
            began += max(due - self.n - MAX_BURST, 0) / self.rate
            for _ in range(min(due - self.n, MAX_BURST)):
                self.raw.send(before + struct.pack("!I", self.n) + behind)
                self.n += 1
                if self.n % LESS_OFTEN == 0:
                    self.other.append(time.monotonic())
                    self.raw.send(packet(OTHER_TARGET, len(self.other) - 1, 100))
            time.sleep(TICK_S)

    def end(self):
        self.is_over = True
        self.thread.join()
        self.raw.close()


class Arrivals:
    """When each packet of the other agency's came to it: it prints a line for each at once."""

    def __init__(self, agency):
        self.path, self.is_over = agency.said, False
        self.came = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with open(self.path, "rb") as file:
            while not self.is_over:
                time.sleep(0.005)
                lines, now = file.read(), time.monotonic()
                self.came += [now] * lines.count(b'"kind":"cc"')


def is_written(path, last):
    """Whether the agency has written the record with this packet; it does so at its own pace."""
    with open(path, "rb") as file:
        file.seek(max(path.stat().st_size - 2 * SIZE, 0))
        return struct.pack("!I", last) + bytes(64) in file.read()


def folder_octets(path):
    total = 0
    for file in pathlib.Path(path).rglob("*"):
        try:
            total += file.stat().st_blocks * 512 if file.is_file() else 0
        except OSError:
            pass
    return total


def resident(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) << 10


class World:
    def __init__(self, chain, settings):
        chain.certify("provisioner:p1", "mediator:m1", "collector:c1", "agency:police", "agency:customs")
        self.chain, self.settings = chain, settings
        self.p = p = Provisioner(chain).start()
        self.link = Proxy(buffer=256 << 10)
        self.m = Mediator(chain, provisioner=p, disk=chain.folder / "mediator-disk", disk_limit=64 << 30)
        self.m.start()
        self.link.to = self.m.address
        self.agencies = [Agency(chain, name) for name in ("police", "customs")]
        self.disk = chain.folder / "disk"
        self.c = LiveCollector(chain, p.address, chain.folder / "collector", disk=self.disk, disk_limit=DISK,
                               spool_limit=settings.memory, metrics="127.0.0.1:0")
        p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
        p.put("/mediators/m1", {"name": "m1", "address": self.link.address})
        p.put("/collectors/c1", {"name": "c1"})
        for agency, target in zip(self.agencies, (TARGET, OTHER_TARGET)):
            agency.fields["each_cc"] = agency.name == "customs"
            agency.start()
            p.put(f"/agencies/{agency.name}", agency.orders())
            self.warrant(agency.name, "L1", target)
        self.c.start()
        p.agree("c1", "m1")
        until(lambda: all(agency.records("iri") for agency in self.agencies))
        self.arrivals = Arrivals(self.agencies[1])
        self.traffic = Stream(settings.mbit)
        self.record = 0  # octets of one of the first agency's

    def warrant(self, agency, liid, target):
        self.p.put(f"/warrants/{agency}/{liid}", {
            "reference": "W-1", "authority": "District Court", "agency": agency, "liid": liid,
            "authorization_country": "NZ", "start": "2026-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z",
            "targets": [{"prefix": target, "cin": 1}]})

    def page(self, agency="police", liid="L1"):
        page = self.p.ask("GET", f"/warrants/{agency}/{liid}/ledger")[1] or {}
        return page, next((row for row in page.get("rows", []) if row["kind"] == "cc"), {})

    def on_disk(self):
        """Octets of the first agency's content that wait on the collector's disk."""
        return outbox(self.c)["on_disk"]

    def behind(self):
        """Packets that were sent and are not at the first agency yet, about."""
        path = self.agencies[0].stream("hi3")
        octets = path.stat().st_size if path.exists() else 0
        return self.traffic.n - octets // (SIZE + 100)

    def has_l2(self):
        return any(e.get("liid") == "L2" for e in self.agencies[0].records("iri"))

    def end(self):
        self.arrivals.is_over = True


def away(w):
    """What that costs."""
    seconds = w.settings.seconds
    until(lambda: len(w.arrivals.came) > 100)
    w.before, w.n_before = resident(w.c.process), len(w.arrivals.came) - 5
    w.link.is_away = True
    w.m.stop()
    w.link.cut()
    w.lost_at, most = time.monotonic(), 0
    enough = w.traffic.n + seconds * w.traffic.rate
    while time.monotonic() < w.lost_at + seconds or w.traffic.n < enough:
        most = max(most, resident(w.c.process))
        time.sleep(min(0.5, seconds / 4))
    w.cost = {"memory": most - w.before, "spools": folder_octets(w.c.fields["folder"] / "spools"),
              "disk": w.on_disk()}
    w.link.rate = w.settings.link * 1e6 / 8
    w.m.start()
    w.link.to, w.link.is_away = w.m.address, False


def drain(w):
    """The mediator is back: while the backlog drains, what is fresh arrives."""
    began, n_other = time.monotonic(), len(w.traffic.other)
    w.warrant("police", "L2", THIRD_TARGET)
    until(w.has_l2, DRAIN_S)
    w.reported = time.monotonic() - began
    w.is_reported_before = w.behind() > w.traffic.rate
    seconds = w.settings.seconds * w.settings.mbit / max(w.settings.link - w.settings.mbit, 1)
    until(lambda: w.behind() < w.traffic.rate / 4, DRAIN_S + 4 * seconds)
    ended = time.monotonic()
    w.drained = ended - began
    w.fresh = [n for n in range(n_other, len(w.traffic.other)) if w.traffic.other[n] < began + w.drained / 2]
    time.sleep(1)
    w.traffic.end()
    n = w.n_before
    came = dict(enumerate(w.arrivals.came))  # they come in their order
    w.usual = sorted(came[k] - w.traffic.other[k] for k in range(n))
    w.late = [came.get(k, float("inf")) - w.traffic.other[k] for k in w.fresh]
    w.n_behind = sum(1 for k in w.fresh if came.get(k, float("inf")) > ended)


def judge(w):
    n = w.traffic.n

    def is_there():
        page, row = w.page()
        return row.get("acknowledged") == n and page.get("closes") and page.get("is_complete")

    until(is_there, DRAIN_S)
    page, row = w.page()
    ok(row.get("matched") == row.get("acknowledged") == n and page["is_complete"] and not page["gaps"],
       f"each of {n} packets was captured, and the agency has it", [row, page, w.c.log()[-800:]])
    waiting = w.settings.mbit * 1e6 / 8 * w.settings.seconds
    ok(w.cost["disk"] > (waiting - w.settings.memory) / 2 and w.cost["spools"] < 5 * w.settings.memory and
       w.cost["memory"] < 16 << 20, "what was waiting was on disk, and memory did not grow", [w.cost])
    ok(w.n_behind == 0 and w.fresh,
       "what another agency was to get while the backlog drained it got before that was over",
       [w.n_behind, len(w.fresh), w.late[-5:]])
    ok(w.is_reported_before, "and so it was with a report to the same agency",
       [w.reported, w.has_l2(), w.c.log()[-1500:], w.m.log()[-1500:]])
    path = w.agencies[0].stream("hi3")
    until(lambda: is_written(path, n - 1))
    got, n_again, n_wrong, first = account(content(path, NUMBER_AT))
    w.got, w.n_again, w.n_lost = got, n_again, sum(loss["records"] for loss in row.get("losses", []))
    ok(got == n and not n_wrong, "it has all packets, in their order, under their numbers", [got, n_wrong, first])
    ok(n_again == row["sent_again"], f"and {n_again} of them twice, which the ledger says too", [row])
    ok(until(lambda: w.page("customs")[1].get("acknowledged") == len(w.traffic.other)), "so has the other",
       [w.page("customs")])
    ok(until(lambda: not w.on_disk() and folder_octets(w.disk) < 4 * SPARE),
       "then nothing is on disk, which is given back", [w.on_disk(), folder_octets(w.disk)])
    tell(w)


def tell(w):
    s, late = w.settings, sorted(w.late)
    print(f"# away {s.seconds:.0f} s at {s.mbit:.0f} Mbit/s ({w.traffic.rate:.0f} packets a second): {w.traffic.n} sent, "
          f"{w.got} received, {w.n_lost} lost, {w.n_again} repeated")
    print(f"# it cost {w.cost['disk'] / 1e6:.0f} MB of disk; memory of the collector grew by {w.cost['memory'] / 1e6:.1f} MB, "
          f"its spools in memory were {w.cost['spools'] / 1e6:.1f} MB")
    print(f"# the backlog drained in {w.drained:.1f} s over {s.link:.0f} Mbit/s; meanwhile another agency's packets took "
          f"{statistics.median(late) * 1000:.0f} ms (median), {late[-1] * 1000:.0f} ms (longest of {len(late)}), before "
          f"{statistics.median(w.usual) * 1000:.0f} and {w.usual[-1] * 1000:.0f}; a new "
          f"warrant was reported after {w.reported:.1f} s", flush=True)


def main():
    settings = arguments()
    reason = own_network()
    if reason:
        skip("a mediator that is away", reason)
        end()
    try:
        with Chain({name: getattr(settings, name) for name in NAMES}) as chain:
            w = World(chain, settings)
            away(w)
            drain(w)
            judge(w)
            w.end()
    except Failed as failure:
        ok(False, "the programs start and answer", [failure])
    end()


if __name__ == "__main__":
    main()
