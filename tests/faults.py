"""Faults for the whole chain, and the account of what came through.

    veth --> collector --> mediator --> agency        a Proxy stands on each arrow, and before the provisioner

Every packet carries a number; the time at which each was sent is kept. A Rig starts the programs in a network namespace
of its own; its faults are methods. At the end judge() holds what the agency has against what was sent.
"""
import bisect
import ctypes
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time

from chain_programs import Agency, Chain, Daemon, Mediator, Provisioner, until
from intercept_records import Record, elements, only

CLONE_NEWNET, CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x40000000, 0x20000, 0x4000, 1 << 18
TARGET = "192.0.2.7"
WINDOW = 256 << 10  # octets that the mediator sends again to an agency that comes back
BUFFER = 16 << 10   # of a proxy's sockets, so that little is under way when it cuts
RING_S = 0.15       # what a collector that is killed may have in its ring and not delivered


def own_network():
    """A network namespace with a pair of interfaces; None, or why there is none."""
    if os.geteuid():
        return "it takes root"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        return "no namespace can be made"
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "link", "add", "left", "type", "veth", "peer", "name", "right"], check=True)
        for name in ("left", "right"):
            pathlib.Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
    except (OSError, subprocess.CalledProcessError):
        return "no pair of interfaces can be made"
    return None


class Traffic:
    """A packet to the target every few milliseconds."""

    def __init__(self, rate=400):
        self.pause = 1 / rate
        self.sent, self.gone = [], []  # when packet n was about to be sent, and had been
        self.is_over = False
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.raw.bind(("left", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        ends = socket.inet_aton("198.51.100.1") + socket.inet_aton(TARGET)
        while not self.is_over:
            n = len(self.sent)
            udp = struct.pack("!HHHHI", 4000, 5000, 12 + 60, 0, n) + bytes(60)
            packet = struct.pack("!BBHIBBH", 0x45, 0, 20 + len(udp), 0, 64, 17, 0) + ends + udp
            self.sent.append(time.monotonic())
            self.raw.send(b"\2" * 6 + b"\4" * 6 + b"\x08\0" + packet)
            self.gone.append(time.monotonic())
            time.sleep(self.pause)

    def end(self):
        self.is_over = True
        self.thread.join()
        self.raw.close()


class Proxy:
    """A TCP proxy to host:port (to), which may change. It can be slow, stall, cut, or forget what it has."""

    def __init__(self, to=None, buffer=BUFFER):
        self.buffer = buffer
        self.to, self.delay, self.rate, self.is_stalled, self.is_away = to, 0, None, False, False
        self.pairs = []
        self.n_connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                if self.is_away:
                    raise OSError
                host, port = self.to.split(":")
                far = socket.create_connection((host, int(port)), timeout=5)
            except (OSError, AttributeError):
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                near.close()
                continue
            far.settimeout(None)
            pair = {"ends": (near, far), "is_lost": False}
            for end in pair["ends"]:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.buffer)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs.append(pair)
            self.n_connections += 1
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(pair, one, other), daemon=True).start()

    def pump(self, pair, one, other):
        due = 0
        try:
            while octets := one.recv(self.buffer):
                while self.is_stalled or pair["is_lost"]:
                    time.sleep(0.01)
                if self.delay:
                    time.sleep(self.delay)
                if self.rate:  # on the average: a nap that was too long makes the next one shorter
                    due = max(due, time.monotonic() - 0.05) + len(octets) / self.rate
                    time.sleep(max(due - time.monotonic(), 0))
                other.sendall(octets)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            pair["is_lost"] = False
            for end in pair["ends"]:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def lose(self):
        """Both ends believe that they are connected, and nothing passes: half-open. New connections work."""
        for pair in self.pairs:
            pair["is_lost"] = True


class LiveCollector(Daemon):
    def __init__(self, chain, provisioner, folder, **fields):
        super().__init__(chain, "collector", "c1", provisioner=provisioner, folder=folder, checkpoint="1s",
                         inputs=[{"uri": "int:right", "workers": 2}], **fields)

    def start(self):
        super().start(r"input int:right: (open)")


class Rig:
    """The programs, the proxies between them, the traffic; and the faults."""

    def __init__(self, programs):
        self.chain = Chain(programs)
        self.chain.certify("provisioner:p1", "collector:c1", "mediator:m1", "agency:police")
        self.disk = self.chain.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", self.disk], check=True)
        self.to_provisioner, self.from_mediator = Proxy(), Proxy()
        self.to_mediator, self.to_hi2, self.to_hi3 = Proxy(), Proxy(), Proxy()
        self.down = []  # (from, to) at which the collector was not there
        self.outs = []
        self.p = Provisioner(self.chain).start()
        self.to_provisioner.to = self.from_mediator.to = self.p.address
        self.m = Mediator(self.chain)
        self.m.fields |= {"provisioner": self.from_mediator.address, "folder": self.disk / "mediator"}
        self.m.start()
        self.to_mediator.to = self.m.address
        self.a = Agency(self.chain, "police", late_start=True)
        self.start_agency()
        self.c = LiveCollector(self.chain, self.to_provisioner.address, self.chain.folder / "collector")
        self.order()
        self.c.start()
        self.p.agree("c1", "m1")
        until(lambda: self.a.records("iri"))
        self.traffic = Traffic()

    def order(self):
        p = self.p
        p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
        p.put("/mediators/m1", {"name": "m1", "address": self.to_mediator.address})
        p.put("/collectors/c1", {"name": "c1"})
        p.put("/agencies/police", self.a.orders(hi2=self.to_hi2.address, hi3=self.to_hi3.address, resend_window=WINDOW,
                                                keepalive_interval="2s", keepalive_wait="1s"))
        p.put("/warrants/police/L1", {
            "reference": "W-1", "authority": "Auckland District Court", "agency": "police", "liid": "L1",
            "authorization_country": "NZ", "delivery_country": "NZ", "start": "2020-01-01T00:00:00Z",
            "end": "2090-01-01T00:00:00Z", "targets": [{"prefix": TARGET, "cin": 1}]})

    def start_agency(self):
        self.a.start()
        self.outs.append(self.a.out)
        self.to_hi2.to, self.to_hi3.to = self.a.fields["hi2"], self.a.fields["hi3"]

    def end(self):
        self.chain.__exit__()
        subprocess.run(["umount", "-l", self.disk], check=False)

    # ---- faults; each takes how long it lasts

    def collector(self, seconds, how):
        began = time.monotonic() - (RING_S if how == signal.SIGKILL else 0)
        self.c.stop(how)
        time.sleep(seconds)
        self.c.start()
        self.down.append((began, time.monotonic()))

    def mediator(self, seconds, how):
        self.m.stop(how)
        time.sleep(seconds)
        self.m.start()

    def provisioner(self, seconds, how):
        self.p.stop(how)
        time.sleep(seconds)
        self.p.start()

    def agency(self, seconds, how):
        self.to_hi2.is_away = self.to_hi3.is_away = True
        self.a.stop(how)
        for proxy in (self.to_hi2, self.to_hi3):
            proxy.cut()
        time.sleep(seconds)
        self.start_agency()
        self.to_hi2.is_away = self.to_hi3.is_away = False

    @staticmethod
    def during(seconds, *proxies, **state):
        was = {name: getattr(proxies[0], name) for name in state}
        for proxy in proxies:
            for name, value in state.items():
                setattr(proxy, name, value)
        time.sleep(seconds)
        for proxy in proxies:
            for name, value in was.items():
                setattr(proxy, name, value)

    def cut(self, seconds, *proxies):
        for proxy in proxies:
            proxy.is_away = True
            proxy.cut()
        time.sleep(seconds)
        for proxy in proxies:
            proxy.is_away = False

    def half_open(self, seconds):
        self.to_hi2.lose()
        self.to_hi3.lose()
        time.sleep(seconds)

    def disk_full(self, seconds):
        ballast = self.disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        time.sleep(seconds)
        ballast.unlink()

    def faults(self):
        """By name: how it is done for so many seconds."""
        links = {"collector-provisioner": [self.to_provisioner], "mediator-provisioner": [self.from_mediator],
                 "collector-mediator": [self.to_mediator], "mediator-agency": [self.to_hi2, self.to_hi3]}
        rows = {"agency half-open": self.half_open, "mediator's disk full": self.disk_full}
        for name in ("collector", "mediator", "provisioner", "agency"):
            for how in (signal.SIGKILL, signal.SIGTERM):
                rows[f"{name} {how.name}"] = lambda s, n=name, h=how: getattr(self, n)(s, h)
        for name, proxies in links.items():
            rows[f"{name} cut"] = lambda s, x=proxies: self.cut(s, *x)
            rows[f"{name} stalled"] = lambda s, x=proxies: self.during(s, *x, is_stalled=True)
        for name in ("collector-mediator", "mediator-agency"):
            rows[f"{name} slow"] = lambda s, x=links[name]: self.during(s, *x, rate=20_000)
            rows[f"{name} delayed"] = lambda s, x=links[name]: self.during(s, *x, delay=0.05)
        return rows

    # ---- the account

    def received(self):
        """(sequence number, packet's number) as they came, and the octets of what came again."""
        got, seen, again = [], set(), 0
        for out in self.outs:
            octets = (out / "hi3.ber").read_bytes() if (out / "hi3.ber").exists() else b""
            for _, start, stop in elements(octets, 0, len(octets)):
                record = octets[start:stop]
                if only(record, (0, len(record)), 0xA2, 0xA1) is None:
                    continue
                r = Record(octets, (start, stop))
                if (r.cin, r.seq) in seen:
                    again += stop - start
                    continue
                seen.add((r.cin, r.seq))
                got.append((r.seq, struct.unpack_from("!I", r.packet, 28)[0]))
        return got, again

    def in_absence(self, n):
        """Also of what was being sent when the collector went or came: nobody knows on which side it was."""
        at = bisect.bisect(self.down, (self.traffic.gone[n], float("inf"))) - 1
        return at >= 0 and self.traffic.sent[n] <= self.down[at][1]
