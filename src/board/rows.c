#include "board/rows.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nanos.h"
#include "conf/number.h"
#include "ledger/reason.h"

enum {
	TOLD_LATE = 30,    /* seconds without a status after which a daemon is marked */
	NAME_COLUMNS = 32, /* of inputs, outboxes */
	KEY_COLUMNS = 24,
	SHORT_LEN = 16,
};

const char *const rows_heads[ROWS_N_KINDS] = {
#define X(name, print, head) [ROWS_##name] = (head),
	ROWS_KINDS(X)
#undef X
};

/* ---- what a status says ---- */

static const struct conf_value *member(const struct conf_value *map, const char *key)
{
	return map ? conf_value_find(map, key) : NULL;
}

static const struct conf_value *first_of(const struct conf_value *list)
{
	return list && list->kind == CONF_KIND_LIST ? list->first : NULL;
}

static const char *text_of(const struct conf_value *map, const char *key)
{
	const struct conf_value *value = member(map, key);

	return value && value->kind == CONF_KIND_SCALAR ? value->text : "-";
}

static uint64_t number_of(const struct conf_value *map, const char *key)
{
	int64_t n = 0;

	return number_parse(text_of(map, key), 0, INT64_MAX, &n) ? (uint64_t)n : 0;
}

static bool is_so(const struct conf_value *map, const char *key)
{
	return !strcmp(text_of(map, key), "true");
}

/* 0 where it is not there. */
static struct nanos time_of(const struct conf_value *map, const char *key)
{
	struct nanos t = {0};

	return nanos_parse(text_of(map, key), &t) ? t : (struct nanos){0};
}

/* ---- how it is written ---- */

static bool is_inner(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Text of others: what a terminal would obey is not passed on. */
static void put_text(struct row *row, const char *text)
{
	for (; *text && row->len + 8 < sizeof row->text; text++) {
		bool is_odd =
			(unsigned char)*text < 0x20 || *text == 0x7f ||
			((unsigned char)*text == 0xc2 && ((unsigned char)text[1] & 0xe0) == 0x80);

		if (!is_inner(*text)) {
			if (row->n_columns == BOARD_COLUMNS)
				break;
			row->n_columns++;
		}
		row->text[row->len++] = is_odd ? '?' : *text;
		if (is_odd && (unsigned char)*text == 0xc2)
			text++;
	}
	row->text[row->len] = 0;
}

static void put(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct row *row, const char *format, ...)
{
	char text[ROW_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	put_text(row, text);
}

static void pad_to(struct row *row, size_t column)
{
	while (row->n_columns < column)
		put_text(row, " ");
}

static size_t columns_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += !is_inner(*text);
	return n;
}

/* Up to a column; of what is too long the end is kept. */
static void put_within(struct row *row, const char *text, size_t end)
{
	size_t room = end - row->n_columns - 1;
	size_t n = columns_of(text);

	if (n > room) {
		put_text(row, "…");
		for (n -= room - 1; n; n--)
			do
				text++;
			while (is_inner(*text));
	}
	put_text(row, text);
	pad_to(row, end);
}

/* "99999", "12.3M", "1020k": five columns. */
static const char *short_of(uint64_t n, uint64_t step, char out[SHORT_LEN])
{
	static const char units[] = " kMGTPE";
	uint64_t unit = 1;
	size_t k = 0;

	if (n < 100000) {
		snprintf(out, SHORT_LEN, "%" PRIu64, n);
		return out;
	}
	for (; n / unit >= step && k + 1 < sizeof units - 1; k++)
		unit *= step;
	snprintf(out, SHORT_LEN, "%.*f%c", n / unit < 100 ? 1 : 0, (double)n / (double)unit,
		 units[k]);
	return out;
}

static void put_count(struct row *row, size_t width, uint64_t n)
{
	char text[SHORT_LEN];

	put(row, "%*s", (int)width, short_of(n, 1000, text));
}

static void put_octets(struct row *row, size_t width, uint64_t n)
{
	char text[SHORT_LEN];

	put(row, "%*s", (int)width, short_of(n, 1024, text));
}

/* "12m"; "-" where there is no such time. Clocks of machines differ: what is to come is now. */
static const char *since(struct nanos now, struct nanos then, char out[SHORT_LEN])
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t s = then.ns < now.ns ? (now.ns - then.ns) / NANOS_PER_S : 0;
	size_t k = 0;

	if (!then.ns || !now.ns) {
		snprintf(out, SHORT_LEN, "-");
		return out;
	}
	while (k < 3 && s < 2 * units[k].seconds)
		k++;
	snprintf(out, SHORT_LEN, "%" PRId64 "%c", s / units[k].seconds, units[k].unit);
	return out;
}

/* What is short counts, too: "0.5s", "40ms". At most four columns. */
static void put_span(struct row *row, const char *before, struct nanos from, struct nanos to)
{
	int64_t ms = (to.ns - from.ns) / NANOS_PER_MS;
	char text[SHORT_LEN];

	if (ms >= 0 && ms < 100)
		put(row, "%s%" PRId64 "ms", before, ms);
	else if (ms >= 0 && ms < 9950)
		put(row, "%s%.1fs", before, (double)ms / 1000);
	else
		put(row, "%s%s", before, since(to, from, text));
}

/* ---- rows ---- */

void rows_fini(struct rows *rows)
{
	free(rows->items);
	*rows = (struct rows){0};
}

/* NULL where there is no memory. */
static struct row *add(struct rows *rows)
{
	if (rows->n == rows->size) {
		size_t size = rows->size ? 2 * rows->size : 16;
		struct row *items = realloc(rows->items, size * sizeof *items);

		if (!items)
			return NULL;
		rows->items = items;
		rows->size = size;
	}
	rows->items[rows->n] = (struct row){.len = 0};
	put_text(&rows->items[rows->n], "  ");
	return &rows->items[rows->n++];
}

static void mark(struct rows *rows, struct row *row)
{
	rows->n_marked += !row->is_marked;
	row->is_marked = true;
	row->text[0] = '!';
}

void rows_title(const struct conf_value *status, struct row *row)
{
	const struct conf_value *held = member(status, "held");
	char up[SHORT_LEN];

	*row = (struct row){.len = 0};
	put(row, "weir provisioner %.20s %.12s, %.19sZ, up %s, ", text_of(status, "name"),
	    text_of(status, "version"), text_of(status, "time"),
	    since(time_of(status, "time"), time_of(status, "started"), up));
	put(row, "warrants: %" PRIu64, number_of(held, "warrants"));
}

/* Of numbers by the ledger's reasons: what was lost, and not only refused. */
static uint64_t lost_of(const struct conf_value *map)
{
	uint64_t n = 0;

	for (int k = 0; k < LEDGER_N_REASONS; k++) {
		if (ledger_reasons[k].fate == LEDGER_LOST)
			n += number_of(map, ledger_reasons[k].key);
	}
	return n;
}

/* ---- each kind; one daemon ---- */

struct daemon {
	const struct conf_value *all;    /* what the provisioner says of it */
	const struct conf_value *status; /* what it said itself, last; NULL: nothing */
	struct nanos now;
	bool is_there;
};

static int daemons(struct rows *rows, const struct daemon *d)
{
	struct row *row = add(rows);
	const char *software = strrchr(text_of(d->all, "software"), ' ');
	struct nanos told = time_of(d->all, "status_at");
	char text[SHORT_LEN];
	uint64_t lost;
	bool is_late =
		d->is_there && told.ns && d->now.ns - told.ns > (int64_t)TOLD_LATE * NANOS_PER_S;

	if (!row)
		return ERR_NOMEM;
	put(row, "%.9s ", text_of(d->all, "role"));
	put_within(row, text_of(d->all, "name"), KEY_COLUMNS);
	put_within(row, software ? software + 1 : "-", KEY_COLUMNS + 11);
	put(row, "%-6s ", since(d->now, time_of(d->all, "since"), text));
	put(row, "%-9s ", !d->is_there ? "-" : is_so(d->all, "agreed") ? "agreed" : "differ");
	put(row, told.ns ? "%s ago" : "never", since(d->now, told, text));
	lost = lost_of(member(d->status, "ledger"));
	if (lost)
		put(row, ", LOST %s so far", short_of(lost, 1000, text));
	if (!d->is_there)
		put_text(row, ", NOT CONNECTED");
	else if (is_late)
		put_text(row, ", SILENT");
	if (!d->is_there || is_late || !is_so(d->all, "agreed"))
		mark(rows, row);
	return 0;
}

static void put_state(struct rows *rows, struct row *row, const struct daemon *d, const char *state,
		      bool is_well)
{
	put(row, "%-9.9s ", d->is_there ? state : "unknown");
	if (!d->is_there || !is_well)
		mark(rows, row);
}

static int alarms(struct rows *rows, const struct daemon *d)
{
	const struct conf_value *a = first_of(member(member(d->status, "alarms"), "now"));
	char name[120], text[SHORT_LEN];

	for (; a; a = a->next) {
		struct row *row = add(rows);

		if (!row)
			return ERR_NOMEM;
		snprintf(name, sizeof name, "%.60s %.40s", text_of(d->all, "name"),
			 text_of(a, "alarm"));
		put_within(row, name, KEY_COLUMNS);
		put(row, "%-6s ", since(d->now, time_of(a, "since"), text));
		put(row, "%s: %s", text_of(a, "about"), text_of(a, "text"));
		mark(rows, row);
	}
	return 0;
}

static int inputs(struct rows *rows, const struct daemon *d)
{
	for (const struct conf_value *in = first_of(member(d->status, "inputs")); in;
	     in = in->next) {
		struct row *row = add(rows);
		const struct conf_value *gap = member(in, "gap");
		const char *state = text_of(in, "state");

		if (!row)
			return ERR_NOMEM;
		put(row, "%.16s ", text_of(d->all, "name"));
		put_within(row, text_of(in, "uri"), NAME_COLUMNS);
		put_state(rows, row, d, state, strcmp(state, "opening"));
		put_count(row, 7, number_of(in, "received"));
		put_count(row, 8, number_of(in, "card_lost"));
		put_count(row, 7, number_of(in, "dropped"));
		put_count(row, 7, number_of(in, "errors"));
		if (gap)
			put_span(row, " gap ", time_of(gap, "from"), time_of(gap, "until"));
		if (gap || number_of(in, "card_lost") || number_of(in, "dropped") ||
		    number_of(in, "errors"))
			mark(rows, row);
	}
	return 0;
}

static bool is_half_full(uint64_t waiting, uint64_t limit)
{
	return limit && waiting > limit / 2;
}

static bool mediator_is_up(const struct daemon *d, const char *name)
{
	const struct conf_value *m = first_of(member(d->status, "mediators"));

	while (m && strcmp(text_of(m, "name"), name))
		m = m->next;
	return m && is_so(m, "up");
}

static int outboxes(struct rows *rows, const struct daemon *d)
{
	for (const struct conf_value *o = first_of(member(d->status, "outboxes")); o; o = o->next) {
		struct row *row = add(rows);
		const char *to = text_of(o, "mediator");
		uint64_t waiting = number_of(o, "waiting"), limit = number_of(o, "limit");
		char name[200];

		if (!row)
			return ERR_NOMEM;
		snprintf(name, sizeof name, "%.50s %.60s %.10s to %.50s", text_of(d->all, "name"),
			 text_of(o, "agency"), text_of(o, "interface"), to);
		put_within(row, name, NAME_COLUMNS);
		put_octets(row, 7, waiting);
		put_octets(row, 7, number_of(o, "size"));
		put_octets(row, 7, limit);
		if (!d->is_there)
			put_text(row, "  unknown");
		else if (!mediator_is_up(d, to))
			put_text(row, "  NO LINK");
		else if (is_half_full(waiting, limit))
			put_text(row, "  FILLS UP");
		if (!d->is_there || !mediator_is_up(d, to) || is_half_full(waiting, limit))
			mark(rows, row);
	}
	return 0;
}

static int add_interface(struct rows *rows, const struct daemon *d, const char *agency,
			 const struct conf_value *line)
{
	struct row *row = add(rows);
	uint64_t waiting = number_of(line, "waiting"), limit = number_of(line, "spool_limit");
	uint64_t lost = number_of(line, "lost_octets") + number_of(line, "unframed_octets");
	bool is_sent = member(line, "state");
	char name[160], text[SHORT_LEN];

	if (!row)
		return ERR_NOMEM;
	snprintf(name, sizeof name, "%.50s %.10s by %.50s", agency, line->key,
		 text_of(d->all, "name"));
	put_within(row, name, KEY_COLUMNS);
	put_state(rows, row, d, is_sent ? text_of(line, "state") : "files",
		  !is_sent || !strcmp(text_of(line, "state"), "up"));
	put_octets(row, 7, waiting);
	put_octets(row, 7, number_of(line, "spool_size"));
	put_octets(row, 7, limit);
	put_count(row, 7, number_of(line, "acknowledged_records"));
	put(row, "  %s", since(d->now, time_of(line, "keepalive_at"), text));
	if (lost)
		put(row, " LOST %s", short_of(lost, 1024, text));
	else if (is_so(line, "is_full"))
		put_text(row, " FULL");
	else if (time_of(line, "keepalive_at").ns)
		put_text(row, " ago");
	if (lost || is_so(line, "is_full") || is_half_full(waiting, limit))
		mark(rows, row);
	return 0;
}

static int agencies(struct rows *rows, const struct daemon *d)
{
	const struct conf_value *a = first_of(member(d->status, "agencies"));
	int rc = 0;

	for (; a && !rc; a = a->next) {
		for (const struct conf_value *line = a->first; line && !rc; line = line->next) {
			if (line->kind == CONF_KIND_MAP && member(line, "spooled"))
				rc = add_interface(rows, d, text_of(a, "id"), line);
		}
	}
	return rc;
}

static int warrants(struct rows *rows, const struct daemon *d)
{
	const struct conf_value *w = first_of(member(member(d->status, "intercept"), "warrants"));

	for (; w; w = w->next) {
		struct row *row = add(rows);
		uint64_t lost = number_of(w, "iri_lost") + lost_of(w);
		struct nanos last = time_of(w, "last_cc");
		char name[160], text[SHORT_LEN];

		if (!row)
			return ERR_NOMEM;
		snprintf(name, sizeof name, "%.90s at %.50s", text_of(w, "key"),
			 text_of(d->all, "name"));
		put_within(row, name, KEY_COLUMNS - 2);
		put_count(row, 4, number_of(w, "live"));
		put_count(row, 8, number_of(w, "cc"));
		put_count(row, 7, number_of(w, "iri"));
		put_count(row, 7, lost);
		put_text(row, " ");
		if (!d->is_there)
			put_text(row, "unknown");
		else if (!is_so(w, "active"))
			put_text(row, "not in force");
		else if (is_so(w, "silent") && last.ns)
			put(row, "session active, no CC for %s", since(d->now, last, text));
		else if (is_so(w, "silent"))
			put_text(row, "session active, no CC yet");
		else
			put(row, last.ns ? "%s ago" : "%s", since(d->now, last, text));
		if (lost || !d->is_there || is_so(w, "silent"))
			mark(rows, row);
	}
	return 0;
}

/* Warrants that nobody executes, or delivers, are no quiet system. */
static int who_is_missing(const struct conf_value *status, struct rows *rows)
{
	static const struct {
		const char *role, *text;
	} roles[] = {{"collector", "none: no warrant is executed"},
		     {"mediator", "none: nothing is delivered"}};

	if (!number_of(member(status, "held"), "warrants"))
		return 0;
	for (size_t k = 0; k < sizeof roles / sizeof *roles; k++) {
		const struct conf_value *d = first_of(member(status, "daemons"));
		struct row *row;

		while (d && strcmp(text_of(d, "role"), roles[k].role))
			d = d->next;
		if (d)
			continue;
		row = add(rows);
		if (!row)
			return ERR_NOMEM;
		put(row, "%s ", roles[k].role);
		put_text(row, roles[k].text);
		mark(rows, row);
	}
	return 0;
}

int rows_make(const struct conf_value *status, enum rows_kind kind, struct rows *out)
{
	static int (*const makers[ROWS_N_KINDS])(struct rows *, const struct daemon *) = {
#define X(name, print, head) [ROWS_##name] = (print),
		ROWS_KINDS(X)
#undef X
	};
	int rc = 0;

	for (const struct conf_value *v = first_of(member(status, "daemons")); v && !rc;
	     v = v->next)
		rc = makers[kind](out, &(struct daemon){.all = v,
							.status = member(v, "status"),
							.now = time_of(status, "time"),
							.is_there = is_so(v, "connected")});
	return rc || kind != ROWS_DAEMON ? rc : who_is_missing(status, out);
}
