/* What an agency is still owed, as the ledger has it: who removes the agency drops it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/entry.h"
#include "provision/own.h"

enum { NAMED = 3, NAMES_LEN = 3 * ORDERS_KEY_LEN };

struct backlog {
	struct why *why;
	uint64_t at_collectors, at_mediators; /* records that wait there */
	uint64_t handed, received;
	char last[LEDGER_WARRANT_LEN]; /* warrant, of those that have any */
	char names[NAMES_LEN];
	size_t n_named;
};

static uint64_t rest(uint64_t in, uint64_t out)
{
	return in > out ? in - out : 0;
}

static uint64_t count_row(struct backlog *b, const struct ledger_row *row, bool is_mediators)
{
	const uint64_t *n = row->counts;
	uint64_t lost = 0, held;

	for (int k = 0; k < LEDGER_N_REASONS; k++) {
		if (k == LEDGER_DAMAGED || k == LEDGER_ABANDONED || k == LEDGER_VANISHED ||
		    k == LEDGER_SPOILED || k == LEDGER_UNDELIVERED || k == LEDGER_GONE)
			lost += row->tallies[k].n;
	}
	held = is_mediators ? rest(n[LEDGER_KEPT], n[LEDGER_ACKNOWLEDGED] + lost)
			    : rest(n[LEDGER_SPOOLED], n[LEDGER_HANDED] + lost);
	if (is_mediators)
		b->at_mediators += held;
	else
		b->at_collectors += held;
	/* what one has handed over and the other did not tell of yet is on its way */
	b->handed += n[LEDGER_HANDED];
	b->received += row->key.kind == LEDGER_HI1 ? 0 : n[LEDGER_RECEIVED];
	return held;
}

static void name_warrant(struct backlog *b, const char *warrant)
{
	size_t len = strlen(b->names);

	if (!strcmp(b->last, warrant))
		return;
	snprintf(b->last, sizeof b->last, "%s", warrant);
	if (b->n_named++ < NAMED)
		snprintf(b->names + len, sizeof b->names - len, "%s%s", len ? ", " : "", warrant);
}

static int look_at_row(void *arg, const struct store_row *stored)
{
	struct backlog *b = arg;
	struct ledger_entry entry;
	struct ledger_row row;
	int rc = conf_parse_json(&ledger_entry_record, stored->body, strlen(stored->body), &entry,
				 b->why);

	if (rc)
		return rc;
	ledger_entry_row(&entry, &row);
	conf_fini(&ledger_entry_record, &entry);
	if (count_row(b, &row, !strncmp(stored->reporter, "mediator:", strlen("mediator:"))))
		name_warrant(b, stored->warrant);
	return 0;
}

int backlog_check(struct provision *p, const char *agency, enum backlog_place place,
		  struct refusal *refusal)
{
	struct why why = {.text = ""};
	struct backlog b = {.why = &why};
	uint64_t n_between;
	int rc = store_rows_of_agency(p->store, agency, look_at_row, &b, &why);

	if (rc)
		return refuse_why(refusal, 500, rc, &why);
	n_between = rest(b.handed, b.received);
	if (place == BACKLOG_AT_MEDIATORS)
		b.at_collectors = n_between = 0;
	if (!b.at_collectors && !b.at_mediators && !n_between)
		return 0;
	return refuse(refusal, 409, NULL,
		      "records wait for it, %" PRIu64 " at collectors and %" PRIu64
		      " at mediators%s%s%s: wait, or drop them (?drop=true)",
		      b.at_collectors + n_between, b.at_mediators, b.n_named ? ", of " : "",
		      b.names, b.n_named > NAMED ? " and others" : "");
}
