#!/usr/bin/env python3
"""Sessions that RADIUS announces: which packets are a target's, which records tell of it.

    intercept_radius_test.py WEIR

Captures are made here, and what must come of them is worked out here too, from the same list of
steps, by rules that share no line with Weir.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from intercept_records import numbered_from_zero, orders, pcap, read_records
from radius_packets import (ACCEPT, INTERIM, OFF, ON, REJECT, REQUEST, RESPONSE, START, STOP, Nas,
                            ether, fragments, ip, ipv4, udp)
from handover_peers import Record, pdu_len
import verifier
from radius_world import World
from tap import end, ok, shared, skip

WEIR = os.path.abspath(sys.argv[1])
T0 = 1767225600 * 10**9  # 2026-01-01T00:00:00Z
SEC = 10**9
SERVER = 'core_servers: [{kind: radius, address: "10.0.0.10"}]\n'
ATTEMPT, ACCEPTED, REJECTED, FAILED, INTERIMS, ACTIVE, ENDED, END_ACTIVE, EXPIRED = (
    (4, 0), (1, 1), (4, 2), (4, 3), (3, 6), (1, 7), (2, 8), (2, 9), (2, 13))

work = tempfile.mkdtemp(prefix="weir-radius-")
runs = 0
streams = []


class Run:
    def __init__(self, text, packets, *words, link=101):
        """packets: [(time in ns, bytes)]"""
        global runs
        runs += 1
        self.dir = os.path.join(work, f"out{runs}")
        names = [os.path.join(work, f"{runs}.{x}") for x in ("yaml", "pcap")]
        with open(names[0], "w") as f:
            f.write(text)
        with open(names[1], "wb") as f:
            f.write(pcap(packets, link))
        done = subprocess.run([WEIR, "intercept", "-q", "--json", "--orders", names[0], "--out",
                               self.dir, *words, names[1]], capture_output=True, text=True)
        self.stderr = done.stderr
        self.summary = json.loads(done.stdout) if done.stdout else None

    def path(self, name, agency="police"):
        return os.path.join(self.dir, agency, name + ".ber")

    def cc(self, liid="LIID0001"):
        return [r.packet for r in read_records(self.path("hi3")) if r.liid == liid]

    def iri(self, liid="LIID0001", agency="police", is_vigil=False):
        """[((type, event), seconds)], and the CINs in the order in which they appear. Of vigils (interception
        without a session), or of all else."""
        records = [r for r in read_records(self.path("hi2", agency))
                   if r.liid == liid and (r.event in (11, 12)) == is_vigil]
        return ([((r.type, r.event), (r.usec - T0 // 1000) / 10**6) for r in records],
                list(dict.fromkeys(r.cin for r in records)))

    def octets(self):
        out = []
        for name in ("hi2", "hi3"):
            with open(self.path(name), "rb") as f:
                out.append(f.read())
        return out

    def is_numbered(self):
        return all(numbered_from_zero(read_records(self.path(x))) for x in ("hi2", "hi3"))


def same(got, wanted, sentence):
    ok(got == wanted, sentence, [f"got    {got}", f"wanted {wanted}"])


def at(*steps):
    """Packets a second apart."""
    return [(T0 + i * SEC, p) for i, p in enumerate(steps)]


def alice(*more, **fields):
    return orders([{"targets": ['radius_user: "alice@isp"', *more]} | fields], extra=SERVER)


def vigils():
    nas = Nas()
    idle, idle_end = (1, 11), (2, 12)
    packet = ip("192.0.2.7", "203.0.113.1", b"x")
    begin = [nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7"), nas.answer(RESPONSE)]
    stop = [nas.account(STOP, user="alice@isp", sid="1", ip="192.0.2.7"), nas.answer(RESPONSE)]
    run = Run(alice(), at(packet, *begin, packet, *stop, packet))
    same(run.iri(is_vigil=True)[0], [(idle, 0), (idle_end, 1)],
         "interception begins without a session, which ends where the first session begins")
    ok(not set(run.iri(is_vigil=True)[1]) & set(run.iri()[1]) and run.is_numbered(), "with a CIN of its own")
    streams.append(run)
    same(run.cc(), [packet], "the session's packets are delivered as ever")
    never = Run(alice(), at(*[packet] * 5))
    same((never.iri(is_vigil=True)[0], never.iri()[0]), ([(idle, 0), (idle_end, 4)], []), "or where interception ends")
    streams.append(never)
    late = Run(alice(start="2026-01-01T00:00:02.5Z"), at(packet, *begin, *[packet] * 3))
    same(late.iri(is_vigil=True)[0], [], "whose session is there when interception begins needs none")
    old = Run(orders([{"targets": ['radius_user: "alice@isp"']}], agencies=[("police", "header_version: 38")],
                     extra=SERVER), at(*[packet] * 3))
    same((old.stderr, old.iri(is_vigil=True)[0]), ("", []), "versions that do not know it are not told")
    silent = Run(alice(deliver="cc-only"), at(*[packet] * 3))
    same(silent.iri(is_vigil=True)[0], [], "nor are agencies that get content only")
    prefix = Run(orders([{"targets": ["prefix: 192.0.2.7/32, cin: 1"]}], extra=SERVER), at(*[packet] * 3))
    same(prefix.iri(is_vigil=True)[0], [], "an address that is always there needs none")


def flags():
    """Each communication between its flags, on both interfaces."""
    nas = Nas()
    packet = ip("192.0.2.7", "203.0.113.1", b"x")
    steps = [packet, nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7"), nas.answer(RESPONSE), packet, packet,
             nas.account(STOP, user="alice@isp", sid="1", ip="192.0.2.7"), packet]
    run = Run(orders([{"targets": ['radius_user: "alice@isp"', ("198.51.100.1/32", 5)]},
                      {"targets": ['radius_user: "alice@isp"'], "deliver": "iri-only", "liid": "L2"}],
                     agencies=[("police", "segment_flags: true")], extra=SERVER), at(*steps))

    def told(name, liid):
        octets, out = run.octets()[name == "hi3"], {}
        while octets:
            n = pdu_len(octets[:10])
            record = Record(octets[:n])
            if record.liid == liid:
                out.setdefault(record.cin, []).append((record.operation or record.kind, record.seq))
            octets = octets[n:]
        return sorted(out.values(), key=str)

    whole, empty = [(5, 0), ("iri", 0), ("iri", 1), (6, 1)], [(5, 0), (6, 0)]
    same(told("hi2", "LIID0001"), [whole] * 3, "before the first and behind the last IRI of each communication")
    same(told("hi3", "LIID0001"), sorted([empty, empty, [(5, 0), ("cc", 0), ("cc", 1), (6, 1)]], key=str),
         "and of its content, in the order of the data, with the number of the record beside it")
    same((told("hi2", "L2"), told("hi3", "L2")), ([whole] * 2, []), "only where something may be delivered")
    streams.append(run)


def places():
    """Where a subscriber is: the cell of a mobile one, the access point of a wireless one."""
    nas, cell = Nas(), bytes.fromhex("350102abcd35010201234567")
    steps = [nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7", cell=b"\x82" + cell), nas.answer(RESPONSE),
             nas.account(START, user="alice@isp", sid="2", ip="192.0.2.8", porttype=19, called="00-10-a4-23-19-C0:net"),
             nas.account(START, user="alice@isp", sid="3", ip="192.0.2.9", porttype=15, called="00-10-a4-23-19-C0"),
             nas.account(START, user="alice@isp", sid="4", ip="192.0.2.10", cell=b"\x82" + cell[:-1]),
             nas.account(START, user="alice@isp", sid="5", ip="192.0.2.11", porttype=19, called="00-10-a4-23-19-CX")]
    run = Run(alice(), at(*steps))
    said = subprocess.run([WEIR, "decode", "-q", "--json", run.path("hi2")], capture_output=True, text=True)
    begun = [json.loads(x)["pdu"]["payload"]["iRIPayloadSequence"][0]["iRIContents"]["iPIRI"]["iPIRIContents"]
             for x in said.stdout.splitlines()]
    got = [x.get("location") for x in begun if x["accessEventType"] == "accessAccept"]
    same(got, [{"epsLocation": {"userLocationInfo": "0x18" + cell.hex()}},
               {"wlanLocationAttributes": {"wlanAPMACAddress": "0x0010a42319c0"}}, None, None, None],
         "what is well said of a place is in the IRI, nothing else")
    streams.append(run)


def one_session():
    nas = Nas()
    before, first, last, after = (ip("192.0.2.7", "203.0.113.1", b"%d" % i) for i in range(4))
    to = ip("203.0.113.1", "192.0.2.7", b"to")
    steps = [before, nas.ask(REQUEST, user="alice@isp", sid="1"),
             nas.answer(ACCEPT, ip="192.0.2.7"), first,
             nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7"), nas.answer(RESPONSE),
             to, nas.account(INTERIM, user="alice@isp", sid="1", ip="192.0.2.7", **{
                 "in": 5, "out": 7, "ingiga": 1, "outgiga": 2}), nas.answer(RESPONSE), last,
             nas.account(STOP, user="alice@isp", sid="1", ip="192.0.2.7", cause=1), after]
    run = Run(alice(), at(*steps))
    same(run.cc(), [first, to, last], "from Accept to Stop, neither before nor after")
    iri, cins = run.iri()
    same([x for x in iri if x[0] != INTERIMS or x[1] == 7],
         [(ATTEMPT, 1), (ACCEPTED, 2), (INTERIMS, 7), (ENDED, 10)],
         "IRI: attempt, accept, interim, end, with their times")
    ok(len(cins) == 1 and run.is_numbered(), "of one CIN, numbered from 0")
    streams.append(run)
    again = Run(alice(), at(*steps[4:]))
    same(again.iri()[0][0], (ACCEPTED, 0), "an Accounting-Start alone begins the session too")
    middle = Run(alice(), at(*steps[7:]))
    same([x[0] for x in middle.iri()[0]], [ACTIVE, ENDED],
         "what is first heard of by an interim record was active before")
    same(middle.cc(), [last], "and is delivered from there on")
    other = Run(alice(), at(*steps[:1], *[s for s in steps[1:] if s[9] == 17]))
    ok(len(other.iri()[0]) >= 4 and other.cc() == [], "a session without packets is told of")
    refused = Run(alice(), at(nas.ask(REQUEST, user="alice@isp"), nas.answer(REJECT), before))
    same((refused.iri()[0], refused.cc()), ([(ATTEMPT, 0), (REJECTED, 1)], []), "a refusal")
    silent = Run(alice(), at(nas.ask(REQUEST, user="alice@isp"), *[before] * 100))
    same([x[0] for x in silent.iri()[0]], [ATTEMPT, FAILED], "nobody answers")
    streams.append(silent)


def identities():
    nas = Nas()
    packet = ip("192.0.2.7", "203.0.113.1")

    def delivered(target, user="alice@isp", calling="0211234567", extra=SERVER):
        text = orders([{"targets": [target]}], extra=extra)
        steps = [nas.account(START, user=user, calling=calling, sid="x", ip="192.0.2.7"), packet]
        return len(Run(text, at(*steps)).cc())

    rows = [('radius_user: "alice@isp"', 1), ('radius_user: "Alice@isp"', 0),
            ('radius_user: "alice"', 0), ('radius_user: "alice@*"', 1),
            ('radius_user: "*@isp"', 1), ('radius_user: "*@other"', 0),
            ('calling_station: "0211234567"', 1), ('calling_station: "alice@isp"', 0),
            ('calling_station: "021*"', 1)]
    same([delivered(t) for t, _ in rows], [n for _, n in rows],
         "names match exactly, or by a wildcard at an end; numbers only as numbers")
    same(delivered('radius_user: "al*"', extra=SERVER + 'radius_ignored_users: ["alice@isp"]\n'), 0,
         "a default user is nobody")
    same(delivered('calling_station: "021*"',
                   extra=SERVER + 'radius_ignored_users: ["alice@isp"]\n'), 1,
         "but his number is somebody's")
    same(delivered('radius_user: "alice@isp"', extra=SERVER.replace("10.0.0.10", "10.0.0.11")), 0,
         "who is no core server is not believed")
    text = orders([{"targets": ['radius_user: "alice@isp"', 'calling_station: "021*"']},
                   {"liid": "B", "targets": ['calling_station: "021*"', ("203.0.113.1", 3)]}],
                  extra=SERVER)
    run = Run(text, at(nas.account(START, user="alice@isp", calling="021", sid="x",
                                   ip="192.0.2.7"), packet))
    same((len(run.cc()), len(run.cc("B"))), (1, 2),
         "two names of one warrant are one session; two warrants have their own")


def several():
    nas, other = Nas(), Nas("10.0.0.21")
    a, b, six, net = (ip("192.0.2.7", "203.0.113.1"), ip("192.0.2.8", "203.0.113.1"),
                      ip("2001:db8:1::9", "2001:db8:ff::1"), ip("2001:db8:2:3::1", "2001:db8:ff::1"))
    start = [nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7", prefix="2001:db8:1::/64",
                         delegated="2001:db8:2::/48", route="198.51.100.0/24 0.0.0.0 1"),
             other.account(START, user="alice@isp", sid="1", ip="192.0.2.8")]
    run = Run(alice(), at(*start, a, six, net, b,
                          nas.account(STOP, user="alice@isp", sid="1"), a, six, net, b))
    same(run.cc(), [a, six, net, b, b], "two sessions of one user, one with three addresses")
    same((len(run.iri()[1]), [x[0] for x in run.iri()[0]]),
         (2, [ACCEPTED, ACCEPTED, ENDED, END_ACTIVE]), "each has its CIN")
    streams.append(run)
    run = Run(alice(), at(*start, nas.account(OFF), a, b))
    same((run.cc(), [x[0] for x in run.iri()[0]]),
         ([b], [ACCEPTED, ACCEPTED, ENDED, END_ACTIVE]), "a NAS that reboots ends its own sessions")
    run = Run(alice(), at(*start, nas.account(ON), a, b))
    same(run.cc(), [b], "also when it comes back")
    run = Run(alice(), at(*start, other.account(START, user="bob", sid="9", ip="192.0.2.7"), a, b))
    same(run.cc(), [b], "an address that is given to another is not the target's any more")
    run = Run(alice(), at(start[0], start[0], a, nas.account(STOP, user="alice@isp", sid="1"),
                          nas.account(STOP, user="alice@isp", sid="1"), start[0], a))
    same((run.cc(), [x[0] for x in run.iri()[0]]), ([a], [ACCEPTED, ENDED]),
         "what is sent again starts and ends nothing twice")


def terms():
    nas = Nas()
    packets = [ip("192.0.2.7", "203.0.113.1", b"%d" % i) for i in range(20)]
    start = nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7")
    stop = nas.account(STOP, user="alice@isp", sid="1")
    steps = [start, *packets[1:15], stop, *packets[16:]]
    mid = {"start": "2026-01-01T00:00:05Z", "end": "2026-01-01T00:00:10Z"}
    run = Run(alice(**mid), at(*steps))
    same((run.cc(), run.iri()[0]), (packets[5:10], [(ACTIVE, 5), (END_ACTIVE, 10)]),
         "a warrant in mid-session begins at once, and ends with the session active")
    streams.append(run)
    run = Run(alice(**mid | {"start": '"2026-01-01T00:00:04.5Z"'}), at(*steps))
    same((run.cc(), run.iri()[0]), (packets[5:10], [(ACTIVE, 4.5), (END_ACTIVE, 10)]),
         "its start need not be a packet's time")
    run = Run(alice(**mid | {"deliver": "iri-only"}), at(*steps))
    same((run.cc(), len(run.iri()[0]), run.summary["warrants"][0]["refused"]["iri_only"]),
         ([], 2, 5), "iri-only")
    run = Run(alice(**mid | {"deliver": "cc-only"}), at(*steps))
    same((run.cc(), run.iri()[0]), (packets[5:10], []), "cc-only")
    run = Run(alice(start="2026-01-01T00:00:17Z"), at(*steps))
    same((run.cc(), run.iri()[0]), ([], []), "a session that is over is not intercepted")


def carriers():
    nas = Nas()
    packet = ip("192.0.2.7", "203.0.113.1")
    fill = [("fill", "x" * 250)] * 6
    import radius_packets
    start = udp("10.0.0.20", "10.0.0.10", 30000, 1813, radius_packets.packet(
        4, 1, bytes(range(16)), [("user", "alice@isp"), ("nas", "10.0.0.20"), ("status", START),
                                 ("sid", "1"), *fill, ("ip", "192.0.2.7")]))
    parts = fragments(start, (800, 1200), 77)
    run = Run(alice(), at(packet, *parts, packet))
    same(run.cc(), [packet], "RADIUS in three fragments is put together")
    run = Run(alice(), at(packet, parts[2], parts[0], parts[1], packet))
    same(run.cc(), [packet], "in any order")
    run = Run(alice(), at(packet, parts[0], parts[1], packet))
    same(run.cc(), [], "but not without all of them")
    short = nas.account(START, user="alice@isp", sid="1", ip="192.0.2.7")
    frames = [ether(0x800, short, [(0x88A8, 5), (0x8100, 6)]),
              ether(0x800, ipv4("10.9.9.1", "10.9.9.2", packet, 4))]
    run = Run(alice(), at(*frames), link=1)
    same(run.cc(), [packet], "RADIUS in VLANs, the session's packet in a tunnel")
    run = Run(alice(), at(ipv4("10.9.9.1", "10.9.9.2", short, 4), packet))
    same(run.cc(), [packet], "RADIUS in a tunnel")
    run = Run(orders([{"targets": [("10.0.0.20", 5), 'radius_user: "alice@isp"']}], extra=SERVER),
              at(short, packet))
    same(run.cc(), [short, packet], "a NAS that is itself a target is both")
    run = Run(orders([{"targets": [("192.0.2.0/24", 5), 'radius_user: "alice@isp"']}],
                     extra=SERVER), at(packet, short, packet, nas.account(
                         STOP, user="alice@isp", sid="1"), packet))
    same([r.cin == 5 for r in read_records(run.path("hi3"))], [True, False, True],
         "a session's address is longer than the prefix around it, as long as it lasts")


def exact_sets():
    for seed, n_steps, size in ((1, 3000, 60), (2, 600, 3000), (3, 3000, 400)):
        world = World(seed, n_steps, size, T0)
        text = orders([{"liid": u.split("@")[0], "targets": [f'radius_user: "{u}"']}
                       for u in world.users], extra=SERVER)
        octets = None
        for words in (("-t", "1"), ("-t", "1", "--block-size", "4k"),
                      ("-t", "4", "--block-size", "4k"), ("-t", "3", "--block-size", "16k"),
                      ("-t", "2")):
            run = Run(text, world.packets, *words)
            if octets is None:
                octets = run.octets()
                wrong = [u for u in world.users if run.cc(u.split("@")[0]) != world.wanted[u]]
                n = sum(len(x) for x in world.wanted.values())
                ok(not wrong and n > 50, f"world {seed}, {' '.join(words)}: the {n} packets of each "
                   f"user's sessions, no other", [f"wrong: {wrong} {run.stderr}"])
                ok(run.is_numbered(), "numbered")
            ok(run.octets() == octets, f"world {seed}, {' '.join(words)}: octet by octet the same", [run.stderr])
        if seed == 2:
            streams.append(run)


def no_fault(paths, what, key=None):
    """One call of the independent decoder for many streams."""
    done = verifier.decode(shared(), paths, "--strict", "--quiet", *(["--key", key] if key else []))
    ok(done.returncode == 0 and b" PDUs, " in done.stderr and all(os.path.getsize(p) for p in paths),
       f"an independent decoder finds no fault in {what}", [done.stdout[:2000].decode(), done.stderr[:500].decode()])


def is_verified():
    """With sanitizers it is our program that is looked at."""
    return not os.environ.get("WEIR_NO_ORACLE") and shared() and verifier.is_there(shared())


def verified():
    """In one call, which takes one LIID for one warrant: so each run's gets a number of its own."""
    if not is_verified():
        skip("an independent decoder finds no fault", "no shared folder, or no Erlang, or not asked")
        return
    paths = []
    for n, run in enumerate(streams):
        for name in ("hi2", "hi3"):
            with open(run.path(name), "rb") as f:
                octets = f.read().replace(b"LIID0001", b"LIID%04d" % (n + 1))
            if octets:
                paths.append(os.path.join(work, f"{name}-{n}.ber"))
                with open(paths[-1], "wb") as f:
                    f.write(octets)
    no_fault(paths, f"the streams of {len(streams)} runs")


def forms_of_records():
    """Agencies that want encryption, GeneralizedTime, older versions or names of their own."""
    nas = Nas()
    steps = at(nas.ask(REQUEST, user="alice@isp", sid="1"), nas.answer(ACCEPT, ip="192.0.2.7"),
               *[ip("192.0.2.7", "203.0.113.1", bytes(i * 7)) for i in range(50)],
               nas.account(STOP, user="alice@isp", sid="1", calling="0211234567", nasid="bras-1",
                           portid="ge-0/0", port=7, called="0800", ip6="2001:db8::1",
                           **{"in": 1, "ingiga": 3, "out": 2}))
    keys = ["%048x" % 99, "%064x" % 77]
    rows = [("aes192", f'encryption: aes-192-cbc, encryption_key: "0x{keys[0]}"', keys[0]),
            ("aes256", f'encryption: aes-256-cbc, encryption_key: "0x{keys[1]}"', keys[1]),
            ("old", "header_version: 15, time_format: generalized, operator_id: OTHER", None),
            ("v32", "header_version: 32, interception_point: akl-pop", None),
            ("hashed", "integrity: sha-256, integrity_count: 7", None),
            ("slow", "integrity: sha-1, integrity_count: 10000, integrity_time: 3s", None),
            ("both", "integrity: sha-512, integrity_count: 10, encryption: aes-256-cbc, "
                     f'encryption_key: "0x{keys[1]}"', keys[1])]
    pem, signing = os.path.join(work, "key.pem"), []
    if shutil.which("openssl"):
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True)
        rows.append(("signed", "integrity: sha-256, integrity_count: 5, sign_count: 3", None))
        signing = ["--signing-key", pem]
    liid_of = {row[0]: f"LIID{n:04d}" for n, row in enumerate(rows)}
    run = Run(orders([{"agency": name, "liid": liid_of[name], "targets": ['radius_user: "alice@isp"']}
                      for name, _, _ in rows], agencies=[r[:2] for r in rows], extra=SERVER), steps,
              *signing)
    paths = {}
    for name, _, key in rows:
        for interface in ("hi2", "hi3"):
            path = run.path(interface, name)
            paths.setdefault(key, []).append(path)
            with open(path, "rb") as f:
                octets = f.read()
            bare = (key and b"alice@isp" in octets) or (
                name in ("hashed", "slow", "both") and octets.count(liid_of[name].encode()) <
                {"hashed": 50 + 8, "slow": 50 + 17, "both": 50 + 6}[name] * (interface == "hi3"))
            ok(len(octets) > 100 and not bare, f"{interface} for {name} is as it wants it")
    for key, some in paths.items():
        if is_verified():
            no_fault(some, f"the {len(some)} streams {'under one key' if key else 'without a key'}", key)
        else:
            skip("agencies' own forms of records", "no shared folder, or no Erlang, or not asked")


vigils()
flags()
places()
one_session()
forms_of_records()
identities()
several()
terms()
carriers()
exact_sets()
verified()
shutil.rmtree(work)
end()
