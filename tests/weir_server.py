"""Runs weir many times for the price of one start: a server per worker, which forks for each group of
command lines (weir_server.c). A group's commands run in turn in one process, each with files of its own
for what it prints; what is left in memory at the end is the sanitizers' to judge.

    with Servers("build/tests/weir-server") as servers:
        said = servers.run([["stats", "a.pcap"], ["dump", "b.pcap"]])       # [Said, Said]
        for said in servers.map(groups): ...                                # in the groups' order
"""
import concurrent.futures
import os
import queue
import shutil
import subprocess
import tempfile

from tap import memory_folder

SECONDS = 60
MEGABYTES = 2048
N_SERVERS = 2


class Said:
    """How one command ended. status: its exit status, None where it did not come to its end; died: then what
    became of the process, else None; out and err: what it printed."""

    def __init__(self, status, died, out, err):
        self.status, self.died, self.out, self.err = status, died, out, err

    @property
    def errors(self):
        return self.err.decode(errors="replace")


def fate(status, kilobytes, megabytes):
    """What wait() said, in words; None for a good end."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == 14:
            return "still running after its time"
        if number == 9 and kilobytes > megabytes * 1024:
            return f"grown to {kilobytes // 1024} MB"
        return f"ended by signal {number}"
    if os.WEXITSTATUS(status):
        return f"exit {os.WEXITSTATUS(status)}"
    return f"grown to {kilobytes // 1024} MB" if kilobytes > megabytes * 1024 else None


class Servers:
    def __init__(self, program, seconds=SECONDS, megabytes=MEGABYTES, env=None):
        self.program, self.seconds, self.megabytes, self.env = os.path.abspath(program), seconds, megabytes, env
        self.idle = queue.Queue()
        self.all = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="weir-server-", dir=memory_folder())
        for i in range(N_SERVERS):
            self.start(os.path.join(self.folder, str(i)))
        return self

    def __exit__(self, *_):
        for process, _ in self.all:
            process.stdin.close()
            process.stdout.close()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, folder):
        os.mkdir(folder)
        process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env)
        self.all.append((process, folder))
        self.idle.put((process, folder))

    def map(self, groups):
        """Runs groups side by side; yields each one's [Said] in order."""
        with concurrent.futures.ThreadPoolExecutor(N_SERVERS) as pool:
            yield from pool.map(self.run, groups)

    def run(self, commands, keep_out=True):
        """One group: [Said], one for each command. The first that did not end has what became of it; those
        behind it did not run. What the process left behind at its end is told of the last command."""
        process, folder = self.idle.get()
        try:
            return self.ask(process, folder, commands, keep_out)
        finally:
            self.idle.put((process, folder))

    def ask(self, process, folder, commands, keep_out):
        files = []
        words = [f"group {len(commands)} {self.seconds} {self.megabytes}\n".encode()]
        for i, command in enumerate(commands):
            out = f"{folder}/{i}.out" if keep_out else "/dev/null"
            files.append((out, f"{folder}/{i}.err"))
            line = [*files[-1], "weir", *command]
            words.append(f"command {len(line)}\n".encode() + b"".join(os.fsencode(w) + b"\0" for w in line))
        process.stdin.write(b"".join(words))
        process.stdin.flush()
        statuses = []
        answer = process.stdout.readline().split()
        while answer and answer[0] == b"status":
            statuses.append(int(answer[1]))
            answer = process.stdout.readline().split()
        if not answer:
            raise RuntimeError(f"{self.program} ended: {process.wait()}")
        died = fate(int(answer[1]), int(answer[2]), self.megabytes)
        said = []
        for i, (out, err) in enumerate(files):
            has_run = i <= len(statuses)
            is_last = i == min(len(statuses), len(files) - 1)
            said.append(Said(statuses[i] if i < len(statuses) else None,
                             died if is_last else None if has_run else "not run",
                             read(out) if has_run and keep_out else b"", read(err) if has_run else b""))
        return said


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
