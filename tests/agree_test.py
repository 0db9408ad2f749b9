#!/usr/bin/env python3
"""weir stats counts what capinfos and tcpdump count, on every capture that those can read.

    agree_test.py SERVER PCAP_COUNT

capinfos gives packets and bytes; libpcap, which is what counts in tcpdump, gives packets, and packets by
filter, for all captures in one process (pcap_count.c); tcpdump itself is asked of some, and must say the same.
A capture that ends in the middle counts too, for the packets before its end.

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
from weir_server import Servers

FILTERS = ["ip", "ip6 or arp", "tcp port 80 or udp port 53", "vlan and ip", "greater 600",
           "tcp[tcpflags] & tcp-syn != 0"]
FOLDERS = ["access", "email", "formats", "mirror", "mobile", "protoid", "voip", "malformed"]
AT_ONCE = 100
OF_WHICH_TCPDUMP = 40   # one capture in so many

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


def by_libpcap(paths):
    """{path: [packets, packets by each filter]}, None for a filter that does not go with the link type; without
    what libpcap does not read to its end."""
    said = subprocess.run([sys.argv[2], *FILTERS], input="\n".join(paths) + "\n", capture_output=True, text=True,
                          timeout=300, check=True)
    lines = said.stdout.splitlines()
    assert len(lines) == len(paths), said.stderr
    return {path: [None if word == "-" else int(word) for word in line.split()]
            for path, line in zip(paths, lines) if line != "?"}


def stats(servers, wishes):
    """weir stats' answer for each (path, filters) of the wishes; {} where it refuses."""
    lines = [["stats", "--json", "--quiet", "--threads", "2", *(w for e in filters for w in ("-f", e)), path]
             for path, filters in wishes]
    groups = [lines[i:i + AT_ONCE] for i in range(0, len(lines), AT_ONCE)]
    answers = []
    for said in (said for group in servers.map(groups) for said in group):
        if said.died:
            answers.append({"died": said.died})
            continue
        try:
            answers.append(json.loads(said.out))
        except json.JSONDecodeError:
            answers.append({})
    return answers


def by_weir(servers, paths):
    """{path: counts}: by filter, "" for all, and "bytes". A filter that a link type does not know is refused,
    with all that were asked for beside it; then each is asked for alone."""
    found, again = {}, []
    for path, answer in zip(paths, stats(servers, [(path, FILTERS) for path in paths])):
        found[path] = {}
        if "filters" in answer:
            add(found[path], answer)
        else:
            again += [(path, []), *((path, [e]) for e in FILTERS)]
    for (path, _), answer in zip(again, stats(servers, again)):
        if "filters" in answer:
            add(found[path], answer)
    return found


def add(counts, answer):
    counts.update({row["filter"]: row["packets"] for row in answer["filters"]})
    counts[""], counts["bytes"] = answer["packets"], answer["bytes"]


folder = shared()
missing = [tool for tool in ("tcpdump", "capinfos") if not shutil.which(tool)]
if not folder or missing:
    skip("counts agree with tcpdump and capinfos on every capture",
         f"{', '.join(missing)} not installed" if missing else "the shared captures are not here")
    end()

paths = [str(path) for path in captures(folder, *FOLDERS)]
with Servers(sys.argv[1]) as servers, concurrent.futures.ThreadPoolExecutor(1) as pool:
    batches = [paths[i:i + AT_ONCE] for i in range(0, len(paths), AT_ONCE)]
    theirs_of = pool.submit(lambda: [capinfos(batch) for batch in batches])
    libpcap_of = pool.submit(by_libpcap, paths)
    ours_of = by_weir(servers, paths)
    by_capinfos = {path: row for batch in theirs_of.result() for path, row in batch.items()}
    libpcap = libpcap_of.result()


def name_of(path):
    return str(pathlib.Path(path).relative_to(folder / "pcaps"))


for path, (form, packets, _) in sorted(by_capinfos.items()):
    theirs = libpcap.get(path, [None])[0]
    reason = APART.get(pathlib.Path(path).name)
    if form not in OURS:
        skip(f"{name_of(path)} agrees with capinfos", f"a capture of format {form}")
    elif reason:
        skip(f"{name_of(path)} agrees with capinfos", reason)
    elif theirs is not None and theirs != packets:
        skip(f"{name_of(path)} agrees with capinfos", f"libpcap finds {theirs} packets in it, capinfos {packets}")
    else:
        continue
    del by_capinfos[path]
for what, index, key in (("packets", 1, ""), ("bytes", 2, "bytes")):
    wrong = []
    for path, theirs in by_capinfos.items():
        mine = ours_of[path].get(key)
        if mine != theirs[index]:
            wrong.append(f"{name_of(path)}: capinfos {theirs[index]}, weir {mine}")
    ok(by_capinfos and not wrong, f"{what} agree with capinfos on {len(by_capinfos)} captures", wrong)
for name, reason in APART_FILTERED.items():
    skip(f"{name} agrees with tcpdump's filters", reason)
sample = [path for path in paths if path in libpcap][::OF_WHICH_TCPDUMP]
wrong = [f"{name_of(path)}, {expression!r}: tcpdump {theirs}, libpcap {libpcap[path][i]}"
         for path in sample for i, expression in enumerate(["", *FILTERS])
         for theirs in [tcpdump(path, expression)] if theirs != libpcap[path][i]]
ok(len(sample) > 30 and not wrong, f"libpcap counts in {len(sample)} captures what tcpdump counts", wrong)
for i, expression in enumerate(["", *FILTERS]):
    rows = [(path, theirs[i], ours_of[path].get(expression)) for path, theirs in libpcap.items()
            if theirs[i] is not None and not (expression and pathlib.Path(path).name in APART_FILTERED)]
    wrong = [f"{name_of(path)}: tcpdump {theirs}, weir {mine}" for path, theirs, mine in rows if mine != theirs]
    name = f'"{expression}"' if expression else "no filter"
    ok(rows and not wrong, f"packets agree with tcpdump on {len(rows)} captures, with {name}", wrong)
end()
