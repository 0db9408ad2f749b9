"""tshark's dissectors on many captures for the price of one start: sharkd, which comes with tshark.

    with Sharkd({"ip.defragment": "FALSE"}) as shark:
        rows = shark.rows(path, ["frame.protocols", "ip.src"])    # a list of cells for each frame
        tree = shark.tree(3)                                      # of the capture asked for last
"""
import functools
import json
import queue
import shutil
import subprocess


# Tables of names and colours, which it reads anew for each capture; most of its time would go there. In a
# mount namespace of its own, where one may be had, they are empty.
TABLES = "manuf wka services enterprises.tsv colorfilters"
IN_VAIN = f"""for table in {TABLES}; do mount --bind /dev/null /usr/share/wireshark/$table; done 2>/dev/null
exec "$@\""""


def is_there():
    return shutil.which("sharkd") is not None


@functools.lru_cache(maxsize=None)
def is_apart():
    try:
        return subprocess.run(["unshare", "--mount", "sh", "-c", "exit 0"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def lightly(*words):
    """The words of a command that calls tshark or its like without those tables."""
    return ["unshare", "--mount", "sh", "-c", IN_VAIN, "sh", *words] if is_apart() else list(words)


class Sharkd:
    def __init__(self, options):
        self.options = options

    def __enter__(self):
        self.n = 0
        self.process = subprocess.Popen(lightly("sharkd", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        for name, value in self.options.items():
            self.ask("setconf", name=name, value=value)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, method, **params):
        """The result, None where it is refused. A load that fails says nothing, so a question follows each."""
        self.n += 2
        lines = [{"jsonrpc": "2.0", "id": self.n, "method": method, "params": params},
                 {"jsonrpc": "2.0", "id": self.n + 1, "method": "status"}]
        self.process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        self.process.stdin.flush()
        result = None
        for line in self.process.stdout:
            if not line.startswith(b"{"):
                continue
            answer = json.loads(line.decode(errors="replace"))
            if answer["id"] == self.n + 1:
                return result
            result = answer.get("result")
        raise RuntimeError(f"sharkd ended: {self.process.wait()}")

    def rows(self, path, fields):
        """For each frame, the fields' cells: every occurrence, with commas between; [] of what it cannot read."""
        if self.ask("load", file=str(path)) is None:
            return []
        columns = {f"column{i}": field + ":0" for i, field in enumerate(fields)}
        return [frame["c"] for frame in self.ask("frames", **columns) or []]

    def tree(self, number):
        """The layers of a frame, outermost first: (name, offset, {field: value})."""
        layers = []
        for node in self.ask("frame", frame=number, proto=True)["tree"]:
            if node.get("t") == "proto":
                fields = [inner["f"].split(" == ", 1) for inner in node.get("n", []) if " == " in inner.get("f", "")]
                layers.append((node.get("f"), node.get("h", [0])[0], dict(fields)))
        return layers


class Sharkds:
    """Some of them, to work side by side."""

    def __init__(self, n, options):
        self.idle = queue.Queue()
        self.all = [Sharkd(options) for _ in range(n)]

    def __enter__(self):
        for shark in self.all:
            self.idle.put(shark.__enter__())
        return self

    def __exit__(self, *_):
        for shark in self.all:
            shark.__exit__()

    def lend(self, work, *args):
        """work(shark, *args) with one that is idle."""
        shark = self.idle.get()
        try:
            return work(shark, *args)
        finally:
            self.idle.put(shark)
