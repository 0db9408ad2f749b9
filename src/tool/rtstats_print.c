#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/nanos.h"
#include "plot/plot.h"
#include "tool/rtstats.h"

struct form {
	const char *name;
	void (*begin)(struct rtstats_printer *p);
	void (*row)(struct rtstats_printer *p, int64_t interval,
		    const struct rtstats_count *counts);
	void (*gap)(struct rtstats_printer *p, int64_t from, int64_t to);
	void (*end)(struct rtstats_printer *p);
};

struct rtstats_printer {
	const struct form *form;
	const struct settings *set;
	const struct filters *filters;
	struct plot *plot; /* svg only */
};

static bool is_by_count(const struct rtstats_printer *p)
{
	return p->set->count > 0;
}

/* Where the interval begins: a time, or the number of its first packet. */
static void print_start(const struct rtstats_printer *p, int64_t interval, char out[NANOS_TEXT_LEN])
{
	int64_t length = p->set->interval.ns;
	int digits = length % NANOS_PER_S == 0 ? 0 : length % NANOS_PER_MS == 0 ? 3 : 9;

	if (is_by_count(p))
		snprintf(out, NANOS_TEXT_LEN, "%" PRId64, interval * (int64_t)p->set->count + 1);
	else
		nanos_print((struct nanos){interval * length}, digits, out);
}

static const char *column_name(const struct rtstats_printer *p, int k)
{
	return k == 0 ? "all" : filter_text(p->filters->at[k - 1]);
}

static void text_begin(struct rtstats_printer *p)
{
	printf("%-24s", is_by_count(p) ? "first packet" : "from");
	for (int k = 0; k <= p->filters->n; k++)
		printf(" %12s %14s", k ? "packets" : "packets", "bytes");
	printf("\n");
	for (int k = 1; k <= p->filters->n; k++)
		printf("# columns %d: %s\n", k + 1, column_name(p, k));
}

static void text_row(struct rtstats_printer *p, int64_t interval,
		     const struct rtstats_count *counts)
{
	char from[NANOS_TEXT_LEN];

	print_start(p, interval, from);
	printf("%-24s", from);
	for (int k = 0; k <= p->filters->n; k++)
		printf(" %12" PRIu64 " %14" PRIu64, counts[k].packets, counts[k].bytes);
	printf("\n");
}

static void text_gap(struct rtstats_printer *p, int64_t from, int64_t to)
{
	char text[NANOS_TEXT_LEN];

	print_start(p, from, text);
	printf("%-24s # %" PRId64 " empty intervals\n", text, to - from);
}

/* A field of RFC 4180: quoted where it must be. */
static void csv_field(const char *text)
{
	if (!strpbrk(text, ",\"\n\r")) {
		printf("%s", text);
		return;
	}
	putchar('"');
	for (; *text; text++)
		printf(*text == '"' ? "\"\"" : "%c", *text);
	putchar('"');
}

static void csv_begin(struct rtstats_printer *p)
{
	printf("%s,intervals", is_by_count(p) ? "first_packet" : "from");
	for (int k = 0; k <= p->filters->n; k++) {
		char name[1100];

		snprintf(name, sizeof name, "packets %s", column_name(p, k));
		putchar(',');
		csv_field(name);
		snprintf(name, sizeof name, "bytes %s", column_name(p, k));
		putchar(',');
		csv_field(name);
	}
	printf("\n");
}

static void csv_counts(struct rtstats_printer *p, int64_t interval, int64_t n,
		       const struct rtstats_count *counts)
{
	char from[NANOS_TEXT_LEN];

	print_start(p, interval, from);
	printf("%s,%" PRId64, from, n);
	for (int k = 0; k <= p->filters->n; k++)
		printf(",%" PRIu64 ",%" PRIu64, counts ? counts[k].packets : 0,
		       counts ? counts[k].bytes : 0);
	printf("\n");
}

static void csv_row(struct rtstats_printer *p, int64_t interval, const struct rtstats_count *counts)
{
	csv_counts(p, interval, 1, counts);
}

static void csv_gap(struct rtstats_printer *p, int64_t from, int64_t to)
{
	csv_counts(p, from, to - from, NULL);
}

static void json_counts(struct rtstats_printer *p, int64_t interval, int64_t n,
			const struct rtstats_count *counts)
{
	char from[NANOS_TEXT_LEN];
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);

	print_start(p, interval, from);
	json_open(&j, '{');
	json_key(&j, is_by_count(p) ? "first_packet" : "from");
	if (is_by_count(p))
		json_i64(&j, interval * (int64_t)p->set->count + 1);
	else
		json_text(&j, from);
	json_key(&j, "intervals");
	json_i64(&j, n);
	json_key(&j, "packets");
	json_u64(&j, counts ? counts->packets : 0);
	json_key(&j, "bytes");
	json_u64(&j, counts ? counts->bytes : 0);
	json_key(&j, "filters");
	json_open(&j, '[');
	for (int k = 1; k <= p->filters->n; k++) {
		json_open(&j, '{');
		json_key(&j, "filter");
		json_text(&j, column_name(p, k));
		json_key(&j, "packets");
		json_u64(&j, counts ? counts[k].packets : 0);
		json_key(&j, "bytes");
		json_u64(&j, counts ? counts[k].bytes : 0);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	json_line(&j);
	fwrite(w.bytes, 1, w.len, stdout);
	wr_fini(&w);
}

static void json_row(struct rtstats_printer *p, int64_t interval,
		     const struct rtstats_count *counts)
{
	json_counts(p, interval, 1, counts);
}

static void json_gap(struct rtstats_printer *p, int64_t from, int64_t to)
{
	json_counts(p, from, to - from, NULL);
}

static void svg_row(struct rtstats_printer *p, int64_t interval, const struct rtstats_count *counts)
{
	for (int k = 0; k <= p->filters->n; k++)
		plot_add(p->plot, k, interval, (double)counts[k].bytes);
}

static void svg_end(struct rtstats_printer *p)
{
	struct plot_axis x = {.is_time = !is_by_count(p),
			      .step = is_by_count(p) ? (double)p->set->count
						     : (double)p->set->interval.ns / NANOS_PER_S};
	struct wr w = wr_init(64 << 20);

	for (int k = 0; k <= p->filters->n; k++)
		plot_name(p->plot, k, column_name(p, k));
	plot_print(p->plot, &x, &w);
	fwrite(w.bytes, 1, w.len, stdout);
	wr_fini(&w);
}

static const struct form forms[] = {
	{"text", text_begin, text_row, text_gap, NULL},
	{"csv", csv_begin, csv_row, csv_gap, NULL},
	{"json", NULL, json_row, json_gap, NULL},
	{"svg", NULL, svg_row, NULL, svg_end},
};

int rtstats_printer_new(struct rtstats_printer **out, const char *form, const struct settings *set,
			const struct filters *filters)
{
	struct rtstats_printer *p = calloc(1, sizeof *p);

	*out = p;
	if (!p)
		return ERR_NOMEM;
	p->set = set;
	p->filters = filters;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (!strcmp(forms[i].name, form))
			p->form = &forms[i];
	}
	if (!p->form)
		return ERR_USAGE;
	if (p->form->end && plot_new(&p->plot, 1 + filters->n) < 0)
		return ERR_NOMEM;
	if (p->form->begin)
		p->form->begin(p);
	return 0;
}

void rtstats_printer_free(struct rtstats_printer **p)
{
	if (*p)
		plot_free(&(*p)->plot);
	free(*p);
	*p = NULL;
}

static int output(struct rtstats_printer *p)
{
	if (p->form->row != svg_row)
		fflush(stdout);
	return ferror(stdout) ? ERR_IO : 0;
}

int rtstats_print_row(struct rtstats_printer *p, int64_t interval,
		      const struct rtstats_count *counts)
{
	p->form->row(p, interval, counts);
	return output(p);
}

int rtstats_print_gap(struct rtstats_printer *p, int64_t from, int64_t to)
{
	static const struct rtstats_count none[1 + FILTERS_MAX];
	int rc = 0;

	if (!p->form->gap)
		return 0;
	if ((uint64_t)(to - from) > p->set->max_gap)
		p->form->gap(p, from, to);
	else
		for (int64_t i = from; i < to && rc == 0; i++)
			rc = rtstats_print_row(p, i, none);
	return rc < 0 ? rc : output(p);
}

int rtstats_print_end(struct rtstats_printer *p)
{
	if (p->form->end)
		p->form->end(p);
	return output(p);
}
