#include "conf/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"
#include "conf/json.h"
#include "conf/sample.h"

static const char whole[] = "name: chest\n"
			    "note: \"the \\\"old\\\" one: # k\xc5\x8dwhai\"\n"
			    "is_open: true\n"
			    "since: 2026-07-01T12:00:00.25Z\n"
			    "retry: 250ms\n"
			    "port: 8080\n"
			    "peer: \"[2001:db8::1]:443\"\n"
			    "listen: \"[::1]:0\"\n"
			    "ports: 17\n"
			    "shelf: -1\n"
			    "folder: /var/lib/chest\n"
			    "key: 0x00fF1a\n"
			    "owners: [ann, \"bob\", \"17\"]\n"
			    "lid: {size: -5, colour: dark-blue}\n"
			    "boxes:\n"
			    "  - {size: 1}\n"
			    "  - size: 4294967295\n"
			    "    colour: red\n";

static int parse(const char *text, struct sample *out, struct why *why)
{
	why_clear(why);
	return conf_parse(&sample_record, text, strlen(text), out, why);
}

static void a_whole_document_fills_the_struct(void)
{
	struct sample s;
	struct why why;

	if (!ok(parse(whole, &s, &why) == 0, "a whole document is read %s", why.text))
		return;
	ok(!strcmp(s.name, "chest") && strstr(s.note, "\"old\""), "texts");
	ok(s.is_open && s.port == 8080, "truth and port");
	ok(s.since.ns == 1782907200250000000, "time, to the nanosecond");
	ok(s.retry.ns == 250000000, "span");
	ok(s.peer.version == 6 && s.peer.port == 443, "endpoint");
	ok(s.listen.version == 6 && !s.listen.port, "an endpoint to listen at");
	ok(s.ports.first == 17 && s.ports.last == 17, "ports");
	ok(s.shelf == -1 && !strcmp(s.folder, "/var/lib/chest"), "a number and a path");
	ok(s.key.len == 3 && !memcmp(s.key.bytes, "\x00\xff\x1a", 3), "a key in hex");
	ok(s.owners.n == 3 && !strcmp(s.owners.items[2], "17"), "a list of texts");
	ok(s.lid.size == -5 && s.lid.colour == 7, "a record within");
	ok(s.boxes.n == 2 && s.boxes.items[1].size == 4294967295, "a list of records");
	ok(s.boxes.items[0].colour == 4, "a default within a list");
	conf_fini(&sample_record, &s);
	ok(!s.name && !s.boxes.items, "fini empties it");
}

static void printing_and_reading_is_the_identity(void)
{
	struct wr w = wr_init(1 << 16);
	struct sample a, b;
	struct why why;

	ok(parse(whole, &a, &why) == 0, "a document");
	ok(conf_print(&sample_record, &a, &w) == 0, "is printed");
	ok(conf_parse(&sample_record, (char *)w.bytes, w.len, &b, &why) == 0, "and read %s",
	   why.text);
	ok(conf_is_equal(&sample_record, &a, &b, NULL), "and is what it was");
	ok(conf_check(&sample_record, &a, &why) == 0, "and keeps its limits");
	conf_fini(&sample_record, &b);
	wr_fini(&w);
	ok(parse("name: a\nkey: abc\nlid: {size: 1}\n", &b, &why) == 0, "a short document is read");
	ok(b.shelf == CONF_NO_INT && !b.folder && !b.owners.n && b.key.len == 3,
	   "what may be absent is absent");
	ok(!b.note && !b.boxes.n && b.retry.ns == 10000000000 && !b.is_open,
	   "what it leaves out has its default");
	ok(conf_check(&sample_record, &b, &why) == 0, "and an absent text stays absent");
	conf_fini(&sample_record, &b);
	conf_fini(&sample_record, &a);
}

static void a_difference_has_a_name(void)
{
	static const struct {
		const char *from, *to, *path;
	} rows[] = {
		{"chest", "trunk", "name"},
		{"note: ", "#note: ", "note"},
		{"250ms", "251ms", "retry"},
		{"size: -5", "size: -4", "lid.size"},
		{"shelf: -1\n", "", "shelf"},
		{"0x00fF1a", "0x00fF1b", "key"},
		{"bob", "bo", "owners[1]"},
		{", \"17\"]", "]", "owners"},
		{"{size: 1}", "{size: 2}", "boxes[0].size"},
		{"colour: red", "colour: dark-blue", "boxes[1].colour"},
		{"  - {size: 1}\n", "", "boxes"},
	};
	struct sample a, b;
	struct why why;

	ok(parse(whole, &a, &why) == 0, "a document");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *at = strstr(whole, rows[i].from);
		char text[sizeof whole + 16];
		char path[CONF_PATH_LEN];

		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, rows[i].to,
			 at + strlen(rows[i].from));
		ok(parse(text, &b, &why) == 0, "its change %zu is read %s", i, why.text);
		ok(!conf_is_equal(&sample_record, &a, &b, path) && !strcmp(path, rows[i].path),
		   "%s differs", path);
		conf_fini(&sample_record, &b);
	}
	conf_fini(&sample_record, &a);
}

static void errors_name_line_path_and_reason(void)
{
	static const struct {
		const char *text, *said;
		int line;
	} rows[] = {
		{"name: a\nlids: {size: 1}\n", "unknown key \"lids\"; did you mean \"lid\"?", 2},
		{"name: a\nlid: {size: 1}\nzebra: 1\n", "unknown key \"zebra\"", 3},
		{"name: a\nlid:\n  size: 1\n  color: red\n",
		 "lid: unknown key \"color\"; did you mean \"colour\"?", 4},
		{"name: a\nname: b\n", "\"name\" is given twice", 2},
		{"name: a\nkey: abc\n", "\"lid\" is missing", 1},
		{"key: ab\n",
		 "key: what is given is not a key of 3 to 8 octets, as a text or as 0x and hex "
		 "digits",
		 1},
		{"key: \"(secret)\"\n",
		 "key: (secret) stands for what is not shown; give the key, or leave the field out",
		 1},
		{"owners: [a, b, c, d]\n", "owners: 4 listed; wanted are 0 to 3", 1},
		{"owners:\n  - a\n  - toolong\n",
		 "owners[1]: \"toolong\" is not 1 to 5 octets of printable characters", 3},
		{"owners: a\n", "owners: must be a list, each item: text", 1},
		{"\nname: a\nlid: {colour: red}\n", "lid: \"size\" is missing", 3},
		{"name: a\nlid: 7\n", "lid: must be a map: the fields of a sample_box", 2},
		{"name: [a]\n",
		 "name: a list stands here; wanted is 1 to 20 octets of printable characters", 1},
		{"name: {a: b}\n",
		 "name: a map stands here; wanted is 1 to 20 octets of printable characters", 1},
		{"port: \"80\"\n", "port: \"80\" is a text; wanted is a port from 1 to 65535", 1},
		{"port: 0\n", "port: \"0\" is not a port from 1 to 65535", 1},
		{"boxes: {size: 1}\n", "boxes: must be a list, each item: sample_box", 1},
		{"boxes: [{size: 1}, {size: 2}, {size: 3}, {size: 4}]\n",
		 "boxes: 4 listed; wanted are 0 to 3", 1},
		{"boxes:\n  - size: 1\n  - size: x\n",
		 "boxes[1].size: \"x\" is not a whole number from -5 to 4294967295", 3},
		{"name: a\nkey: abc\nlid: {size: 1}\nboxes:\n  - size: 2\n  - colour: red\n"
		 "    size: 1\n",
		 "boxes[1].size: is not above the one before", 7},
		{"- a\n", "must be a map: the fields of a sample", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sample s;
		struct why why;
		int rc = parse(rows[i].text, &s, &why);

		ok(rc == ERR_BAD && why.line == rows[i].line && !strcmp(why.text, rows[i].said),
		   "line %d: %s", why.line, why.text);
		ok(!s.name && !s.boxes.items, "and nothing is left");
	}
}

static void a_struct_filled_otherwise_is_checked(void)
{
	struct sample s;
	struct why why;

	ok(parse(whole, &s, &why) == 0, "a document");
	s.lid.size = -6;
	ok(conf_check(&sample_record, &s, &why) == ERR_BAD && strstr(why.text, "lid.size: \"-6\""),
	   "a number beyond its limit is found: %s", why.text);
	s.lid.size = 0;
	s.boxes.items[0].size = 4294967295;
	why_clear(&why);
	ok(conf_check(&sample_record, &s, &why) == ERR_BAD && strstr(why.text, "boxes[1].size"),
	   "and a broken rule across fields: %s", why.text);
	conf_fini(&sample_record, &s);
}

static void what_is_for_others_is_not_seen(void)
{
	static const struct conf_sight guest = {.whom = SAMPLE_FOR_GUEST};
	static const struct conf_sight shy = {.hides_secrets = true};
	struct wr w = wr_init(1 << 16);
	struct json j = json_of(&w);
	struct sample a, b, c;
	struct conf_doc *doc;
	struct why why;

	if (!ok(parse(whole, &a, &why) == 0, "a document"))
		return;
	ok(conf_copy(&sample_record, &(struct conf_sight){.whom = 0}, &a, &b) == 0 &&
		   conf_is_equal(&sample_record, &a, &b, NULL) && a.name != b.name,
	   "a copy is equal and owns itself");
	conf_fini(&sample_record, &b);
	ok(conf_copy(&sample_record, &guest, &a, &b) == 0 && !b.key.len && !b.folder &&
		   b.owners.n == 3,
	   "a guest's copy has no key and no folder");
	ok(conf_print_json(&sample_record, &a, &guest, &j) == 0 &&
		   !memmem(w.bytes, w.len, "key", 3) && memmem(w.bytes, w.len, "owners", 6),
	   "nor has what is printed for the guest");
	why_clear(&why);
	ok(conf_parse_json(&sample_record, (char *)w.bytes, w.len, &c, &why) == ERR_BAD &&
		   !strcmp(why.text, "\"key\" is missing"),
	   "which does not read as a whole");
	ok(conf_json_parse(&doc, (char *)w.bytes, w.len, &why) == 0 &&
		   conf_read_as(&sample_record, conf_doc_root(doc), &guest, &c, &why) == 0 &&
		   conf_is_equal(&sample_record, &b, &c, NULL),
	   "but as the guest's copy");
	conf_doc_free(&doc);
	conf_fini(&sample_record, &c);
	conf_fini(&sample_record, &b);
	wr_reset(&w);
	ok(conf_print_as(&sample_record, &a, &shy, &w) == 0 &&
		   memmem(w.bytes, w.len, "key: \"(secret)\"\n", 16) &&
		   !memmem(w.bytes, w.len, "ff1a", 4),
	   "a secret is not shown");
	conf_fini(&sample_record, &a);
	wr_fini(&w);
}

static void files_are_named(void)
{
	char path[] = "/tmp/conf-test-XXXXXX";
	char said[600];
	struct sample s;
	struct why why;
	int fd = mkstemp(path);

	why_clear(&why);
	ok(fd >= 0 && write(fd, "name: a\nx: 1\n", 13) == 13, "a file");
	ok(conf_load(&sample_record, path, &s, &why) == ERR_BAD, "with a fault is refused");
	why_print(&why, said, sizeof said);
	ok(!strncmp(said, path, strlen(path)) && strstr(said, ":2: unknown key \"x\""),
	   "by its name and line");
	ok(ftruncate(fd, 0) == 0 && pwrite(fd, whole, strlen(whole), 0) == (ssize_t)strlen(whole),
	   "made good");
	ok(conf_load(&sample_record, path, &s, &why) == 0, "it is read");
	conf_fini(&sample_record, &s);
	unlink(path);
	close(fd);
	why_clear(&why);
	ok(conf_load(&sample_record, path, &s, &why) == ERR_ABSENT && why.text[0],
	   "a file that is not there is told: %s", why.text);
	ok(conf_load(&sample_record, "/", &s, &why) < 0, "a folder is refused");
}

static void the_reference_tells_every_field(void)
{
	static const char *const parts[] = {
		"name\n    1 to 20 octets of printable characters; required\n    what it is "
		"called\n",
		"retry\n    a span of 0 s to 86400 s, like 250ms, 10s or 5m; optional, otherwise "
		"10s\n",
		"lid.size\n    a whole number from -5 to 4294967295; required\n    how big\n",
		"boxes[]\n    a list of 0 to 3, each item: sample_box; optional\n",
		"boxes[].colour\n    one of red, dark-blue; optional, otherwise red\n    its "
		"paint\n"
		"        red                as blood\n",
	};
	struct wr w = wr_init(1 << 16);

	conf_reference(&sample_record, &w);
	wr_u8(&w, 0);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		ok(w.ok && strstr((char *)w.bytes, parts[i]), "part %zu is told", i);
	wr_fini(&w);
}

int main(void)
{
	a_whole_document_fills_the_struct();
	printing_and_reading_is_the_identity();
	a_difference_has_a_name();
	errors_name_line_path_and_reason();
	a_struct_filled_otherwise_is_checked();
	what_is_for_others_is_not_seen();
	files_are_named();
	the_reference_tells_every_field();
	return tap_end();
}
