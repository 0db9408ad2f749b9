#!/usr/bin/env python3
"""weir match: numbers, users and messages against orders.

    match_test.py WEIR
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from tap import end, ok

weir = sys.argv[1]
work = tempfile.TemporaryDirectory(prefix="weir-match-")
folder = pathlib.Path(work.name)
ORDERS = """operator: {id: X, country_code: "64", national_prefix: "0"%s}
core_servers: [{kind: sip, address: 10.0.0.20}]
agencies: [{id: police, country: NZ, hi2: "127.0.0.1:1", hi3: "127.0.0.1:2"}]
warrants:
  - {reference: r, authority: a, agency: police, liid: L1, authorization_country: NZ, start: 2026-01-01T00:00:00Z,
     end: 2027-01-01T00:00:00Z, targets: [{phone: "+6491234567"}, {sip_uri: "sip:alice@example.net"}]}
  - {reference: r, authority: a, agency: police, liid: L2, authorization_country: NZ, start: 2026-01-01T00:00:00Z,
     end: 2027-01-01T00:00:00Z, targets: [{phone: "+64912*"}, {sip_uri: "sip:*@example.org"}]}
"""
INVITE = ("INVITE sip:carol@example.net SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
          "From: \"A\" <sip:alice@example.net>;tag=1\r\nTo: <sip:09-1234567@x.example>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
          "Diversion: <sip:%62ob@example.org;x=1>;reason=busy\r\nP-Asserted-Identity: <mailto:a@b>\r\n\r\n")


def run(*words, more="", status=0):
    path = folder / "orders.yaml"
    path.write_text(ORDERS % more)
    done = subprocess.run([weir, "match", "--orders", path, *words], capture_output=True, text=True, check=False)
    if done.returncode != status:
        print("#", done.returncode, done.stdout, done.stderr)
    return done if done.returncode == status else subprocess.CompletedProcess([], 99, "{}", "")


def hits(*words, more=""):
    """What each line of JSON matches: warrant, rule, whether in the realm."""
    return [[(m["warrant"].split("/")[1], m["rule"], m["in_realm"]) for m in json.loads(line)["matches"]]
            for line in run("-j", *words, more=more).stdout.splitlines()]


NUMBER = [("L1", "is", False), ("L2", "begins with", False)]
forms = ["+6491234567", "0064 9 123 4567", "09-1234567", "tel:+64-9-1234567", "sip:006491234567@any.example;user=phone",
         "sip:+6491234567@[2001:db8::1]:5070", "sips:091234567@192.0.2.1"]
ok(hits(*forms) == [NUMBER] * len(forms), "every form of a number is that number", [hits(*forms)])
ok(hits("6491234567", "91234567", "1001", "+64 9 1134567") == [[]] * 4, "what may be another number matches nothing")
ok(hits("6491234567", more=", bare_country_code: true") == [NUMBER], "but digits may begin with the country code, if asked")
ok(hits("sip:091234567@a.example", "sip:091234567@b.example", more=", phone_realms: [a.example]") == [NUMBER, []],
   "digits of other realms are users, where realms are named")
ok(hits("01164 9 123 4567", "0064 9 123 4567", more=', international_prefixes: ["011"]') == [NUMBER, []],
   "international prefixes are the operator's")
ok(hits("sip:alice@EXAMPLE.net", "alice@example.net", "sip:alice@example.com", "alice", "sip:Alice@example.net")
   == [[("L1", "is", True)]] * 2 + [[]] * 3, "a user in her realm")
ok(hits("sip:anybody@example.org", "example.org") == [[("L2", "any user", True)], []], "everybody of a realm")

message = folder / "invite.sip"
message.write_bytes(INVITE.encode())
rows = [json.loads(line) for line in run("-j", "--message", message).stdout.splitlines()]
said = [(r["field"], r["counts"], r["user"], [m["warrant"] for m in r["matches"]]) for r in rows]
ok(said == [("request URI", True, "carol", []), ("To", True, "+6491234567", ["police/L1", "police/L2"]),
            ("P-Asserted-Identity", True, "", []), ("Diversion", True, "bob", ["police/L2"]),
            ("From", False, "alice", ["police/L1"])], "each field of a message has its verdict", [said])
text = run("--message", message).stdout
ok("does not count: the caller says it, and trust_from is not set" in text and "names nobody" in text
   and "09-1234567@x.example>\n    is +6491234567@x.example (a national number)\n    police/L1  phone +6491234567: the user is, "
   "in any realm\n" in text, "and in words", [text])
ok("does not count" not in run("--message", message, more=", trust_from: true").stdout, "From counts where it is trusted")

message.write_bytes(INVITE.replace("\r\n", "\n").encode())
ok(len(run("-j", "--message", message).stdout.splitlines()) == 5, "lines may end with LF alone")
message.write_bytes(INVITE.encode()[:-30])
ok("ends before its header" in run("--message", message, status=1).stderr, "a message that is cut is said to be")
message.write_bytes(b"GET / HTTP/1.1\r\n\r\n")
ok("no SIP message" in run("--message", message, status=1).stderr, "so is what is none")
ok("No such file" in run("--message", folder / "none", status=1).stderr, "and a file that is not there")
message.write_bytes(INVITE.replace("\"A\"", "\"A\x1b[2J\x07\"").encode())
ok("\x1b" not in run("--message", message).stdout, "nothing of a message reaches the terminal's controls")
ok("identity" in run(status=2).stderr, "it says what it needs")
ok("international_prefixes[0]" in run("x", more=', international_prefixes: ["+"]', status=1).stderr,
   "orders that are none are refused")
end()
