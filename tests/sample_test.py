#!/usr/bin/env python3
"""The samples' interception is whole, by samples/check; and samples/check sees what is not.

    sample_test.py WEIR
"""
import pathlib
import subprocess
import sys
import tempfile

from tap import end, ok

samples = pathlib.Path(__file__).resolve().parent.parent / "samples"
TARGETS = ["192.0.2.7/32", "2001:db8:7::/48"]


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


def check(hi3, targets, capture="home.pcap"):
    return run(sys.executable, samples / "check", samples / capture, hi3, *targets)


def intercept(out, name, *options):
    orders = {"home": "orders.yaml", "access": "access.yaml", "call": "call.yaml"}[name]
    return run(sys.argv[1], "intercept", *options, "--orders", samples / orders, "--out", out,
               samples / f"{name}.pcap")


def by_radius(folder):
    """Who is named by a user, and found by what RADIUS says: up to the packet, in both directions."""
    out, alone = pathlib.Path(folder, "access"), pathlib.Path(folder, "alone")
    said = intercept(out, "access")
    ok(said.returncode == 0, "the sample with RADIUS is intercepted", [said.stderr])
    hi3 = out / "police" / "hi3.ber"
    said = check(hi3, ["user=alice@isp.example"], "access.pcap")
    ok(said.returncode == 0 and "2 sessions" in said.stdout,
       "every packet of the user's sessions is delivered, from the one behind its begin to the one before its end",
       [said.stdout, said.stderr])
    ok(check(hi3, ["user=bob@isp.example"], "access.pcap").returncode == 1,
       "the check tells the neighbour's packets from the user's")
    intercept(alone, "access", "--threads", "1")
    ok(all((alone / "police" / name).read_bytes() == (out / "police" / name).read_bytes()
           for name in ("hi2.ber", "hi3.ber")), "one worker and many write the same octets")


def of_a_call(folder):
    """Who is named by an address of SIP: the media of her call, and none of her neighbour's."""
    out = pathlib.Path(folder, "call")
    said = intercept(out, "call")
    hi3 = out / "police" / "hi3.ber"
    ok(said.returncode == 0, "the sample of a call is intercepted", [said.stderr])
    said = check(hi3, ["call=sip:anna@weir.example"], "call.pcap")
    ok(said.returncode == 0 and said.stdout.startswith("152 "), "every packet of the call's media is delivered, and no other",
       [said.stdout, said.stderr])
    ok(check(hi3, ["call=sip:carl@weir.example"], "call.pcap").returncode == 1, "the check tells the two calls apart")


with tempfile.TemporaryDirectory() as folder:
    said = intercept(folder, "home")
    ok(said.returncode == 0, "the sample is intercepted", [said.stderr])
    hi3 = pathlib.Path(folder, "police", "hi3.ber")
    said = check(hi3, TARGETS)
    ok(said.returncode == 0, "every packet of the target is delivered, and no other", [said.stdout, said.stderr])
    ok(check(hi3, ["192.0.2.20/32"]).returncode == 1, "the check tells the neighbour's packets from the target's")
    stream = hi3.read_bytes()
    first = 3 + stream[2] if stream[1] == 0x81 else 2 + stream[1]
    hi3.write_bytes(stream[first:])
    ok(check(hi3, TARGETS).returncode == 1, "the check misses a record that is missing")
    hi3.write_bytes(stream[:first - 1] + bytes([stream[first - 1] ^ 1]) + stream[first:])
    ok(check(hi3, TARGETS).returncode == 1, "the check sees one bit that changed")
    hi3.write_bytes(stream)
    again = pathlib.Path(folder, "again")
    intercept(again, "home", "--threads", "1")
    ok((again / "police" / "hi3.ber").read_bytes() == stream, "one worker and many write the same octets")
    by_radius(folder)
    of_a_call(folder)
end()
