"""TAP for the tests that are scripts: ok(), skip(), end(), logs of daemons, and the way to the shared captures."""
import os
import pathlib
import re
import shutil
import sys
import time

count = 0
failures = 0
logs = {}       # of daemons, by path, open for reading
reports = []    # lines of sanitizers in logs that were begun anew
SANITIZERS = re.compile(rb".*(?:(?:Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer|runtime error:|^WARNING: ).*", re.M)


def ok(is_ok, sentence, why=()):
    """One fact; the lines of why are shown when it does not hold. Returns whether it does."""
    global count, failures
    count += 1
    failures += not is_ok
    print("ok" if is_ok else "not ok", count, "-", sentence, flush=True)
    if not is_ok:
        for line in why:
            print("#", str(line).replace("\n", "\n# "), flush=True)
    return is_ok


def skip(sentence, reason):
    """A fact that cannot be tested here: by name, with the reason."""
    global count
    count += 1
    print("ok", count, "-", sentence, "# SKIP", reason, flush=True)


def pause(begun):
    """Sleeps for a moment, for who asks again and again since begun (time.monotonic()). What is waited for long is asked
    after less often, at most a twentieth of that time late: to ask takes the processor from who is waited for."""
    time.sleep(min(max((time.monotonic() - begun) / 20, 0.01), 0.05))


def daemon_log(path, mode="ab"):
    """A file for what a daemon says on its standard error. end() looks through it for reports of sanitizers, also where
    it was removed by then."""
    key = str(path)
    if mode == "wb" and key in logs:
        reports.extend(sanitizer_lines(logs.pop(key)))
    file = open(path, mode)
    if key not in logs:
        logs[key] = open(path, "rb")
    return file


def sanitizer_lines(log):
    """What sanitizers say in an open log: the beginnings of lines."""
    log.seek(0)
    return [line[:200].decode("utf-8", "replace") for line in SANITIZERS.findall(log.read())]


def end():
    """Looks through the daemons' logs, prints the plan and ends the test."""
    if logs:
        said = reports + [line for log in logs.values() for line in sanitizer_lines(log)]
        ok(not said, "no sanitizer has anything to say of the daemons", said[:20])
    print(f"1..{count}", flush=True)
    sys.exit(1 if failures else 0)


def shared():
    """The folder of captures and checkers that stands beside the project, or None."""
    beside = pathlib.Path(__file__).resolve().parent.parent.parent / "shared"
    folder = pathlib.Path(os.environ.get("WEIR_SHARED") or beside)
    return folder if (folder / "pcaps").is_dir() else None


def captures(folder, *below):
    """Every capture under the given folders of shared/pcaps, in a fixed order."""
    found = []
    for name in below:
        for path in sorted((folder / "pcaps" / name).rglob("*")):
            if path.is_file() and path.suffix not in (".md", ".tsv", ".txt"):
                found.append(path)
    return found


def memory_folder(megabytes=256):
    """Where temporary files cost nothing: a folder in memory that has so much room, or None (as tempfile's
    dir). For many small files; a disk's file system spends more on them than the test itself."""
    room = "/dev/shm"
    if os.path.isdir(room) and os.access(room, os.W_OK) and shutil.disk_usage(room).free >= megabytes << 20:
        return room
    return None
