#!/usr/bin/env python3
"""The systemd units confine the daemons no less than these confine themselves, and do not stand in their way.

    units_test.py FOLDER PROGRAM...     FOLDER: debian/; PROGRAM: weir-provisioner, weir-collector, weir-mediator
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from tap import end, ok, skip

FOLDER = pathlib.Path(sys.argv[1])
PROGRAMS = {pathlib.Path(path).name: pathlib.Path(path).resolve() for path in sys.argv[2:]}
WORST = 25  # of systemd-analyze security, in tenths: 100 is no protection, 0 is no service
YES = ("LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectClock",
       "ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
       "ProtectKernelTunables", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID")
OWN_WALLS = {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
CAPTURE = {"CAP_NET_RAW", "CAP_NET_ADMIN"}


def read(path):
    """Every assignment of the unit; what is assigned twice is an error here."""
    lines = re.findall(r"^(\w+)=(.*)$", path.read_text(), re.M)
    return {key: value for key, value in lines if key not in ("After", "Wants")}


def facts_of(name):
    unit = read(FOLDER / f"{name}.service")
    is_collector = name == "weir-collector"
    ok(unit.get("User") == unit.get("Group") == "weir", f"{name}: works as user weir")
    ok(re.search(r"^u weir ", (FOLDER / f"{name}.sysusers").read_text()), f"{name}: its package makes that user")
    missing = [key for key in YES if unit.get(key) != "yes"]
    ok(not missing and unit.get("ProtectSystem") == "strict" and unit.get("UMask") == "0077",
       f"{name}: everything that it does not need is closed", missing)
    wanted = CAPTURE if is_collector else set()
    ok(set(unit["CapabilityBoundingSet"].split()) == set(unit.get("AmbientCapabilities", "").split()) == wanted,
       f"{name}: has the capabilities that it needs, and no other")
    families = {"AF_INET", "AF_INET6", "AF_UNIX"} | ({"AF_PACKET", "AF_NETLINK"} if is_collector else set())
    ok(set(unit["RestrictAddressFamilies"].split()) == families, f"{name}: has sockets as its own filter allows")
    calls = set(unit["SystemCallFilter"].split())
    ok("@system-service" in calls and OWN_WALLS <= calls, f"{name}: may put up its own walls behind the unit's")


def facts_of_systemd(name):
    """What systemd itself says; the unit's program is the one that was built."""
    if not shutil.which("systemd-analyze"):
        skip(f"{name}: systemd finds nothing wrong with it", "systemd-analyze is not here")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"{name}.service"
        text = (FOLDER / path.name).read_text().replace(f"/usr/bin/{name} ", f"{PROGRAMS[name]} ")
        path.write_text(re.sub(r"(?m)^Documentation=.*\n", "", text))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True,
                              timeout=60, check=False)
        own = [line for line in said.stderr.splitlines() if path.name in line]
        ok(not own, f"{name}: systemd finds nothing wrong with it", own)
        rated = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={WORST}", path],
                               capture_output=True, text=True, timeout=60, check=False)
        ok(rated.returncode == 0, f"{name}: systemd rates its exposure {WORST / 10} or better",
           [(rated.stdout + rated.stderr)[-300:]])


for each in sorted(PROGRAMS):
    facts_of(each)
    facts_of_systemd(each)
end()
