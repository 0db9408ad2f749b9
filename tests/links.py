"""Virtual interfaces that carry packets from the first one on.

An interface that was just set up drops what is sent into it, without a word, until a thread of the
kernel has noticed that its peer is up too. That thread waits for the lock of all interfaces, which
whoever takes a namespace away may hold for a tenth of a second; then the state is UP.
"""

import pathlib
import subprocess
import time

PATIENCE_S = 60


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def settle(*names, inside=()):
    """Waits until these interfaces, whose peers are up, carry packets. inside: the words that run a program there."""
    until = time.monotonic() + PATIENCE_S
    for name in names:
        words = [*inside, "ip", "-o", "link", "show", name]
        while " state UP " not in subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout:
            if time.monotonic() > until:
                raise TimeoutError(f"{name}: not up within {PATIENCE_S} s")
            time.sleep(0.005)


def no_ipv6(name):
    """The kernel sends nothing of its own there."""
    path = pathlib.Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if path.exists():
        path.write_text("1")


def up(*names):
    """Sets both ends of a pair up; what is sent into either end from now on arrives."""
    for name in names:
        no_ipv6(name)
        run("ip", "link", "set", name, "arp", "off", "up")
    settle(*names)


def add_pair(left, right):
    run("ip", "link", "add", left, "type", "veth", "peer", "name", right)
    up(left, right)
