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


def facts_of_memory(name):
    """The folder for spools in memory: a mount of its own, which the service can do without."""
    role = name.removeprefix("weir-")
    path = FOLDER / f"run-weir-{role}.mount"
    service, unit = (FOLDER / f"{name}.service").read_text(), read(path)
    where = unit.get("Where")
    ok(where == f"/run/weir/{role}" and unit["ConditionDirectoryNotEmpty"] == "!" + where and unit["RefuseManualStop"] == "yes",
       f"{name}: its memory is mounted at {where}, where that holds nothing yet, and stays", unit)
    ok(unit["ConditionPathExists"] == "/sys/kernel/mm/transparent_hugepage" and unit["ConditionCapability"] == "CAP_SYS_ADMIN",
       f"{name}: where that mount would be refused it is left out, since the service cannot start when it fails", unit)
    options = set(unit["Options"].split(","))
    ok(unit["Type"] == "tmpfs" and {"huge=within_size", "size=50%%", "mode=0700", "nosuid", "nodev", "noexec"} == options,
       f"{name}: it has large pages, an end, and nothing else", unit)
    wants = re.search(r"^Wants=(.*)$", service, re.M)[1].split()
    after = re.search(r"^After=(.*)$", service, re.M)[1].split()
    ok(path.name in wants and path.name in after, f"{name}: waits for it")
    ok(f"\nRuntimeDirectory=weir/{role}\n" in service and "\nRuntimeDirectoryPreserve=yes\n" in service,
       f"{name}: has the right to it, and leaves it when it ends")
    installed = (FOLDER / f"{name}.install").read_text()
    ok(f"debian/{path.name} lib/systemd/system" in installed and f"-X{path.name}" in (FOLDER / "rules").read_text(),
       f"{name}: its package brings it, and never unmounts it")
    manual = (FOLDER.parent / "man" / f"{name}.8.in").read_text()
    ok(f"spools: {where}" in manual and f"tmpfs {where} tmpfs huge=within_size,size=50%" in manual,
       f"{name}: its manual says the same")


def facts_of_systemd(name):
    """What systemd itself says; the unit's program is the one that was built."""
    if not shutil.which("systemd-analyze"):
        skip(f"{name}: systemd finds nothing wrong with it", "systemd-analyze is not here")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"{name}.service"
        paths = [path] + [pathlib.Path(folder) / each.name for each in FOLDER.glob(f"run-{name}.mount")]
        for each in paths:
            text = (FOLDER / each.name).read_text().replace(f"/usr/bin/{name} ", f"{PROGRAMS[name]} ")
            each.write_text(re.sub(r"(?m)^Documentation=.*\n", "", text))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True,
                              timeout=60, check=False)
        own = [line for line in said.stderr.splitlines() if any(each.name in line for each in paths)]
        ok(not own, f"{name}: systemd finds nothing wrong with it", own)
        rated = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={WORST}", path],
                               capture_output=True, text=True, timeout=60, check=False)
        ok(rated.returncode == 0, f"{name}: systemd rates its exposure {WORST / 10} or better",
           [(rated.stdout + rated.stderr)[-300:]])


for each in sorted(PROGRAMS):
    facts_of(each)
    if each != "weir-provisioner":
        facts_of_memory(each)
    facts_of_systemd(each)
end()
