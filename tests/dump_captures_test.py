#!/usr/bin/env python3
"""Every capture of the shared folder through weir dump: whatever the bytes, it ends by itself,
with a reason where the file is damaged, and what it prints is clean.

usage: dump_captures_test.py WEIR

Skipped by name where the shared folder is absent."""
import json
import re
import subprocess
import sys

from tap import captures, end, ok, shared, skip

WEIR = sys.argv[1]
FOLDERS = ['access', 'email', 'formats', 'malformed', 'mirror', 'mobile', 'protoid', 'voip']
AT_ONCE = 50
UNCLEAN = re.compile(rb'[^\n -~]')

def is_json(output):
    try:
        return all(json.loads(line)['number'] for line in output.splitlines())
    except (ValueError, KeyError):
        return False


def fault(paths, form):
    """Why dumping these captures is not good; None where it is."""
    try:
        out = subprocess.run([WEIR, 'dump', '-q', *form, *paths], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return 'does not end'
    said = out.stderr.decode('utf-8', 'replace')
    if out.returncode not in (0, 1) or 'Sanitizer' in said or 'runtime error' in said:
        return f'status {out.returncode}: {said[:2000]}'
    if bool(out.returncode) != bool(said):
        return f'status {out.returncode}, but said: {said!r}'
    if UNCLEAN.search(out.stdout) if '-j' not in form else not is_json(out.stdout):
        return 'unclean output'
    return None


def sweep(folder, paths):
    for form in ['-j', '-x', '--hex-bytes', '40'], ['-x', '--hex-bytes', '200'], ['-b']:
        bad = []
        for i in range(0, len(paths), AT_ONCE):
            part = paths[i:i + AT_ONCE]
            if fault(part, form):
                bad += [f'{p}: {why}' for p in part for why in [fault([p], form)] if why]
        ok(not bad, f'{folder}: dump {" ".join(form)} of {len(paths)} captures', bad[:5])


def main():
    root = shared()
    if not root:
        skip('dump of every capture', 'the shared folder is absent')
        end()
    for folder in FOLDERS:
        sweep(folder, captures(root, folder))
    end()


main()
