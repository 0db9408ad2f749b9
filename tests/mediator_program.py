"""weir-mediator as tests run it, between collectors and agencies that are played (handover_peers.py)."""
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from handover_peers import Lemf, cc
import verifier
from tap import daemon_log, end, ok, pause, shared, skip

program, weir = sys.argv[1:3]
top = pathlib.Path(tempfile.mkdtemp(prefix="weir-mediator-"))
NOW = time.time()
started_ones = []


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def agency(name, hi2, hi3, **more):
    return {"id": name, "country": "XX", "transport": "plain", "hi2": f"127.0.0.1:{hi2}",
            "hi3": f"127.0.0.1:{hi3}", "retry": "200ms", "keepalive_interval": "0s", **more}


def warrant(liid, to="a1", start=NOW - 3600, stop=NOW + 3600, **more):
    return {"agency": to, "liid": liid, "authorization_country": "XX", "start": stamp(start),
            "end": stamp(stop), **more}


def orders(agencies, warrants):
    return {"operator": {"id": "op", "network_element": "ne1"}, "agencies": agencies, "warrants": warrants}


class Mediator:
    """A mediator with a folder of its own."""

    def __init__(self, name, what=None, **settings):
        self.folder = top / name
        self.log = top / (name + ".log")
        self.folder.mkdir()
        self.settings = settings
        if what:
            (self.folder / "orders.json").write_text(json.dumps(what))
        self.start()

    def start(self):
        words = [program, "--name", "m1", "--listen", "127.0.0.1:0", "--folder", str(self.folder), "--log", "debug"]
        for key, value in {"transport": "plain", **self.settings}.items():
            words += ["--" + key.replace("_", "-"), str(value)]
        at = self.log.stat().st_size if self.log.exists() else 0
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=daemon_log(self.log))
        started_ones.append(self.process)
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            found = re.search(r"heard on port (\d+)", self.log.read_text()[at:])
            if found:
                self.port = int(found[1])
                return
            time.sleep(0.02)
        ok(False, "the mediator starts", [self.log.read_text()])

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def restart(self, how=signal.SIGTERM):
        status = self.end(how)
        self.start()
        return status

    def said(self, text):
        return text in self.log.read_text()


def numbers(records):
    return [r.seq for r in records]


def stream(n, make=cc, liid="L1", size=200, first=0):
    """n records of one stream, their octets side by side."""
    body = (lambda i: (b"\x45" + struct.pack(">I", i) + bytes(size),)) if make is cc else (lambda i: ())
    return [make(liid, 1, i, NOW, *body(i)) for i in range(first, first + n)]


def until(test, seconds=10):
    begun = time.monotonic()
    while time.monotonic() < begun + seconds and not test():
        pause(begun)
    return test()


def feed(c, channel, octets, offset=0):
    """Sends a long stream in parcels that end where records end."""
    at, parcel = 0, b""
    for record in octets:
        parcel += record
        if len(parcel) > 60000:
            c.records(channel, offset + at, parcel)
            at, parcel = at + len(parcel), b""
    if parcel:
        c.records(channel, offset + at, parcel)
    return at + len(parcel)


def judge_streams():
    """What the mediator made itself, as an independent decoder has it."""
    sentence = "the independent decoder finds nothing wrong with what the mediator says"
    if not shared() or not verifier.is_there(shared()):
        return skip(sentence, "no checker")
    files = []
    for lemf in Lemf.all:
        for connection in lemf.connections:
            octets = b"".join(r.octets for r in connection if r.kind in ("hi1", "tri"))
            if octets:
                files.append(top / f"own-{len(files)}.ber")
                files[-1].write_bytes(octets)
    said = verifier.decode(shared(), files, "--quiet", "--strict")
    return ok(said.returncode == 0 and files, sentence, [said.stdout.decode()[-1500:],
                                                                  said.stderr.decode()[-500:]])


def run_all(tests):
    """Runs those of the tests (name: function) that the command line names, or all, and ends the program."""
    only = sys.argv[3:]
    try:
        for name, test in list(tests.items()):
            if name.startswith("test_") and (not only or name[5:] in only):
                started = time.monotonic()
                test()
                print(f"# {name[5:]}: {time.monotonic() - started:.1f} s", flush=True)
        judge_streams()
    finally:
        for process in started_ones:
            if process.poll() is None:
                process.kill()
        if os.environ.get("KEEP"):
            print("# kept:", top)
        else:
            shutil.rmtree(top, ignore_errors=True)
    end()
