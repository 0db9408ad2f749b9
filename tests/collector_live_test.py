#!/usr/bin/env python3
"""The collector on interfaces, in a network of its own: several at once, one that goes and returns, drops, restarts.

    collector_live_test.py WEIR-COLLECTOR

Makes a network namespace (which goes when it ends) with two pairs of virtual interfaces: what is sent into the left of
a pair is captured on its right. Skipped by name without the rights to make a namespace.
"""

import atexit
import ctypes
import datetime
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from fake_links import Mediator, Provisioner, wait_for
from intercept_records import Record, elements, numbered_from_zero
from radius_packets import START, STOP, Nas, ether, ip
from links import add_pair, run
from tap import daemon_log, end, ok, skip

COLLECTOR = os.path.abspath(sys.argv[1])
CLONE_NEWNET = 0x40000000
work = tempfile.mkdtemp(prefix="weir-live-")
n_started = 0
HOUR = 3600 * 10**9


def make_pair(name):
    add_pair(f"{name}l", f"{name}r")


class Wire:
    """The left end of a pair, kept open: packets follow one another by microseconds."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.socket.bind((f"{name}l", 0))

    def send(self, packet):
        self.socket.send(ether(0x800, packet))


def orders(mediator, targets):
    return {
        "operator": {"id": "EXAMPLE-NZ"},
        "agencies": [{"id": "police", "country": "NZ"}],
        "core_servers": [{"kind": "radius", "address": "10.0.0.10", "ports": "1812-1813"}],
        "mediators": [{"name": "m1", "address": f"127.0.0.1:{mediator.port}"}],
        "warrants": [{"agency": "police", "liid": "LIID0001", "authorization_country": "NZ",
                      "start": "1970-01-01T00:00:00Z", "end": "2200-01-01T00:00:00Z", "targets": targets}],
    }


class Collector:
    def __init__(self, folder, provisioner, inputs, **fields):
        global n_started
        n_started += 1
        path = os.path.join(work, f"collector{n_started}")
        text = f"name: c1\ntransport: plain\nfolder: {folder}\nprovisioner: 127.0.0.1:{provisioner.port}\n"
        text += "".join(f"{k}: {v}\n" for k, v in fields.items())
        text += "inputs:\n" + "".join(f"  - {{{i}}}\n" for i in inputs)
        with open(path + ".yaml", "w") as f:
            f.write(text)
        self.log = path + ".log"
        with daemon_log(self.log) as log:
            self.process = subprocess.Popen([COLLECTOR, "--config", path + ".yaml"], stderr=log)
        atexit.register(self.process.kill)
        self.n = text.count("uri:")

    def is_open(self):
        return wait_for(lambda: self.said().count(": open") == self.n and "orders: 1" in self.said())

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)

    def said(self):
        with open(self.log) as f:
            return f.read()


def records(mediator, interface):
    data = mediator.streams.get(("police", interface), b"")
    return [Record(data, (a, b)) for t, a, b in elements(data, 0, len(data))]


def cc(mediator):
    return [r.packet for r in records(mediator, "hi3")]


def status(provisioner):
    """What the collector says of its inputs, now: it does so whenever its link comes up."""
    provisioner.status = None
    provisioner.drop()
    wait_for(lambda: provisioner.status, 8)
    return {i["uri"]: i for i in (provisioner.status or {"inputs": []})["inputs"]}


def on_two_interfaces():
    """RADIUS on one, traffic on the other: a packet right behind the Start is delivered, one behind the Stop is not."""
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"radius_user": "alice@isp"}]))
    c = Collector(os.path.join(work, "two"), provisioner,
                  ["uri: int:westr, workers: 2", "uri: int:eastr, workers: 2"])
    ok(c.is_open(), "two interfaces are open", [c.said()])
    radius, traffic, nas, wanted = Wire("west"), Wire("east"), Nas(), []

    def say(n, k):
        packet = ip("192.0.2.7", "203.0.113.1", b"%d.%d" % (n, k))
        traffic.send(packet)
        return packet

    for n in range(150):
        say(n, 0)
        radius.send(nas.account(START, user="alice@isp", sid=str(n), ip="192.0.2.7"))
        wanted += [say(n, k) for k in range(1, 1 + n % 4)]
        radius.send(nas.account(STOP, user="alice@isp", sid=str(n), ip="192.0.2.7"))
        say(n, 9)
        if n % 10 == 0:
            time.sleep(0.01)
    wait_for(lambda: len(cc(mediator)) >= len(wanted), 10)
    time.sleep(0.3)
    got = cc(mediator)
    ok(got == wanted, f"150 sessions: the {len(wanted)} packets between their words, microseconds behind and before them",
       [f"{len(got)} {set(got) ^ set(wanted)}", c.said()])
    ok(numbered_from_zero(records(mediator, "hi2") + records(mediator, "hi3")), "numbered from 0")
    last = nas.account(START, user="alice@isp", sid="last", ip="192.0.2.7")
    radius.send(last)
    time.sleep(0.5)
    one = say(1000, 1)
    # whoever waits for the other interface's next packet waits for ever
    ok(wait_for(lambda: one in cc(mediator), 3), "a silent interface does not keep the other waiting", [c.said()])
    run("ip", "link", "del", "westl")
    time.sleep(0.3)
    one = say(1001, 1)
    ok(wait_for(lambda: one in cc(mediator), 3), "nor does one that is gone", [c.said()])
    make_pair("west")
    ok(wait_for(lambda: status(provisioner).get("int:westr", {}).get("returns") == 1, 15),
       "it is found again when it returns, and the status says so", [status(provisioner), c.said()])
    Wire("west").send(nas.account(STOP, user="alice@isp", sid="last", ip="192.0.2.7"))
    ok(wait_for(lambda: [r for r in records(mediator, "hi2") if (r.type, r.event) == (2, 8)][150:], 5),
       "and heard", [c.said()])
    late = [i["late"] for i in status(provisioner).values()]
    ok(late == [0, 0], "nothing came later than the lag", [late])
    ok(c.end() == 0, "it ends in good order", [c.said()])
    for x in (provisioner, mediator):
        x.close()


def stands_still(pid):
    """Whether each of its threads is stopped."""
    states = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii", errors="replace") as f:
            states.append(f.read().rsplit(")", 1)[1].split()[0])
    return set(states) == {"T"}


def drops_are_shown():
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    c = Collector(os.path.join(work, "drops"), provisioner, ["uri: int:eastr, buffer: 1, block_size: 65536"])
    ok(c.is_open(), "one interface is open, with a ring of 1 MiB", [c.said()])
    wire, packet = Wire("east"), ip("9.9.9.9", "8.8.8.8", bytes(1000))
    os.kill(c.process.pid, signal.SIGSTOP)
    ok(wait_for(lambda: stands_still(c.process.pid)), "it is stopped")
    for _ in range(3000):
        wire.send(packet)
    os.kill(c.process.pid, signal.SIGCONT)
    seen = {}

    def is_whole():
        seen.update(status(provisioner).get("int:eastr", {}))
        return seen and seen["received"] + seen["dropped"] == 3000

    ok(wait_for(is_whole, 12) and seen["dropped"] > 1000, "a collector that stands still: what the kernel dropped is in "
       "the status, and with what was received it is what was sent", [seen, c.said()])
    ok(wait_for(lambda: [a for a in mediator.alarms if a[:2] == ("police", None) and "input int:eastr: packets are lost, for "
                         "the kernel's ring is full" in a[2]]), "the agency that has a warrant is told", [mediator.alarms])
    c.end()
    for x in (provisioner, mediator):
        x.close()


def gaps(provisioner):
    """What the ledger says of inputs, last."""
    told = [m["gaps"] for m in provisioner.ledger if m.get("gaps")]
    return told[-1] if told else []


def the_card_is_asked():
    """Frames that are too long for the right end are lost there, before any ring; and an end that goes away."""
    make_pair("long")
    run("ip", "link", "set", "longr", "mtu", "600")
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    wire, packet, short = Wire("long"), ip("9.9.9.9", "8.8.8.8", bytes(1000)), ip("9.9.9.9", "8.8.8.8", bytes(100))

    def lose(n):
        for _ in range(n):
            try:
                wire.send(packet)
            except OSError:  # the pair says that it was lost
                pass

    lose(7)
    c = Collector(os.path.join(work, "card"), provisioner, ["uri: int:longr"])
    ok(c.is_open(), "an interface is open that had lost something before", [c.said()])
    for _ in range(20):
        lose(1)
        wire.send(short)
    seen = {}

    def is_whole():
        seen.update(status(provisioner).get("int:longr", {}))
        return seen and seen["received"] == 20 and seen["card"]["dropped"] == 20

    ok(wait_for(is_whole, 12) and seen["card_lost"] == 20 and seen["dropped"] == 0,
       "what is lost before the ring is counted, since the start", [seen, c.said()])
    ok(wait_for(lambda: [a for a in mediator.alarms if "int:longr: packets are lost by the network card" in a[2]]),
       "the agency is told", [mediator.alarms])
    run("ip", "link", "del", "longl")
    ok(wait_for(lambda: [a for a in mediator.alarms if "nothing is captured, for the input is not there" in a[2]], 12),
       "so it is of an interface that goes away", [mediator.alarms, c.said()])
    make_pair("long")
    ok(wait_for(lambda: [a for a in mediator.alarms if "int:longr: the input is captured again" in a[2]], 20),
       "and of its return", [mediator.alarms, c.said()])
    ok(wait_for(lambda: [r for r in gaps(provisioner) if r["reason"] == "input_down" and r["input"] == "int:longr"]),
       "the ledger has the time", [gaps(provisioner)])
    ok([r["packets"] for r in gaps(provisioner) if r["reason"] == "card"] == [20], "and what the card lost",
       [gaps(provisioner)])
    ok(len([a for a in mediator.alarms if "is not there" in a[2]]) == 1 and
       len([a for a in mediator.alarms if "lost by the network card or" in a[2]]) == 1, "each once", [mediator.alarms])
    c.end()
    for x in (provisioner, mediator):
        x.close()
    run("ip", "link", "del", "longl")


def nanos(text):
    whole, fraction = text.rstrip("Z").split(".")
    at = datetime.datetime.fromisoformat(whole + "+00:00")
    return int(at.timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def clock_was_ahead(folder, is_started_again=False):
    """As if the collector that ended had a clock an hour ahead of today's; the machine was started again since, or not."""
    path = os.path.join(folder, "pulse")
    with open(path, "rb") as f:
        text = bytearray(f.read())
    for at in range(8, len(text) - 31, 32):
        which, time_ns, ahead_ns, boot = struct.unpack_from("=QqqQ", text, at)
        if which:
            struct.pack_into("=QqqQ", text, at, which, time_ns + HOUR, ahead_ns + HOUR, boot + is_started_again)
    with open(path, "wb") as f:
        f.write(text)


def a_clock_that_nobody_knows():
    """The machine was started again, and its clock is behind what it was: how long nothing was captured nobody knows."""
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    folder = os.path.join(work, "unknown")
    c = Collector(folder, provisioner, ["uri: int:eastr"])
    ok(c.is_open() and wait_for(lambda: os.path.exists(os.path.join(folder, "pulse"))), "a collector", [c.said()])
    time.sleep(0.6)
    c.end(signal.SIGKILL)
    clock_was_ahead(folder, is_started_again=True)
    c = Collector(folder, provisioner, ["uri: int:eastr"])
    ok(wait_for(lambda: [a for a in mediator.alarms if a[:2] == ("police", None) and "input int:eastr: nothing was "
                         "captured; how long is not known: clock set from " in a[2]]),
       "whose clock was set back while it was not there says that it does not know how long", [mediator.alarms, c.said()])
    gaps = [gap for news in provisioner.ledger for gap in news.get("gaps", []) if gap["reason"] == "clock"]
    ok(wait_for(lambda: [gap for news in provisioner.ledger for gap in news.get("gaps", []) if gap["reason"] == "clock"
                         and HOUR * 0.99 < nanos(gap["to"]) - nanos(gap["from"]) < HOUR]),
       "so does the ledger: from what the clock says to what it said", [gaps])
    ok(wait_for(lambda: any("the clock was set back" in r.get("text", "") for r in provisioner.reports)),
       "and the provisioner is told", [provisioner.reports])
    c.end()
    for x in (provisioner, mediator):
        x.close()


def restarts_state_the_gap(how, sentence, meanwhile=lambda folder: None):
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    folder = os.path.join(work, f"gap {sentence}")
    c = Collector(folder, provisioner, ["uri: int:eastr"])
    ok(c.is_open() and "was captured from" not in c.said(), f"{sentence}: at first there is no gap", [c.said()])
    wire, sent, is_over = Wire("east"), [], threading.Event()

    def feed():
        while not is_over.is_set():
            packet = ip("192.0.2.7", "203.0.113.1", b"%d" % len(sent))
            before = time.time_ns()
            wire.send(packet)
            sent.append((before, time.time_ns(), packet))
            time.sleep(0.0005)

    thread = threading.Thread(target=feed)
    thread.start()
    time.sleep(0.7)
    c.end(how)
    meanwhile(folder)
    c = Collector(folder, provisioner, ["uri: int:eastr"])
    c.is_open()
    time.sleep(0.7)
    is_over.set()
    thread.join()
    wait_for(lambda: sent[-1][2] in cc(mediator))
    said = re.search(r"nothing was captured from (\S+) to (\S+)", c.said())
    ok(said, f"{sentence}: the log states from when to when nothing was captured", [c.said()])
    first, last = (nanos(said[1]), nanos(said[2])) if said else (0, 0)
    got = set(cc(mediator))
    missing = [span for *span, p in sent if p not in got]
    # a packet left at some time between the two
    outside = [(t, left) for t, left in missing if left < first - 10**6 or t > last + 10**6]
    ok(not outside, f"{sentence}: of {len(sent)} packets {len(missing)} are missing, all within the "
       f"{(last - first) / 10**6:.0f} ms that are stated", [first, last, outside[:5]])
    gap = status(provisioner).get("int:eastr", {}).get("gap")
    ok(gap and [nanos(gap[k]) // 10**6 for k in ("from", "until")] == [first // 10**6, last // 10**6],
       "so does the status", [gap])
    ok(wait_for(lambda: [a for a in mediator.alarms if a[0] == "police" and said and said[0] in a[2]]),
       "so does the agency's alarm", [mediator.alarms])
    ok(wait_for(lambda: any(r.get("type") == "alarm" and r.get("kind") == "gap" for r in provisioner.reports)),
       "and the provisioner is told", [provisioner.reports])
    ok(numbered_from_zero(records(mediator, "hi3")), "numbers go on")
    c.end()
    for x in (provisioner, mediator):
        x.close()


def the_ring_is_read_to_its_end():
    """Packets wait in the ring for their block to fill when the collector is told to end."""
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator, [{"prefix": "192.0.2.7", "cin": 5}]))
    c = Collector(os.path.join(work, "last"), provisioner, ["uri: int:eastr, delay: 100ms"])
    ok(c.is_open(), "a collector whose packets wait for 100 ms", [c.said()])
    wire = Wire("east")
    wire.send(ip("192.0.2.7", "203.0.113.1", b"first"))
    wait_for(lambda: len(cc(mediator)) == 1)
    sent = [ip("192.0.2.7", "203.0.113.1", b"%d" % n) for n in range(300)]
    for packet in sent:
        wire.send(packet)
    code = c.end()
    ok(code == 0 and wait_for(lambda: len(cc(mediator)) == 301), "is ended, and delivers what came before",
       [code, len(cc(mediator)), c.said()])
    ok(cc(mediator)[1:] == sent, "all of it, in order")
    for x in (provisioner, mediator):
        x.close()


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0 or not shutil.which("ip"):
        skip("the collector on interfaces", "no right to make a network namespace, or no ip")
        end()
    run("ip", "link", "set", "lo", "up")
    for which in ("all", "default"):
        with open(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "w") as f:
            f.write("1")
    make_pair("west")
    make_pair("east")
    on_two_interfaces()
    drops_are_shown()
    the_card_is_asked()
    the_ring_is_read_to_its_end()
    restarts_state_the_gap(signal.SIGTERM, "ended in good order")
    restarts_state_the_gap(signal.SIGKILL, "killed")
    restarts_state_the_gap(signal.SIGKILL, "killed, and the clock set back an hour", clock_was_ahead)
    a_clock_that_nobody_knows()
    shutil.rmtree(work)
    end()


main()
