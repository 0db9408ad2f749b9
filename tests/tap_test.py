#!/usr/bin/env python3
"""The tests' own language: what the logs of daemons are looked through for.

    tap_test.py
"""
import io
import pathlib
import subprocess
import sys
import tempfile

import tap
from tap import end, ok

REPORTS = (b"==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020",
           b"../src/base/rd.h:12:3: runtime error: load of misaligned address",
           b"WARNING: ThreadSanitizer: data race (pid=7)",
           b"SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior",
           b"==7==ERROR: LeakSanitizer: detected memory leaks")
WELL = b"2026-11-22T11:00:00.000Z weir-collector: warning: agency a1: no answer for 30 s\n"

for report in REPORTS:
    ok(tap.sanitizer_lines(io.BytesIO(WELL + report + b"\n" + WELL)) == [report.decode()], report.decode()[:40])
ok(not tap.sanitizer_lines(io.BytesIO(WELL * 3)), "a daemon's own warnings are none")
with tempfile.TemporaryDirectory() as folder:
    with tap.daemon_log(folder + "/log") as log:
        log.write(REPORTS[0])
    with tap.daemon_log(folder + "/log", "wb") as log:
        log.write(REPORTS[1])
ok(len(tap.reports) == 1 and [len(tap.sanitizer_lines(log)) for log in tap.logs.values()] == [1],
   "a log that is begun anew, and one that was removed, are looked through too")
tap.logs.clear()
with tempfile.TemporaryDirectory() as folder:
    sample = pathlib.Path(folder) / "sample.pcap"
    maker = pathlib.Path(__file__).with_name("howto_sample.py")
    load = f"import sys; sys.path.insert(0, {str(maker.parent)!r}); import howto_sample"
    subprocess.run([sys.executable, "-B", "-c", load, sample], check=True)
    ok(not sample.exists(), "who imports the maker of the how-to's sample makes none")
    subprocess.run([sys.executable, maker, sample], check=True)
    ok(sample.stat().st_size > 0, "who runs it does")
end()
