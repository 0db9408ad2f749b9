#!/usr/bin/env python3
"""The daemons' jail, from outside: what do the kernel's files say of the running programs, and what happens when one
of their threads tries what it may not?

    jail_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY JAIL-PROBE SANITIZED

The collector captures from an interface of a network namespace of this test's own. Its parser threads are made to
try by jail-probe, which puts a system call in a waiting thread's place: nothing in the collector knows of it.
"""
import ctypes
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

from fake_links import Mediator, Provisioner, wait_for
from intercept_records import elements
from links import add_pair, run
from tap import daemon_log, end, ok, skip

PROGRAMS = dict(zip(("provisioner", "collector", "mediator", "agency"), map(os.path.abspath, sys.argv[1:5])))
PROBE = os.path.abspath(sys.argv[5])
IS_SANITIZED = sys.argv[6] == "yes"
CLONE_NEWNET = 0x40000000
NET_RAW, NET_ADMIN = 1 << 13, 1 << 12
TARGET = "192.0.2.7"
FORBIDDEN = ("open", "create", "rename", "unlink", "allocate", "uring", "socket", "unix", "packet", "connect")

work = pathlib.Path(tempfile.mkdtemp(prefix="weir-jail-"))
processes = []


def start(program, *, at=work, prefix=(), first=None, **fields):
    """A daemon with this configuration; its log is AT/PROGRAM.log."""
    conf = at / f"{program}.yaml"
    fields = {"name": "x1", "transport": "plain", **fields}
    conf.write_text("".join(f"{key}: {json.dumps(value, default=str)}\n" for key, value in fields.items()))
    with daemon_log(at / f"{program}.log", "wb") as log, open(at / f"{program}.out", "w") as out:
        process = subprocess.Popen([*prefix, PROGRAMS[program], "--config", conf], stderr=log, stdout=out,
                                   preexec_fn=first)
    process.log = at / f"{program}.log"
    processes.append(process)
    return process


def said(process, text):
    return text in process.log.read_text()


def stop(process, number=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(number)
    return process.wait(timeout=20)


def status_of(path):
    """The numbers of /proc/…/status."""
    lines = dict(line.split(":\t", 1) for line in (path / "status").read_text().splitlines() if ":\t" in line)
    return {"user": int(lines["Uid"].split()[0]), "capabilities": int(lines["CapPrm"], 16) | int(lines["CapEff"], 16),
            "bound": int(lines["CapBnd"], 16), "is_fixed": lines["NoNewPrivs"] == "1",
            "filters": int(lines.get("Seccomp_filters", lines["Seccomp"]))}


def threads_of(process):
    found = {}
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        try:
            found[int(task.name)] = status_of(task)
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended meanwhile
    return found


def probe(tid, *calls):
    """What each call gives in that thread, by name; None where threads cannot be probed here."""
    done = subprocess.run([PROBE, str(tid), *calls], capture_output=True, text=True, timeout=20, check=False)
    return None if done.returncode == 77 else dict(line.split() for line in done.stdout.splitlines())


# ---- every daemon

CONFS = {
    "provisioner": lambda at: {"listen": "127.0.0.1:0", "rest_listen": "127.0.0.1:0", "rest_transport": "plain",
                               "store": at / "store.db", "first_key": at / "first"},
    "collector": lambda at: {"folder": at / "state", "inputs": [{"uri": str(at / "none.pcap")}]},
    "mediator": lambda at: {"listen": "127.0.0.1:0", "folder": at / "state"},
    "agency": lambda at: {"hi2": "127.0.0.1:0", "hi3": "127.0.0.1:0", "out": at / "out", "force": True},
}


def facts_of_all():
    for program, fields in CONFS.items():
        at = work / program
        at.mkdir()
        process = start(program, at=at, **fields(at))
        ok(wait_for(lambda p=process: said(p, "is in its jail")), f"{program}: says that it is in its jail",
           [process.log.read_text()])
        is_set = [t["is_fixed"] and t["filters"] > 0 for t in threads_of(process).values()]
        ok(is_set and all(is_set), f"{program}: no new privileges, and a filter, on every thread")
        ok(wait_for(lambda p=process: all(t["capabilities"] == t["bound"] == 0 for t in threads_of(p).values())),
           f"{program}: it has no capability, and can get none", [threads_of(process)])
        ok(stop(process) == 0, f"{program}: ends in good order", [process.log.read_text()])
        process = start(program, at=at, **fields(at))
        ok(wait_for(lambda p=process: said(p, "is in its jail")) and stop(process) == 0,
           f"{program}: works with what it left behind", [process.log.read_text()])
        process = start(program, at=at, jail="off", **fields(at))
        ok(wait_for(lambda p=process: said(p, "NOT CONFINED")) and
           all(not t["filters"] for t in threads_of(process).values()), f"{program}: \"jail: off\" is off, and said")
        stop(process)


# ---- kernels that lack something

def kernel_without(*refused):
    """For a new process: these system calls fail as where the kernel has not got them. (number, first argument or None)"""
    def instruction(code, k, if_true=0, if_false=0):
        return struct.pack("=HBBI", code, if_true, if_false, k)

    load, equal, give = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, JMP|JEQ|K, RET|K
    program = b""
    for number, argument in refused:
        program += instruction(load, 0)
        if argument is None:
            program += instruction(equal, number, 0, 1)
        else:
            program += instruction(equal, number, 0, 3) + instruction(load, 16) + instruction(equal, argument, 0, 1)
        program += instruction(give, 0x50000 | (38 if argument is None else 22))  # ENOSYS, EINVAL
    program += instruction(give, 0x7fff0000)
    libc = ctypes.CDLL(None, use_errno=True)

    def enter():
        code = ctypes.create_string_buffer(program)
        whole = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, whole, 0, 0):
            os._exit(99)

    return enter


LANDLOCK, SECCOMP, PRCTL, PR_SET_SECCOMP = 444, 317, 157, 22


def facts_of_other_kernels():
    if os.uname().machine != "x86_64":
        skip("kernels that lack something", "the numbers of system calls are another machine's")
        return
    for what, first in (("Landlock", kernel_without((LANDLOCK, None))),
                        ("seccomp", kernel_without((SECCOMP, None), (PRCTL, PR_SET_SECCOMP)))):
        at = work / f"no-{what}"
        at.mkdir()
        process = start("collector", at=at, first=first, **CONFS["collector"](at))
        ok(wait_for(lambda p=process: re.search(f"warning: NOT CONFINED: this kernel .*{what}", p.log.read_text())),
           f"where the kernel has no {what} the log says so, loudly", [process.log.read_text()])
        ok(not said(process, "is in its jail") and wait_for(lambda p=process: said(p, "input ")) and
           process.poll() is None, "and the daemon goes on with the other walls", [process.log.read_text()])
        filters = {t["filters"] for t in threads_of(process).values()}
        ok(min(filters) == (2 if what == "Landlock" else 1), "of which it has", [filters])
        stop(process)
        process = start("collector", at=at, first=first, jail="whole", **CONFS["collector"](at))
        ok(process.wait(timeout=20) == 1 and said(process, f"this kernel has no {what}, and the jail shall be whole"),
           "unless it shall be whole: then it does not start", [process.log.read_text()])
    at = work / "whole"
    at.mkdir()
    process = start("mediator", at=at, jail="whole", **CONFS["mediator"](at))
    ok(wait_for(lambda: said(process, "is in its jail")) and stop(process) == 0, "which it is on a kernel that has both")


# ---- another user

def facts_of_users():
    at = pathlib.Path(tempfile.mkdtemp(prefix="weir-jail-"))
    try:
        at.chmod(0o755)
        (at / "own").mkdir()
        shutil.chown(at / "own", "nobody")
        process = start("mediator", at=at, listen="127.0.0.1:0", folder=at / "own" / "state", user="nobody")
        ok(wait_for(lambda: said(process, "heard on port")) and
           {t["user"] for t in threads_of(process).values()} == {uid_of("nobody")},
           "started by root, it works as the user that is named", [process.log.read_text()])
        ok((at / "own" / "state").stat().st_uid == uid_of("nobody"), "… to whom its folder belongs")
        stop(process)
        process = start("mediator", at=at, listen="127.0.0.1:0", folder=at / "own" / "state")
        ok(wait_for(lambda: said(process, "heard on port")), "root's daemon works with that folder too, and says how",
           [process.log.read_text()])
        stop(process)
        (at / "closed").mkdir(mode=0o700)
        process = start("mediator", at=at, listen="127.0.0.1:0", folder=at / "closed", user="nobody")
        ok(process.wait(timeout=20) == 1 and said(process, f'{at / "closed"}: user "nobody" does not reach it'),
           "a user that does not reach the folder: it does not start, and says which", [process.log.read_text()])
    finally:
        shutil.rmtree(at)


def uid_of(name):
    return pwd.getpwnam(name).pw_uid


# ---- the collector's parsers

def send(n, payload=b""):
    """n UDP packets to the target, into left."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("left", 0))
        for i in range(n):
            udp = b"\x10\x00\x20\x00" + (12 + len(payload)).to_bytes(2, "big") + bytes(2) + i.to_bytes(4, "big") + payload
            head = b"\x45\x00" + (20 + len(udp)).to_bytes(2, "big") + b"\0\0\0\0\x40\x11\0\0" + \
                socket.inet_aton("198.51.100.1") + socket.inet_aton(TARGET)
            raw.send(b"\x02" * 6 + b"\x04" * 6 + b"\x08\x00" + head + udp)


def orders(mediator):
    warrant = {"agency": "police", "liid": "L1", "authorization_country": "NZ", "start": "1970-01-01T00:00:00Z",
               "end": "2200-01-01T00:00:00Z", "targets": [{"prefix": TARGET, "cin": 1}]}
    return {"operator": {"id": "EXAMPLE-NZ", "network_element": "akl-1"}, "agencies": [{"id": "police", "country": "NZ"}],
            "core_servers": [], "warrants": [warrant],
            "mediators": [{"name": "m1", "address": f"127.0.0.1:{mediator.port}"}]}


def n_records(mediator):
    stream = mediator.streams.get(("police", "hi3"), b"")
    return len(list(elements(stream, 0, len(stream))))


def parsers_of(process):
    """Threads with a filter of their own beside the daemon's."""
    return [tid for tid, t in threads_of(process).items() if t["filters"] > 1]


def facts_of_parsers():
    try:
        subprocess.run(["ip", "link"], check=True, stdout=subprocess.DEVNULL)
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError
        run("ip", "link", "set", "lo", "up")
        add_pair("left", "right")
    except (OSError, subprocess.SubprocessError):
        skip("the collector's parser threads", "no network namespace can be made")
        return
    mediator = Mediator()
    provisioner = Provisioner(orders(mediator))
    fifo = work / "fifo"
    os.mkfifo(fifo)
    process = start("collector", provisioner=f"127.0.0.1:{provisioner.port}", folder=work / "state",
                    inputs=[{"uri": "int:right", "workers": 1}, {"uri": str(fifo), "workers": 2}])
    with open(fifo, "wb", buffering=0) as feed:
        packer = zlib.compressobj(wbits=31)
        feed.write(packer.compress(bytes.fromhex("4d3cb2a1 0200 0400 00000000 00000000 00000400 65000000")) +
                   packer.flush(zlib.Z_SYNC_FLUSH))
        try:
            look_at_parsers(process, mediator, provisioner)
        finally:
            stop(process, signal.SIGKILL)
    for peer in (provisioner, mediator):
        peer.close()


def look_at_parsers(process, mediator, provisioner):
    ok(wait_for(lambda: len(parsers_of(process)) == 4),
       "one worker of an interface, two of a capture, and one who unpacks it: four parsers",
       [threads_of(process), process.log.read_text()])
    tids = parsers_of(process)
    threads = threads_of(process)
    ok(all(threads[tid]["capabilities"] == 0 for tid in tids), "a parser has no capability")
    # that of low ports goes once all is open, of which its parsers are a part
    ok(wait_for(lambda: threads_of(process)[process.pid]["capabilities"] == NET_RAW | NET_ADMIN),
       "the daemon has those of live capture, and no other", [threads_of(process)[process.pid]])
    wait_for(lambda: provisioner.digests)
    send(20)
    ok(wait_for(lambda: n_records(mediator) == 20), "behind all walls it intercepts", [n_records(mediator)])
    told = {tid: probe(tid, *FORBIDDEN, "getpid") for tid in tids}
    if None in told.values():
        skip("a parser is refused a file and a socket", "threads cannot be traced here")
    else:
        wanted = {name: "EPERM" for name in FORBIDDEN} | {"getpid": "?"}
        for tid, got in told.items():
            got["getpid"] = "?" if got.get("getpid") != "EPERM" else "EPERM"
            ok(got == wanted, f"a parser is refused: {', '.join(FORBIDDEN)}", [tid, got])
        got = probe(process.pid, "open", "create", "socket")
        ok(got and "EPERM" not in got.values() and len(got) == 3, "the daemon's own thread is not", [got])
    send(20)
    ok(wait_for(lambda: n_records(mediator) == 40), "it works on", [n_records(mediator), process.log.read_text()])
    for i in range(1, 9):  # more than a spool has made beforehand: its next files are its keeper's to make
        send(1000, bytes(1400))
        if not wait_for(lambda wanted=40 + 1000 * i: n_records(mediator) == wanted):
            break
    ok(n_records(mediator) == 8040 and not said(process, "EPERM") and not said(process, "not permitted"),
       "its records fill file after file, though it makes none", [n_records(mediator), process.log.read_text()])
    run("ip", "link", "del", "left")
    time.sleep(0.5)
    add_pair("left", "right")

    def comes_back():
        send(1)
        time.sleep(0.1)
        return n_records(mediator) > 8040

    ok(wait_for(comes_back), "an interface that goes and comes is captured again, opened by a thread that may",
       [process.log.read_text()])
    ok(process.poll() is None and len(parsers_of(process)) == 4, "… and read by the parsers")
    if None not in told.values() and not IS_SANITIZED:
        probe(parsers_of(process)[0], "execute")
        ok(process.wait(timeout=20) == -signal.SIGSYS, "a parser that executes a program ends the collector")


def main():
    if os.geteuid():
        skip("the daemons' jail", "it takes root to look at it")
        end()
    process = start("mediator", listen="127.0.0.1:0", folder=work / "first")
    wait_for(lambda: said(process, "heard on port"))
    text = process.log.read_text()
    stop(process)
    if "NOT CONFINED" in text:
        skip("the daemons' jail", re.sub(r"(?s).*NOT CONFINED: ([^;\n]*).*", r"\1", text))
        end()
    facts_of_all()
    facts_of_other_kernels()
    facts_of_users()
    facts_of_parsers()
    end()


try:
    main()
finally:
    for each in processes:
        if each.poll() is None:
            each.kill()
            each.wait()
    shutil.rmtree(work, ignore_errors=True)
