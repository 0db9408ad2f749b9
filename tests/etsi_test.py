#!/usr/bin/env python3
"""Records of TS 102 232 against others' codecs.

    etsi_test.py PROBE WEIR        PROBE: the built etsi-probe, WEIR: the built weir

1. Golden streams, encoded by another's codec: our decoder gives the values that theirs gave.
2. Streams of our encoder: their checker, strict, has nothing to say; our decoder has no finding; both have
   the same values, field by field. Signatures are verified by OpenSSL's program.
3. `weir decode` on pipes, cut streams and streams that are none.

When the two decoders' values are equal, decoders.py says. Speaks TAP. Skipped by name where the shared folder or
its tools are absent.
"""

import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile

import verifier
from decoders import octets, ours, same, with_digests

count = 0
failures = 0


def ok(is_ok, sentence):
    global count, failures
    count += 1
    failures += not is_ok
    print(("ok" if is_ok else "not ok"), count, "-", sentence, flush=True)
    return is_ok


def skip(sentence):
    global count
    count += 1
    print("ok", count, "-", sentence, "# SKIP", flush=True)


def shared(name):
    """The file or folder in the shared folder, or None."""
    top = pathlib.Path(__file__).resolve().parent.parent
    for root in (os.environ.get("WEIR_SHARED"), top.parent / "shared"):
        if root and (pathlib.Path(root) / name).exists():
            return pathlib.Path(root) / name
    return None


def compare_golden(weir, name, golden):
    ran = subprocess.run([weir, "decode", "--json", golden / f"{name}.ber"], capture_output=True, text=True, check=False)
    our_lines = [json.loads(line) for line in ran.stdout.splitlines()]
    theirs = [json.loads(line) for line in (golden / f"{name}.json").read_text().splitlines()]
    # a line without "pdu" is a PDU that they could not decode, or octets that are none
    pairs = [(o["pdu"], with_digests(t["pdu"])) for o, t in zip(our_lines, theirs) if "pdu" in t]
    differences = []
    for i, (our, their) in enumerate(pairs):
        same(our, their, f"PDU {i + 1}", differences)
    ok(pairs and not differences and len(our_lines) >= len([t for t in theirs if "pdu" in t]),
       f"golden/{name}.ber: the same values in {len(pairs)} PDUs")
    for difference in differences[:10]:
        print("#", difference)


# ---- their checker on our streams

PLAIN = ("hi2", "hi3", "fields", "calls", "session", "checks")
KEYS = {"sealed-192": bytes(range(24)), "sealed-256": bytes(range(32))}


def checker_reads(path, *options):
    """What the checker, strict, says of a stream: whether all is well, its summary, and a value for each PDU."""
    ran = verifier.decode(shared("."), [path], "--strict", *options)
    lines = [json.loads(line) for line in ran.stdout.decode().splitlines()]
    for line in [line for line in lines if line["findings"]][:10]:
        print("#", json.dumps(line)[:300])
    said = [line for line in ran.stderr.decode().splitlines() if re.match(r" *[0-9]", line) and "header version" not in line]
    return ran.returncode == 0, said, lines


def check_stream(weir, path, *options):
    """Both decoders on one stream of ours: nothing found, the same values. Gives the checker's."""
    name = os.path.basename(path)
    status, our_lines = ours(weir, path)
    ok(status == 0 and our_lines and not any(line["findings"] for line in our_lines),
       f"{name}: our decoder reads {len(our_lines)} PDUs and finds nothing")
    if not shared("asn1") or not verifier.is_there(shared(".")):
        skip(f"{name}: the independent checker is not here")
        return []
    is_good, said, theirs = checker_reads(path, *options)
    ok(is_good and said, f"{name}: the independent checker, strict, has nothing to say: {said[0] if said else ''}")
    for line in said[1:]:
        print("#", line)
    differences = []
    for i, (our, their) in enumerate(zip(our_lines, theirs)):
        same(our["pdu"], with_digests(their["pdu"]), f"PDU {i + 1}", differences)
    ok(len(our_lines) == len(theirs) and not differences, f"{name}: both have the same values in {len(theirs)} PDUs")
    for difference in differences[:10]:
        print("#", difference)
    return theirs


def check_signatures(folder, stream, pdus):
    """The signatures of checks.ber by OpenSSL's own program, over the octets of the hash PDUs."""
    if not pdus or not shutil.which("openssl"):
        skip("signatures: the independent checker or openssl is not here")
        return
    hashes, results = {}, []
    for pdu in pdus:
        check = pdu["pdu"]["payload"].get("tRIPayload", {}).get("integrityCheck")
        if not check or pdu["pdu"]["pSHeader"]["lawfulInterceptionIdentifier"] != "CHECKS":
            continue
        cin = pdu["pdu"]["pSHeader"]["communicationIdentifier"]["communicationIdentityNumber"]
        if check["checkType"] == "hash":
            hashes[cin, pdu["pdu"]["pSHeader"]["sequenceNumber"]] = pdu, check["hashAlgorithm"]
            continue
        covered = [hashes[cin, number] for number in check["includedSequenceNumbers"]]
        message, signature = os.path.join(folder, "message"), os.path.join(folder, "signature")
        pathlib.Path(message).write_bytes(b"".join(stream[p["offset"]:p["offset"] + p["size"]] for p, _ in covered))
        pathlib.Path(signature).write_bytes(octets(check["checkValue"]))
        key = os.path.join(folder, f"key-{cin}.pem")
        if check["signatureAlgorithm"] == "edDSA":
            line = ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", message, "-sigfile", signature]
        else:
            digest = covered[-1][1].lower().replace("-", "")
            line = ["dgst", f"-{digest}", "-verify", key, "-signature", signature, message]
        results.append(subprocess.run(["openssl", *line], capture_output=True, check=False).returncode)
    ok(len(results) == 16 and not any(results), f"checks.ber: openssl verifies {results.count(0)} of 16 signatures")


def check_opened(weir, path, key, theirs):
    """weir decode --key on encrypted records, against what the checker decrypted."""
    name, key_file = os.path.basename(path), path + ".key"
    pathlib.Path(key_file).write_text(key.hex() + "\n", encoding="ascii")
    status, our_lines = ours(weir, path, "--key", key_file)
    differences = []
    for i, (our, their) in enumerate(zip(our_lines, theirs)):
        payload = with_digests(their.get("decrypted", their["pdu"])["payload"])
        same(our["pdu"], {"pSHeader": with_digests(their["pdu"]["pSHeader"]), "payload": payload}, f"PDU {i + 1}", differences)
        if our.get("byte_counter") != their.get("decrypted", {}).get("byteCounter"):
            differences.append(f"PDU {i + 1}: byteCounter {our.get('byte_counter')}")
    n_opened = sum("byte_counter" in our for our in our_lines)
    ok(status == 0 and n_opened == 160 and (not theirs or len(our_lines) == len(theirs)) and not differences,
       f"{name}: with the key, {n_opened} records are opened, to what the checker decrypted")
    for difference in differences[:10]:
        print("#", difference)
    pathlib.Path(key_file).write_text(bytes(reversed(key)).hex(), encoding="ascii")
    wrong = subprocess.run([weir, "decode", "-j", "--key", key_file, path], capture_output=True, text=True, check=False)
    ok(wrong.returncode == 1 and "another key" in wrong.stderr and "160  not opened" in wrong.stderr
       and len(wrong.stdout.splitlines()) == len(our_lines), f"{name}: with another key, none, and that is said")
    pathlib.Path(key_file).write_text("0123", encoding="ascii")
    short = subprocess.run([weir, "decode", "--key", key_file, path], capture_output=True, text=True, check=False)
    ok(short.returncode == 1 and "48 hexadecimal digits" in short.stderr, f"{name}: a key that is too short is refused")


def check_encoder(probe, weir, folder):
    ok(subprocess.run([probe, folder], check=False).returncode == 0, "streams with every form of record are encoded")
    plain = os.path.join(folder, "plain.ber")
    stream = b"".join((pathlib.Path(folder) / f"{name}.ber").read_bytes() for name in PLAIN)
    pathlib.Path(plain).write_bytes(stream)
    check_signatures(folder, stream, check_stream(weir, plain, "--full"))
    for name, key in KEYS.items():
        path = os.path.join(folder, f"{name}.ber")
        check_opened(weir, path, key, check_stream(weir, path, "--key", key.hex()))
    return os.path.join(folder, "hi2.ber")


# ---- weir decode on all kinds of streams

def decode(weir, *options, feed=None):
    return subprocess.run([weir, "decode", *options], input=feed, capture_output=True, check=False)


def check_live_pipe(weir, stream):
    """The first PDU is out before the second is in."""
    first = json.loads(decode(weir, "-j", "-", feed=stream).stdout.splitlines()[0])["size"]
    with subprocess.Popen([weir, "decode", "-j", "-q", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tool:
        tool.stdin.write(stream[: first + 3])
        tool.stdin.flush()
        ready, _, _ = select.select([tool.stdout], [], [], 30)
        line = tool.stdout.readline() if ready else b"{}"
        ok(json.loads(line).get("size") == first, "a PDU on a pipe is printed before the next one is whole")
        tool.stdin.write(stream[first + 3:])
        tool.stdin.close()
        rest = tool.stdout.read().splitlines()
    ok(len(rest) == len(decode(weir, "-j", "-", feed=stream).stdout.splitlines()) - 1, "and so is all that follows")


def check_tool(weir, path):
    stream = pathlib.Path(path).read_bytes()
    whole = decode(weir, "-j", path)
    lines = whole.stdout.splitlines()
    sizes = [json.loads(line)["size"] for line in lines]
    ok(whole.returncode == 0 and sum(sizes) == len(stream) and b"findings" in whole.stderr,
       "the PDUs are the stream, and a summary is on standard error")
    ok(decode(weir, "-q", path).stderr == b"", "-q leaves the summary out")
    ok(len(decode(weir, "-j", "-c", "2", path).stdout.splitlines()) == 2, "-c 2 ends after two PDUs")
    cut = decode(weir, "-j", "-", feed=stream[:-1])
    ok(cut.returncode == 1 and cut.stdout.splitlines() == [line.replace(json.dumps(path).encode(), b'"-"')
                                                            for line in lines[:-1]],
       "a cut stream: all before the cut is printed, then the exit status is 1")
    ok(f"at byte {len(stream) - sizes[-1]}: ".encode() in cut.stderr and b"ends inside a PDU" in cut.stderr,
       "and the reason names the byte at which the cut PDU begins")
    stray = decode(weir, "-j", "-", feed=stream + b"\x16\x03\x01")
    ok(stray.returncode == 1 and len(stray.stdout.splitlines()) == len(lines)
       and f"at byte {len(stream)}: octet 0x16 ".encode() in stray.stderr, "octets that begin no PDU are refused with their place")
    huge = decode(weir, "-", feed=b"\x30\x84\x7f\xff\xff\xff" + bytes(64))
    ok(huge.returncode == 1 and b"more than 16777216 are refused" in huge.stderr, "so is a PDU that announces 2 GiB")
    ok(decode(weir, "-", feed=b"").returncode == 0, "an empty stream is a stream")
    absent = decode(weir, os.path.join(os.path.dirname(path), "absent"))
    ok(absent.returncode == 1 and b"absent" in absent.stderr, "a file that is not there is named")
    words = decode(weir, path).stdout.decode()
    ok(words.count("\nPDU ") + words.startswith("PDU ") == len(lines), "in words, each PDU has a headline")
    check_live_pipe(weir, stream)


def check_calls(weir, path):
    pdus = [json.loads(line) for line in decode(weir, "-j", path).stdout.splitlines()]
    told = {pdu["call"].get("method") or pdu["call"].get("packet") for pdu in pdus if "call" in pdu}
    ok(all(("call" in pdu) == (pdu["kind"] in ("iPMMIRI", "iPMMCC")) for pdu in pdus)
       and {"INVITE", "BYE", "RTP", "UDPTL", "MSRP"} <= told, "each record of a call is told of in words of its own")
    headline, words = decode(weir, "-c", "1", path).stdout.decode().splitlines()[:2]
    ok(headline.startswith("PDU 1 ") and words.startswith("  method INVITE  uri sip:bob@isp.example"),
       "which stand behind the headline")


def main():
    probe, weir = sys.argv[1:]
    golden = shared("asn1/golden")
    if golden:
        for path in sorted(golden.glob("*.ber")):
            compare_golden(weir, path.stem, golden)
    else:
        skip("golden streams: no shared folder here")
    with tempfile.TemporaryDirectory() as folder:
        check_tool(weir, check_encoder(probe, weir, folder))
        check_calls(weir, os.path.join(folder, "calls.ber"))
    print(f"1..{count}")
    return 1 if failures else 0


sys.exit(main())
