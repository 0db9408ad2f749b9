#!/usr/bin/env python3
"""What the daemons tell of themselves, with the real programs: metrics, by a strict reader of Prometheus' text format,
and the same numbers in the status.

    status_test.py WEIR-PROVISIONER WEIR-COLLECTOR WEIR-MEDIATOR WEIR-AGENCY WEIR
"""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import time

from chain_programs import Agency, Chain, Collector, Failed, Mediator, Provisioner, until
from radius_packets import ip
from tap import end, ok

NAMES = ("provisioner", "collector", "mediator", "agency", "weir")
PROGRAMS = dict(zip(NAMES, sys.argv[1:6]))
LIMIT = 280  # seconds for everything, on a busy machine
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?\d+(?:\.\d+)?)")


class Bad(Exception):
    pass


def labels_of(text):
    labels, at = [], 0
    while at < len(text):
        found = LABEL.match(text, at)
        if not found:
            raise Bad(f"labels: {text}")
        labels.append((found[1], re.sub(r'\\(.)', lambda m: "\n" if m[1] == "n" else m[1], found[2])))
        at = found.end()
    if len({name for name, _ in labels}) != len(labels):
        raise Bad(f"a label twice: {text}")
    return tuple(sorted(labels))


def parse(text):
    """{name: (type, {labels: value})}; refuses all that the format (0.0.4) does not allow, and a family in pieces."""
    families, name = {}, None
    if not text.endswith("\n"):
        raise Bad("the last line has no end")
    for line in text[:-1].split("\n"):
        if found := re.fullmatch(rf"# HELP ({NAME}) (.+)", line):
            name = found[1]
            if name in families:
                raise Bad(f"{name} comes twice")
            families[name] = [None, {}]
        elif found := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line):
            if found[1] != name or families[name][0]:
                raise Bad(line)
            families[name][0] = found[2]
        elif found := SAMPLE.fullmatch(line):
            if found[1] != name or not families[name][0]:
                raise Bad(f"a sample of another family, or without a type: {line}")
            labels = labels_of(found[2] or "")
            if labels in families[name][1]:
                raise Bad(f"a sample twice: {line}")
            families[name][1][labels] = float(found[3])
        else:
            raise Bad(line)
    for name, (kind, _) in families.items():
        if (kind == "counter") != name.endswith("_total"):
            raise Bad(f"{name} is a {kind}")
    return families


def metrics(daemon):
    """{name or name{label values}: value}"""
    flat = {}
    for name, (_, samples) in parse(daemon.get("/metrics")[2]).items():
        for labels, value in samples.items():
            flat[(name, *(v for _, v in labels))] = value
    return flat


def warrant(liid, **more):
    return {"reference": "r", "authority": "c", "agency": "police", "liid": liid, "authorization_country": "NZ",
            "delivery_country": "NZ", "start": "2020-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z",
            "targets": [{"prefix": "10.0.0.1/32", "cin": 1}], **more}


def start(chain):
    chain.certify("provisioner:p1", "mediator:m1", "collector:c1", "agency:police")
    more = {"metrics": "127.0.0.1:0"}
    p = Provisioner(chain, **more).start()
    m = Mediator(chain, "m1", p, **more).start()
    c = Collector(chain, "c1", p, silence="2s", tell_silence=True, **more).start()
    a = Agency(chain, "police", **more).start()
    p.put("/operator", {"id": "EXAMPLE-NZ", "network_element": "akl-1"})
    p.put("/mediators/m1", {"name": "m1", "address": m.address})
    p.put("/collectors/c1", {"name": "c1"})
    p.put("/agencies/police", a.orders(keepalive_interval="2s", keepalive_wait="1s"))
    p.put("/warrants/police/L1", warrant("L1"))
    ok(p.agree("c1", "m1"), "a chain of real programs, with metrics")
    return p, m, c, a


def formats(daemons):
    for daemon in daemons:
        status, kind, text = daemon.get("/metrics")
        try:
            families = parse(text)
            ok(status == 200 and kind.startswith("text/plain; version=0.0.4") and len(families) > 5,
               f"{daemon.program}: {len(families)} metrics, well in Prometheus' format")
        except Bad as bad:
            ok(False, f"{daemon.program}: its metrics are well", [bad])
        status, kind, text = daemon.get("/status")
        ok(status == 200 and kind == "application/json" and json.loads(text)["name"] == daemon.name,
           f"{daemon.program}: its status is JSON")
        if daemon.program in ("collector", "mediator"):
            memory = json.loads(text)["memory"]
            ok(pathlib.Path(memory["folder"]).is_dir() and memory["pages"] in ("none", "small", "large") and memory["size"] > 0 and
               f"spools: {memory['folder']} " in daemon.log(), f"{daemon.program}: says what its memory is", memory)
    status, kind, text = daemons[0].get("/else")
    ok(status == 404 and json.loads(text)["error"]["reason"], "nothing else is there")
    ok(daemons[0].get("/metrics", "DELETE")[0] == 405, "and nothing can be changed")


def manual(daemons):
    """docs/howto/monitor.md shows each metric as it is."""
    page = (pathlib.Path(__file__).resolve().parent.parent / "docs/howto/monitor.md").read_text()
    for daemon in daemons:
        part = page.split(f"### weir-{daemon.program}\n")[1].split("### ")[0]
        shown = dict(re.findall(r"^\| `(\w+)` \| (\w+ \| .*) \|$", part, re.M))
        text = daemon.get("/metrics")[2]
        told = {name: f"{kind} | {doc}" for name, doc in re.findall(r"^# HELP (\w+) (.*)$", text, re.M)
                for kind in re.findall(rf"^# TYPE {name} (\w+)$", text, re.M)}
        wrong = [name for name, doc in told.items() if shown.get(name) != doc]
        ok(not wrong and len(told) <= len(shown), f"{daemon.program}: the manual has its metrics", wrong)


def traffic(p, m, c, a):
    packets = [ip("10.0.0.1", "192.0.2.9", bytes(8 + i)) for i in range(40)]
    c.feed.frames([(time.time_ns(), packet) for packet in packets])
    ok(until(lambda: len(a.records("cc")) == 40), "forty packets reach the agency")
    got = metrics(c)
    uri = str(c.fifo_path)
    ok(until(lambda: metrics(c)[("weir_input_packets_total", "0", uri)] == 40), "the collector counts what it received",
       [got])
    got = metrics(c)
    ok(got[("weir_cc_records_total",)] == 40 and got[("weir_warrants_active",)] == 1 and
       got[("weir_sessions_active",)] == 1 and got[("weir_input_up", "0", uri)] == 1 and
       got[("weir_mediator_up", "m1")] == 1, "and what it made of it", [got])
    got = metrics(m)
    ok(got[("weir_spooled_records_total", "police", "hi3")] == 40 and
       got[("weir_agency_up", "police", "hi3")] == 1, "the mediator what it passed on", [got])
    ok(until(lambda: metrics(m)[("weir_agency_acknowledged_records_total", "police", "hi3")] == 40),
       "and what the agency has")
    ok(until(lambda: abs(metrics(m).get(("weir_agency_keepalive_time_seconds", "police", "hi3"), 0) - time.time()) < 5),
       "when a keep-alive was answered last is told as a time")
    ok(metrics(a)[("weir_receiver_records_total", "cc")] == 40, "the agency what it got")
    got = metrics(p)
    ok(got[("weir_daemon_agreed", "c1", "collector")] == 1 and got[("weir_held", "warrants")] == 1,
       "the provisioner what it holds and who has it", [got])
    text = c.get("/metrics")[2] + m.get("/metrics")[2] + p.get("/metrics")[2]
    ok("L1" not in text and "10.0.0.1" not in text, "no metric names a warrant or a target")


def health(c, a):
    ok(until(lambda: metrics(c)[("weir_warrants_silent",)] == 1, 8),
       "a warrant with an active session and no content for its time is silent")
    one = c.status()["intercept"]["warrants"][0]
    ok(one["silent"] and one["live"] == 1 and "last_cc" in one, "the status says which, and when it had content last",
       [one])
    ok(until(lambda: metrics(c)[("weir_alarms_active", "silent")] == 1, 8), "that is an alarm")
    ok(until(lambda: silent_alarms(a) == ["L1:"], 8), "of which the agency hears, with the LIID", [a.records("hi1")])
    c.feed.frames([(time.time_ns(), ip("10.0.0.1", "192.0.2.9", bytes(8)))])
    ok(until(lambda: metrics(c)[("weir_warrants_silent",)] == 0, 8), "until content comes")


def silent_alarms(a):
    return [e["words"].split()[3] for e in a.records("hi1")
            if "a session is active, and no content comes, since 20" in e["words"]]


def status(p, *words, terminal=False):
    """What weir status says: exit status and lines."""
    command = [PROGRAMS["weir"], "status", "--at", p.url.removesuffix("/api/v1"), "--authority",
               p.chain.folder / "certs/authority.pem", "--api-key", p.folder / "first", *words]
    if not terminal:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        return done.returncode, (done.stdout + done.stderr).splitlines()
    ours, its = pty.openpty()
    done = subprocess.run(command, stdout=its, stderr=its, check=False, timeout=20)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours), os.close(its)
    return done.returncode, said.splitlines()


def screen(p, m, c):
    """weir status, while all is well and when it is not."""
    def line(start, words=()):
        return [one for one in status(p, *words)[1] if one.startswith(start)]

    c.feed.frames([(time.time_ns(), ip("10.0.0.1", "192.0.2.9", bytes(8)))])
    ok(until(lambda: re.search(r"\n[ !] police/L1 at c1 +1 +42 +1 +0 ", "\n".join(status(p)[1]))),
       "weir status shows a warrant's records", status(p)[1])
    code, lines = status(p, "--json")
    ok(code in (0, 3) and [d["name"] for d in json.loads("".join(lines))["daemons"]] == ["c1", "m1"],
       "as JSON it is the provisioner's")
    ok(until(lambda: line("! police/L1") and "session active, no CC for " in line("! police/L1")[0]),
       "a session without content is marked", status(p)[1])
    code, lines = status(p)
    ok(code == 3 and len(lines) <= 24 and max(map(len, lines)) <= 80, "it is one screen", lines)
    ok([one.split()[:2] for one in lines if " up  " in one] == [["police", "hi2"], ["police", "hi3"]] and
       "  collector c1          " in "\n".join(lines) and "running" in "".join(lines) and
       "c1 police hi2 to m1" in "".join(lines), "daemons, inputs, outboxes and agencies are on it", lines)
    ok(not any("\x1b" in one for one in lines) and
       any(one.startswith("\x1b[31m! police/L1") for one in status(p, terminal=True)[1]),
       "what is marked is red on a terminal, and nowhere else")
    m.stop()
    ok(until(lambda: "NOT CONNECTED" in "".join(line("! mediator m1")) and
             "NO LINK" in "".join(line("! c1 police hi3 to m1")) and "unknown" in "".join(line("! police hi3 by m1"))),
       "a mediator that is away is marked, where it is missed too", status(p)[1])
    ok(len(status(p, "--lines", "16")[1]) == 16, "a smaller screen is full, and no more")
    key = p.folder / "wrong"
    key.write_text("nobody.0123\n")
    code, lines = status(p, "--api-key", key)
    ok(code == 1 and "401" in lines[0], "a wrong key gets no status", lines)
    p.stop()
    code, lines = status(p)
    ok(code == 1 and lines[0].startswith("weir status: "), "nor does anybody where no provisioner is", lines)


def escapes(chain):
    """A label from outside that would break the format."""
    p = Provisioner(chain, "p2", metrics="127.0.0.1:0", **{k: v for k, v in chain.papers("provisioner", "p1").items()})
    p.fields["name"] = "p1"
    p.start()
    ok(len(parse(p.get("/metrics")[2])) > 3, "a provisioner that is alone has metrics, too")
    p.stop()
    c = Collector(chain, "c2", None, metrics="127.0.0.1:0", **chain.papers("collector", "c1"))
    c.fields["name"] = "c1"
    odd = c.folder / 'a "b"\\n.pcap'
    c.fifo_path.rename(odd)
    c.fifo_path = odd
    c.fields["inputs"] = [{"uri": str(odd)}, {"uri": str(odd)}]
    c.start()
    got = metrics(c)
    ok(("weir_input_packets_total", "0", str(odd)) in got and ("weir_input_packets_total", "1", str(odd)) in got,
       "whatever a path holds, its label is that path, and two inputs are two", [got])
    status = c.stop()
    ok(status == 0, "and it ends, although only one of two inputs on a FIFO got its beginning", [status, c.log()])


def main():
    signal.alarm(LIMIT)
    try:
        with Chain(PROGRAMS) as chain:
            p, m, c, a = start(chain)
            formats((p, m, c, a))
            traffic(p, m, c, a)
            manual((p, m, c, a))
            health(c, a)
            escapes(chain)
            screen(p, m, c)
    except Failed as failed:
        ok(False, "it goes on", [failed])
    end()


main()
