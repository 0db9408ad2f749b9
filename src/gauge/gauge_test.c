#include "gauge/gauge.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "conf/json.h"

static char text[64 << 10];

/* The samples of one row, of a status. */
static const char *samples(const char *path, const char *status)
{
	const struct gauge_row row = {"weir_x_total", GAUGE_COUNTER, "What it is.", path};
	const struct gauge_table table = {"test", &row, 1};
	struct wr w = wr_of(text, sizeof text - 1);
	struct conf_doc *doc = NULL;
	const char *at;

	if (conf_json_parse(&doc, status, strlen(status), NULL))
		exit(2);
	gauge_print(&table, conf_doc_root(doc), &w);
	conf_doc_free(&doc);
	text[w.ok ? w.len : 0] = 0;
	at = strstr(text, "\nweir_x_total");
	return at ? at + 1 : "";
}

static void is(const char *path, const char *status, const char *want, const char *sentence)
{
	const char *got = samples(path, status);

	ok(!strcmp(got, want), "%s: %s", sentence, strcmp(got, want) ? got : path);
}

static void values(void)
{
	is("a", "{\"a\":7}", "weir_x_total 7\n", "a number is itself");
	ok(!strncmp(text, "# HELP weir_x_total What it is.\n# TYPE weir_x_total counter\n", 60),
	   "before it stand what it is, and its type");
	is("a.b", "{\"a\":{\"b\":-7}}", "weir_x_total -7\n", "a dot goes down");
	is("a", "{\"a\":true}", "weir_x_total 1\n", "true is 1");
	is("a", "{\"a\":false}", "weir_x_total 0\n", "false is 0");
	is("a", "{\"a\":\"2026-01-01T00:00:00.250000000Z\"}", "weir_x_total 1767225600.250\n",
	   "a time is seconds");
	is("a=up", "{\"a\":\"up\"}", "weir_x_total 1\n", "a text that is the one is 1");
	is("a=up", "{\"a\":\"down\"}", "weir_x_total 0\n", "another is 0");
	is("a", "{\"a\":\"up\"}", "", "a text alone has no value");
	is("a", "{\"b\":7}", "", "what is not there has no sample");
	is("a.b", "{\"a\":7}", "", "nor what is below a number");
	ok(!text[0], "and then nothing is said of it at all");
}

static void labels(void)
{
	is("a[n].v", "{\"a\":[{\"n\":\"x\",\"v\":1},{\"n\":\"y\",\"v\":2}]}",
	   "weir_x_total{n=\"x\"} 1\nweir_x_total{n=\"y\"} 2\n", "each item of a list");
	is("a[n=who,m].v", "{\"a\":[{\"n\":\"x\",\"m\":3,\"v\":1}]}",
	   "weir_x_total{who=\"x\",m=\"3\"} 1\n", "several labels, one of another name");
	is("a[#=input].v", "{\"a\":[{\"v\":1},{\"v\":2}]}",
	   "weir_x_total{input=\"0\"} 1\nweir_x_total{input=\"1\"} 2\n", "the item's number");
	is("a[n].v", "{\"a\":[{\"v\":1},{\"n\":\"y\",\"v\":2}]}", "weir_x_total{n=\"y\"} 2\n",
	   "an item without the member has no sample");
	is("a{why}", "{\"a\":{\"full\":1,\"late\":2,\"map\":{}}}",
	   "weir_x_total{why=\"full\"} 1\nweir_x_total{why=\"late\"} 2\n", "each member of a map");
	is("a[id=agency].{interface}.v",
	   "{\"a\":[{\"id\":\"p\",\"hi2\":{\"v\":1},\"hi3\":{\"v\":2},\"n\":3}]}",
	   "weir_x_total{agency=\"p\",interface=\"hi2\"} 1\n"
	   "weir_x_total{agency=\"p\",interface=\"hi3\"} 2\n",
	   "maps within lists");
	is("a[n].v", "{\"a\":[{\"n\":\"a\\\"b\\\\c\\nd{}\",\"v\":1}]}",
	   "weir_x_total{n=\"a\\\"b\\\\c\\nd{}\"} 1\n", "a label's text is escaped");
	is("a[n].v", "{\"a\":{\"n\":\"x\"}}", "", "a map is no list");
	is("a{n}", "{\"a\":[1,2]}", "", "and a list no map");
}

static bool is_name(const char *name)
{
	return !strncmp(name, "weir_", 5) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static void tables(void)
{
	const struct gauge_table *const all[] = {&gauge_collector, &gauge_mediator,
						 &gauge_provisioner, &gauge_agency};

	for (size_t t = 0; t < sizeof all / sizeof *all; t++) {
		bool is_well = true;

		for (size_t i = 0; i < all[t]->n; i++) {
			const struct gauge_row *row = &all[t]->rows[i];
			const char *end = strrchr(row->name, '_');

			is_well &= is_name(row->name) && row->help[strlen(row->help) - 1] == '.' &&
				   !strpbrk(row->help, "\\\n");
			is_well &= !strcmp(end, "_total") == (row->type == GAUGE_COUNTER);
			for (size_t k = 0; k < i; k++)
				is_well &= strcmp(row->name, all[t]->rows[k].name) != 0;
		}
		ok(is_well && all[t]->n, "the %zu names of the %s are as Prometheus wants them",
		   all[t]->n, all[t]->daemon);
	}
}

int main(void)
{
	values();
	labels();
	tables();
	return tap_end();
}
