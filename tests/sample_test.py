#!/usr/bin/env python3
"""The sample's interception is whole, by samples/check; and samples/check sees what is not.

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


def check(hi3, targets):
    return run(sys.executable, samples / "check", samples / "home.pcap", hi3, *targets)


with tempfile.TemporaryDirectory() as folder:
    said = run(sys.argv[1], "intercept", "--orders", samples / "orders.yaml", "--out", folder, samples / "home.pcap")
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
    run(sys.argv[1], "intercept", "--threads", "1", "--orders", samples / "orders.yaml", "--out", again,
        samples / "home.pcap")
    ok((again / "police" / "hi3.ber").read_bytes() == stream, "one worker and many write the same octets")
end()
