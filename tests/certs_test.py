#!/usr/bin/env python3
"""weir certs: what it makes, held against openssl's own view of it.

    certs_test.py WEIR
"""
import os
import shutil
import subprocess
import sys
import tempfile

from tap import ok, skip, end

weir = sys.argv[1]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)


def certs(*words):
    return run(weir, "certs", *words)


with tempfile.TemporaryDirectory() as top:
    folder = os.path.join(top, "certs")
    made = certs(folder, "provisioner:p1@192.0.2.9,p1.example", "collector:c1", "agency:a.1")
    ok(made.returncode == 0, "certificates are made: " + made.stderr.strip())
    ok(sorted(os.listdir(folder)) == sorted(
        f"{n}.{s}" for n in ("authority", "provisioner-p1", "collector-c1", "agency-a.1")
        for s in ("pem", "key")), "a pair of files each, and the authority's")
    ok(all(os.stat(os.path.join(folder, f)).st_mode & 0o777 == 0o600
           for f in os.listdir(folder) if f.endswith(".key")), "keys are their owner's alone")
    before = {f: open(os.path.join(folder, f), "rb").read() for f in os.listdir(folder)}
    again = certs(folder, "collector:c1")
    ok(again.returncode == 2 and "not overwritten" in again.stderr, "nothing is overwritten")
    bad = certs(folder, "mediator:m1", "king:x")
    ok(bad.returncode == 2 and "king" in bad.stderr, "a role that is none is refused")
    ok(certs(folder, "mediator:m 1").returncode == 2, "so is a name that is none")
    ok(certs(folder, "--days", "0", "mediator:m1").returncode == 2, "and no time at all")
    ok({f: open(os.path.join(folder, f), "rb").read() for f in os.listdir(folder)} == before,
       "and then nothing is written")
    ok(certs(folder, "--days=2", "-q", "mediator:m1").stdout == "", "more can be made later")
    ok(certs("/proc/none", "mediator:m1").returncode == 1, "a folder that cannot be made")
    if shutil.which("openssl"):
        path = os.path.join(folder, "authority.pem")
        for name in ("provisioner-p1", "collector-c1", "mediator-m1"):
            pem = os.path.join(folder, name + ".pem")
            said = run("openssl", "verify", "-x509_strict", "-CAfile", path, pem)
            ok(said.returncode == 0, f"openssl believes {name}: {said.stderr.strip()[:80]}")
        text = run("openssl", "x509", "-noout", "-ext", "subjectAltName", "-in",
                   os.path.join(folder, "provisioner-p1.pem")).stdout
        ok(all(w in text for w in ("URI:weir:provisioner:p1", "IP Address:192.0.2.9",
                                   "DNS:p1.example", "DNS:localhost", "IP Address:127.0.0.1")),
           "it reads the role, the name and the addresses")
        soon = run("openssl", "x509", "-noout", "-checkend", str(2 * 86400 + 60), "-in",
                   os.path.join(folder, "mediator-m1.pem"))
        ok(soon.returncode == 1, "it ends after the days that were asked for")
    else:
        skip("openssl's view of them", "openssl is not here")
end()
