"""The independent decoder of ETSI's records, in the shared folder: asn1/verify/li-asn1.escript.

It compiles ETSI's modules when it is called for the first time, and keeps the result in LI_ASN1_CACHE; without
that variable, in a folder beside the temporary files, one for all tests. Call it once for many streams: to start
it costs more than to decode a thousand records.
"""
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# The codec need not be fast, it is there once for a few thousand records: half of its build are optimisations.
PLAIN_CODE = ("[no_copt,no_ssa_opt,no_type_opt,no_bsm_opt,no_bool_opt,no_share_opt,no_recv_opt,no_module_opt,"
              "no_line_info]")


def program(folder):
    return pathlib.Path(folder, "asn1", "verify", "li-asn1.escript")


def is_there(folder):
    return shutil.which("escript") is not None and program(folder).exists()


def environment():
    cache = os.environ.get("LI_ASN1_CACHE") or os.path.join(tempfile.gettempdir(), f"li-asn1-{os.getuid()}")
    return {**os.environ, "LI_ASN1_CACHE": cache, "ERL_COMPILER_OPTIONS": PLAIN_CODE}


def build(folder):
    """Compiles the codec where that is still to be done; who comes meanwhile waits."""
    where = environment()
    os.makedirs(where["LI_ASN1_CACHE"], exist_ok=True)
    with open(os.path.join(where["LI_ASN1_CACHE"], "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run([program(folder), "build"], env=where, capture_output=True, check=False)


def decode(folder, paths, *options):
    """What it says of the streams, as bytes; exit status 0: nothing, 1: findings."""
    build(folder)
    return subprocess.run([program(folder), "decode", *options, *paths], env=environment(), capture_output=True,
                          check=False)


if __name__ == "__main__":  # verifier.py SHARED: builds it ahead of its use
    sys.exit(build(sys.argv[1]).returncode if is_there(sys.argv[1]) else 0)
