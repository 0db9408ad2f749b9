#!/usr/bin/env python3
"""weir dump as its users call it: numbers, filters, standard input, an early end, many workers.

usage: dump_test.py WEIR"""
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

from tap import end, ok

WEIR = sys.argv[1]
def udp(i):
    """A frame whose destination port says which it is."""
    payload = bytes(range(20))
    udp_header = struct.pack('!HHHH', 5000, i % 60000 + 1, 8 + len(payload), 0)
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 28 + len(payload), i & 0xffff, 0, 64, 17, 0,
                     bytes([192, 0, 2, i % 250]), bytes([198, 51, 100, 1]))
    return bytes(12) + b'\x08\x00' + ip + udp_header + payload


def record(i):
    frame = udp(i)
    return struct.pack('<IIII', 1000000000 + i // 1000, i % 1000, len(frame), len(frame)) + frame


def write_pcap(path, n):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        f.write(b''.join(record(i) for i in range(n)))


def dump(*args, **kwargs):
    return subprocess.run([WEIR, 'dump', *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, check=False, **kwargs)


def objects(output):
    return [json.loads(line) for line in output.splitlines()]


def counts_and_filters(path, n):
    out = dump('-j', path)
    all_ = objects(out.stdout)
    ok(out.returncode == 0 and [p['number'] for p in all_] == list(range(1, n + 1)),
       f'{n} packets are numbered in their order')
    ok([p['layers'][2]['dst_port'] for p in all_] == [i % 60000 + 1 for i in range(n)],
       '… and are those of the file')
    for threads in '1', '2', '5':
        ok(dump('-j', '-t', threads, '--block-size', '64k', path).stdout == out.stdout,
           f'{threads} workers say the same')
    ten = objects(dump('-j', '-c', '10', path).stdout)
    ok(ten == all_[:10], '-c 10 are the first ten')
    some = objects(dump('-j', '-f', 'udp dst port 7', '-f', 'udp dst port 9007', path).stdout)
    ok([p['number'] for p in some] == [7, 9007], 'a filter keeps the numbers of the file')
    one = objects(dump('-j', '-c', '1', '-f', 'udp dst port 9007', path).stdout)
    ok([p['number'] for p in one] == [9007], '-c counts what is shown')
    two = objects(dump('-j', '-c', str(n + 1), path, path).stdout)
    ok(len(two) == n + 1 and two[-1]['number'] == 1, '-c counts over captures, numbers do not')
    lines = dump('-b', '-c', '3', path).stdout.splitlines()
    ok(len(lines) == 3 and lines[2].startswith(b'3  2001-09-09T01:46:40.000002Z  62 bytes  '
                                               b'eth.ip.udp  192.0.2.2:5000 > 198.51.100.1:3'),
       'with -b a packet is a line')


def bytes_are_bounded(path):
    def hex_of(*args):
        return objects(dump('-j', '-x', '-c', '1', *args, path).stdout)[0]['layers'][-1].get('hex')

    ok(hex_of() == bytes(range(20)).hex(), '-x shows the payload')
    ok(hex_of('--hex-bytes', '5') == bytes(range(5)).hex(), '--hex-bytes bounds it')
    ok(hex_of('--hex-bytes', '0') == bytes(range(20)).hex(), '… and 0 does not')


def streams(path):
    with open(path, 'rb') as f:
        data = f.read()
    ok(dump('-', input=data).stdout == dump(path).stdout, 'standard input says the same')
    cut = dump('-j', '-', input=data[:-3])
    ok(cut.returncode == 1 and b'cut' in cut.stderr.lower() or b'ends' in cut.stderr,
       'a cut file is told of: ' + cut.stderr.decode().strip())
    ok(len(objects(cut.stdout)) == len(objects(dump('-j', path).stdout)) - 1,
       '… after all that precedes the cut')
    with subprocess.Popen([WEIR, 'dump', '-j', '-'], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        child.stdin.write(data[:24] + record(0))
        child.stdin.flush()
        start = time.monotonic()
        line = child.stdout.readline()
        ok(json.loads(line)['number'] == 1 and time.monotonic() - start < 1.5,
           'a pipe\'s first packet is out at once')
        child.send_signal(signal.SIGINT)
        ok(child.wait(timeout=20) == 0, 'Ctrl-C is a good end')


def gone_readers(path):
    with subprocess.Popen([WEIR, 'dump', path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as child:
        child.stdout.readline()
        child.stdout.close()
        said = child.stderr.read()
        status = child.wait(timeout=20)
    ok(status in (0, 1) and said == b'', 'a reader that leaves ends it in silence')
    with open('/dev/full', 'wb') as full:
        child = subprocess.run([WEIR, 'dump', path], stdout=full, stderr=subprocess.PIPE,
                               check=False)
    ok(child.returncode == 1 and b'No space left' in child.stderr, 'a full disk is told of')


def refusals(path):
    ok(dump('-f', 'no such filter', path).returncode == 1, 'a broken filter is refused')
    ok(dump('/nonexistent.pcap').returncode == 1, 'so is a file that is not there')
    ok(dump().returncode == 2, 'and no file at all')


def main():
    n = 20000
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'sample.pcap')
        write_pcap(path, n)
        counts_and_filters(path, n)
        bytes_are_bounded(path)
        streams(path)
        gone_readers(path)
        refusals(path)
    end()


main()
