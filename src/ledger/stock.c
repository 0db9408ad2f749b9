#include "ledger/stock.h"

#include <stdlib.h>

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
	uint64_t out = row->counts[s->rule.out] + row->tallies[s->rule.lost].n;

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

void ledger_stock_reached(struct ledger_stock **stock, size_t spool, uint64_t offset)
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
			ledger_tally_add(ledger_book_row(s->book, &s->items[k].key), s->rule.lost,
					 s->items[k].n, s->rule.ns);
	ledger_stock_free(stock);
}
