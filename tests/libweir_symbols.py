#!/usr/bin/env python3
"""libweir_symbols LIBRARY: the shared library shows exactly what its map names, and each of those
is declared and documented in a public header. Speaks TAP."""
import pathlib
import re
import subprocess
import sys

top = pathlib.Path(__file__).resolve().parent.parent
count = failures = 0


def ok(is_ok, sentence):
    global count, failures
    count += 1
    failures += not is_ok
    print(f"{'' if is_ok else 'not '}ok {count} - {sentence}")


def mapped():
    text = re.sub(r"/\*.*?\*/", "", (top / "src/lib/libweir.map").read_text(), flags=re.S)
    version, names = re.match(r"\s*([\w.]+) \{\s*global:(.*?)local:\s*\*;", text, re.S).groups()
    return version, re.findall(r"\w+", names)


def shown(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return [line.split()[2] for line in lines if line.split()[1] != "A"]


def declared():
    """name -> whether a comment stands right before it, or before the lines that it is among."""
    found = {}
    for header in sorted((top / "include/weir").glob("*.h")):
        is_documented = False
        for paragraph in re.split(r"\n[ \t]*\n", header.read_text()):
            is_documented = False
            for part in re.findall(r"/\*.*?\*/|WEIR_API\b[^;]*;", paragraph, re.S):
                if part.startswith("/*"):
                    is_documented = True
                else:
                    found[re.search(r"\b(weir_\w+)\s*\(", part).group(1)] = is_documented
    return found


def main():
    version, names = mapped()
    symbols = shown(sys.argv[1])
    headers = declared()
    wanted = {f"{name}@@{version}" for name in names}
    ok(len(names) > 40 and names == sorted(set(names)), f"the map names {len(names)}, in order")
    ok(set(symbols) == wanted, f"the library shows these and no others: {sorted(set(symbols) ^ wanted)}")
    ok(set(headers) == set(names), f"all are declared: {sorted(set(headers) ^ set(names))}")
    bare = sorted(name for name, is_documented in headers.items() if not is_documented)
    ok(not bare, f"all are documented: {bare}")
    print(f"1..{count}")
    return failures > 0


sys.exit(main())
