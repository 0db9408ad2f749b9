#!/usr/bin/env python3
"""Holds what Weir reads in SIP and SDP against what tshark reads, for every capture of calls.

    sip_test.py SIP-PROBE

Without the shared folder or tshark it is skipped by name."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

import sharkd
from tap import captures, end, ok, shared, skip

# tshark's field: how ours is found
FIELDS = {
    "sip.Method": lambda m: [m["method"]] if "method" in m else [],
    "sip.Status-Code": lambda m: [str(m["status"])] if m["status"] else [],
    "sip.Call-ID": lambda m: [m["call_id"]] if "call_id" in m else [],
    "sip.CSeq.seq": lambda m: [str(m["cseq"])] if "cseq" in m else [],
    "sip.CSeq.method": lambda m: [m["cseq_method"]] if "cseq" in m else [],
    "sip.r-uri": lambda m: [m["uri"]] if m["uri"] else [],
    "sip.from.addr": lambda m: [m["from"]["uri"]],
    "sip.from.user": lambda m: [m["from"]["user"]] if m["from"]["user"] else [],
    "sip.from.host": lambda m: [m["from"]["host"]] if m["from"]["host"] else [],
    "sip.from.tag": lambda m: [m["from"]["tag"]] if m["from"]["tag"] else [],
    "sip.to.addr": lambda m: [m["to"]["uri"]],
    "sip.to.user": lambda m: [m["to"]["user"]] if m["to"]["user"] else [],
    "sip.to.host": lambda m: [m["to"]["host"]] if m["to"]["host"] else [],
    "sip.to.tag": lambda m: [m["to"]["tag"]] if m["to"]["tag"] else [],
    "sip.Via.branch": lambda m: [b for b in m["branches"] if b],
    "sdp.owner": lambda m: [m["sdp"]["owner"]] if "sdp" in m else [],
    "sdp.media": lambda m: [f"{x['kind']} {x['port']} {x['protocol']} {x['formats']}" for x in media(m)],
    "sdp.connection_info.address": None,
}


def media(m):
    return m.get("sdp", {}).get("media", [])


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, errors="replace", timeout=60,
                          check=False)


def texts(value):
    """Texts come as hexadecimal digits, since a message may have any octets."""
    if isinstance(value, dict):
        return {k: v if k in ("frame", "cseq", "status", "port", "body", "faults") else texts(v)
                for k, v in value.items()}
    if isinstance(value, list):
        return [texts(v) for v in value]
    return bytes.fromhex(value).decode(errors="replace") if isinstance(value, str) else value


def ours(path, probe):
    said = run(probe, path)
    if said.returncode:
        return None
    return [texts(json.loads(line)) for line in said.stdout.split("\n") if line]


def theirs(path):
    """Frames whose messages tshark takes for sound: {frame: {field: values}}."""
    words = [word for field in FIELDS for word in ("-e", field)]
    said = run(*sharkd.lightly("tshark", "-n"), "-o", "tcp.reassemble_out_of_order:TRUE", "-r", path, "-Y",
               "sip and not icmp and not _ws.malformed and not sctp and not websocket", "-T", "fields", "-E",
               "separator=/t", "-E", "aggregator=\x1f", "-e", "frame.number", *words)
    found = {}
    for line in said.stdout.split("\n"):
        row = line.split("\t")
        if len(row) == len(FIELDS) + 1:
            found[int(row[0])] = {field: [v for v in text.split("\x1f") if v] for field, text in zip(FIELDS, row[1:])}
    return found


def is_known_difference(field, found, wanted, mine):
    """Where tshark reads otherwise, and why that is not followed."""
    if field.endswith(".host"):     # it leaves an IPv6 address its brackets, and cuts one without them at its colon
        return found and ":" in found[0] and wanted and found[0].startswith(wanted[0].strip("[]"))
    if field == "sip.Via.branch":   # nor does it read on in a Via behind such an address
        return not wanted and ":" in mine["from"]["host"]
    if field.endswith(".user"):     # it has none of tel:, where the number is the user
        return not wanted and mine[field.split(".")[1]]["uri"].startswith("tel:")
    if field.startswith("sdp."):    # it takes no body for SDP that does not say so
        return not wanted and "type" not in mine
    return False


def addresses(mine, other):
    """Of connections: ours are those that media use; what is no host is none."""
    found = {x["address"] for x in media(mine)} - {""}
    wanted = {text for text in other if re.fullmatch(r"[\w.:-]+", text)}
    return sorted(found), sorted(wanted - ({mine.get("sdp", {}).get("address")} - found))


def compare(mine, other):
    for field, get in FIELDS.items():
        found, wanted = (get(mine), other[field]) if get else addresses(mine, other[field])
        if found != wanted and not is_known_difference(field, found, wanted, mine):
            yield f"{field} {found}, not {wanted}"


def n_messages(fields):
    return len(fields["sip.Method"]) + len(fields["sip.Status-Code"])


def agrees(path, probe):
    mine, other = ours(path, probe), theirs(path)
    if not ok(mine is not None, f"{path.name} is read"):
        return 0
    by_frame = {}
    for m in mine:
        by_frame.setdefault(m["frame"], []).append(m)
    faults = [f"frame {n}: {len(by_frame.get(n, []))} messages, not {n_messages(fields)}"
              for n, fields in other.items() if len(by_frame.get(n, [])) != n_messages(fields)]
    faults += [f"frame {n}: {fault}" for n, fields in other.items() if n_messages(fields) == 1 and n in by_frame
               for fault in compare(by_frame[n][0], fields)]
    n = sum(n_messages(fields) for fields in other.values())
    ok(not faults, f"{path.name}: {n} messages as tshark has them, {len(mine) - n} that it has not", faults[:10])
    return n


def with_sip(folder):
    """The captures that the manifest says have SIP."""
    manifest = (folder / "pcaps" / "manifest.tsv").read_text().split("\n")
    names = {pathlib.Path(line.split("\t")[0]).name for line in manifest if "sip_msgs=" in line}
    return [path for path in captures(folder, "voip") if path.name in names]


probe = pathlib.Path(sys.argv[1])
folder = shared()
if not folder:
    skip("SIP of the captures at hand as tshark has it", "the shared folder is not here")
elif not shutil.which("tshark"):
    skip("SIP as tshark has it", "tshark is not here")
else:
    n = sum(agrees(path, probe) for path in with_sip(folder))
    ok(n > 300, f"{n} messages in all")
end()
