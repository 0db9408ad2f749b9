"""The programs of the chain, on loopback, for tests: each is started with a configuration of its own, says in its
log at which ports it listens, and is ended with the test, whatever happens.

    with Chain(programs) as chain:        programs: the paths of weir-provisioner … by the last part of the name
        chain.provisioner.put("/warrants/police/L1", {…})
"""
import contextlib
import errno
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import ports
from tap import daemon_log, pause

PATIENCE = 40  # seconds that anything may take, on a machine that has much else to do


def until(is_so, seconds=PATIENCE):
    """Waits; whether it came to be so."""
    begun = time.monotonic()
    while not is_so():
        if time.monotonic() > begun + seconds:
            return False
        pause(begun)
    return True


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Failed(Exception):
    """A program did not do what the test goes on from; the text has its log."""


class Daemon:
    """A program with a YAML configuration; fields() are its members."""

    def __init__(self, chain, program, name, **fields):
        self.chain, self.program, self.name = chain, program, name
        self.folder = chain.folder / f"{program}-{name}"
        self.folder.mkdir()
        self.log_path = self.folder / "log"
        self.fields = {"name": name, **chain.papers(program, name), **fields}  # None: left out
        self.process = None
        chain.daemons.append(self)

    def write(self):
        """JSON is YAML; what is None is left out."""
        path = self.folder / "conf.yaml"
        path.write_text("".join(f"{key}: {json.dumps(value, default=str)}\n" for key, value in self.fields.items()
                                if value is not None))
        return path

    def start(self, *patterns):
        """Starts it; gives the first group of each pattern, once its log has them all."""
        at = self.log_path.stat().st_size if self.log_path.exists() else 0
        with daemon_log(self.log_path) as log, open(self.folder / "out", "ab") as out:
            self.process = subprocess.Popen([self.chain.programs[self.program], "--config", self.write()], stdout=out,
                                            stderr=log, env=self.chain.environment)

        def find():
            said = self.log_path.read_bytes()[at:].decode("utf-8", "replace")
            return [re.search(pattern, said) for pattern in patterns]

        if not until(lambda: self.process.poll() is not None or all(find())) or not all(find()):
            raise Failed(f"{self.program} {self.name} does not start: {self.log()}")
        return [found[1] for found in find()]

    def stop(self, number=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def says(self, *words, seconds=PATIENCE):
        """Whether a line of its log comes to have all these words."""
        return until(lambda: any(all(word in line for word in words) for line in self.log().splitlines()), seconds)


    def get(self, path, method="GET"):
        """Status, type and text of what it tells of itself, where it has metrics."""
        if not self.says("metrics are at "):
            raise Failed(f"{self.program} shows no metrics: {self.log()}")
        at = re.findall(r"metrics are at (http://[^/]+)/", self.log())[-1]
        try:
            with urllib.request.urlopen(urllib.request.Request(at + path, method=method), timeout=PATIENCE) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.headers["Content-Type"], refusal.read().decode()

    def status(self):
        return json.loads(self.get("/status")[2])


class Provisioner(Daemon):
    def __init__(self, chain, name="p1", **fields):
        super().__init__(chain, "provisioner", name, listen=f"127.0.0.1:{ports.free()}",
                         rest_listen=f"127.0.0.1:{ports.free()}", **fields)
        self.fields |= {"store": self.folder / "store.db", "first_key": self.folder / "first"}
        if chain.is_plain:
            self.fields["rest_transport"] = "plain"

    def start(self):
        self.fields["listen"], self.url = super().start(r"awaited at ([\d.:]+)", r"(https?://[\d.:]+/api/v1)")
        self.fields["rest_listen"] = self.url.split("/")[2]
        self.key = (self.folder / "first").read_text().strip()
        return self

    @property
    def address(self):
        return self.fields["listen"]

    def ask(self, method, path, body=None):
        """Status and the JSON of the answer."""
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body is not None else None,
                                         {"X-API-Key": self.key, "Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE, context=self.chain.tls) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            status, text = refusal.code, refusal.read()
        return status, json.loads(text) if text else None

    def put(self, path, body, method="PUT"):
        status, answer = self.ask(method, path, body)
        if status not in (200, 201, 204):
            raise Failed(f"{method} {path}: {status} {answer}")

    def daemons(self):
        return {d["name"]: d for d in self.ask("GET", "/status")[1]["daemons"]}

    def agree(self, *names):
        """Whether these come to have the orders that they should have, by their digests."""
        def all_do():
            daemons = self.daemons()
            return all(daemons.get(name, {}).get("agreed") for name in names)

        return until(all_do)


class Collector(Daemon):
    """Reads a FIFO, so that the test decides when there is traffic."""

    def __init__(self, chain, name="c1", provisioner=None, link_type=101, **fields):
        super().__init__(chain, "collector", name, provisioner=provisioner and provisioner.address, **fields)
        self.fifo_path = self.folder / "traffic.pcap"
        os.mkfifo(self.fifo_path)
        self.fields |= {"folder": self.folder / "state",
                        "inputs": [{"uri": str(self.fifo_path), "workers": 2, "block_size": 4096}]}
        self.link_type = link_type
        self.feed = None

    def start(self):
        super().start()
        self.feed = Feed(self, self.link_type)
        return self

    def stop(self, number=signal.SIGTERM):
        if self.feed:
            self.feed.close()
        return super().stop(number)


def outbox(collector, agency="police", interface="hi3"):
    """What a collector's status says of one."""
    return next(box for box in collector.status()["outboxes"] if (box["agency"], box["interface"]) == (agency, interface))


class Feed:
    """The writing end of a collector's FIFO: a capture without an end."""

    def __init__(self, collector, link_type):
        self.file = None
        until(lambda: self.open(collector.fifo_path) or collector.process.poll() is not None)
        if not self.file:
            raise Failed(f"the collector reads no traffic: {collector.log()}")
        self.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link_type))

    def open(self, path):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return False
        os.set_blocking(fd, True)
        self.file = os.fdopen(fd, "wb", buffering=0)
        return True

    def write(self, octets):
        view = memoryview(octets)
        while view:
            view = view[self.file.write(view):]

    def frames(self, frames):
        """Sends (time in ns, octets), all at once."""
        self.write(b"".join(struct.pack("<IIII", t // 10**9, t % 10**9, len(f), len(f)) + f for t, f in frames))

    def close(self):
        if self.file:
            self.file.close()
            self.file = None


class Mediator(Daemon):
    def __init__(self, chain, name="m1", provisioner=None, **fields):
        super().__init__(chain, "mediator", name, provisioner=provisioner and provisioner.address,
                         listen=f"127.0.0.1:{ports.free()}", **fields)
        self.fields["folder"] = self.folder / "state"

    def start(self):
        port, = super().start(r"heard on port (\d+)")
        self.fields["listen"] = f"127.0.0.1:{port}"
        return self

    @property
    def address(self):
        return self.fields["listen"]


class Agency(Daemon):
    def __init__(self, chain, name, **fields):
        super().__init__(chain, "agency", name, hi2=f"127.0.0.1:{ports.free()}",
                         hi3=f"127.0.0.1:{ports.free()}", json=True, each_cc=True,
                         interval="0s", **fields)
        self.n_starts = 0

    def start(self):
        self.n_starts += 1
        self.out = self.folder / f"got{self.n_starts}"
        self.fields["out"] = self.out
        self.said = self.folder / "out"
        self.said_to = self.said.stat().st_size if self.said.exists() else 0
        self.said_events = []
        self.fields["hi2"], self.fields["hi3"] = super().start(r"HI2: listens at ([\d.:]+)", r"HI3: listens at ([\d.:]+)")
        return self

    def orders(self, **more):
        """Its entry in the orders."""
        return {"id": self.name, "country": "NZ", "hi2": self.fields["hi2"], "hi3": self.fields["hi3"],
                "transport": self.fields.get("transport", "tls"), "retry": "1s", **more}

    def events(self, kind=None):
        """What it printed since it was started last: objects. Each line is read once, however often this is asked."""
        with open(self.said, "rb") as file:
            file.seek(self.said_to)
            said = file.read()
        whole = said[:said.rfind(b"\n") + 1]
        self.said_to += len(whole)
        self.said_events += map(json.loads, whole.splitlines())
        return [e for e in self.said_events if kind in (None, e["event"])]

    def records(self, kind):
        return [e for e in self.events("record") if e["kind"] == kind]

    def stop(self, number=signal.SIGTERM):
        self.status = super().stop(number)
        summaries = self.events("summary")
        self.summary = summaries[-1] if summaries else None
        return self.status

    def stream(self, interface):
        return self.out / f"{interface}.ber"


class Chain:
    """A folder, an authority, and daemons. TLS, unless is_plain."""

    def __init__(self, programs, is_plain=False):
        self.programs, self.is_plain = programs, is_plain
        self.daemons = []
        self.tls = None
        self.environment = None  # of the programs; None: the test's own
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-chain-"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for daemon in self.daemons:
            if daemon.process and daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
            with contextlib.suppress(OSError, AttributeError):
                daemon.feed.close()
        if os.environ.get("KEEP"):
            print("# kept:", self.folder, flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def certify(self, *who, authority="certs"):
        """Certificates for ROLE:NAME…, by weir certs."""
        made = subprocess.run([self.programs["weir"], "certs", "-q", self.folder / authority, *who], capture_output=True,
                              text=True, check=False)
        if made.returncode:
            raise Failed(f"weir certs: {made.stderr}")
        if authority == "certs":
            self.tls = ssl.create_default_context(cafile=self.folder / "certs" / "authority.pem")

    def papers(self, role, name, authority="certs"):
        """The members of a configuration that say who it is."""
        if self.is_plain:
            return {"transport": "plain"}
        folder = self.folder / authority
        return {"certificate": folder / f"{role}-{name}.pem", "key": folder / f"{role}-{name}.key",
                "authority": folder / "authority.pem"}
