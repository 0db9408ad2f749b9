#include "conf/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "conf/sample.h"

static const char whole[] =
	"{\"name\":\"chest\",\"note\":\"the \\\"old\\\" one: # k\xc5\x8dwhai\",\"is_open\":true,"
	"\"since\":\"2026-07-01T12:00:00.25Z\",\"retry\":\"250ms\",\"port\":8080,"
	"\"peer\":\"[2001:db8::1]:443\",\"listen\":\"127.0.0.1:0\",\"ports\":\"1812-1813\","
	"\"shelf\":9,\"folder\":\"/var/lib/chest\",\"key\":\"0x00ff1a\",\"owners\":[\"ann\","
	"\"17\"],\"lid\":{\"size\":-5,\"colour\":\"dark-blue\"},\"boxes\":[{\"size\":1,"
	"\"colour\":\"red\"},{\"size\":4294967295,\"colour\":\"red\"}]}";

static int parse(const char *text, size_t len, struct sample *out, struct why *why)
{
	why_clear(why);
	return conf_parse_json(&sample_record, text, len, out, why);
}

static void a_canonical_document_prints_as_it_was(void)
{
	struct wr w = wr_init(1 << 16);
	struct json j = json_of(&w);
	struct sample s;
	struct why why;

	if (!ok(parse(whole, strlen(whole), &s, &why) == 0, "a document is read %s", why.text))
		return;
	ok(s.is_open && s.shelf == 9 && s.owners.n == 2 && s.lid.size == -5 && s.key.len == 3 &&
		   s.boxes.items[1].size == UINT32_MAX,
	   "its values are there");
	ok(conf_print_json(&sample_record, &s, &(struct conf_sight){.whom = 0}, &j) == 0,
	   "it is printed");
	ok(w.len == strlen(whole) && !memcmp(w.bytes, whole, w.len), "octet by octet as it was");
	conf_fini(&sample_record, &s);
	wr_fini(&w);
}

static void order_and_blanks_do_not_matter(void)
{
	static const char other[] =
		" { \"lid\" : {\"colour\":\"red\", \"size\":1},\n\"key\":\"abc\","
		"\t\"name\":\"\\u0061\" } ";
	static const char same[] = "{\"name\":\"a\",\"key\":\"abc\",\"lid\":{\"size\":1}}";
	struct wr w = wr_init(1 << 16);
	struct json j = json_of(&w);
	struct sample a, b;
	struct why why;

	ok(parse(other, strlen(other), &a, &why) == 0, "one is read %s", why.text);
	ok(parse(same, strlen(same), &b, &why) == 0, "another is read %s", why.text);
	ok(conf_print_json(&sample_record, &a, &(struct conf_sight){.whom = 0}, &j) == 0, "one");
	wr_u8(&w, '\n');
	j = json_of(&w);
	ok(conf_print_json(&sample_record, &b, &(struct conf_sight){.whom = 0}, &j) == 0,
	   "and the other are printed");
	ok(w.len % 2 && !memcmp(w.bytes, w.bytes + w.len / 2 + 1, w.len / 2), "and are equal");
	conf_fini(&sample_record, &a);
	conf_fini(&sample_record, &b);
	wr_fini(&w);
}

static void every_cut_is_refused(void)
{
	struct sample s;
	struct why why;
	size_t n_refused = 0;

	for (size_t len = 0; len < strlen(whole); len++) {
		char *cut = malloc(len + 1);
		int rc;

		memcpy(cut, whole, len);
		rc = parse(cut, len, &s, &why);
		n_refused += rc == ERR_BAD && why.text[0] && !s.name;
		free(cut);
	}
	ok(n_refused == strlen(whole), "all %zu cuts are refused with a reason", n_refused);
}

static void other_json_is_refused(void)
{
	static const struct {
		const char *text, *reason;
		int line;
	} rows[] = {
		{"{\"name\":\"a\",\n\"name\":\"a\"}", "this is not JSON: duplicate object key", 2},
		{"{\"name\":null}", "null is no value; what is absent is left out", 0},
		{"{\"name\":\"a\\u0000\"}", "this is not JSON: \\u0000 is not allowed", 1},
		{"{\"name\":\"a\"}{}", "this is not JSON: end of file expected near '{'", 1},
		{"{\"name\":17}", "name: 17 is no text; wanted is 1 to 20 octets of", 0},
		{"{\"name\":true}", "name: true is no text; wanted is 1 to 20 octets of", 0},
		{"{\"shelf\":\"1\"}", "shelf: \"1\" is a text; wanted is a whole number", 0},
		{"{\"shelf\":1.5}",
		 "shelf: \"1.5000000000000000\" is not a whole number from -1 to 9", 0},
		{"{\"shelf\":1e0}", "shelf: \"1.0000000000000000\" is not", 0},
		{"{\"is_open\":1}", "is_open: \"1\" is not true or false", 0},
		{"{\"lid\":{\"sizes\":1}}", "lid: unknown key \"sizes\"; did you mean \"size\"?",
		 0},
		{"{\"boxes\":[{\"size\":1},{\"size\":-6}]}",
		 "boxes[1].size: \"-6\" is not a whole number from -5 to 4294967295", 0},
		{"{\"owners\":[1]}", "owners[0]: 1 is no text; wanted is 1 to 5 octets", 0},
		{"[]", "must be a map: the fields of a sample", 0},
		{"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "lists and maps are nested too deeply", 0},
		{"\"a\"", "this is not JSON: '[' or '{' expected near '\"a\"'", 1},
		{"", "this is not JSON: '[' or '{' expected near end of file", 1},
		{"{\"shelf\":99999999999999999999}", "this is not JSON: too big integer", 1},
		{"{\"name\":\"\xff\"}", "this is not JSON: unable to decode byte 0xff", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sample s;
		struct why why;
		int rc = parse(rows[i].text, strlen(rows[i].text), &s, &why);

		ok(rc == ERR_BAD && why.line == rows[i].line && strstr(why.text, rows[i].reason),
		   "refused in line %d: %s", why.line, why.text);
	}
}

static void the_schema_tells_every_field(void)
{
	static const char *const parts[] = {
		"{\"type\":\"object\",\"description\":\"A sample.\",\"additionalProperties\":false,"
		"\"required\":[\"name\",\"key\",\"lid\"],\"properties\":{",
		"\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":20,\"description\":",
		"\"is_open\":{\"type\":\"boolean\",\"default\":false,\"description\":\"whether it "
		"is open (true or false)\"}",
		"\"port\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535,\"default\":80,",
		"\"key\":{\"type\":\"string\",\"format\":\"password\",",
		"\"owners\":{\"type\":\"array\",\"maxItems\":3,\"items\":{\"type\":\"string\","
		"\"minLength\":1,\"maxLength\":5}",
		"\"lid\":{\"$ref\":\"#/components/schemas/sample_box\",",
		"\"boxes\":{\"type\":\"array\",\"maxItems\":3,\"items\":{\"$ref\":"
		"\"#/components/schemas/sample_box\"},",
	};
	static const char words[] =
		"\"colour\":{\"type\":\"string\",\"enum\":[\"red\",\"dark-blue\"],"
		"\"default\":\"red\",\"description\":\"its paint; red: as blood; "
		"dark-blue: as the sea\"}";
	struct wr w = wr_init(1 << 16);
	struct json j = json_of(&w);
	struct conf_doc *doc;
	struct why why;

	conf_schema(&sample_record, &j);
	ok(w.ok && conf_json_parse(&doc, (char *)w.bytes, w.len, &why) == 0, "it is JSON");
	conf_doc_free(&doc);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		ok(memmem(w.bytes, w.len, parts[i], strlen(parts[i])), "part %zu is told", i);
	wr_reset(&w);
	conf_schema(&sample_box_record, &j);
	ok(memmem(w.bytes, w.len, words, strlen(words)), "words have their meaning");
	wr_fini(&w);
}

int main(void)
{
	a_canonical_document_prints_as_it_was();
	order_and_blanks_do_not_matter();
	every_cut_is_refused();
	other_json_is_refused();
	the_schema_tells_every_field();
	return tap_end();
}
