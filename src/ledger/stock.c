#include "ledger/stock.h"

#include <stdlib.h>
#include <string.h>

struct stocked {
	struct ledger_key key;
	uint64_t n; /* records that are still there, or lost */
};

struct ledger_stock {
	struct ledger_book *book;
	struct ledger_stock_rule rule;
	uint64_t ends[LEDGER_STOCK_SPOOLS];
	bool is_reached[LEDGER_STOCK_SPOOLS];
	struct stocked *items; /* by key */
	size_t n;
};

static bool is_of(const struct ledger_row *row, const char *agency)
{
	size_t len = strlen(agency);

	return row && row->key.kind < LEDGER_N_KINDS && len < LEDGER_WARRANT_LEN &&
	       !memcmp(row->key.warrant, agency, len) && row->key.warrant[len] == '/';
}

static uint64_t left_of(const struct ledger_stock *s, const struct ledger_row *row)
{
	uint64_t in = row->counts[s->rule.in];
	bool is_collectors = ledger_reasons[s->rule.lost].stage == LEDGER_AT_COLLECTOR;
	uint64_t out = row->counts[s->rule.out] +
		       row->tallies[is_collectors ? LEDGER_DAMAGED : LEDGER_SPOILED].n +
		       row->tallies[is_collectors ? LEDGER_ABANDONED : LEDGER_UNDELIVERED].n;

	return in > out ? in - out : 0;
}

static int by_key(const void *a, const void *b)
{
	const struct stocked *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof x->key);
}

static int fill(struct ledger_stock *s, const char *agency)
{
	uint32_t n_slots = ledger_book_n_slots(s->book);
	const struct ledger_row *row;
	size_t n = 0;

	for (uint32_t k = 0; k < n_slots; k++) {
		row = ledger_book_slot(s->book, k);
		n += is_of(row, agency) && left_of(s, row);
	}
	s->items = calloc(n + 1, sizeof *s->items);
	if (!s->items)
		return ERR_NOMEM;
	for (uint32_t k = 0; k < n_slots; k++) {
		row = ledger_book_slot(s->book, k);
		if (is_of(row, agency) && left_of(s, row))
			s->items[s->n++] = (struct stocked){row->key, left_of(s, row)};
	}
	qsort(s->items, s->n, sizeof *s->items, by_key);
	return 0;
}

void ledger_stock_widen(struct ledger_stock *s, const struct ledger_stretch *when)
{
	struct ledger_stretch *all = &s->rule.when;

	/* a beginning that nobody knows may be any */
	if (when->from_ns < all->from_ns)
		all->from_ns = when->from_ns;
	if (when->to_ns > all->to_ns)
		all->to_ns = when->to_ns;
}

int ledger_stock_take(struct ledger_stock **stock, struct ledger_book *book, const char *agency,
		      const struct ledger_stock_rule *rule,
		      const uint64_t ends[LEDGER_STOCK_SPOOLS])
{
	struct ledger_stock *s = calloc(1, sizeof *s);
	int rc = s ? 0 : ERR_NOMEM;

	if (!rc) {
		s->book = book;
		s->rule = *rule;
		memcpy(s->ends, ends, sizeof s->ends);
		rc = fill(s, agency);
	}
	if (rc) {
		ledger_stock_free(&s);
		return rc;
	}
	if (*stock)
		ledger_stock_widen(s, &(*stock)->rule.when);
	ledger_stock_free(stock);
	*stock = s;
	return 0;
}

void ledger_stock_free(struct ledger_stock **stock)
{
	if (*stock)
		free((*stock)->items);
	free(*stock);
	*stock = NULL;
}

bool ledger_stock_covers(const struct ledger_stock *s, size_t spool, uint64_t end)
{
	return s && end <= s->ends[spool];
}

void ledger_stock_strike(struct ledger_stock *s, size_t spool, uint64_t end,
			 const struct ledger_key *key)
{
	struct stocked wanted = {.key = *key}, *item;

	if (!s || end > s->ends[spool])
		return;
	item = bsearch(&wanted, s->items, s->n, sizeof *s->items, by_key);
	if (item && item->n)
		item->n--;
}

/* Of the holes' time, what the row's own records can have been in. */
static struct ledger_stretch stretch_of(const struct ledger_stock *s, const struct ledger_row *row)
{
	struct ledger_stretch when = s->rule.when;

	if (row->next && row->first_ns > when.from_ns && row->first_ns <= when.to_ns)
		when.from_ns = row->first_ns;
	if (row->next && row->last_ns < when.to_ns && row->last_ns >= when.from_ns)
		when.to_ns = row->last_ns;
	if (!when.from_ns)
		when.from_ns = when.to_ns;
	return when;
}

/* Rows of one warrant come one behind the other. */
static void add_loss(struct ledger_losses *losses, const struct stocked *item,
		     const struct ledger_stretch *when, enum ledger_reason reason)
{
	struct ledger_lost *last = losses->n ? &losses->items[losses->n - 1] : NULL;
	struct ledger_lost *more;

	if (last && last->reason == reason && !strcmp(last->warrant, item->key.warrant)) {
		last->n += item->n;
		last->when.from_ns =
			when->from_ns < last->when.from_ns ? when->from_ns : last->when.from_ns;
		last->when.to_ns = when->to_ns > last->when.to_ns ? when->to_ns : last->when.to_ns;
		return;
	}
	more = reallocarray(losses->items, losses->n + 1, sizeof *more);
	if (!more)
		return;
	losses->items = more;
	last = &more[losses->n++];
	*last = (struct ledger_lost){.n = item->n, .reason = reason, .when = *when};
	memcpy(last->warrant, item->key.warrant, sizeof last->warrant);
}

static void count_lost(const struct ledger_stock *s, const struct stocked *item,
		       struct ledger_losses *losses)
{
	struct ledger_row *row = ledger_book_row(s->book, &item->key);
	struct ledger_stretch when = stretch_of(s, row);

	ledger_tally_add(row, s->rule.lost, item->n, when.from_ns);
	ledger_tally_add(row, s->rule.lost, 0, when.to_ns);
	add_loss(losses, item, &when, s->rule.lost);
}

void ledger_stock_reached(struct ledger_stock **stock, size_t spool, uint64_t offset,
			  struct ledger_losses *losses)
{
	struct ledger_stock *s = *stock;

	if (!s || offset < s->ends[spool])
		return;
	s->is_reached[spool] = true;
	for (size_t k = 0; k < LEDGER_STOCK_SPOOLS; k++)
		if (!s->is_reached[k])
			return;
	for (size_t k = 0; k < s->n; k++)
		if (s->items[k].n)
			count_lost(s, &s->items[k], losses);
	ledger_stock_free(stock);
}

int ledger_stock_give_up(struct ledger_book *book, const char *agency,
			 const struct ledger_stock_rule *rule, struct ledger_losses *losses)
{
	static const uint64_t ends[LEDGER_STOCK_SPOOLS];
	struct ledger_stock *s = NULL;
	int rc = ledger_stock_take(&s, book, agency, rule, ends);

	for (size_t k = 0; k < LEDGER_STOCK_SPOOLS; k++)
		ledger_stock_reached(&s, k, 0, losses);
	return rc;
}

void ledger_losses_fini(struct ledger_losses *losses)
{
	free(losses->items);
	*losses = (struct ledger_losses){.items = NULL};
}
