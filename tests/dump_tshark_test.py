#!/usr/bin/env python3
"""Holds what weir finds in real captures against what tshark finds: the chain of protocols of
each packet, and the addresses of all its IP headers, quoted and tunnelled ones included.

usage: dump_tshark_test.py SERVER [CAPTURE...]    (SERVER: the built weir-server; without captures: those of
the shared folder's access)

Where the shared folder or tshark is absent the tests are skipped by name."""
import json
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import sharkd
from tap import captures, end, ok, shared, skip
from weir_server import Servers

# tshark's name -> ours; what is not here is not compared
NAMES = {
    'eth': 'eth', 'vlan': 'vlan', 'ieee8021ad': 'vlan', 'mpls': 'mpls', 'pppoes': 'pppoe',
    'pppoed': 'pppoe', 'ppp': 'ppp', 'llc': 'llc', 'sll': 'sll', 'null': 'null',
    'radiotap': 'radiotap', 'wlan': 'wlan', 'arp': 'arp', 'ip': 'ip', 'ipv6': 'ip6',
    'ipv6.fraghdr': 'frag', 'ah': 'ah', 'esp': 'esp', 'tcp': 'tcp', 'udp': 'udp',
    'udplite': 'udplite', 'icmp': 'icmp', 'icmpv6': 'icmp6', 'sctp': 'sctp', 'gre': 'gre',
    'erspan': 'erspan', 'vxlan': 'vxlan', 'geneve': 'geneve', 'l2tp': 'l2tp', 'gtp': 'gtpu',
}
OURS = set(NAMES.values())

# Captures in which one of the two goes further, and why; there one must begin like the other.
KNOWN = {
    'tcpdump__arista_ether.pcap': "a vendor's time stamp before the payload",
    'tcpdump__bigtcp-ipv6-vxlan-ipv4.pcap': 'tshark ends at a UDP length of 0',
    'tcpdump__wccp_redirect_gre.pcap': 'GRE of WCCP is not decoded',
    'wswiki__3gpp2a10.cap': 'GRE of 3GPP2 is not decoded',
    'wswiki__6lowpan-rfrag-icmpv6.pcapng': 'IEEE 802.15.4 is carried, not decoded',
    'zeek__gre-aruba-amsdu.pcap': "GRE of a vendor's wireless is not decoded",
    'zeek__ipv6-mobility-dst-opts.pcap': 'tshark ends at one broken option, and takes another for whole',
    'zeek__vntag_vlan_sandwich_clean.pcap': 'VN-Tag is not decoded',
}

# What tshark takes apart and we do not: from here on it is not followed.
DEEPER = {'teredo', 'lisp', 'lisp-data', 'capwap', 'udpencap', 'cmd', 'grebonding'}

OPTIONS = {'ip.defragment': 'FALSE', 'ipv6.defragment': 'FALSE', 'tcp.desegment_tcp_streams': 'FALSE',
           'esp.enable_null_encryption_decode_heuristic': 'FALSE', 'esp.enable_encryption_decode': 'FALSE',
           'ip.check_checksum': 'TRUE', 'tcp.check_checksum': 'TRUE', 'udp.check_checksum': 'TRUE',
           'sctp.checksum': 'TRUE'}
# tshark's field -> our layer
SUMS = {'ip.checksum.status': 'ip', 'tcp.checksum.status': 'tcp', 'udp.checksum.status': 'udp',
        'icmp.checksum.status': 'icmp', 'icmpv6.checksum.status': 'icmp6',
        'sctp.checksum.status': 'sctp'}
VERDICTS = {'Bad': 'bad', 'Good': 'good', 'Unverified': 'unknown', 'Not present': 'none'}
FIELDS = ['frame.protocols', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', *SUMS]
AT_ONCE = 20
N_SHARKS = 2


def theirs(shark, path):
    packets = []
    for cells in shark.rows(path, FIELDS):
        chain, is_whole = [], True
        for name in cells[0].split(':'):
            if name in DEEPER:
                is_whole = False
                break
            if name in NAMES:
                chain.append(NAMES[name])
        packets.append((chain, is_whole, [c.split(',') if c else [] for c in cells[1:5]],
                        [[VERDICTS[v] for v in c.split(',')] if c else [] for c in cells[5:]]))
    return packets


def ours(said):
    packets = []
    for line in said.out.splitlines():
        packet = json.loads(line)
        layers = packet['layers']
        ends = [[l[end] for l in layers if l['layer'] == name] for name in ('ip', 'ip6')
                for end in ('src', 'dst')]
        chain = []
        for layer in (l['layer'] for l in layers):
            # tshark shows a whole stack of labels as one
            if layer in OURS and not (layer == 'mpls' and chain and chain[-1] == 'mpls'):
                chain.append(layer)
        sums = [[l['checksum_verdict'] for l in layers
                 if l['layer'] == name and 'checksum_verdict' in l] for name in SUMS.values()]
        packets.append((chain, packet['stop'], ends, sums))
    return packets


def begins_alike(a, b):
    return all(x == y for x, y in zip(a, b))


def is_alike(our, their, is_known):
    chain, stop, ends, _ = our
    their_chain, is_whole, their_ends, _ = their
    if not is_whole or is_known:
        return begins_alike(chain, their_chain)
    if stop in ('cut', 'bad', 'deep'):  # tshark also names a header that it cannot show
        return len(chain) <= len(their_chain) and begins_alike(chain, their_chain) and all(
            len(a) <= len(b) and begins_alike(a, b) for a, b in zip(ends, their_ends))
    return chain == their_chain and ends == their_ends


def is_judged_alike(our, their):
    """Good and bad checksums are so for both; what one cannot tell, the other may."""
    return not any({a, b} == {'good', 'bad'} for ours_, theirs_ in zip(our[3], their[3])
                   if len(ours_) == len(theirs_) for a, b in zip(ours_, theirs_))


def compare(path, our, their):
    name = path.name
    known = KNOWN.get(name)
    bad = [f'packet {i + 1}: {a} but tshark {b}' for i, (a, b) in enumerate(zip(our, their))
           if not is_alike(a, b, known) or not (known or is_judged_alike(a, b))]
    ok(len(our) == len(their) and not bad,
       f'{name}: {len(our)} of {len(their)} packets, {len(bad)} differ' +
       (f' ({known})' if known else ''), bad[:5])


def main():
    server, given = sys.argv[1], [pathlib.Path(p) for p in sys.argv[2:]]
    root = shared()
    what = 'protocols, addresses and checksums as tshark has them'
    if not sharkd.is_there():
        skip(what, 'tshark is absent')
    elif not given and not root:
        skip(what, 'the shared folder is absent')
    else:
        paths = given or captures(root, 'access')
        groups = [[['dump', '--json', '-q', str(p)] for p in paths[i:i + AT_ONCE]]
                  for i in range(0, len(paths), AT_ONCE)]
        with ThreadPoolExecutor(N_SHARKS) as pool, Servers(server) as servers, \
                sharkd.Sharkds(N_SHARKS, OPTIONS) as sharks:
            found = pool.map(lambda p: sharks.lend(theirs, p), paths)
            dumped = (said for group in servers.map(groups) for said in group)
            for path, their, said in zip(paths, found, dumped):
                compare(path, ours(said), their)
    end()


main()
