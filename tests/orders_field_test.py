#!/usr/bin/env python3
"""A fact about an agency is written once: with one more row in the field table, and no other line
changed anywhere, the new field is read from YAML and JSON, has its limits and default, is printed,
compared, cut from views that it is not for, told to daemons, and described.

    orders_field_test.py CC ROOT BUILD
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from tap import end, ok

cc, root, build = shlex.split(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
ROOMS = ["etsi", "schema", "ber", "identity", "sip", "net", "conf", "base"]  # what warrant stands on, highest first
FIELD = r"""#define AGENCY_FIELDS(X) \
	X(INT, patience, AT_MEDIATOR, .otherwise = "7", .min = 1, .max = 9, .doc = "how it waits") \
"""
ORDERS = """operator: {id: X}
agencies:
  - {id: a, country: NZ, hi2: "127.0.0.1:1", hi3: "127.0.0.1:2", patience: %s}
mediators: [{name: m, address: "127.0.0.1:3"}]
warrants: []
"""
PROBE = r"""
#include <stdio.h>
#include <string.h>

#include "conf/json.h"
#include "conf/record.h"
#include "warrant/change.h"
#include "warrant/view.h"

/* Reads orders from the file; prints the view for each role, the change to one with the default,
 * the schemas and the reference, a line or part each. */
int main(int argc, char **argv)
{
	static const unsigned roles[] = {ORDERS_FOR_MEDIATOR, ORDERS_FOR_COLLECTOR};
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	struct orders o, v, changed;
	struct why why;
	bool differs;

	why_clear(&why);
	if (argc != 2 || orders_load(&o, argv[1], &why)) {
		printf("%s\n", why.text);
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		const struct orders_daemon daemon = {roles[i], "m", {0}};

		if (orders_view(&o, &daemon, &v) || orders_view_print(&v, roles[i], &j) ||
		    orders_view(&o, &daemon, &changed))
			return 2;
		json_line(&j);
		changed.agencies.items[0].patience = 8;
		json_open(&j, '{');
		if (orders_change_print(&v, &changed, roles[i], &j, &differs))
			return 2;
		json_close(&j, '}');
		json_line(&j);
	}
	json_open(&j, '{');
	orders_schemas(&j);
	json_close(&j, '}');
	json_line(&j);
	orders_reference(&w);
	fwrite(w.bytes, 1, w.len, stdout);
	return 0;
}
"""

work = tempfile.TemporaryDirectory(prefix="orders-field-")
folder = pathlib.Path(work.name)
table = (root / "src/warrant/orders.h").read_text()
changed = re.sub(r"#define AGENCY_FIELDS\(X\) *\\\n", lambda _: FIELD, table)
ok(changed.count("patience") == 1, "one row is added to the table")
(folder / "warrant").mkdir()
(folder / "warrant/orders.h").write_text(changed)
(folder / "probe.c").write_text(PROBE)
sources = sorted((root / "src/warrant").glob("*.c"))
sources = [s for s in sources if not re.search(r"_(test|fuzz)\.c$", s.name)] + [folder / "probe.c"]
archives = [build / f"src/libweir-{room}.a" for room in ROOMS]
built = subprocess.run(
    [*cc, "-std=gnu17", "-O0", "-D_GNU_SOURCE", f"-I{folder}", f"-I{root / 'src'}", f"-I{root / 'include'}",
     *map(str, sources), *map(str, archives), "-lyaml", "-ljansson", "-lcrypto", "-lm", "-pthread",
     "-o", str(folder / "probe")], capture_output=True, text=True, check=False)
if not ok(built.returncode == 0, "the rest is built as it is", built.stderr.splitlines()[:20]):
    end()


def probe(value):
    path = folder / "orders.yaml"
    path.write_text(ORDERS % value)
    return subprocess.run([str(folder / "probe"), str(path)], capture_output=True, text=True, check=False)


said = probe("10")
ok(said.returncode == 1 and "agencies[0].patience: \"10\" is not a whole number from 1 to 9" in said.stdout,
   "its limits hold", [said.stdout])
said = probe("3")
lines = said.stdout.split("\n")
if not ok(said.returncode == 0 and len(lines) > 5, "orders with it are read", [said.stdout, said.stderr]):
    end()
mediator, change, collector, no_change, schemas = map(json.loads, lines[:5])
ok(mediator["agencies"][0]["patience"] == 3, "whom it is for learns it")
ok("patience" not in collector["agencies"][0], "others do not")
ok(change["put"]["agencies"][0]["patience"] == 8, "a change of it is told")
ok(no_change == {}, "but not to others")
schema = schemas["agency"]["properties"]["patience"]
ok((schema["type"], schema["minimum"], schema["maximum"], schema["default"]) == ("integer", 1, 9, 7)
   and schema["description"].startswith("how it waits"), "its schema has limits, default and meaning", [schema])
ok("agencies[].patience\n    a whole number from 1 to 9; optional, otherwise 7\n    how it waits\n" in said.stdout,
   "so has the manual's reference")
end()
