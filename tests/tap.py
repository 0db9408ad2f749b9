"""TAP for the tests that are scripts: ok(), skip(), end(), and the way to the shared captures."""
import os
import pathlib
import shutil
import sys

count = 0
failures = 0


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


def end():
    """Prints the plan and ends the test."""
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
