#!/usr/bin/env python3
"""Order in the outbox is the order of numbers, with eight workers and one target: checked at the agency.

    order_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR [--count N]

All four programs, over TLS. Each packet of the capture has its place in it as a number; blocks are so small that all
workers have a part in every second of it. What the agency kept is read octet by octet.
"""
import argparse
import array
import os
import socket
import struct
import time

from chain_programs import Agency, Chain, Collector, Failed, Mediator, Provisioner, until
from streams import account, content
from tap import end, ok

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
TARGET, OTHER = "192.0.2.7", "198.51.100.9"
WORKERS = 8
BLOCK = 4096   # octets of the capture that a worker takes at a time: some 50 packets
BATCH = 1000   # packets that the test makes at a time
NUMBER_AT = 28  # in a packet: behind the headers of IP and UDP
FEWEST = 2000  # packets a second below which something is wrong, on any machine


def arguments():
    parser = argparse.ArgumentParser()
    for name in NAMES:
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--count", type=int, default=200_000)
    return parser.parse_args()


def batch_of(n):
    """n records of a capture, all alike."""
    udp = struct.pack("!HHHH", 5000, 53, 8 + 32, 0) + bytes(32)
    packet = struct.pack("!BBHIBBH", 0x45, 0, 20 + len(udp), 0, 64, 17, 0) + socket.inet_aton(TARGET) + \
        socket.inet_aton(OTHER) + udp
    record = struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet
    return bytearray(record * n), len(record)


def feed(collector, count):
    octets, step = batch_of(BATCH)
    for first in range(0, count, BATCH):
        n = min(BATCH, count - first)
        if n < BATCH:
            octets, step = batch_of(n)
        numbers = array.array("I", range(first, first + n))
        numbers.byteswap()
        ns = time.time_ns()
        for at, fields in ((0, struct.pack("<II", ns // 10**9, ns % 10**9) * n), (16 + NUMBER_AT, numbers.tobytes())):
            size = len(fields) // n
            for k in range(size):
                octets[at + k::step] = fields[k::size]
        collector.feed.write(octets)


def warrant():
    return {"reference": "W-1", "authority": "District Court", "agency": "police", "liid": "L1",
            "authorization_country": "NZ", "start": "2026-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z",
            "targets": [{"prefix": f"{TARGET}/32", "cin": 7}]}


def content_row(p):
    page = p.ask("GET", "/warrants/police/L1/ledger")[1] or {}
    return next((row for row in page.get("rows", []) if row["kind"] == "cc"), {}), page


def run(chain, count):
    chain.certify("provisioner:p1", "mediator:m1", "collector:c1", "agency:police")
    p = Provisioner(chain).start()
    a = Agency(chain, "police")
    a.fields["each_cc"] = False
    a.start()
    disk = {"disk": chain.folder / "disk", "disk_limit": 64 << 30}
    m = Mediator(chain, provisioner=p, disk=chain.folder / "mediator-disk", disk_limit=64 << 30).start()
    c = Collector(chain, provisioner=p, **disk)
    c.fields["inputs"] = [{"uri": str(c.fifo_path), "workers": WORKERS, "block_size": BLOCK}]
    p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
    p.put("/mediators/m1", {"name": "m1", "address": m.address})
    p.put("/collectors/c1", {"name": "c1"})
    p.put("/agencies/police", a.orders())
    p.put("/warrants/police/L1", warrant())
    c.start()
    p.agree("c1", "m1")
    began = time.monotonic()
    feed(c, count)
    fed = time.monotonic() - began

    def is_there():
        row, page = content_row(p)
        return row.get("acknowledged") == count and page.get("closes") and page.get("is_complete")

    until(is_there, 20 + count / FEWEST)  # collector and mediator tell of it at different moments
    took = time.monotonic() - began
    row, page = content_row(p)
    ok(row.get("matched") == row.get("acknowledged") == count and page["closes"] and page["is_complete"],
       f"{count} packets, {WORKERS} workers: the ledger says that the agency has each", [row, page.get("remarks"),
                                                                                     c.log()[-800:]])
    path = a.stream("hi3")
    until(lambda: is_written(path, count - 1), 20 + count / FEWEST)
    a.stop()
    began = time.monotonic()
    n, n_again, n_wrong, first = account(content(path, NUMBER_AT))
    ok(n == count and not n_again, "and it kept each once", [n, n_again])
    ok(n_wrong == 0, "without a gap, in order: the n-th has number n and holds the n-th packet", [n_wrong, first])
    ok(a.summary and a.summary["right"] and a.summary["cc"] == count and not a.summary["findings"],
       "which it says too", [a.summary])
    print(f"# {n} records of content, {path.stat().st_size} octets, {n_again} repeated, {n_wrong} out of order; fed in {fed:.1f} s, at the "
          f"agency after {took:.1f} s, read in {time.monotonic() - began:.1f} s")


def is_written(path, last):
    """Whether the agency has written the record with this packet; it does so at its own pace."""
    with open(path, "rb") as file:
        file.seek(max(path.stat().st_size - 2000, 0))
        return struct.pack("!I", last) + bytes(28) in file.read()


def main():
    settings = arguments()
    try:
        with Chain({name: getattr(settings, name) for name in NAMES}) as chain:
            run(chain, settings.count)
    except Failed as failure:
        ok(False, "the programs start and answer", [failure])
    end()


main()
