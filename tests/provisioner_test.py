#!/usr/bin/env python3
"""weir-provisioner as a whole: its REST API over plain HTTP and over TLS, restarts, kills, bad files, and a
collector that speaks the link by hand.

    provisioner_test.py WEIR-PROVISIONER WEIR
"""
import hashlib
import http.client
import json
import pathlib
import re
import signal
import socket
import ssl
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from tap import daemon_log, end, ok

program, weir = sys.argv[1:]
PATIENCE_S = 60  # what 2,000 warrants may take on a slow machine, with sanitizers
KEY_HEX = "0x000102030405060708090a0b0c0d0e0f1011121314151617"


def agency(name, **more):
    return {"id": name, "country": "NZ", "hi2": "192.0.2.1:4002", "hi3": "192.0.2.1:4003", **more}


def warrant(liid, **more):
    return {"reference": "W-1", "authority": "a court", "agency": "police", "liid": liid,
            "authorization_country": "NZ", "start": "2026-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z",
            "targets": [{"prefix": "192.0.2.7", "cin": 1}], **more}


class Provisioner:
    def __init__(self, folder, **more):
        self.folder = pathlib.Path(folder)
        self.conf = {"name": "p1", "transport": "plain", "rest_transport": "plain", "listen": "127.0.0.1:0",
                     "rest_listen": "127.0.0.1:0", "store": self.folder / "p.db",
                     "first_key": self.folder / "first", **more}
        self.tls = None
        self.log = self.folder / "log"
        self.daemon = None
        self.write()

    def write(self):
        (self.folder / "p.yaml").write_text("".join(f'{k}: "{v}"\n' for k, v in self.conf.items()))

    def start(self):
        at = self.log.stat().st_size if self.log.exists() else 0
        with daemon_log(self.log) as log:
            self.daemon = subprocess.Popen([program, "--config", self.folder / "p.yaml"], stderr=log,
                                           stdout=subprocess.PIPE)
        for _ in range(1000):
            said = self.log.read_bytes()[at:].decode()
            found = re.search(r"(https?)://([\d.]+):(\d+)/api/v1", said)
            if found:
                self.url = found.group()
                self.port = int(re.search(r"awaited at [\d.]+:(\d+)", said)[1])
                break
            if self.daemon.poll() is not None:
                break
            time.sleep(0.01)
        if (self.folder / "first").exists():
            self.key = (self.folder / "first").read_text().strip()
        return self

    def stop(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        self.daemon.stdout.close()
        return self.daemon.wait(PATIENCE_S)

    def ask(self, method, path, body=None, key=None, **headers):
        """Status, headers, and the body's JSON."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        key = self.key if key is None else key
        if key:
            headers.setdefault("X-API-Key", key)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S, context=self.tls) as answer:
                status, heads, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refusal:
            status, heads, text = refusal.code, refusal.headers, refusal.read()
        return status, heads, json.loads(text) if text else None

    def everything(self):
        return {path: self.ask("GET", path)[2] for path in
                ("/operator", "/settings", "/agencies", "/warrants", "/core-servers", "/mediators", "/collectors",
                 "/keys", "/audit", "/orders")}


def is_refused(answer, status, field, word=""):
    error = (answer[2] or {}).get("error", {})
    return answer[0] == status and error.get("field") == field and word in error.get("reason", "")


def test_items(p):
    ok(stat.S_IMODE((p.folder / "first").stat().st_mode) == 0o600, "the first key's file is its owner's alone")
    ok(p.ask("GET", "/status", key="")[0] == 401, "without a key nothing is told")
    ok(p.ask("GET", "/status", key="", Authorization=f"Bearer {p.key}")[0] == 200, "with one, as a bearer's, it is")
    ok(p.ask("PUT", "/operator", {"id": "op"})[0] == 201, "the operator is set")
    status, heads, body = p.ask("POST", "/agencies", agency("police", encryption="aes-192-cbc", encryption_key=KEY_HEX))
    ok(status == 201 and heads["Location"] == "/api/v1/agencies/police" and body["encryption_key"] == "(secret)",
       "an agency is added; its key is not shown", [status, body])
    ok(p.ask("POST", "/warrants", warrant("L1"))[0] == 201, "a warrant is added")
    ok(is_refused(p.ask("POST", "/warrants", warrant("L2", targets=[{"prefix": "10.0.0.0/33", "cin": 1}])), 422,
                  "targets[0].prefix", "10.0.0.0/33"), "a wrong prefix is refused, with its field and the reason")
    ok(is_refused(p.ask("POST", "/warrants", warrant("L2", agency="nobody")), 422, "agency", "nobody"),
       "so is an agency that is not there")
    ok(is_refused(p.ask("POST", "/warrants", warrant("L2", end="2025-01-01T00:00:00Z")), 422, "end", "after"),
       "and an end before the start")
    ok(p.ask("DELETE", "/agencies/police")[0] == 409, "an agency in use stays")
    ok(p.ask("POST", "/warrants", b"{]")[0] == 400, "what is no JSON is refused")
    ok(p.ask("POST", "/warrants", b"a=b", Content_Type="text/plain")[0] == 415, "what does not claim to be, too")
    ok(p.ask("POST", "/agencies", b" " * (1 << 20) + b"{}")[0] == 413, "a body has a bound")
    ok(p.ask("PATCH", "/agencies/police", {})[0] == 405, "a method must be known")
    for path, body in (("/core-servers", {"kind": "radius", "address": "10.0.0.10", "ports": "1812-1813"}),
                       ("/mediators", {"name": "m1", "address": "192.0.2.1:7000"}), ("/collectors", {"name": "c1"})):
        status, heads, body = p.ask("POST", path, body)
        where = heads["Location"] or "/"
        ok(status == 201 and p.ask("GET", where.removeprefix("/api/v1"))[2] == body, f"{path[1:]}: one is at {where}")
    etag = p.ask("GET", "/agencies/police")[1]["ETag"]
    ok(p.ask("GET", "/agencies/police", If_None_Match=etag)[0] == 304, "what has not changed is not sent again")
    status, heads, _ = p.ask("PUT", "/agencies/police", agency("police", encryption="aes-192-cbc",
                                                               encryption_key="(secret)", retry="5s"), If_Match=etag)
    ok(status == 200 and heads["ETag"] != etag, "a change under the right revision")
    ok(p.ask("PUT", "/agencies/police", agency("police"), If_Match=etag)[0] == 412, "none under an old one")
    ok(p.ask("DELETE", "/warrants/police/L1", If_Match=etag)[0] == 412, "and no removal")


def test_roles(p):
    keys = {role: p.ask("POST", "/keys", {"name": role, "role": role})[2]["key"] for role in ("operator", "auditor")}
    ok(p.ask("POST", "/warrants", warrant("L3"), keys["operator"])[0] == 201, "an operator puts warrants in")
    ok(p.ask("POST", "/collectors", {"name": "c9"}, keys["operator"])[0] == 403, "but registers no collectors")
    ok(p.ask("GET", "/warrants", key=keys["auditor"])[0] == 200 and p.ask("GET", "/audit", key=keys["auditor"])[0] == 200,
       "an auditor reads all")
    ok(p.ask("DELETE", "/warrants/police/L3", key=keys["auditor"])[0] == 403, "and changes nothing")
    entries = p.ask("GET", "/audit", key=keys["auditor"])[2]["entries"]
    last = entries[-1]
    ok((last["who"], last["role"], last["what"], last["key"], last["address"]) ==
       ("operator", "operator", "put", "police/L3", "127.0.0.1"), "the audit log names who did what, from where", [last])
    chain = "0" * 64
    for e in entries:
        texts = b"".join(struct.pack(">I", len(e[n].encode())) + e[n].encode()
                         for n in ("who", "role", "address", "what", "kind", "key", "before", "after"))
        day, fraction = e["time"].rstrip("Z").split(".")
        ns = int(time.mktime(time.strptime(day + "UTC", "%Y-%m-%dT%H:%M:%S%Z")) - time.timezone) * 10**9 + int(fraction)
        chain = hashlib.sha256(chain.encode() + struct.pack(">QQ", e["number"], ns) + texts).hexdigest()
        if chain != e["hash"]:
            break
    ok(chain == entries[-1]["hash"], f"its {len(entries)} entries are a chain of hashes, as another program counts them")
    ok(p.ask("DELETE", "/keys/operator")[0] == 204 and p.ask("GET", "/status", key=keys["operator"])[0] == 401,
       "a key that is removed is none")
    ok(p.ask("DELETE", "/keys/first")[0] == 409, "the last admin stays")


class Collector:
    """The link, as docs and frame.h tell it: u32 length, u8 type, body."""

    def __init__(self, port, name, role="collector", version=1):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.send(1, {"role": role, "name": name, "version": version, "software": "by hand"})

    def send(self, kind, body):
        body = json.dumps(body).encode()
        self.socket.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def read(self, n):
        got = b""
        while len(got) < n:
            piece = self.socket.recv(n - len(got))
            if not piece:
                return None
            got += piece
        return got

    def next(self):
        """Type and body of the next frame that is no ping; None at the end."""
        while True:
            head = self.read(5)
            if not head:
                return None, None
            length, kind = struct.unpack(">IB", head)
            body = self.read(length - 1)
            if kind not in (5, 6):
                return kind, body


def test_link(p):
    kind, body = Collector(p.port, "stranger").next()
    ok(kind == 7 and b"stranger" in body, "a collector that is not registered is refused, with the reason", [kind, body])
    kind, body = Collector(p.port, "c1", role="agency").next()
    ok(kind == 7, "so is one of another role", [kind, body])
    kind, body = Collector(p.port, "c1", version=9).next()
    ok(kind == 7 and b"version" in body, "and one of another version", [kind, body])
    ok("stranger" in p.log.read_text(), "the log says so")
    c = Collector(p.port, "c1")
    ok(c.next()[0] == 1, "one that is registered is greeted")
    kind, body = c.next()
    message = json.loads(body)
    ok(kind == 2 and message["type"] == "orders" and len(message["orders"]["warrants"]) == 2, "and gets its orders")
    raw = re.search(rb'"orders":(\{.*\}),"digest":"(\w+)"\}$', body)
    ok(raw and hashlib.sha256(raw[1]).hexdigest() == raw[2].decode(), "whose digest is SHA-256 of their octets")
    ok(message["orders"]["agencies"][0]["encryption_key"] == KEY_HEX and b"court" not in body and b"hi2" not in body,
       "it is told the key, which it needs, but no authority and no agency's address")
    c.send(2, {"type": "have", "digest": message["digest"]})
    c.send(2, {"type": "status", "packets": 12})

    def mine():
        return next(d for d in p.ask("GET", "/status")[2]["daemons"] if d["name"] == "c1")

    for _ in range(1000):
        if mine()["agreed"] and "status" in mine():
            break
        time.sleep(0.01)
    ok(mine()["connected"] and mine()["agreed"] and mine()["status"]["packets"] == 12, "the status shows that both agree",
       [mine()])
    before = time.monotonic()
    ok(p.ask("POST", "/warrants", warrant("L4"))[0] == 201, "a warrant is put in")
    message = json.loads(c.next()[1])
    ok(message["type"] == "change" and [w["liid"] for w in message["put"]["warrants"]] == ["L4"] and
       "agencies" not in message["put"], "the collector is told of it alone, at once")
    ok(time.monotonic() - before < 5, "before the link says anything by itself")
    ok(not mine()["agreed"], "until it says that it has it, both do not agree")
    c.send(2, {"type": "have", "digest": message["digest"]})
    p.ask("DELETE", "/warrants/police/L4")
    message = json.loads(c.next()[1])
    ok(message["remove"] == {"warrants": ["police/L4"]}, "and told when it is gone")
    c.send(2, {"type": "have", "digest": message["digest"]})
    p.ask("DELETE", "/collectors/c1")
    kind, body = c.next()
    ok(kind == 7, "it is sent away when it is registered no more", [kind, body])


def test_restart(p):
    before = p.everything()
    ok(p.stop() == 0, "SIGTERM ends it in good order")
    p.start()
    after = p.everything()
    ok(before == after, "after a restart everything is as it was",
       [f"{path}: {before[path]} {after[path]}" for path in before if before[path] != after[path]])
    text = b"".join(f.read_bytes() for f in p.folder.glob("p.db*") if f.name != "p.db.key")
    ok(b"000102030405" not in text and p.key.split(".")[1].encode() not in text, "no secret is in the store as it is")
    ok(all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in p.folder.glob("p.db*")), "its files are its owner's alone")


def test_kill(p):
    """What was answered with 2xx is there after a kill -9."""
    answered = []

    def put_all():
        try:
            for i in range(100000):
                if p.ask("PUT", f"/warrants/police/K{i}", warrant(f"K{i}"))[0] == 201:
                    answered.append(f"K{i}")
        except (OSError, http.client.HTTPException):
            return

    putting = threading.Thread(target=put_all)
    putting.start()
    while len(answered) < 40 and putting.is_alive():
        time.sleep(0.005)
    p.stop(signal.SIGKILL)
    putting.join(20)
    p.start()
    there = {w["liid"] for w in p.ask("GET", "/warrants?limit=100000")[2]["warrants"]}
    ok(len(answered) >= 40 and set(answered) <= there, f"killed, it has kept all {len(answered)} that it had answered",
       sorted(set(answered) - there)[:5])
    check = p.ask("GET", "/audit/check")[2]
    ok(check["is_whole"] and check["signed_from"] == 1 and "PUBLIC KEY" in check["key"],
       "and its audit log is whole, each entry signed", [check])


def test_wrong_keys(p):
    seen = [p.ask("GET", "/status", key=f"first.{i:064x}") for i in range(12)]
    ok([s[0] for s in seen[:10]] == [401] * 10 and seen[-1][0] == 429 and int(seen[-1][1]["Retry-After"]) > 0,
       "who tries keys is slowed", [s[0] for s in seen])
    log = p.log.read_text()
    ok(p.key.split(".")[1] not in log and f"{3:064x}" not in log and "000102030405" not in log,
       "no key and no secret is in the log")


def test_first_start(folder):
    orders = folder / "orders.yaml"
    orders.write_text("operator: {id: imported}\nagencies:\n  - {id: a1, country: NZ, hi2: \"192.0.2.1:1\", "
                      "hi3: \"192.0.2.1:2\"}\nwarrants: []\n")
    p = Provisioner(folder, orders=orders, first_key="")
    del p.conf["first_key"]
    p.write()
    p.start()
    p.key = p.daemon.stdout.readline().decode().strip()
    ok(p.ask("GET", "/operator")[2]["id"] == "imported" and p.ask("GET", "/agencies/a1")[0] == 200,
       "orders that the configuration names are taken in at the first start; the first key is printed")
    ok(p.ask("PUT", "/operator", {"id": "changed"})[0] == 200, "they are changed")
    p.stop()
    p.start()
    ok(p.ask("GET", "/operator")[2]["id"] == "changed", "and not taken in again")
    text = b"operator: {id: yaml}\nagencies: []\nwarrants: []\n"
    ok(p.ask("PUT", "/orders", text, Content_Type="application/yaml")[0] == 200 and
       p.ask("GET", "/agencies")[2] == {"agencies": []}, "the whole is replaced by YAML")
    second = subprocess.run([program, "--config", folder / "p.yaml"], capture_output=True, text=True, check=False)
    ok(second.returncode == 1 and "another program" in second.stderr, "two programs do not share a store", [second.stderr])
    p.stop()
    with open(folder / "p.db", "r+b") as store:
        store.seek(4096)
        store.write(b"damaged!" * 2000)
    bad = subprocess.run([program, "--config", folder / "p.yaml"], capture_output=True, text=True, check=False)
    ok(bad.returncode == 1 and "damaged" in bad.stderr and "p.db" in bad.stderr, "a damaged store is told of", [bad.stderr])
    (folder / "p.yaml").write_text("name: p1\ntransport: plain\nrest_transport: plain\nstores: x\n")
    bad = subprocess.run([program, "--config", folder / "p.yaml", "--check"], capture_output=True, text=True, check=False)
    ok(bad.returncode == 2 and "p.yaml:4" in bad.stderr and "store" in bad.stderr, "so is an unknown key, by its line",
       [bad.stderr])


def test_tls(folder):
    made = subprocess.run([weir, "certs", folder / "tls", "provisioner:p1@127.0.0.1"], capture_output=True, text=True,
                          check=False)
    files = {kind: next((folder / "tls").glob(f"*{end}"), None) for kind, end in
             (("certificate", "p1.pem"), ("key", "p1.key"), ("authority", "authority.pem"))}
    if not ok(made.returncode == 0 and all(files.values()), "weir certs makes a provisioner's certificate",
              [made.stderr, *sorted((folder / "tls").glob("*"))]):
        return
    p = Provisioner(folder, transport="tls", rest_transport="tls", **files)
    p.tls = ssl.create_default_context(cafile=files["authority"])
    p.start()
    ok(p.url.startswith("https") and p.ask("GET", "/status")[0] == 200, "the API is reached over TLS, and its name is right")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = ssl.create_default_context(cafile=files["authority"])
        tls.minimum_version = tls.maximum_version = version
        port = int(re.search(r":(\d+)/", p.url)[1])
        try:
            with tls.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname="127.0.0.1") as s:
                said = s.version()
        except (ssl.SSLError, OSError):
            said = None
        wanted = "TLSv1.3" if version == ssl.TLSVersion.TLSv1_3 else None
        ok(said == wanted, f"{version.name} is {'spoken' if wanted else 'not'}", [said])
    body = {"warrants": [warrant(f"B{i}") for i in range(2000)], "operator": {"id": "op"}, "agencies": [agency("police")]}
    status, _, answer = p.ask("PUT", "/orders", body)
    ok(status == 200 and answer["put"] == 2003, "two thousand warrants at once", [status, answer])
    ok(len(p.ask("GET", "/warrants?limit=5000")[2]["warrants"]) == 2000, "are all there")
    p.stop()


with tempfile.TemporaryDirectory() as top:
    for number, test in enumerate((test_first_start, test_tls)):
        place = pathlib.Path(top, str(number))
        place.mkdir()
        test(place)
    place = pathlib.Path(top, "main")
    place.mkdir()
    provisioner = Provisioner(place).start()
    for test in (test_items, test_roles, test_link, test_restart, test_kill, test_wrong_keys):
        test(provisioner)
    provisioner.stop()
end()
