/* Pages for this room's tests. */
#ifndef LEDGER_SAMPLE_H
#define LEDGER_SAMPLE_H

#include <stdlib.h>

#include "ledger/check.h"

/* A session's row that is complete: n records. */
static inline struct ledger_row sample_row(uint32_t cin, enum ledger_kind kind, uint64_t n)
{
	struct ledger_row row = {.is_used = 1,
				 .first_seq = 0,
				 .last_seq = (uint32_t)(n - 1),
				 .next = n,
				 .first_ns = 1000000001,
				 .last_ns = 2000000000};

	ledger_key_set(&row.key, "police", "L1", 2);
	ledger_key_set_element(&row.key, "ne1", 3);
	row.key.cin = cin;
	row.key.kind = (uint8_t)kind;
	for (int k = 0; k < LEDGER_N_COLUMNS; k++)
		row.counts[k] = k == LEDGER_SENT_AGAIN ? 0 : n;
	return row;
}

/* A page of these rows, by one collector and one mediator. */
static inline struct ledger_page sample_page(const struct ledger_row *rows, size_t n)
{
	struct ledger_page page = {.at = {1700000000000000000}};

	page.warrant = strdup("police/L1");
	page.rows.items = calloc(n + 1, sizeof *page.rows.items);
	page.reporters.items = calloc(2, sizeof *page.reporters.items);
	page.reporters.n = 2;
	page.reporters.items[0].role = strdup("collector");
	page.reporters.items[0].name = strdup("c1");
	page.reporters.items[1].role = strdup("mediator");
	page.reporters.items[1].name = strdup("m1");
	for (size_t k = 0; k < n; k++)
		page.rows.n += !ledger_entry_of(&page.rows.items[k], &rows[k]);
	return page;
}

#endif
