"""Ports of a test's own: no other test that runs beside it listens there, before, meanwhile or afterwards, so that a daemon
that looks for a peer which is gone finds nobody, and not another test's.

They lie below those that the kernel gives out; each process takes blocks of them, which are its own until it ends.
"""
import os
import random
import socket
import threading

FIRST, BLOCK, N_BLOCKS = 10000, 100, 220

_lock = threading.Lock()
_held = []  # abstract sockets, each the name of a block: gone with the process
_left = []


def _more():
    """Another block."""
    for k in random.Random(os.getpid()).sample(range(N_BLOCKS), N_BLOCKS):
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0weir-ports-{k}")
        except OSError:
            name.close()
            continue
        _held.append(name)
        return list(range(FIRST + k * BLOCK, FIRST + (k + 1) * BLOCK))
    raise OSError("no ports are left")


def bind(sock, address="127.0.0.1", port=0):
    """Binds to this port, or to one that was never used before. The port."""
    if port:
        sock.bind((address, port))
        return port
    while True:
        with _lock:
            if not _left:
                _left.extend(_more())
            port = _left.pop(0)
        try:
            sock.bind((address, port))
            return port
        except OSError:
            continue  # somebody else's


def free():
    """A port at which a program may be told to listen."""
    with socket.socket() as sock:
        return bind(sock)
