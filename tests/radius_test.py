#!/usr/bin/env python3
"""Holds what Weir reads in RADIUS against what tshark reads, for every capture that has some; and the sessions that
it makes of the sample against samples/check, which finds on its own whose each packet is.

    radius_test.py RADIUS-PROBE

Without the shared folder only the sample is held against tshark; without tshark that is skipped by name."""
import importlib.machinery
import importlib.util
import ipaddress
import json
import pathlib
import shutil
import subprocess
import sys

from tap import captures, end, ok, shared, skip

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / "samples"
SAMPLE = SAMPLES / "access.pcap"
ALICE = "alice@isp.example"

# Our name: tshark's field
TEXTS = {"User-Name": "User_Name", "Acct-Session-Id": "Acct_Session_Id", "Calling-Station-Id": "Calling_Station_Id",
         "Called-Station-Id": "Called_Station_Id", "NAS-Identifier": "NAS_Identifier", "NAS-Port-Id": "NAS_Port_Id",
         "Connect-Info": "Connect_Info"}
NUMBERS = {"Acct-Status-Type": "Acct_Status_Type", "Acct-Session-Time": "Acct_Session_Time", "NAS-Port": "NAS_Port",
           "NAS-Port-Type": "NAS_Port_Type", "Acct-Input-Octets": "Acct_Input_Octets",
           "Acct-Output-Octets": "Acct_Output_Octets", "Acct-Input-Gigawords": "Acct_Input_Gigawords",
           "Acct-Output-Gigawords": "Acct_Output_Gigawords", "Service-Type": "Service_Type",
           "Session-Timeout": "Session_Timeout", "Acct-Terminate-Cause": "Acct_Terminate_Cause"}
ADDRESSES = {"Framed-IP-Address": "Framed-IP-Address", "NAS-IP-Address": "NAS_IP_Address",
             "Framed-IPv6-Address": "Framed_IPv6_Address", "NAS-IPv6-Address": "NAS_IPv6_Address",
             "Framed-IP-Netmask": "Framed_IP_Netmask"}
PREFIXES = {"Framed-IPv6-Prefix": "Framed_IPv6_Prefix", "Delegated-IPv6-Prefix": "Delegated_IPv6_Prefix"}
FIELDS = ["frame.number", "radius.code", "radius.id", "radius.length", "radius.authenticator", "radius.avp"]
TYPED = {**TEXTS, **NUMBERS, **ADDRESSES, **PREFIXES}


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, errors="replace", timeout=60,
                          check=False)


def theirs(path):
    """{frame: what tshark says of it} of the frames with one RADIUS packet that it takes for sound."""
    fields = FIELDS + ["radius." + field for field in TYPED.values()]
    words = [word for field in fields for word in ("-e", field)]
    said = run("tshark", "-n", "-r", path, "-Y", "radius and not icmp and not _ws.malformed", "-T", "fields", "-E",
               "separator=/t", "-E", "aggregator=\x1f", *words)
    rows = [line.split("\t") for line in said.stdout.split("\n") if line]
    return {int(row[0]): dict(zip(fields[1:], row[1:])) for row in rows if "\x1f" not in row[1]}


def ours(path, probe):
    said = run(probe, "packets", path)
    rows = [json.loads(line) for line in said.stdout.split("\n") if line]
    return {row["frame"]: row for row in rows}


def prefix_of(text):
    """tshark shows a prefix as its octets."""
    octets = bytes.fromhex(text.replace(":", ""))
    network = int.from_bytes(octets[2:].ljust(16, b"\0"), "big")
    return str(ipaddress.ip_network((network, octets[1]), strict=False))


def split(text):
    return text.split("\x1f") if text else []


def compare(mine, other):
    """What the two say otherwise of one packet."""
    for key, field in (("code", "radius.code"), ("id", "radius.id"), ("length", "radius.length")):
        if str(mine[key]) != other[field]:
            yield f"{key} {mine[key]}, not {other[field]}"
    if mine["authenticator"] != other["radius.authenticator"].replace(":", ""):
        yield "authenticator"
    raw = [f"{a['type']:02x}{len(a['value']) // 2 + 2:02x}{a['value']}" for a in mine["attributes"]]
    if raw != [text.replace(":", "") for text in split(other["radius.avp"])]:
        yield f"attributes {raw}, not {other['radius.avp']}"
    for name, field in TYPED.items():
        values = [a for a in mine["attributes"] if a["name"] == name and a["is_well_formed"]]
        wanted = split(other["radius." + field])
        if name in TEXTS:
            found = [bytes.fromhex(a["value"]).decode(errors="replace") for a in values]
        elif name in NUMBERS:
            found = [str(a["number"]) for a in values]
        elif name in ADDRESSES:
            found = [a["prefix"].split("/")[0] for a in values]
        else:
            found, wanted = [a["prefix"] for a in values], [prefix_of(text) for text in wanted]
        if found != wanted:
            yield f"{name} {found}, not {wanted}"


def agrees(path, probe):
    mine, other = ours(path, probe), theirs(path)
    if not other:
        return 0
    faults = [f"frame {n}: tshark has it, we have not" for n in other if n not in mine]
    faults += [f"frame {n}: {fault}" for n in other if n in mine for fault in compare(mine[n], other[n])]
    ok(not faults, f"{path.name}: {len(other)} packets as tshark has them", faults[:10])
    return len(other)


def with_radius(folder):
    """The captures that the manifest says have RADIUS."""
    manifest = (folder / "pcaps" / "manifest.tsv").read_text().split("\n")
    names = {pathlib.Path(line.split("\t")[0]).name for line in manifest if "radius_codes=" in line}
    return [path for path in captures(folder, "access") if path.name in names]


def sessions(probe):
    """Events and whose each packet is, of the sample."""
    loader = importlib.machinery.SourceFileLoader("check", str(SAMPLES / "check"))
    check = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(check)
    for user in (ALICE, "bob@isp.example"):
        said = run(probe, "sessions", SAMPLE, "10.0.0.10", "1812", "1813", user)
        lines = said.stdout.split("\n")
        mine = [int(line.split()[1]) for line in lines if line.startswith("frame ")]
        wanted = [number for number, _, _, _ in check.of_targets(SAMPLE, ["user=" + user])]
        ok(mine == wanted and wanted, f"{len(wanted)} packets are {user}'s, the same as samples/check finds",
           [sorted(set(mine) ^ set(wanted))[:20]])
    told = [line[6:] for line in lines if line.startswith("event ") and ALICE in line]
    ok(told == [
        f"attempt request {ALICE}",
        f"reject reject {ALICE}",
        f"attempt request {ALICE}",
        f"begin accept {ALICE}",
        f"update start {ALICE} +192.0.2.7/32 +2001:db8:7:1::/64 +2001:db8:70::/48",
        f"interim interim {ALICE}",
        f"end stop {ALICE} -192.0.2.7/32 -2001:db8:7:1::/64 -2001:db8:70::/48",
        f"attempt request {ALICE}",
        f"begin accept {ALICE} +192.0.2.9/32 +2001:db8:9:1::/64",
        f"update start {ALICE}",
        f"update taken {ALICE} -192.0.2.9/32",
        f"end reboot {ALICE} -2001:db8:9:1::/64",
    ], "the target's sessions are told of, each event once, though one was sent twice", told)


# What happened in captures of real networks: name, server, events
REAL = (
    ("wswiki__nb6-hotspot.pcap", "80.118.192.115", [
        "attempt request mon.identifi@sfr.fr@ssowifi.neuf.fr",
        "begin accept mon.identifi@sfr.fr@ssowifi.neuf.fr",
        "update start mon.identifi@sfr.fr@ssowifi.neuf.fr +192.168.2.83/32",
        "end stop mon.identifi@sfr.fr@ssowifi.neuf.fr -192.168.2.83/32"]),
    ("libtrace__traces-radius.pcap", "192.107.171.165", [  # EAP: a challenge and its reply are one attempt
        "attempt request test", "begin accept test +10.1.40.34/32", "update start test", "end stop test -10.1.40.34/32",
        "attempt request test", "begin accept test +10.1.40.34/32", "update start test"]),
    ("PcapPlusPlus__radius_1_2_11.pcap", "10.0.0.100", [  # the request of its Accept was not captured
        "attempt request John.McGuirk"]),
)


def real(folder, probe):
    for name, server, wanted in REAL:
        said = run(probe, "sessions", folder / "pcaps" / "access" / name, server, "1812", "1813", "nobody")
        told = [line[6:] for line in said.stdout.split("\n") if line.startswith("event ")]
        ok(told == wanted, f"{name}: the events are those that happened, each once ({len(wanted)})", told)


probe = pathlib.Path(sys.argv[1])
sessions(probe)
if shared():
    real(shared(), probe)
else:
    skip("sessions in captures of real networks", "the shared folder is not here")
if not shutil.which("tshark"):
    skip("RADIUS as tshark has it", "tshark is not here")
else:
    agrees(SAMPLE, probe)
    folder = shared()
    if not folder:
        skip("RADIUS of the captures at hand as tshark has it", "the shared folder is not here")
    else:
        n = sum(agrees(path, probe) for path in with_radius(folder))
        ok(n > 100, f"{n} packets in all")
end()
