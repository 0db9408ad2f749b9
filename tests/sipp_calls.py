"""Calls that SIPp makes, with RTP, between two network namespaces of the test's own; and the capture of them.

        caller's namespace              callee's
        left  192.0.2.10+i  ═══════════  right  192.0.2.110+i      i: the call's number; or 2001:db8::…
                    ▲ tcpdump

Each call has addresses of its own, SIP at port 5060 and media from port 20000 on. The scenarios are in sipp/, written
for SIPp; what is said is in files that rtp_files writes. The namespaces go when the test ends, however it does.

    with World() as world:
        calls = [Call(world, folder, "basic"), …]
        recorder = Recorder(world, path)
        make(world, calls)                     # all at once
        recorder.end()
"""
import collections
import csv
import ctypes
import os
import pathlib
import shutil
import subprocess
import sys
import time

from links import settle
from rtp_files import Talk, noise

HERE = pathlib.Path(__file__).resolve().parent
CLONE_NEWNET = 0x40000000
TOOLS = "ip ethtool nsenter unshare tcpdump sipp".split()
SIP_PORT, MEDIA_PORT = 5060, 20000
N_CALLS = 40  # of a world at most
PATIENCE = 30


def lacks():
    """What is missing to make calls here; None where nothing is."""
    if os.geteuid() != 0:
        return "needs root"
    for tool in TOOLS:
        if not shutil.which(tool):
            return f"no {tool}"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode != 0:
        return "no network namespace can be made"
    return None


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def wait_for(is_so, what):
    """Until it is so; a call that waits this long has failed."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.02)


class World:
    """Two namespaces: the caller is in that of this process from now on."""

    def __enter__(self):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        self.holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        here = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != here, "a namespace")
        self.there = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        run("ip", "link", "add", "left", "type", "veth", "peer", "name", "right", "netns", self.holder.pid)
        for words, name in (([], "left"), (self.there, "right")):
            run(*words, "ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
            run(*words, "ip", "link", "set", name, "up")
            run(*words, "ip", "link", "set", "lo", "up")
        settle("left")
        settle("right", inside=self.there)
        self.n = 0
        return self

    def __exit__(self, *_):
        self.holder.stdin.close()
        self.holder.wait()

    def number(self):
        self.n += 1
        return self.n

    def address(self, is_left, number, version=4):
        """Gives one of the two an address more."""
        number += 10 if is_left else 110
        words, name = ([], "left") if is_left else (self.there, "right")
        text = f"192.0.2.{number}" if version == 4 else f"2001:db8::{number}"
        run(*words, "ip", "addr", "add", f"{text}/{24 if version == 4 else 64}", "dev", name,
            *(["nodad"] if version == 6 else []))
        return text

    def listeners(self):
        """How many sockets have the port of SIP, by namespace."""
        counts = []
        for pid in (os.getpid(), self.holder.pid):
            lines = [line for kind in ("udp", "udp6", "tcp", "tcp6")
                     for line in pathlib.Path(f"/proc/{pid}/net/{kind}").read_text().split("\n")]
            counts.append(sum(f":{SIP_PORT:04X} " in line[:60].split(" local_address")[0] for line in lines))
        return counts


class Party:
    """A SIPp that plays a scenario, in a folder of its own with what it says."""

    def __init__(self, call, scenario, is_left, address, n_packets):
        self.scenario, self.address = scenario, address
        self.before = [] if is_left else call.world.there
        self.folder = call.folder / scenario
        self.folder.mkdir(parents=True)
        self.talk = Talk(0x57000000 + call.number * 256 + len(call.parties),
                         noise(f"{call.name} {scenario}", sum(n_packets)))
        for name, n in zip(("first", "second", "third"), n_packets):
            self.talk.write(self.folder / f"{name}.pcap", n)

    def start(self, remote=None, options=()):
        bracketed = f"[{self.address}]" if ":" in self.address else self.address
        words = [*self.before, "sipp", *([remote] if remote else []), "-sf", HERE / "sipp" / f"{self.scenario}.xml",
                 "-i", bracketed, "-mi", bracketed, "-p", SIP_PORT, "-mp", MEDIA_PORT, "-m", 1, "-nostdin",
                 "-timeout", PATIENCE, "-timeout_error", "-nd", "-trace_shortmsg", "-shortmessage_file", "messages",
                 "-trace_err", "-error_file", "errors", *options]
        with open(self.folder / "screen", "wb") as screen:
            self.process = subprocess.Popen([str(word) for word in words], cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=screen, stderr=screen)

    def wait(self):
        """Whether its call went as its scenario says."""
        return self.process.wait(timeout=PATIENCE + 10) == 0

    def said(self):
        """How often it sent what: {(Call-ID, method or status): n}, by its own account."""
        with open(self.folder / "messages", newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file, delimiter="\t") if len(row) >= 7]
        return collections.Counter((row[4], start_of(row[6])) for row in rows if row[3] == "S")

    def errors(self):
        path = self.folder / "errors"
        return path.read_text(errors="replace") if path.exists() else ""


def start_of(line):
    words = line.split()
    return words[1] if words[0].startswith("SIP/") else words[0]


class Call:
    """One call: its parties, who they are, and what they say. is_left: in which namespace each party is."""

    def __init__(self, world, folder, name, scenarios=("caller", "callee"), says=((25,), (25,)), pause=1000, version=4,
                 transport="u1", about="a call", is_left=(True, False, False)):
        self.world, self.name, self.number = world, name, world.number()
        self.folder = pathlib.Path(folder, name)
        self.id = f"{name}-1@weir.example"
        self.caller, self.callee = f"anna-{name}", f"+64955500{self.number:02}"
        self.named = self.caller if "registrar" in scenarios else self.callee  # in To
        self.transport, self.about, self.pause = transport, about, pause
        self.parties = []
        for i, (scenario, n_packets) in enumerate(zip(scenarios, says)):
            address = world.address(is_left[i], self.number + N_CALLS * (i // 2 + (i == 1 and is_left[i])), version)
            self.parties.append(Party(self, scenario, is_left[i], address, n_packets))
        self.asked = self.parties[1].address

    def listen(self):
        for party in self.parties[1:]:
            party.start(None, ["-t", self.transport, "-s", self.callee, "-key", "elsewhere",
                               f"moved@{self.parties[-1].address}:{SIP_PORT}",
                               *(["-rtp_echo"] if party.scenario == "echoing-callee" else [])])

    def n_listeners(self):
        return len(self.parties) - 1

    def dial(self):
        remote = f"[{self.asked}]:{SIP_PORT}" if ":" in self.asked else f"{self.asked}:{SIP_PORT}"
        self.parties[0].start(remote, ["-t", self.transport, "-s", self.callee, "-key", "caller", self.caller, "-key",
                                       "about", self.about, "-d", self.pause, "-cid_str", f"{self.name}-%u@weir.example"])

    def is_as_written(self):
        return all([party.wait() for party in self.parties])


class RelayedCall(Call):
    """A call through a relay: the caller and the callee are on the left, what is between them on the right."""

    def __init__(self, world, folder, name):
        super().__init__(world, folder, name, is_left=(True, True))
        self.asked = world.address(False, self.number)

    def listen(self):
        self.process = subprocess.Popen([*self.world.there, sys.executable, HERE / "sip_relay.py", self.asked,
                                         self.parties[1].address], stdin=subprocess.PIPE)
        super().listen()

    def n_listeners(self):
        return super().n_listeners() + 1

    def is_as_written(self):
        is_so = super().is_as_written()
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE) == 0 and is_so


def n_frames(world):
    """Frames that have crossed the left end since it was made."""
    lines = [line.split() for line in run("ip", "-s", "link", "show", "left").split("\n")]
    return sum(int(lines[i + 1][1]) for i, line in enumerate(lines) if line[:1] in (["RX:"], ["TX:"]))


def n_records(path):
    """Frames in a capture that is being written."""
    octets, at, n = pathlib.Path(path).read_bytes(), 24, 0
    while at + 16 <= len(octets):
        at += 16 + int.from_bytes(octets[at + 8:at + 12], "little")
        n += at <= len(octets)
    return n


class Recorder:
    """tcpdump on the left end; what it wrote is all that crossed it."""

    def __init__(self, world, path):
        self.world, self.path = world, path
        self.process = subprocess.Popen(["tcpdump", "-i", "left", "-n", "-s", "0", "-B", "8192", "--immediate-mode", "-U",
                                         "-w", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while "listening on" not in (line := self.process.stderr.readline()):
            if not line:
                raise RuntimeError("tcpdump does not listen")
        self.before = n_frames(world)

    def end(self):
        """Whether it has all that has crossed by now."""
        due = n_frames(self.world) - self.before
        wait_for(lambda: n_records(self.path) >= due, "what tcpdump writes")
        self.process.terminate()
        _, said = self.process.communicate(timeout=PATIENCE)
        return "\n0 packets dropped by kernel" in said


def make(world, calls):
    """Makes all calls at once. The names of those that did not go as their scenario says."""
    for call in calls:
        call.listen()
    n = sum(call.n_listeners() for call in calls)
    wait_for(lambda: sum(world.listeners()) >= n, "SIPp that listens")
    for call in calls:
        call.dial()
    return [call.name for call in calls if not call.is_as_written()]
