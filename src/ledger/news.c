#include "ledger/news.h"

#include <stdio.h>
#include <stdlib.h>

/* What the listener knows of a slot. */
struct known {
	struct ledger_key key;
	uint64_t digest; /* 0: nothing */
};

/* What the message in hand would make it know. */
struct staged {
	uint32_t slot;
	struct known now; /* digest 0: gone */
};

struct ledger_teller {
	struct ledger_book *book;
	struct known *known;
	uint32_t n_known; /* places */
	uint32_t at;      /* the slot to be looked at next */
	struct staged staged[2 * LEDGER_NEWS_ROWS + 2];
	uint32_t n_staged, staged_at;
	uint64_t gaps, staged_gaps; /* digests */
	bool is_whole;              /* all was told once */
	bool has_begun;
	bool is_first, is_last; /* the message in hand */
};

int ledger_teller_new(struct ledger_teller **out, struct ledger_book *book)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return ERR_NOMEM;
	(*out)->book = book;
	return 0;
}

void ledger_teller_free(struct ledger_teller **t)
{
	if (*t)
		free((*t)->known);
	free(*t);
	*t = NULL;
}

void ledger_teller_again(struct ledger_teller *t)
{
	for (uint32_t k = 0; k < t->n_known; k++)
		t->known[k].digest = 0;
	t->at = t->n_staged = 0;
	t->gaps = 0;
	t->is_whole = t->has_begun = false;
}

static uint64_t mix(uint64_t h, const void *octets, size_t len)
{
	const uint8_t *at = octets;

	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		h = (h ^ word) * 0xff51afd7ed558ccd;
		h ^= h >> 29;
	}
	return h | 1;
}

static uint64_t digest_of(const struct ledger_row *row)
{
	uint64_t h = mix(1, row->counts, sizeof row->counts);

	h = mix(h, row->tallies, sizeof row->tallies);
	return mix(h + row->is_closed + ((uint64_t)row->n_folded << 8), &row->key, sizeof row->key);
}

static uint64_t digest_of_gaps(const struct ledger_book *book)
{
	uint64_t h = 0;

	for (uint32_t k = 0; k < LEDGER_MAX_GAPS; k++) {
		const struct ledger_gap *gap = ledger_gap_at(book, k);

		if (gap)
			h = mix(h, gap, sizeof *gap);
	}
	return h;
}

static int grow(struct ledger_teller *t, uint32_t n)
{
	struct known *known;

	if (n <= t->n_known)
		return 0;
	n = n < 1024 ? 1024 : n * 2;
	known = reallocarray(t->known, n, sizeof *known);
	if (!known)
		return ERR_NOMEM;
	memset(known + t->n_known, 0, (n - t->n_known) * sizeof *known);
	t->known = known;
	t->n_known = n;
	return 0;
}

static void stage(struct ledger_teller *t, uint32_t slot, const struct ledger_key *key,
		  uint64_t digest)
{
	t->staged[t->n_staged++] = (struct staged){slot, {*key, digest}};
}

/* What has changed in a slot. */
static void look(struct ledger_teller *t, uint32_t slot)
{
	const struct ledger_row *row = ledger_book_slot(t->book, slot);
	const struct known *known = &t->known[slot];
	bool is_other = known->digest && (!row || !ledger_key_is_equal(&row->key, &known->key));
	uint64_t digest;

	if (is_other)
		stage(t, slot, &known->key, 0);
	if (!row || ledger_row_is_empty(row))
		return;
	digest = digest_of(row);
	if (is_other || digest != known->digest)
		stage(t, slot, &row->key, digest);
}

static int print_rows(const struct ledger_teller *t, struct json *j)
{
	int rc = 0;

	json_key(j, "rows"), json_open(j, '[');
	for (uint32_t k = 0; k < t->n_staged && !rc; k++)
		if (t->staged[k].now.digest)
			rc = ledger_row_print(ledger_book_slot(t->book, t->staged[k].slot), j);
	json_close(j, ']');
	json_key(j, "gone"), json_open(j, '[');
	for (uint32_t k = 0; k < t->n_staged && !rc; k++)
		if (!t->staged[k].now.digest)
			rc = ledger_key_print(&t->staged[k].now.key, j);
	json_close(j, ']');
	return rc;
}

static int print_gaps(const struct ledger_teller *t, struct json *j)
{
	int rc = 0;

	json_key(j, "gaps"), json_open(j, '[');
	for (uint32_t k = 0; k < LEDGER_MAX_GAPS && !rc; k++) {
		const struct ledger_gap *gap = ledger_gap_at(t->book, k);

		if (gap)
			rc = ledger_gap_print(gap, j);
	}
	json_close(j, ']');
	return rc;
}

static int print(const struct ledger_teller *t, struct wr *w)
{
	struct json j = json_of(w);
	char book[17];
	int rc;

	snprintf(book, sizeof book, "%016llx", (unsigned long long)ledger_book_id(t->book));
	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "ledger");
	json_key(&j, "book"), json_text(&j, book);
	if (t->is_first)
		json_key(&j, "begin"), json_bool(&j, true);
	if (t->is_first)
		json_key(&j, "fresh"), json_bool(&j, ledger_book_is_fresh(t->book));
	if (t->is_last)
		json_key(&j, "end"), json_bool(&j, true);
	rc = print_rows(t, &j);
	if (!rc && (t->is_last || t->staged_gaps != t->gaps))
		rc = print_gaps(t, &j);
	json_close(&j, '}');
	return rc ? rc : w->ok ? 1 : ERR_NOMEM;
}

int ledger_teller_next(struct ledger_teller *t, struct wr *w)
{
	uint32_t n = ledger_book_n_slots(t->book);

	if (grow(t, n))
		return ERR_NOMEM;
	t->n_staged = 0;
	t->staged_at = t->at;
	while (t->staged_at < n && t->n_staged < LEDGER_NEWS_ROWS)
		look(t, t->staged_at++);
	t->staged_gaps = digest_of_gaps(t->book);
	t->is_first = !t->has_begun;
	t->is_last = !t->is_whole && t->staged_at == n;
	if (t->is_last || t->n_staged || t->staged_gaps != t->gaps)
		return print(t, w);
	t->at = 0;
	return 0;
}

void ledger_teller_sent(struct ledger_teller *t)
{
	for (uint32_t k = 0; k < t->n_staged; k++)
		t->known[t->staged[k].slot] = t->staged[k].now;
	t->n_staged = 0;
	t->has_begun = true;
	t->is_whole |= t->is_last;
	if (t->is_last || t->is_whole)
		t->gaps = t->staged_gaps;
	t->at = t->staged_at == ledger_book_n_slots(t->book) ? 0 : t->staged_at;
}
