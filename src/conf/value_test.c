#include "conf/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "conf/nearest.h"

static void a_tree_remembers_lines(void)
{
	static const char text[] = "# first\na: one\nb:\n  - {c: 1}\n  - c: \"2\"\n    d: []\n";
	const struct conf_value *root;
	struct conf_doc *doc;

	ok(conf_yaml_parse(&doc, text, strlen(text), NULL) == 0, "a document is read");
	root = conf_doc_root(doc);
	ok(root->kind == CONF_KIND_MAP && root->n == 2, "its root is a map of two");
	ok(!strcmp(root->first->text, "one") && root->first->is_plain, "a is one, unquoted");
	ok(conf_value_line(root, "a") == 2, "a stands on line 2");
	ok(conf_value_line(root, "b[0].c") == 4, "b[0].c stands on line 4");
	ok(conf_value_line(root, "b[1].d") == 6, "b[1].d stands on line 6");
	ok(conf_value_line(root, "b[1].x") == 5, "what is not there has its parent's line");
	ok(conf_value_line(root, "b[99999999]") == 4, "so has an index beyond the end");
	conf_doc_free(&doc);
	ok(!doc, "freeing forgets");
}

static void other_yaml_is_refused(void)
{
	static const struct {
		const char *text, *reason;
		int line;
	} rows[] = {
		{"a: &x 1\n", "anchors and tags are not allowed", 1},
		{"a: 1\nb: *x\n", "aliases are not allowed", 2},
		{"a: !!str 1\n", "anchors and tags are not allowed", 1},
		{"a: 1\n---\nb: 1\n", "only one document is allowed", 2},
		{"%YAML 1.1\n---\na: 1\n", "directives are not allowed", 1},
		{"? [a]\n: 1\n", "a key must be a single word", 1},
		{"a: \"x\\0y\"\n", "a zero character has no place in a text", 1},
		{"\n\na: [\n", "this is not YAML: did not find expected node content", 4},
		{"", "the document is empty", 0},
		{"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "lists and maps are nested too deeply", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conf_doc *doc;
		struct why why;
		int rc;

		why_clear(&why);
		rc = conf_yaml_parse(&doc, rows[i].text, strlen(rows[i].text), &why);
		ok(rc == ERR_BAD && !doc && !strcmp(why.text, rows[i].reason) &&
			   why.line == rows[i].line,
		   "refused: %s (line %d: %s)", rows[i].reason, why.line, why.text);
	}
}

static void a_tree_prints_and_reads_back(void)
{
	static const char text[] = "plain: word-1\n"
				   "number: 17\n"
				   "quoted: \"17\"\n"
				   "odd: \"a \\\"b\\\" \\\\ # : \\x0a\\x7f\"\n"
				   "truth: \"no\"\n"
				   "empty: \"\"\n"
				   "none: []\n"
				   "void: {}\n"
				   "list:\n"
				   "  - a: 1\n"
				   "    b:\n"
				   "      - c: 2\n"
				   "  - d: x\n";
	struct wr w = wr_init(4096);
	struct conf_doc *doc;

	ok(conf_yaml_parse(&doc, text, strlen(text), NULL) == 0, "a document is read");
	conf_yaml_print(conf_doc_root(doc), &w);
	wr_u8(&w, 0);
	ok(w.ok && !strcmp((char *)w.bytes, text), "and printed as it was");
	conf_doc_free(&doc);
	wr_fini(&w);
}

static void long_texts_get_chunks_of_their_own(void)
{
	enum { LEN = 300000 };
	char *text = malloc(LEN);
	struct conf_doc *doc = NULL;

	if (!ok(text && !conf_doc_new(&doc), "a document"))
		return;
	memset(text, 'a', LEN);
	for (int i = 0; i < 3; i++) {
		struct conf_value *value = conf_value_scalar(doc, text, LEN);

		ok(value && strlen(value->text) == LEN, "300,000 letters are kept");
	}
	conf_doc_free(&doc);
	free(text);
}

static void the_nearest_name(void)
{
	static const char *const names[] = {"reference", "authority", "liid", "end"};

	ok(!strcmp(conf_nearest("refrence", names, 4), "reference"), "refrence is reference");
	ok(!strcmp(conf_nearest("lid", names, 4), "liid"), "lid is liid");
	ok(!conf_nearest("colour", names, 4), "colour is nothing");
	ok(!conf_nearest("", names, 4), "and so is an empty word");
	ok(!conf_nearest("a-word-that-is-so-long-that-nobody-would-mean-it", names, 4),
	   "and a very long one");
}

int main(void)
{
	a_tree_remembers_lines();
	other_yaml_is_refused();
	a_tree_prints_and_reads_back();
	long_texts_get_chunks_of_their_own();
	the_nearest_name();
	return tap_end();
}
