#include "ledger/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The page as it is gone through. */
struct check {
	const struct ledger_page *page;
	struct ledger_verdict *verdict;
	ledger_remark_fn remark;
	void *arg;
	size_t n_collectors;
	struct ledger_row sums[LEDGER_N_KINDS];
	bool has_folded[LEDGER_N_KINDS];
	int rc;
};

__attribute__((format(printf, 2, 3))) static void say(struct check *c, const char *format, ...)
{
	char text[LEDGER_REMARK_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (!c->rc)
		c->rc = c->remark(c->arg, text);
}

void ledger_row_name(const struct ledger_row *row, char *out, size_t size)
{
	const char *kind = ledger_kind_text((enum ledger_kind)row->key.kind);

	if (row->key.span == LEDGER_SPAN_FOLDED)
		snprintf(out, size, "%s of %" PRIu32 " folded sessions", kind, row->n_folded);
	else if (row->key.span == LEDGER_SPAN_SESSION)
		snprintf(out, size, "%s of CIN %" PRIu32, kind, row->key.cin);
	else
		snprintf(out, size, "%s", kind);
}

/* One stage: what came in, and what became of it. */
struct stage {
	const char *in_text;
	uint64_t in;
	const char *out_text;
	uint64_t out;
	uint64_t lost; /* or refused */
};

static void check_stage(struct check *c, const struct ledger_row *row, const struct stage *s)
{
	char name[64];

	if (s->in == s->out + s->lost)
		return;
	c->verdict->closes = false;
	ledger_row_name(row, name, sizeof name);
	say(c,
	    "%s does not close: %" PRIu64 " %s, but %" PRIu64 " %s and %" PRIu64 " refused or lost",
	    name, s->in, s->in_text, s->out, s->out_text, s->lost);
}

static void check_most(struct check *c, const struct ledger_row *row, const struct stage *s)
{
	char name[64];

	if (s->out <= s->in)
		return;
	c->verdict->closes = false;
	ledger_row_name(row, name, sizeof name);
	say(c, "%s does not close: %" PRIu64 " %s, but %" PRIu64 " %s", name, s->in, s->in_text,
	    s->out, s->out_text);
}

static uint64_t tally(const struct ledger_row *row, enum ledger_reason reason)
{
	return row->tallies[reason].n;
}

/* What was in the outbox, or in the mediator's spool, and is lost. */
static uint64_t lost_at_collector(const struct ledger_row *row)
{
	return tally(row, LEDGER_DAMAGED) + tally(row, LEDGER_ABANDONED) +
	       tally(row, LEDGER_VANISHED);
}

static uint64_t lost_at_mediator(const struct ledger_row *row)
{
	return tally(row, LEDGER_SPOILED) + tally(row, LEDGER_UNDELIVERED) +
	       tally(row, LEDGER_GONE);
}

/* Sequence numbers are a second witness, where they come from one collector and run on: each record
 * that was encoded has one, but for those whose numbers were given again. */
static void check_numbers(struct check *c, const struct ledger_row *row)
{
	uint64_t encoded = row->counts[LEDGER_ENCODED] - row->n_again;
	char name[64];

	if (c->n_collectors != 1 || row->key.span != LEDGER_SPAN_SESSION || !encoded ||
	    row->key.kind == LEDGER_CHECKS || row->n_turns || tally(row, LEDGER_VANISHED) ||
	    row->last_seq - row->first_seq + 1 == encoded)
		return;
	c->verdict->closes = false;
	ledger_row_name(row, name, sizeof name);
	say(c, "%s does not close: %" PRIu64 " records have the numbers %" PRIu64 " to %" PRIu64,
	    name, encoded, row->first_seq, row->last_seq);
}

static void check_collector(struct check *c, const struct ledger_row *row)
{
	const uint64_t *n = row->counts;
	uint64_t unnumbered =
		ledger_row_refused(row, LEDGER_AT_COLLECTOR) + tally(row, LEDGER_NUMBERS);
	uint64_t lost = tally(row, LEDGER_FULL) + tally(row, LEDGER_KILLED);

	check_stage(c, row,
		    &(struct stage){"matched", n[LEDGER_MATCHED], "encoded", n[LEDGER_ENCODED],
				    unnumbered});
	check_stage(c, row,
		    &(struct stage){"encoded", n[LEDGER_ENCODED], "in the collector's outbox",
				    n[LEDGER_SPOOLED], lost});
	check_most(c, row,
		   &(struct stage){"in the collector's outbox", n[LEDGER_SPOOLED],
				   "acknowledged by the mediator, or lost there",
				   n[LEDGER_HANDED] + lost_at_collector(row), 0});
	check_numbers(c, row);
}

static void check_mediator(struct check *c, const struct ledger_row *row)
{
	const uint64_t *n = row->counts;

	check_stage(c, row,
		    &(struct stage){"received by the mediator", n[LEDGER_RECEIVED],
				    "kept for the agency", n[LEDGER_KEPT],
				    ledger_row_refused(row, LEDGER_AT_MEDIATOR) +
					    ledger_row_lost(row, LEDGER_AT_MEDIATOR) -
					    lost_at_mediator(row)});
	check_most(
		c, row,
		&(struct stage){"kept for the agency", n[LEDGER_KEPT], "sent", n[LEDGER_SENT], 0});
	check_most(c, row,
		   &(struct stage){"sent", n[LEDGER_SENT], "acknowledged by the agency",
				   n[LEDGER_ACKNOWLEDGED], 0});
	check_most(c, row,
		   &(struct stage){"kept for the agency", n[LEDGER_KEPT],
				   "acknowledged by the agency, or lost before",
				   n[LEDGER_ACKNOWLEDGED] + lost_at_mediator(row), 0});
}

/* While records come, the collector and the mediator tell of them at different moments. */
static bool is_moving(const struct check *c, const struct ledger_row *row)
{
	int64_t age_ns = c->page->at.ns - row->last_ns;

	return age_ns < LEDGER_MOVING_S * (int64_t)NANOS_PER_S &&
	       age_ns > -LEDGER_MOVING_S * (int64_t)NANOS_PER_S;
}

static void check_told(struct check *c, const struct ledger_row *row, const struct stage *s)
{
	char name[64];

	if (s->out <= s->in || !is_moving(c, row)) {
		check_most(c, row, s);
		return;
	}
	c->verdict->n_held += s->out - s->in;
	ledger_row_name(row, name, sizeof name);
	say(c, "%s: %" PRIu64 " %s, %" PRIu64 " %s: they tell of it at different moments", name,
	    s->in, s->in_text, s->out, s->out_text);
}

static uint64_t more(uint64_t n, uint64_t than)
{
	return n > than ? n - than : 0;
}

static const struct ledger_hole *gone_of(const struct ledger_page *page)
{
	for (size_t k = 0; k < page->gaps.n; k++)
		if (page->gaps.items[k].reason == LEDGER_GONE)
			return &page->gaps.items[k];
	return NULL;
}

/* A mediator has lost its spool. Its last word may be older than that, and the collector may have
 * sent again what it still had: missing is what the mediator acknowledged and nobody has. */
static void check_gone(struct check *c, const struct ledger_row *row, const struct ledger_hole *h)
{
	const uint64_t *n = row->counts;
	uint64_t spoiled = tally(row, LEDGER_SPOILED) + tally(row, LEDGER_UNDELIVERED);
	uint64_t gone = tally(row, LEDGER_GONE);
	uint64_t refused = ledger_row_refused(row, LEDGER_AT_MEDIATOR) +
			   ledger_row_lost(row, LEDGER_AT_MEDIATOR) - spoiled - gone;
	uint64_t held = more(n[LEDGER_KEPT], n[LEDGER_ACKNOWLEDGED] + spoiled + gone);
	uint64_t lost = more(n[LEDGER_HANDED], n[LEDGER_ACKNOWLEDGED] + spoiled + refused + held);
	char name[64], from[NANOS_TEXT_LEN], to[NANOS_TEXT_LEN];

	if (!lost)
		return;
	ledger_row_name(row, name, sizeof name);
	if (is_moving(c, row)) {
		c->verdict->n_held += lost;
		say(c, "%s: what its mediator lost is not known before they have all told", name);
		return;
	}
	c->verdict->n_lost += lost;
	nanos_print(h->from, 3, from);
	nanos_print(h->to, 3, to);
	say(c, "%s: at most %" PRIu64 " %s, which it had acknowledged, between %s and %s", name,
	    lost, ledger_reasons[LEDGER_GONE].text, from, to);
}

/* Between the collector and the mediator. */
static void check_between(struct check *c, const struct ledger_row *row)
{
	const uint64_t *n = row->counts;

	if (row->key.kind == LEDGER_HI1)
		return;
	if (gone_of(c->page)) {
		check_gone(c, row, gone_of(c->page));
		return;
	}
	check_told(c, row,
		   &(struct stage){"in the collector's outbox", n[LEDGER_SPOOLED],
				   "received by the mediator", n[LEDGER_RECEIVED], 0});
	check_told(c, row,
		   &(struct stage){"received by the mediator", n[LEDGER_RECEIVED],
				   "acknowledged by it", n[LEDGER_HANDED], 0});
}

static void say_tallies(struct check *c, const struct ledger_row *row)
{
	char name[64], first[NANOS_TEXT_LEN], last[NANOS_TEXT_LEN];

	for (int k = 0; k < LEDGER_N_REASONS; k++) {
		const struct ledger_tally *t = &row->tallies[k];
		bool is_lost = ledger_reasons[k].fate == LEDGER_LOST;
		bool is_late = !is_lost && ledger_reasons[k].stage == LEDGER_AT_MEDIATOR;

		if (!t->n || (k == LEDGER_GONE && row->key.kind != LEDGER_HI1))
			continue; /* check_gone says how many it really were */
		c->verdict->n_lost += is_lost ? t->n : 0;
		c->verdict->n_refused += is_late && k != LEDGER_NO_CAPTURE ? t->n : 0;
		ledger_row_name(row, name, sizeof name);
		nanos_print((struct nanos){t->first_ns}, 3, first);
		nanos_print((struct nanos){t->last_ns}, 3, last);
		say(c, "%s: %" PRIu64 " %s in the %s between %s and %s: %s", name, t->n,
		    is_lost ? "lost" : "refused", ledger_stage_text(ledger_reasons[k].stage), first,
		    last, ledger_reasons[k].text);
	}
}

static void say_held(struct check *c, const struct ledger_row *row)
{
	const uint64_t *n = row->counts;
	uint64_t at_collector =
		more(n[LEDGER_SPOOLED], (gone_of(c->page) ? n[LEDGER_HANDED] : n[LEDGER_RECEIVED]) +
						lost_at_collector(row));
	uint64_t at_mediator = more(n[LEDGER_KEPT], n[LEDGER_ACKNOWLEDGED] + lost_at_mediator(row));
	char name[64];

	c->verdict->n_held += at_collector + at_mediator;
	ledger_row_name(row, name, sizeof name);
	if (at_collector)
		say(c, "%s: %" PRIu64 " wait at the collector, or are on their way", name,
		    at_collector);
	if (at_mediator)
		say(c, "%s: %" PRIu64 " wait at the mediator for the agency", name, at_mediator);
	if (n[LEDGER_SENT_AGAIN])
		say(c, "%s: %" PRIu64 " were sent again: the agency may have them twice", name,
		    n[LEDGER_SENT_AGAIN]);
}

static void say_turns(struct check *c, const struct ledger_row *row)
{
	char name[64];

	if (!row->n_turns || row->key.span != LEDGER_SPAN_SESSION)
		return;
	ledger_row_name(row, name, sizeof name);
	say(c, "%s: its numbers began again at 0, %" PRIu32 " times", name, row->n_turns);
}

static void check_row(struct check *c, const struct ledger_row *row)
{
	int kind = row->key.kind;

	ledger_row_add(&c->sums[kind], row);
	c->has_folded[kind] |= row->key.span == LEDGER_SPAN_FOLDED;
	check_collector(c, row);
	check_mediator(c, row);
	say_tallies(c, row);
	say_turns(c, row);
}

static void check_kind(struct check *c, int kind)
{
	c->sums[kind].key = (struct ledger_key){.kind = (uint8_t)kind, .span = LEDGER_SPAN_WARRANT};
	if (c->has_folded[kind]) {
		check_between(c, &c->sums[kind]);
		say_held(c, &c->sums[kind]);
		return;
	}
	for (size_t k = 0; k < c->page->rows.n; k++) {
		struct ledger_row row;

		if (c->page->rows.items[k].kind != kind)
			continue;
		ledger_entry_row(&c->page->rows.items[k], &row);
		check_between(c, &row);
		say_held(c, &row);
	}
}

static void say_gaps(struct check *c)
{
	char from[NANOS_TEXT_LEN], to[NANOS_TEXT_LEN];

	for (size_t k = 0; k < c->page->gaps.n; k++) {
		const struct ledger_hole *h = &c->page->gaps.items[k];
		const char *text = ledger_reasons[h->reason].text;

		nanos_print(h->from, 3, from);
		nanos_print(h->to, 3, to);
		if (ledger_reasons[h->reason].stage != LEDGER_AT_INPUT) {
			say(c, "the spool of %s was lost between %s and %s",
			    h->collector ? h->collector : "a daemon", from, to);
			continue;
		}
		c->verdict->n_gaps++;
		if (h->packets)
			say(c,
			    "not captured from %s to %s: %" PRId64
			    " packets %s on input %s of %s, whosever they were",
			    from, to, h->packets, text, h->input,
			    h->collector ? h->collector : "a collector");
		else if (h->reason == LEDGER_CLOCK)
			say(c,
			    "not captured for a time that is not known, when the clock said "
			    "between "
			    "%s and %s: %s (input %s of %s)",
			    from, to, text, h->input, h->collector ? h->collector : "a collector");
		else
			say(c, "not captured from %s to %s: %s (input %s of %s)", from, to, text,
			    h->input, h->collector ? h->collector : "a collector");
	}
}

int ledger_check(const struct ledger_page *page, struct ledger_verdict *verdict,
		 ledger_remark_fn remark, void *arg)
{
	struct check *c = calloc(1, sizeof *c);
	int rc;

	*verdict = (struct ledger_verdict){.closes = true};
	if (!c)
		return ERR_NOMEM;
	*c = (struct check){.page = page, .verdict = verdict, .remark = remark, .arg = arg};
	for (size_t k = 0; k < page->reporters.n; k++)
		c->n_collectors += !strcmp(page->reporters.items[k].role, "collector");
	for (size_t k = 0; k < page->rows.n; k++) {
		struct ledger_row row;

		ledger_entry_row(&page->rows.items[k], &row);
		check_row(c, &row);
	}
	for (int kind = 0; kind < LEDGER_N_KINDS; kind++)
		check_kind(c, kind);
	say_gaps(c);
	verdict->is_complete = verdict->closes && !verdict->n_lost && !verdict->n_refused &&
			       !verdict->n_held && !verdict->n_gaps;
	rc = c->rc;
	free(c);
	return rc;
}

static int add_remark(void *arg, const char *text)
{
	struct ledger_page *page = arg;
	char **items = reallocarray(page->remarks.items, page->remarks.n + 1, sizeof *items);

	if (!items)
		return ERR_NOMEM;
	page->remarks.items = items;
	items[page->remarks.n] = strdup(text);
	if (!items[page->remarks.n])
		return ERR_NOMEM;
	page->remarks.n++;
	return 0;
}

int ledger_judge(struct ledger_page *page)
{
	struct ledger_verdict verdict;
	int rc = ledger_check(page, &verdict, add_remark, page);

	page->closes = verdict.closes;
	page->is_complete = verdict.is_complete;
	return rc;
}

int ledger_judge_anew(struct ledger_page *page)
{
	while (page->remarks.n)
		free(page->remarks.items[--page->remarks.n]);
	return ledger_judge(page);
}

void ledger_verdict_print(const struct ledger_verdict *v, char *out, size_t size)
{
	if (!v->closes)
		snprintf(out, size, "the sums do not close");
	else if (v->is_complete)
		snprintf(out, size, "complete: nothing was lost, and the agency has everything");
	else
		snprintf(out, size,
			 "the sums close; %" PRIu64 " records lost, %" PRIu64
			 " refused by the mediator, %" PRIu64
			 " on their way, %zu times in which not all was captured",
			 v->n_lost, v->n_refused, v->n_held, v->n_gaps);
}
