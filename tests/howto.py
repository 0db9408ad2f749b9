#!/usr/bin/env python3
"""howto BUILD_DIR: docs/howto/parallel-capture.md does what it says. Its C listings are taken from
the page, and its console blocks are run, line by line, in an empty folder: `$ ` by anybody, `# `
(live capture) as root in a network namespace of its own. What they print must be what the page
shows. Then every program is run on a damaged file. Speaks TAP."""
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

top = pathlib.Path(__file__).resolve().parent.parent
PAGE = top / "docs/howto/parallel-capture.md"
SKELETON = top / "docs/howto/skeleton.c"
N_PINGS = 5
WAIT_S = 60
BLOCK_S = 0.5
count = failures = 0


def ok(is_ok, sentence, said=""):
    global count, failures
    count += 1
    failures += not is_ok
    print(f"{'' if is_ok else 'not '}ok {count} - {sentence}")
    for line in [] if is_ok else said.splitlines():
        print("#", line)


def skip(sentence):
    global count
    count += 1
    print(f"ok {count} - {sentence} # SKIP")


def listings(text):
    return {re.match(r"/\* (\w+\.c):", body).group(1): body
            for body in re.findall(r"^```c\n(.*?)^```$", text, re.S | re.M)}


def steps(text):
    """(prompt, command, what it shows), in the page's order."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        for prompt, command, shown in re.findall(r"^([$#]) (.*)\n((?:(?![$#] ).*\n)*)", block, re.M):
            yield prompt, command, shown


def environment(build):
    env = dict(os.environ)
    env["PKG_CONFIG_PATH"] = str(build / "meson-uninstalled")
    env["LD_LIBRARY_PATH"] = str(build / "src")
    return env


def run(command, folder, env):
    return subprocess.run(["sh", "-c", command], cwd=folder, env=env, capture_output=True, text=True,
                          timeout=WAIT_S)


def check_step(command, shown, folder, env):
    done = run(command, folder, env)
    ok(done.returncode == 0 and done.stdout == shown, command,
       f"exit status {done.returncode}, printed:\n{done.stdout}{done.stderr}shown:\n{shown}")


def sum16(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ping(number):
    """One echo request to 127.0.0.1, and its reply: what ping does."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(WAIT_S)
        head = struct.pack(">BBHHH", 8, 0, 0, 77, number)
        raw.sendto(head[:2] + struct.pack(">H", sum16(head)) + head[4:], ("127.0.0.1", 0))
        while raw.recv(100)[20] != 0:
            pass


def inside(command):
    """In the namespace: starts the program, pings, sends what Ctrl-C sends."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    program = subprocess.Popen(command.split(), stderr=subprocess.PIPE, text=True)
    program.stderr.readline()
    for number in range(N_PINGS):
        ping(number)
    time.sleep(BLOCK_S)  # the kernel hands a block over when it is full, or after some milliseconds
    program.send_signal(signal.SIGINT)
    return program.wait(WAIT_S)


def check_live(command, shown, folder, env):
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        skip(f"{command}: live capture needs root, unshare and ip")
        return
    probe = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        skip(f"{command}: no network namespace may be made here")
        return
    done = subprocess.run(["unshare", "-n", sys.executable, __file__, "--inside", command],
                          cwd=folder, env=env, capture_output=True, text=True, timeout=WAIT_S)
    ok(done.returncode == 0 and done.stdout == shown, command,
       f"exit status {done.returncode}, printed:\n{done.stdout}{done.stderr}shown:\n{shown}")


def check_skeleton(folder, env):
    shutil.copy(SKELETON, folder)
    done = run("cc -Wall -Wextra -Werror -o skeleton skeleton.c $(pkg-config --cflags --libs libweir)",
               folder, env)
    ok(done.returncode == 0, "skeleton.c compiles", done.stderr)
    outputs = [run(f"./skeleton sample.pcap {n}", folder, env) for n in (1, 2, 4)]
    lines = outputs[0].stdout.splitlines()
    total = sum(int(n) for line in lines for n in line.split()[2::2])
    ok(len(lines) == 6 and total == 6000, "it counts 6,000 packets in six seconds", outputs[0].stdout)
    ok(all(o.returncode == 0 and o.stdout == outputs[0].stdout for o in outputs),
       "and prints the same with one, two and four workers")


def check_damage(names, folder, env):
    """The sample cut in the middle of a record: what precedes is counted, and the end is no success."""
    sample = (folder / "sample.pcap").read_bytes()
    (folder / "cut.pcap").write_bytes(sample[:len(sample) // 2 + 7])
    for name in sorted(names):
        done = run(f"./{name} cut.pcap out.pcap", folder, env)
        ok(done.returncode == 1 and done.stderr, f"{name} on a cut file fails and says so",
           f"exit status {done.returncode}: {done.stdout}{done.stderr}")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    text = PAGE.read_text()
    env = environment(build)
    programs = listings(text)
    ok(len(programs) == 6, f"the page has six programs: {sorted(programs)}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copy(top / "tests/howto_sample.py", folder)
        for file, body in programs.items():
            (folder / file).write_text(body)
        for prompt, command, shown in steps(text):
            (check_step if prompt == "$" else check_live)(command, shown, folder, env)
        check_skeleton(folder, env)
        check_damage({file[:-2] for file in programs} - {"live"} | {"skeleton"}, folder, env)
    print(f"1..{count}")
    return failures > 0


sys.exit(inside(sys.argv[2]) if sys.argv[1] == "--inside" else main())
