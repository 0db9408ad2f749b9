"""Faults for the whole chain, and the account of what came through.

    veth --> collector --> mediator --> agency        a Proxy stands on each arrow, and before the provisioner

Every packet carries a number; the time at which each was sent is kept. A Rig starts the programs in a network namespace
of its own; its faults are methods. At the end judge() holds what the agency has against what was sent.
"""
import bisect
import collections
import ctypes
import datetime
import mmap
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

from chain_programs import Agency, Chain, Daemon, Mediator, Provisioner, until
from links import add_pair
from streams import content

CLONE_NEWNET, CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x40000000, 0x20000, 0x4000, 1 << 18
TARGET = "192.0.2.7"
WINDOW = 1 << 20    # octets that the mediator sends again to an agency that comes back
BUFFER = 128 << 10  # of a proxy's sockets: little is under way when it cuts, and one segment of loopback has room
RING_S = 1          # what a collector that is killed may have in its ring and not delivered; the ledger has to say so
PAYLOAD = 1200      # octets
NUMBER_AT = 28      # of a packet, in it
HOUR_S = 3600
MEMORY, DISK = 1 << 20, 48 << 20  # of a spool
FILL_S = 4          # in which the traffic fills a collector's memory
STATED_S = 0.3      # by which a stated gap may be off


def own_network():
    """A network namespace with a pair of interfaces; None, or why there is none."""
    if os.geteuid():
        return "it takes root"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        return "no namespace can be made"
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        add_pair("left", "right")
        # what an agency's kernel may hold unread has to fit into the window, with what the proxies hold
        pathlib.Path("/proc/sys/net/ipv4/tcp_rmem").write_text(f"4096 {BUFFER} {2 * BUFFER}")
    except (OSError, subprocess.CalledProcessError):
        return "no pair of interfaces can be made"
    return None


class Traffic:
    """A packet to the target every few milliseconds."""

    def __init__(self, rate=400):
        self.pause = 1 / rate
        self.sent, self.gone = [], []  # when packet n was about to be sent, and had been
        self.wall = time.time() - time.monotonic()
        self.is_over = False
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.raw.bind(("left", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        ends = socket.inet_aton("198.51.100.1") + socket.inet_aton(TARGET)
        while not self.is_over:
            n = len(self.sent)
            udp = struct.pack("!HHHHI", 4000, 5000, 12 + PAYLOAD, 0, n) + bytes(PAYLOAD)
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
        self.disks = {name: self.chain.folder / name for name in ("folder", "m-disk", "c-disk")}
        for path in self.disks.values():
            path.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "none", path], check=True)
        self.clock = None
        self.steps = {0}  # of the programs' clock, in seconds
        if os.environ.get("WEIR_CLOCK_STEP"):
            path = self.chain.folder / "clock"
            path.write_bytes(bytes(8))
            with open(path, "r+b") as file:
                self.clock = mmap.mmap(file.fileno(), 8)
            self.chain.environment = {**os.environ, "LD_PRELOAD": os.environ["WEIR_CLOCK_STEP"],
                                      "WEIR_TEST_CLOCK": str(path)}
        self.to_provisioner, self.from_mediator = Proxy(), Proxy()
        self.to_mediator, self.to_hi2, self.to_hi3 = Proxy(), Proxy(), Proxy()
        self.n_changes = 0
        self.down = []  # (from, to) at which the collector was not there
        self.outs = []
        self.p = Provisioner(self.chain).start()
        self.to_provisioner.to = self.from_mediator.to = self.p.address
        self.m = Mediator(self.chain)
        self.m.fields |= {"provisioner": self.from_mediator.address, "folder": self.disks["folder"] / "mediator",
                          "spool_limit": MEMORY, "disk": self.disks["m-disk"] / "spools", "disk_limit": DISK}
        self.m.start()
        self.to_mediator.to = self.m.address
        self.a = Agency(self.chain, "police", late_start=True)
        self.start_agency()
        self.c = LiveCollector(self.chain, self.to_provisioner.address, self.chain.folder / "collector",
                               spool_limit=MEMORY, disk=self.disks["c-disk"] / "spools", disk_limit=DISK)
        self.order()
        self.c.start()
        self.p.agree("c1", "m1")
        until(lambda: self.a.records("iri"))
        self.traffic = Traffic()

    def order(self, interval="2s"):
        p = self.p
        p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
        p.put("/mediators/m1", {"name": "m1", "address": self.to_mediator.address})
        p.put("/collectors/c1", {"name": "c1"})
        p.put("/agencies/police", self.a.orders(hi2=self.to_hi2.address, hi3=self.to_hi3.address, resend_window=WINDOW,
                                                keepalive_interval=interval, keepalive_wait="1s"))
        p.put("/warrants/police/L1", {
            "reference": "W-1", "authority": "Auckland District Court", "agency": "police", "liid": "L1",
            "authorization_country": "NZ", "delivery_country": "NZ", "start": "2020-01-01T00:00:00Z",
            "end": "2090-01-01T00:00:00Z", "targets": [{"prefix": TARGET, "cin": 1}]})

    def start_agency(self):
        self.a.start()
        self.outs.append(self.a.out)
        self.to_hi2.to, self.to_hi3.to = self.a.fields["hi2"], self.a.fields["hi3"]

    def end(self):
        for path in self.disks.values():
            subprocess.run(["umount", "-l", path], check=False)
        self.chain.__exit__()

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

    def disk_full(self, seconds, *names):
        ballasts = [self.disks[name] / "ballast" for name in names]
        for ballast in ballasts:
            with open(ballast, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(1 << 16))
                except OSError:
                    pass
        time.sleep(seconds)
        for ballast in ballasts:
            ballast.unlink()

    def all_full(self, seconds):
        """The mediator is away and the collector's disk full, until its memory is too."""
        self.to_mediator.is_away = True
        self.to_mediator.cut()
        self.disk_full(max(seconds, FILL_S), "c-disk")
        self.to_mediator.is_away = False

    @staticmethod
    def may_write(daemon, is_allowed):
        """Whether what it writes to a file is not refused."""
        most = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most if is_allowed else 0, most))

    def no_files(self, seconds, daemon):
        self.may_write(daemon, False)
        time.sleep(seconds)
        try:
            self.may_write(daemon, True)
        except ProcessLookupError:  # another fault was quicker
            pass

    def killed_without_files(self, seconds):
        """What its memory has no room for is lost, its state cannot be saved, and then it ends without a word."""
        self.may_write(self.c, False)
        time.sleep(seconds)
        self.collector(0.2, signal.SIGKILL)

    def step(self, seconds):
        self.steps.add(seconds)
        self.clock[:] = struct.pack("=q", int(seconds * 10**9))

    def stepped(self, seconds, by):
        self.step(by)
        time.sleep(seconds)
        self.step(0)

    def hour_without_provisioner(self, seconds):
        """It is away while an hour passes by everybody's clock."""
        self.p.stop()
        self.step(HOUR_S)
        time.sleep(seconds)
        self.step(0)
        self.p.start()

    def orders_change(self, seconds):
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            self.n_changes += 1
            if self.p.process.poll() is None:
                self.order(f"{2 + self.n_changes % 2}s")
            time.sleep(0.1)

    def faults(self):
        """By name: how it is done for so many seconds."""
        links = {"collector-provisioner": [self.to_provisioner], "mediator-provisioner": [self.from_mediator],
                 "collector-mediator": [self.to_mediator], "mediator-agency": [self.to_hi2, self.to_hi3]}
        rows = {"agency half-open": self.half_open,
                "mediator's disks full": lambda s: self.disk_full(s, "folder", "m-disk"),
                "collector's disk full": lambda s: self.disk_full(s, "c-disk"),
                "collector's disk full, mediator away": self.all_full,
                "collector may write no file": lambda s: self.no_files(s, self.c),
                "mediator may write no file": lambda s: self.no_files(s, self.m),
                "collector SIGKILL, no file": self.killed_without_files,
                "orders change": self.orders_change}
        if self.clock:
            rows |= {"clock an hour ahead": lambda s: self.stepped(s, HOUR_S),
                     "clock an hour back": lambda s: self.stepped(s, -HOUR_S),
                     "provisioner away, an hour by the clock": self.hour_without_provisioner}
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
        """(sequence number, packet's number) as they came for the first time; how often each packet came again."""
        got, seen, again = [], set(), collections.Counter()
        for out in self.outs:
            for seq, n in content(out / "hi3.ber", NUMBER_AT):
                if seq in seen:
                    again[n] += 1
                    continue
                seen.add(seq)
                got.append((seq, n))
        return got, again

    def ledger(self):
        """The row of the content, what of it is lost by reason, the gaps in s, and the page."""
        page = self.p.ask("GET", "/warrants/police/L1/ledger")[1] or {}
        row = next((row for row in page.get("rows", []) if row["kind"] == "cc"), {})
        lost = {loss["reason"]: loss["records"] for loss in row.get("losses", [])}
        gaps = [(seconds_of(gap["from"]), seconds_of(gap["to"])) for gap in page.get("gaps", [])]
        return row, lost, gaps, page

    def in_absence(self, n):
        """Also of what was being sent when the collector went or came: nobody knows on which side it was."""
        at = bisect.bisect(self.down, (self.traffic.gone[n], float("inf"))) - 1
        return at >= 0 and self.traffic.sent[n] <= self.down[at][1]

    def is_stated(self, n, gaps):
        """Whether the ledger says that nothing was captured at that time, by the clock that the collector had."""
        at = self.traffic.sent[n] + self.traffic.wall
        return any(start - STATED_S <= at + step <= stop + STATED_S for start, stop in gaps for step in self.steps)


def seconds_of(text):
    """Of a time as the ledger prints it."""
    head, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.datetime.fromisoformat(head).replace(tzinfo=datetime.timezone.utc)
    return at.timestamp() + float("0." + (fraction or "0"))
