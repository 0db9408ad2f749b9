"""The memory in which an installed Weir has its spools: a tmpfs with large pages, as the packages' units mount it."""
import os
import pathlib
import re
import tempfile

UNIT = pathlib.Path(__file__).resolve().parent.parent / "debian" / "run-weir-collector.mount"
FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()


def options():
    """What it is mounted with."""
    return re.search(r"^Options=(.*)$", UNIT.read_text(), re.M)[1].replace("%%", "%")


def inside(command):
    """The words that run a command with such a tmpfs in place of FOLDER, where one can be mounted; it goes with the command."""
    if os.geteuid() != 0:
        return command
    return ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o "$0" weir {FOLDER}; exec "$@"', options(), *command]
