"""Random subscribers and their packets, for tests: whose each packet is is worked out here."""

import random

from radius_packets import ON, START, STOP, Nas, ip


class World:
    """Random subscribers whose sessions come and go, and packets of every address; knows for each
    packet whose it is."""

    def __init__(self, seed, n_steps, size, start, step=10**6):
        self.start_ns, self.step_ns = start, step
        self.random = random.Random(seed)
        self.nas = [Nas("10.0.0.%d" % (20 + i)) for i in range(3)]
        self.users = ["u%d@isp" % i for i in range(12)]
        self.sessions = {}  # (nas, sid) -> (user, addresses)
        self.owner = {}     # address -> (nas, sid)
        self.n_sids = 0
        self.packets, self.wanted = [], {u: [] for u in self.users}
        for n in range(n_steps):
            self.step(n, size)

    def emit(self, packet):
        self.packets.append((self.start_ns + len(self.packets) * self.step_ns, packet))

    def addresses(self):
        n = self.random.randrange(1, 30)
        return {"ip": "192.0.2.%d" % n} | (
            {"ip6": "2001:db8::%x" % n} if self.random.random() < 0.3 else {})

    def forget(self, key):
        for address in self.sessions.pop(key)[1].values():
            if self.owner.get(address) == key:
                del self.owner[address]

    def step(self, n, size):
        chance = self.random.random()
        if chance < 0.06:
            self.start()
        elif chance < 0.1 and self.sessions:
            key = self.random.choice(sorted(self.sessions))
            user, at = self.sessions[key]
            self.emit(self.nas[key[0]].account(STOP, user=user, sid=key[1], **at))
            self.forget(key)
        elif chance < 0.102:
            i = self.random.randrange(3)
            self.emit(self.nas[i].account(ON))
            for key in [k for k in self.sessions if k[0] == i]:
                self.forget(key)
        else:
            self.traffic(n, size)

    def start(self):
        i = self.random.randrange(3)
        self.n_sids += 1
        key = (i, "s%d" % self.n_sids)
        user, at = self.random.choice(self.users), self.addresses()
        self.emit(self.nas[i].account(START, user=user, sid=key[1], **at))
        for address in at.values():
            old = self.owner.get(address)
            if old:
                self.take(old, address)
        self.sessions[key] = (user, at)
        for address in at.values():
            self.owner[address] = key

    def take(self, key, address):
        """A session whose address is given to another goes on with the rest; without any it ends."""
        user, at = self.sessions[key]
        del self.owner[address]
        left = {k: v for k, v in at.items() if v != address}
        self.sessions[key] = (user, left)
        if not left:
            self.forget(key)

    def traffic(self, n, size):
        n6 = self.random.random() < 0.2
        a, b = (("2001:db8::%x" if n6 else "192.0.2.%d") % self.random.randrange(1, 30)
                for _ in range(2))
        if self.random.random() < 0.7:
            b = "2001:db8:f::1" if n6 else "203.0.113.1"
        packet = ip(a, b, b"%08d" % n + bytes(self.random.randrange(size)))
        self.emit(packet)
        keys = list(dict.fromkeys(self.owner[x] for x in (a, b) if x in self.owner))
        for key in keys:
            self.wanted[self.sessions[key][0]].append(packet)
