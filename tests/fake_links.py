"""A provisioner and a mediator that are none: just enough of the link protocol, over plain TCP, to
hold a collector against. Each runs on threads of its own."""

import json
import socket
import struct
import threading
import time

import ports
from tap import pause

HELLO, MESSAGE, RECORDS, ACKNOWLEDGE, PING, PONG = 1, 2, 3, 4, 5, 6


class Peer:
    """Listens on loopback; subclasses say what happens."""

    def __init__(self, role, name, port=0):
        self.role, self.name = role, name
        self.lock = threading.Lock()
        self.connections = []
        self.ends = threading.Lock()  # over each connection's end: who shuts one must not meet another with its number
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = ports.bind(self.socket, port=port)
        self.socket.listen()
        self.listener = threading.Thread(target=self.accept, daemon=True)
        self.listener.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with self.ends:
                self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def send(self, connection, kind, body=b""):
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        try:
            with self.lock:
                connection.sendall(struct.pack("!IB", 1 + len(body), kind) + body)
        except OSError:
            pass

    def read(self, connection, n):
        out = b""
        while len(out) < n:
            more = connection.recv(n - len(out))
            if not more:
                raise OSError("closed")
            out += more
        return out

    def serve(self, connection):
        try:
            while True:
                n, kind = struct.unpack("!IB", self.read(connection, 5))
                body = self.read(connection, n - 1)
                if kind == HELLO:
                    self.send(connection, HELLO, {"role": self.role, "name": self.name, "version": 1,
                                                  "software": "fake"})
                    self.up(connection, json.loads(body))
                elif kind == PING:
                    self.send(connection, PONG)
                else:
                    self.heard(connection, kind, body)
        except (OSError, struct.error):
            with self.ends:
                connection.close()

    def up(self, connection, hello):
        pass

    def heard(self, connection, kind, body):
        pass

    def drop(self):
        """Connections end; who dialled may dial again."""
        with self.ends:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.connections = []

    def close(self):
        """Nobody waits any more at a socket whose number the next one gets."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.listener.join()
        self.socket.close()
        self.drop()


class Provisioner(Peer):
    """Sends orders (a dict in the shape of the view); remembers what it is told."""

    def __init__(self, orders):
        self.orders, self.digests, self.status, self.reports = orders, [], None, []
        self.ledger = []
        super().__init__("provisioner", "p1")

    def up(self, connection, hello):
        self.hello = hello
        self.tell(connection)

    def tell(self, connection):
        self.send(connection, MESSAGE, {"type": "orders", "orders": self.orders, "digest": ""})

    def change(self, orders):
        self.orders = orders
        for connection in self.connections:
            self.tell(connection)

    def heard(self, connection, kind, body):
        message = json.loads(body)
        if message["type"] == "have":
            self.digests.append(message["digest"])
        if message["type"] == "status":
            self.status = message
        if message["type"] == "ledger":
            self.ledger.append(message)
        if message["type"] == "report":
            self.reports.append(message["report"])
            self.send(connection, MESSAGE, {"type": "heard", "number": message["number"]})


class Mediator(Peer):
    """Keeps each stream as it comes, exactly once, and alarms, which it answers."""

    def __init__(self, name="m1"):
        self.streams = {}   # (agency, interface) -> bytes
        self.channels = {}  # (connection, channel) -> (agency, interface)
        self.is_slow = False
        self.alarms = []    # (agency, LIID or None, text)
        super().__init__("mediator", name)

    def heard(self, connection, kind, body):
        if kind == MESSAGE:
            m = json.loads(body)
            if m["type"] == "alarm":
                self.alarms.append((m["agency"], m.get("liid"), m["text"]))
                self.send(connection, MESSAGE, {"type": "alarm", "number": m["number"], "agency": m["agency"],
                                                "outcome": "told"})
                return
            key = (m["agency"], m["interface"])
            self.channels[connection, m["channel"]] = key
            offset = len(self.streams.setdefault(key, b""))
            self.send(connection, MESSAGE, {"type": "channel", "channel": m["channel"],
                                            "offset": offset})
        elif kind == RECORDS:
            channel, offset = struct.unpack("!IQ", body[:12])
            key = self.channels[connection, channel]
            with self.lock:
                assert offset == len(self.streams[key]), "what comes goes on where the last ended"
                self.streams[key] += body[12:]
                offset = len(self.streams[key])
            if not self.is_slow:
                self.send(connection, ACKNOWLEDGE, struct.pack("!IQ", channel, offset))


def wait_for(condition, seconds=10):
    """Whether it came true in time."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        if condition():
            return True
        pause(begun)
    return condition()
