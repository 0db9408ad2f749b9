"""The calls that weir finds in a capture, and those that tshark finds, in the same shape: messages by Call-ID and method or
status, and RTP streams with their packets and those that did not come.

    status, calls, messages, streams = ours(weir, path)
    messages, streams = theirs(shark, path)          # shark: a sharkd.Sharkd
"""
import collections
import json
import subprocess

METHODS = "INVITE ACK BYE CANCEL REGISTER OPTIONS PRACK UPDATE INFO SUBSCRIBE NOTIFY REFER MESSAGE PUBLISH".split()
FIELDS = ["sip.Call-ID", "sip.Method", "sip.Status-Code"]


def ours(weir, path):
    said = subprocess.run([weir, "calls", "-q", "-j", path], capture_output=True, timeout=60, check=False)
    calls = [json.loads(line) for line in said.stdout.decode().split("\n") if line]
    messages, streams = collections.Counter(), {}
    for call in calls:
        for leg in call["legs"]:
            for what, n in (*leg["requests"].items(), *leg["answers"].items()):
                messages[leg["call_id"], what] += n
        for s in call["streams"]:
            key = s["src"], s["src_port"], s["dst"], s["dst_port"], s["ssrc"]
            streams[key] = s["packets"], s["lost"]
    return said.returncode, calls, messages, streams


def split(cell, n):
    """The values of a cell; those that have commas themselves stay whole where there is only one."""
    return [cell] if n == 1 else cell.split(",")


def theirs(shark, path):
    messages = collections.Counter()
    for call_ids, methods, statuses in shark.rows(path, FIELDS):
        methods = ",".join(m if m in METHODS else "other" for m in methods.split(",") if m)
        starts = [m for m in methods.split(",") if m] + [s for s in statuses.split(",") if s]
        ids = split(call_ids, len(starts))
        for i, start in enumerate(starts):
            messages[ids[i] if i < len(ids) else ids[-1], start] += 1
    streams = {}
    answer = shark.ask("tap", tap0="rtp-streams") or {"taps": []}
    for tap in answer["taps"]:
        for s in tap["streams"]:
            key = s["saddr"], int(s["sport"]), s["daddr"], int(s["dport"]), s["ssrc"]
            streams[key] = int(s["pkts"]), max(0, int(s["expectednr"]) - int(s["totalnr"]))
    return messages, streams


def differences(mine, other):
    keys = sorted(set(mine) | set(other), key=str)
    return [f"{key}: {mine.get(key)}, tshark {other.get(key)}" for key in keys if mine.get(key) != other.get(key)]
