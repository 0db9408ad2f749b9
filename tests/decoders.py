#!/usr/bin/env python3
"""Two decoders of ETSI's records, ours and the independent one (verifier.py), on the same streams.

    decoders.py WEIR SHARED [--key HEX] STREAM…     exit status 1 where either finds fault or a value differs

As a module: judge(weir, folder, path) says what is wrong with a stream; nothing is. The two decoders' values are
equal when same() says so: octets may be written as text or in hexadecimal, an address or a time in its readable
form, and long octets as their digest. A value that the schema gives by default, and DER leaves out, is
there in theirs only.
"""
import hashlib
import ipaddress
import json
import re
import subprocess
import sys

import verifier


def with_digests(value):
    """Their value, with (octets, digest) in the place of what they print for long octets."""
    if isinstance(value, dict):
        if set(value) == {"octets", "head", "sha256"}:
            return (value["octets"], value["sha256"])
        return {key: with_digests(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_digests(item) for item in value]
    return value


def octets(text):
    """What a string of theirs stands for: octets in hexadecimal, or the text itself."""
    if re.fullmatch(r"0x([0-9a-f]{2})*", text):
        return bytes.fromhex(text[2:])
    return text.encode("latin-1", "replace")


def forms(text):
    """All octets that this text may be the readable form of."""
    yield octets(text)
    yield text.encode()
    try:
        yield ipaddress.ip_address(text).packed
    except ValueError:
        pass
    time = re.fullmatch(r"(\d\d)(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if time:
        digits = "".join(part or "" for part in time.groups()[1:]).replace(":", "")
        yield (time.group(1) + digits).encode()  # GeneralizedTime
        yield digits.encode()                    # UTCTime


# Elements with a DEFAULT of the schema.
DEFAULTS = {"mapDatum": "wGS84"}


def same(ours, theirs, path, differences):
    if isinstance(theirs, dict):
        if isinstance(ours, dict):
            theirs = {key: item for key, item in theirs.items() if key in ours or DEFAULTS.get(key) != item}
        if not isinstance(ours, dict) or set(ours) != set(theirs):
            differences.append(f"{path}: {ours!r:.200} for {theirs!r:.200}")
            return
        for key, item in theirs.items():
            same(ours[key], item, f"{path}.{key}", differences)
    elif isinstance(theirs, list):
        if not isinstance(ours, list) or len(ours) != len(theirs):
            differences.append(f"{path}: {ours!r:.200} for {theirs!r:.200}")
            return
        for i, item in enumerate(theirs):
            same(ours[i], item, f"{path}[{i}]", differences)
    elif isinstance(theirs, tuple):
        digests = [(len(form), hashlib.sha256(form).hexdigest()) for form in forms(ours)]
        if theirs not in digests:
            differences.append(f"{path}: {ours!r:.200} for {theirs[0]} octets with another digest")
    elif isinstance(theirs, str) and isinstance(ours, str):
        if not set(forms(ours)) & {octets(theirs), theirs.encode()}:
            differences.append(f"{path}: {ours!r:.200} for {theirs!r:.200}")
    elif ours != theirs or type(ours) is not type(theirs):
        differences.append(f"{path}: {ours!r:.200} for {theirs!r:.200}")


def ours(weir, path, *options):
    """Exit status and lines of our decoder."""
    ran = subprocess.run([weir, "decode", "-j", *options, path], capture_output=True, text=True, check=False)
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()]


def judge(weir, folder, path, *options):
    """Faults of a stream, as sentences: what either decoder finds, and each value that differs. The options are the
    checker's (--key HEX: it decrypts too, which is not compared)."""
    status, our_lines = ours(weir, path)
    ran = verifier.decode(folder, [path], "--strict", *options)
    their_lines = [json.loads(line) for line in ran.stdout.decode().splitlines()]
    faults = [f"PDU {line['n']}: weir finds {line['findings']}" for line in our_lines if line["findings"]]
    faults += [f"PDU {line.get('n')}: the checker finds {line['findings']}" for line in their_lines if line["findings"]]
    if status:
        faults.append("weir cannot read all of it")
    if ran.returncode and not any(line["findings"] for line in their_lines):
        faults.append(f"the checker fails: {ran.stderr.decode()[:300]}")
    if len(our_lines) != len(their_lines):
        faults.append(f"{len(our_lines)} PDUs for weir, {len(their_lines)} for the checker")
    for our, their in zip(our_lines, their_lines):
        if "pdu" in our and "pdu" in their:
            same(our["pdu"], with_digests(their["pdu"]), f"PDU {our['n']}", faults)
    return faults


def main():
    weir, folder, *paths = sys.argv[1:]
    options = [paths.pop(0), paths.pop(0)] if paths[0] == "--key" else []
    n_faults = 0
    for path in paths:
        faults = judge(weir, folder, path, *options)
        n_faults += len(faults)
        print(f"{path}: {len(faults)} faults")
        for fault in faults[:20]:
            print(" ", fault[:400])
    return 1 if n_faults else 0


if __name__ == "__main__":
    sys.exit(main())
