#!/usr/bin/env python3
"""Every damaged or odd capture through every tool: never a crash, a hang or a sanitizer's report.

    malformed_test.py SERVER [CAPTURE...]

SERVER is the built weir-server, best with the address sanitizer. All tools run on some captures in one
process, at whose end nothing may be left in memory; where it dies, each of them has one of its own. A tool either
does its work (exit 0) or ends with exit 1 and one line that names itself, the file, the byte and the reason. What
goes wrong is listed with the command line.
"""
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile

from tap import captures, end, memory_folder, ok, shared, skip
from weir_server import Servers

SECONDS = 20        # a command
AT_ONCE = 8
MEGABYTES = 1024    # resident, the sanitizer's own share included
ORDERS = """
operator: {id: TEST, network_element: test}
agencies:
  - {id: all, country: NZ, hi2: "127.0.0.1:40002", hi3: "127.0.0.1:40003"}
warrants:
  - reference: W-1
    authority: test
    agency: all
    liid: LIID0001
    authorization_country: NZ
    delivery_country: NZ
    start: 1970-01-01T00:00:00Z
    end: 2200-01-01T00:00:00Z
    deliver: all
    access_type: fiber
    targets:
      - {prefix: 0.0.0.0/1, cin: 1}
      - {prefix: 128.0.0.0/1, cin: 1}
      - {prefix: "::/1", cin: 1}
      - {prefix: "8000::/1", cin: 1}
"""

# tool -> the command lines that a capture goes through; {in}, {out} (a file), {dir} and {orders} are filled in
COMMANDS = {
    "stats": [["-f", "ip or ip6", "{in}"]],
    "rtstats": [["-i", "10s", "--max-gap", "3", "-f", "tcp", "{in}"]],
    "convert": [["-w", form, "{in}", "{out}." + form] for form in ("pcap", "pcapng", "erf")],
    "split": [["-c", "7", "{in}", "{out}-%N"]],
    "merge": [["{in}", "{in}", "{out}.merged"]],
    "calls": [["{in}"], ["-j", "--sip-port", "5060", "{in}"]],
    "dump": [["-x", "--hex-bytes", "0", "{in}"], ["-j", "-x", "{in}"], ["-b", "{in}"]],
    "decode": [["{in}"]],
    "intercept": [["--orders", "{orders}", "--out", "{dir}", "{in}"]],
}
# an error says where in the file, but for what holds for all of it: no capture, or of no such output
PLACE = re.compile(r"at byte \d+|its first bytes are of no capture format|pcap holds only one link type|"
                   r"does not fit in pcapng's 16 bits|ERF has no (record )?type|is too long for ERF")
REPORT = re.compile(r"Sanitizer|runtime error:|Assertion|core dumped")

environment = dict(os.environ)
for name, more in (("ASAN_OPTIONS", "exitcode=99:quarantine_size_mb=16"),
                   ("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")):
    environment[name] = ":".join(filter(None, [environment.get(name), more]))


def fault(said, path):
    """What is wrong with how a command ended, or None."""
    if REPORT.search(said.errors):
        return "a sanitizer's report"
    if said.died:
        return said.died
    if said.status not in (0, 1):
        return f"exit {said.status}"
    lines = [line for line in said.errors.splitlines() if line]
    if said.status == 1 and not lines:
        return "failed without a word"
    if said.status == 1 and not any(path in line for line in lines):
        return "its error does not name the file"
    if said.status == 1 and not all(PLACE.search(line) for line in lines if path in line):
        return "its error does not say at which byte"
    if said.status == 1 and len(lines) > 4:
        return f"failed with {len(lines)} lines"
    return None


def filled(tool, words, path, folder):
    """The command line for one capture."""
    fill = {"{in}": str(path), "{out}": f"{folder}/out", "{dir}": f"{folder}/records",
            "{orders}": f"{work}/orders.yaml"}
    line = [tool]
    for word in words:
        for mark, value in fill.items():
            word = word.replace(mark, value)
        line.append(word)
    return line


def through(some):
    """Runs every command on some captures; for each capture and command [] or the lines that tell what went wrong."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        for i in range(len(some)):
            os.mkdir(f"{folder}/{i}")
        answers = servers.run([filled(tool, words, path, f"{folder}/{i}") for i, path in enumerate(some)
                               for tool, words in commands], keep_out=False)
    if len(some) > 1 and any(said.died for said in answers):
        return [result for path in some for result in through([path])]
    return [[[f"{wrong}: weir {tool} {' '.join(words)} with {path}"] + said.errors.splitlines()[:12]
             if wrong else [] for (tool, words), said in zip(commands, answers[i * len(commands):])
             for wrong in [fault(said, str(path))]] for i, path in enumerate(some)]


def all_commands(tools):
    for tool, lines in COMMANDS.items():
        if tool not in tools:
            skip(f"weir {tool} over every damaged capture", "this weir has no such tool")
            continue
        for words in lines:
            yield tool, words


shared_folder = shared()
paths = [pathlib.Path(p) for p in sys.argv[2:]] or (captures(shared_folder, "malformed", "formats")
                                                    if shared_folder else [])
if not paths:
    skip("every damaged capture through every tool", "the shared captures are not here")
    end()
with tempfile.TemporaryDirectory(prefix="weir-", dir=memory_folder()) as work, \
        Servers(sys.argv[1], seconds=SECONDS, megabytes=MEGABYTES, env=environment) as servers:
    pathlib.Path(work, "orders.yaml").write_text(ORDERS)
    known = set(re.findall(r"^  (\w+) ", servers.run([["help"]])[0].out.decode(), re.M))
    unknown = known - set(COMMANDS) - {"help", "completion", "certs", "ledger", "match", "status"}   # which read no capture
    ok(not unknown, "every tool that weir has is tried", sorted(unknown))
    commands = list(all_commands(known))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        parts = [paths[i:i + AT_ONCE] for i in range(0, len(paths), AT_ONCE)]
        results = [result for results in pool.map(through, parts) for result in results]
    for (tool, words), wrongs in zip(commands, zip(*results)):
        wrong = [line for lines in wrongs for line in lines]
        n_wrong = sum(1 for lines in wrongs if lines)
        ok(not wrong, f"{len(paths)} captures through weir {tool} {' '.join(words)}",
           [f"{n_wrong} went wrong"] + wrong[:150])
end()
