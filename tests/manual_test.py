#!/usr/bin/env python3
"""The manual tells of every tool and every option, in mdoc that mandoc finds nothing wrong with.

    manual_test.py WEIR FOLDER      FOLDER holds the built pages
"""
import pathlib
import re
import shutil
import subprocess
import sys

from tap import end, ok, skip

weir, folder = sys.argv[1], pathlib.Path(sys.argv[2])
OPTION = re.compile(r"^  (?:-\w, |    )(--[\w-]+)", re.M)


def said(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def shown(page):
    """The page as a reader sees it, without the backspaces of bold and underline."""
    return re.sub(r".\x08", "", said("mandoc", "-Tutf8", "-O", "width=200", str(page)))


if not shutil.which("mandoc"):
    skip("the manual tells of every tool and option", "mandoc is not installed")
    end()
tools = re.findall(r"^  ([a-z]\S*) ", said(weir, "help"), re.M)
ok(len(tools) > 3, "weir help lists tools", tools)
front = shown(folder / "weir.1")
for tool in tools:
    if tool in ("help", "completion"):
        ok(tool in front, f"weir(1) tells of weir {tool}")
        continue
    page = folder / f"weir-{tool}.1"
    ok(f"weir-{tool}(1)" in front, f"weir(1) names weir-{tool}(1)")
    if not ok(page.exists(), f"weir-{tool}(1) is there"):
        continue
    text = shown(page)
    named = set(re.findall(r"^ {5,}(?:-\w, )?(--[\w-]+)", text, re.M))
    wanted = set(OPTION.findall(said(weir, tool, "--help")))
    ok(named == wanted and wanted, f"weir-{tool}(1) has the options of weir {tool} --help, and no others",
       [f"only in the page: {sorted(named - wanted)}", f"only in --help: {sorted(wanted - named)}"])
for page in sorted(folder.glob("*.[1-9]")):
    lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(page)], capture_output=True, text=True, check=False)
    ok(lint.returncode == 0, f"mandoc finds nothing wrong with {page.name}", lint.stdout.splitlines()[:10])
said_bash = subprocess.run(["bash", "-n"], input=said(weir, "completion", "bash"), text=True, check=False)
ok(said_bash.returncode == 0, "bash takes the completion script")
for words in (["help"], ["--version"], ["completion"], ["stats", "--help"]):
    with open("/dev/full", "wb") as full:
        lost = subprocess.run([weir, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    ok(lost.returncode == 1 and "No space left" in lost.stderr, f"{' '.join(words)}: what cannot be written is told", [lost.stderr])
for words, named in ((["help", "nosuch"], "nosuch"), (["nosuch"], "nosuch"), (["completion", "tcsh"], "tcsh")):
    lost = subprocess.run([weir, *words], capture_output=True, text=True, check=False)
    ok(lost.returncode == 2 and not lost.stdout and f'"{named}"' in lost.stderr, f"{' '.join(words)}: is refused by its name", [lost.stderr])
lost = subprocess.run([weir, "rtstats", "-i", "5m", "-c", "10", "none.pcap"], capture_output=True, text=True, check=False)
ok(lost.returncode == 2 and "(-i)" in lost.stderr and "(-c)" in lost.stderr, "rtstats: an interval of both kinds is refused", [lost.stderr])
end()
