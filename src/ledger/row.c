#include "ledger/row.h"

#include <stddef.h>

#define X(name, key, fate, text, doc) {key, text, doc, LEDGER_AT_STAGE, LEDGER_##fate},
const struct ledger_reason_facts ledger_reasons[LEDGER_N_REASONS] = {
#define LEDGER_AT_STAGE LEDGER_AT_COLLECTOR
	LEDGER_COLLECTOR_REASONS(X)
#undef LEDGER_AT_STAGE
#define LEDGER_AT_STAGE LEDGER_AT_MEDIATOR
		LEDGER_MEDIATOR_REASONS(X)
#undef LEDGER_AT_STAGE
#define LEDGER_AT_STAGE LEDGER_AT_INPUT
			LEDGER_INPUT_REASONS(X)
#undef LEDGER_AT_STAGE
};
#undef X

const struct conf_name ledger_reason_names[] = {
#define X(name, key, fate, text, doc) {key, LEDGER_##name, text},
	LEDGER_REASONS(X)
#undef X
		{NULL, 0, NULL},
};

const struct conf_name ledger_kind_names[] = {
#define X(name, text, doc) {text, LEDGER_##name, doc},
	LEDGER_KINDS(X)
#undef X
		{NULL, 0, NULL},
};

const struct conf_name ledger_span_names[] = {
#define X(name, text, doc) {text, LEDGER_SPAN_##name, doc},
	LEDGER_SPANS(X)
#undef X
		{NULL, 0, NULL},
};

const char *ledger_kind_text(enum ledger_kind kind)
{
	return ledger_kind_names[kind].name;
}

const char *ledger_stage_text(enum ledger_stage stage)
{
	static const char *const texts[] = {
#define X(name, text, doc) text,
		LEDGER_STAGES(X)
#undef X
	};

	return texts[stage];
}

/* Puts as much of a text as there is room for. */
static size_t put(char *out, size_t size, const void *text, size_t len)
{
	size_t n = len < size ? len : size;

	memcpy(out, text, n);
	return n;
}

void ledger_key_set(struct ledger_key *key, const char *agency, const void *liid, size_t liid_len)
{
	size_t most = sizeof key->warrant - 1, n;

	memset(key, 0, sizeof *key);
	n = put(key->warrant, most, agency, strlen(agency));
	n += put(key->warrant + n, most - n, "/", 1);
	(void)put(key->warrant + n, most - n, liid, liid_len);
}

void ledger_key_set_element(struct ledger_key *key, const void *element, size_t len)
{
	memset(key->element, 0, sizeof key->element);
	if (len)
		(void)put(key->element, sizeof key->element - 1, element, len);
}

static void add_tally(struct ledger_tally *t, const struct ledger_tally *other)
{
	if (!other->n)
		return;
	if (!t->n || other->first_ns < t->first_ns)
		t->first_ns = other->first_ns;
	if (!t->n || other->last_ns > t->last_ns)
		t->last_ns = other->last_ns;
	t->n += other->n;
}

void ledger_row_add(struct ledger_row *row, const struct ledger_row *other)
{
	if (other->next) {
		bool is_first = !row->next;

		if (is_first || other->first_seq < row->first_seq)
			row->first_seq = other->first_seq;
		if (is_first || other->last_seq > row->last_seq)
			row->last_seq = other->last_seq;
		if (is_first || other->first_ns < row->first_ns)
			row->first_ns = other->first_ns;
		if (is_first || other->last_ns > row->last_ns)
			row->last_ns = other->last_ns;
		if (other->next > row->next)
			row->next = other->next;
	}
	for (int k = 0; k < LEDGER_N_COLUMNS; k++)
		row->counts[k] += other->counts[k];
	for (int k = 0; k < LEDGER_N_REASONS; k++)
		add_tally(&row->tallies[k], &other->tallies[k]);
	row->n_folded += other->n_folded;
	row->n_turns += other->n_turns;
	row->n_again += other->n_again;
}

bool ledger_row_is_empty(const struct ledger_row *row)
{
	for (int k = 0; k < LEDGER_N_COLUMNS; k++)
		if (row->counts[k])
			return false;
	for (int k = 0; k < LEDGER_N_REASONS; k++)
		if (row->tallies[k].n)
			return false;
	return true;
}

static uint64_t sum(const struct ledger_row *row, enum ledger_stage stage, enum ledger_fate fate)
{
	uint64_t n = 0;

	for (int k = 0; k < LEDGER_N_REASONS; k++)
		if (ledger_reasons[k].stage == stage && ledger_reasons[k].fate == fate)
			n += row->tallies[k].n;
	return n;
}

uint64_t ledger_row_refused(const struct ledger_row *row, enum ledger_stage stage)
{
	return sum(row, stage, LEDGER_REFUSED);
}

uint64_t ledger_row_lost(const struct ledger_row *row, enum ledger_stage stage)
{
	return sum(row, stage, LEDGER_LOST);
}
