#!/usr/bin/env python3
"""weir stats counts what capinfos and tcpdump count, on every capture that those can read.

    agree_test.py SERVER PCAP_COUNT WEIR

capinfos gives packets and bytes; libpcap, which is what counts in tcpdump, gives packets, and packets by
filter, for all captures in one process (pcap_count.c); tcpdump itself is asked of some, and must say the same.
A capture that ends in the middle counts too, for the packets before its end.

What is skipped is skipped because capinfos itself fails: there are forms of pcap that have no magic of their
own, which it guesses at, and a damaged file may look to it like one of them.

Files of other analysers, which tcpdump does not read, are held to tshark packet by packet, also compressed and
through a pipe; and to tcpdump's filters, as it finds in what editcap makes of them.
"""
import concurrent.futures
import datetime
import gzip
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from tap import captures, end, ok, shared, skip
from weir_server import Servers

WEIR = sys.argv[3]
FILTERS = ["ip", "ip6 or arp", "tcp port 80 or udp port 53", "vlan and ip", "greater 600",
           "tcp[tcpflags] & tcp-syn != 0"]
FOLDERS = ["access", "email", "formats", "mirror", "mobile", "protoid", "voip", "malformed"]
AT_ONCE = 100
OF_WHICH_TCPDUMP = 40   # one capture in so many

# forms of pcap that capinfos takes a file for by how well its records fit
GUESSED = {"rh6_1pcap", "ss990417pcap", "ss990915pcap", "suse6_3pcap", "nokiapcap"}
PCAPS = {"pcap", "nsecpcap", "modpcap", "pcapng", "erf"} | GUESSED
# a fraction of a second beyond what capinfos's numbers hold, which looks like one that is not
OVERFLOWN = {"tcpdump__atm-oam-loopback-print-overrun.pcap"}
# of a packet, as tshark has it in the file and in what weir convert makes of it
FIELDS = ["frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type", "frame.p2p_dir", "frame.md5_hash"]
ENCAP, ENCAPS = FIELDS.index("frame.encap_type"), {"1": "ether", "2": "tr"}   # as editcap names them


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=60, check=False)


def capinfos(paths):
    """{path: (format, packets, bytes, [first and last time])} of those that capinfos reads to their end or their cut; those in whose
    middle it failed have None for their bytes where it has guessed the format."""
    said = run("capinfos", "-T", "-r", "-B", "-t", "-c", "-d", "-a", "-e", "-S", *paths)
    failed = set(re.findall(r'after reading \d+ packets from "(.*)"', said.stderr))
    found = {}
    for line in said.stdout.splitlines():
        cells = line.split("\t")
        if len(cells) == 6 and cells[2].isdigit() and cells[3].isdigit():
            path, form, packets, size, *times = cells
            is_doubtful = form in GUESSED and path in failed
            found[path] = form, int(packets), None if is_doubtful else int(size), times
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
    counts["times"] = [answer.get("first"), answer.get("last")]


def is_told(times):
    """Whether capinfos tells times at all: not where one packet has none, where the fraction of a second is more than
    that (it overflows there, or is printed as it is), or after 2038."""
    return all(re.fullmatch(r"\d{1,10}\.(\d{6}|\d{9})", each) and int(each.split(".")[0]) < 1 << 31 for each in times)


def is_same_time(theirs, mine):
    """Seconds since 1970, to as many digits as they have, and the time that Weir tells."""
    whole, _, fraction = (mine or "1970-01-01T00:00:00").rstrip("Z").partition(".")
    seconds = (datetime.datetime.fromisoformat(whole) - datetime.datetime(1970, 1, 1)) // datetime.timedelta(seconds=1)
    return f"{seconds}.{fraction}".startswith(theirs)


def as_tshark_has_it(path):
    fields = [word for field in FIELDS for word in ("-e", field)]
    return run("tshark", "-n", "-r", str(path), "-o", "frame.generate_md5_hash:TRUE", "-T", "fields",
               *fields).stdout.splitlines()


def converted(there, how, *words, **options):
    out = there / f"{how}.pcapng"
    subprocess.run([WEIR, "convert", "--quiet", *words, str(out)], check=False, capture_output=True, timeout=60,
                   **options)
    return out


def by_link(path, packets, there):
    """tcpdump's counts, added up over one pcap file for each link type, as tcpdump knows but one a file."""
    counts = [0] * (1 + len(FILTERS))
    for encap in {packet.split("\t")[ENCAP] for packet in packets}:
        numbers = [str(i + 1) for i, packet in enumerate(packets) if packet.split("\t")[ENCAP] == encap]
        out = there / f"link-{encap}.pcap"
        said = run("editcap", "-F", "nsecpcap", "-T", ENCAPS[encap], "-r", path, str(out), *numbers)
        assert not said.returncode, said.stderr
        for i, n in enumerate(by_libpcap([str(out)])[str(out)]):
            counts[i] += n or 0
    return counts


def other_analyser(path, form, there):
    """A capture that tcpdump does not read: each packet as tshark has it; compressed, and by pipe, the same."""
    name, whole = name_of(path), pathlib.Path(path).read_bytes()
    theirs, made = as_tshark_has_it(path), converted(there, "file", path)
    mine = as_tshark_has_it(made)
    wrong = [f"packet {i + 1}: tshark {a!r}, weir {b!r}" for i, (a, b) in enumerate(zip(theirs, mine)) if a != b]
    if len(theirs) != len(mine):
        wrong.append(f"tshark has {len(theirs)} packets, weir {len(mine)}")
    ok(theirs and not wrong, f"{name}, {form}: time, lengths, link type, direction and bytes of each packet are "
       "as tshark has them", wrong)
    (there / "compressed").write_bytes(gzip.compress(whole))
    ok(converted(there, "gz", str(there / "compressed")).read_bytes() == made.read_bytes()
       == converted(there, "pipe", "-", input=whole).read_bytes(), f"{name}: compressed and by pipe the same")
    with Servers(sys.argv[1]) as servers:
        mine = by_weir(servers, [path])[path]
    wrong = [f"{e!r}: tcpdump {a}, weir {mine.get(e)}"
             for e, a in zip(["", *FILTERS], by_link(path, theirs, there)) if mine.get(e, 0) != a]
    ok(not wrong, f"{name} agrees with tcpdump's filters, on what editcap makes of it", wrong)


folder = shared()
missing = [tool for tool in ("tcpdump", "capinfos", "tshark", "editcap") if not shutil.which(tool)]
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


for path, (form, packets, size, _) in sorted(by_capinfos.items()):
    if size is None:
        theirs = libpcap.get(path, [None])[0]
        skip(f"{name_of(path)} agrees with capinfos",
             f"capinfos takes it for {form} and fails after {packets} packets; "
             f"tcpdump {'fails too' if theirs is None else f'reads {theirs}, and so it is held to that'}")
        del by_capinfos[path]
timed = {path: times for path, (*_, times) in by_capinfos.items()
         if is_told(times) and pathlib.Path(path).name not in OVERFLOWN}
wrong = [f"{name_of(path)}: capinfos {theirs}, weir {mine}" for path, theirs in timed.items()
         for mine in [ours_of[path].get("times", [None, None])] if not all(map(is_same_time, theirs, mine))]
ok(len(timed) > 1700 and not wrong, f"times of first and last packet agree with capinfos on {len(timed)} captures", wrong)
for what, index, key in (("packets", 1, ""), ("bytes", 2, "bytes")):
    wrong = []
    for path, theirs in by_capinfos.items():
        mine = ours_of[path].get(key)
        if mine != theirs[index]:
            wrong.append(f"{name_of(path)}: capinfos {theirs[index]}, weir {mine}")
    ok(by_capinfos and not wrong, f"{what} agree with capinfos on {len(by_capinfos)} captures", wrong)
sample = [path for path in paths if path in libpcap][::OF_WHICH_TCPDUMP]
wrong = [f"{name_of(path)}, {expression!r}: tcpdump {theirs}, libpcap {libpcap[path][i]}"
         for path in sample for i, expression in enumerate(["", *FILTERS])
         for theirs in [tcpdump(path, expression)] if theirs != libpcap[path][i]]
ok(len(sample) > 30 and not wrong, f"libpcap counts in {len(sample)} captures what tcpdump counts", wrong)
for i, expression in enumerate(["", *FILTERS]):
    rows = [(path, theirs[i], ours_of[path].get(expression)) for path, theirs in libpcap.items()
            if theirs[i] is not None]
    wrong = [f"{name_of(path)}: tcpdump {theirs}, weir {mine}" for path, theirs, mine in rows if mine != theirs]
    name = f'"{expression}"' if expression else "no filter"
    ok(rows and not wrong, f"packets agree with tcpdump on {len(rows)} captures, with {name}", wrong)
with tempfile.TemporaryDirectory() as there:
    for path, (form, *_) in sorted(by_capinfos.items()):
        if form not in PCAPS:
            other_analyser(path, form, pathlib.Path(there))
end()
