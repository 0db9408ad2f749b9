#!/usr/bin/env python3
"""weir stats counts what capinfos and tcpdump count, on every capture that those can read.

    agree_test.py WEIR

capinfos gives packets and bytes; tcpdump gives packets, and packets by filter. A capture that ends in
the middle counts too, for the packets before its end.

Two things are counted differently on purpose, and the difference is held to the byte: capinfos counts the
check sequence of Ethernet frames in ERF (Weir counts it in no format), and for some link types of pcap not
the pseudo-header that the capturer put before the frame.
"""
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys

from tap import captures, end, ok, shared, skip

FILTERS = ["ip", "ip6 or arp", "tcp port 80 or udp port 53", "vlan and ip", "greater 600",
           "tcp[tcpflags] & tcp-syn != 0"]
FOLDERS = ["access", "email", "formats", "mirror", "mobile", "protoid", "voip", "malformed"]
AT_ONCE = 100

OURS = {"pcap", "nsecpcap", "modpcap", "pcapng", "erf"}   # as capinfos names them
# bytes a packet that Weir counts more than capinfos, by the encapsulation that capinfos names
MORE_BYTES = {"erf": -4, "ppp-with-direction": 1, "atm-pdus": 4, "i2c-linux": 5}
# captures that capinfos reads and Weir must not count alike, with the reason
APART = {
    "libtrace__provenance.erf": "its records tell where a capture came from; none is a packet",
    "PcapPlusPlus__clusterfuzz-testcase-minimized-FuzzTarget-6185045124251648": "version 2.8224 of pcap; tcpdump refuses it",
    "wswiki__test006.ntar": "a block's length is no multiple of four, which pcapng forbids",
}


# captures of which tcpdump says something else on purpose
APART_FILTERED = {
    "PcapPlusPlus__clusterfuzz-testcase-minimized-FuzzTarget-6223613626941440":
        "its loopback header is in another byte order than its file; Weir takes either",
}


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=60, check=False)


def capinfos(paths):
    """{path: (format, packets, bytes)} of those that capinfos reads to their end or their cut."""
    said = run("capinfos", "-T", "-r", "-B", "-t", "-E", "-c", "-d", *paths)
    found = {}
    for line in said.stdout.splitlines():
        cells = line.split("\t")
        if len(cells) == 5 and cells[3].isdigit() and cells[4].isdigit():
            path, form, link, packets, size = cells
            found[path] = form, int(packets), int(size) + int(packets) * MORE_BYTES.get(link, 0)
    return found


def tcpdump(path, expression):
    """Packets that match, or None where tcpdump does not read the capture or take the filter."""
    said = run("tcpdump", "-n", "-r", path, "--count", expression)
    found = re.search(r"^(\d+) packets?$", said.stdout + said.stderr, re.M)
    if said.returncode or not found:
        return None
    return int(found[1])


def weir(path, expressions):
    """weir stats' counts by filter, "" for all; None where a filter is refused."""
    words = [word for e in expressions for word in ("-f", e)]
    said = run(sys.argv[1], "stats", "--json", "--quiet", "--threads", "2", *words, path)
    try:
        answer = json.loads(said.stdout)
    except json.JSONDecodeError:
        return None
    counts = {row["filter"]: row["packets"] for row in answer["filters"]}
    counts[""] = answer["packets"]
    counts["bytes"] = answer["bytes"]
    return counts


def compare(path):
    """[(what, theirs, ours)] for what tcpdump says of one capture."""
    ours = weir(path, FILTERS) or {}
    everything = ours or weir(path, []) or {}
    rows = [("", tcpdump(path, ""), everything.get(""))]
    if rows[0][1] is None:
        return rows, everything
    for e in FILTERS:
        theirs = tcpdump(path, e)
        # a filter that this link type does not know is refused by both, and then asked for alone
        rows.append((e, theirs, ours[e] if e in ours or theirs is None else (weir(path, [e]) or {}).get(e)))
    return rows, everything


folder = shared()
missing = [tool for tool in ("tcpdump", "capinfos") if not shutil.which(tool)]
if not folder or missing:
    skip("counts agree with tcpdump and capinfos on every capture",
         f"{', '.join(missing)} not installed" if missing else "the shared captures are not here")
    end()

paths = [str(path) for path in captures(folder, *FOLDERS)]
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    batches = [paths[i:i + AT_ONCE] for i in range(0, len(paths), AT_ONCE)]
    by_capinfos = {}
    for found in pool.map(capinfos, batches):
        by_capinfos.update(found)
    results = dict(zip(paths, pool.map(compare, paths)))

def name_of(path):
    return str(pathlib.Path(path).relative_to(folder / "pcaps"))


for path, (form, packets, _) in sorted(by_capinfos.items()):
    theirs = results[path][0][0][1]
    reason = APART.get(pathlib.Path(path).name)
    if form not in OURS:
        skip(f"{name_of(path)} agrees with capinfos", f"a capture of format {form}")
    elif reason:
        skip(f"{name_of(path)} agrees with capinfos", reason)
    elif theirs is not None and theirs != packets:
        skip(f"{name_of(path)} agrees with capinfos", f"tcpdump finds {theirs} packets in it, capinfos {packets}")
    else:
        continue
    del by_capinfos[path]
for what, index, key in (("packets", 1, ""), ("bytes", 2, "bytes")):
    wrong = []
    for path, theirs in by_capinfos.items():
        mine = results[path][1].get(key)
        if mine != theirs[index]:
            wrong.append(f"{name_of(path)}: capinfos {theirs[index]}, weir {mine}")
    ok(by_capinfos and not wrong, f"{what} agree with capinfos on {len(by_capinfos)} captures", wrong)
for name, reason in APART_FILTERED.items():
    skip(f"{name} agrees with tcpdump's filters", reason)
for i, expression in enumerate(["", *FILTERS]):
    rows = [(path, rows[i]) for path, (rows, _) in results.items() if len(rows) > i and rows[i][1] is not None
            and not (expression and pathlib.Path(path).name in APART_FILTERED)]
    wrong = [f"{name_of(path)}: tcpdump {theirs}, weir {mine}" for path, (_, theirs, mine) in rows if mine != theirs]
    name = f'"{expression}"' if expression else "no filter"
    ok(rows and not wrong, f"packets agree with tcpdump on {len(rows)} captures, with {name}", wrong)
end()
