#!/usr/bin/env python3
"""Every damaged or odd capture through every tool: never a crash, a hang or a sanitizer's report.

    malformed_test.py WEIR [CAPTURE...]

WEIR is best built with the address sanitizer. A tool either does its work (exit 0) or ends with exit 1
and one line that names itself, the file and the reason. What goes wrong is listed with the command line.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from tap import captures, end, ok, shared, skip

SECONDS = 20
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
    "dump": [["-x", "--hex-bytes", "0", "{in}"], ["-j", "-x", "{in}"], ["-b", "{in}"]],
    "decode": [["{in}"]],
    "intercept": [["--orders", "{orders}", "--out", "{dir}", "{in}"]],
}
REPORT = re.compile(r"Sanitizer|runtime error:|Assertion|core dumped")

program = os.path.abspath(sys.argv[1])
environment = dict(os.environ)
for name, more in (("ASAN_OPTIONS", f"exitcode=99:quarantine_size_mb=16:hard_rss_limit_mb={MEGABYTES}"),
                   ("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")):
    environment[name] = ":".join(filter(None, [environment.get(name), more]))


def fault(status, errors, path):
    """What is wrong with how a command ended, or None."""
    if status < 0:
        return f"ended by signal {-status}"
    if REPORT.search(errors):
        return "a sanitizer's report"
    if status not in (0, 1):
        return f"exit {status}"
    lines = [line for line in errors.splitlines() if line]
    if status == 1 and not lines:
        return "failed without a word"
    if status == 1 and not any(path in line for line in lines):
        return "its error does not name the file"
    if status == 1 and len(lines) > 4:
        return f"failed with {len(lines)} lines"
    return None


def through(tool, words, path):
    """Runs one command; [] or the lines that tell what went wrong."""
    with tempfile.TemporaryDirectory(prefix="weir-") as folder:
        orders = pathlib.Path(folder, "orders.yaml")
        orders.write_text(ORDERS)
        fill = {"{in}": str(path), "{out}": folder + "/out", "{dir}": folder + "/records", "{orders}": str(orders)}
        line = [program, tool]
        for word in words:
            for mark, value in fill.items():
                word = word.replace(mark, value)
            line.append(word)
        try:
            said = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  env=environment, timeout=SECONDS, check=False)
            wrong = fault(said.returncode, said.stderr.decode(errors="replace"), str(path))
            errors = said.stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            wrong, errors = f"still running after {SECONDS} s", ""
    if not wrong:
        return []
    return [f"{wrong}: weir {tool} {' '.join(words)} with {path}"] + errors.splitlines()[:12]


def all_commands(tools):
    for tool, lines in COMMANDS.items():
        if tool not in tools:
            skip(f"weir {tool} over every damaged capture", "this weir has no such tool")
            continue
        for words in lines:
            yield tool, words


folder = shared()
paths = [pathlib.Path(p) for p in sys.argv[2:]] or (captures(folder, "malformed", "formats") if folder else [])
if not paths:
    skip("every damaged capture through every tool", "the shared captures are not here")
    end()
helped = subprocess.run([program, "help"], capture_output=True, text=True, env=environment, check=True).stdout
known = set(re.findall(r"^  (\w+) ", helped, re.M))
unknown = known - set(COMMANDS) - {"help", "completion"}
ok(not unknown, "every tool that weir has is tried", sorted(unknown))

with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for tool, words in all_commands(known):
        results = list(pool.map(lambda path, t=tool, w=words: through(t, w, path), paths))
        wrong = [line for lines in results for line in lines]
        n_wrong = sum(1 for lines in results if lines)
        ok(not wrong, f"{len(paths)} captures through weir {tool} {' '.join(words)}",
           [f"{n_wrong} went wrong"] + wrong[:150])
end()
