#include "ledger/entry.h"

#include <stdlib.h>

static bool moment_parse(const struct conf_field *field, const char *text, void *member)
{
	return conf_time.parse(field, text, member);
}

static const char *moment_print(const struct conf_field *field, const void *member, char *out,
				int size)
{
	return ((const struct nanos *)member)->ns ? conf_time.print(field, member, out, size)
						  : NULL;
}

static void moment_want(const struct conf_field *field, char *out, int size)
{
	conf_time.want(field, out, size);
}

const struct conf_type ledger_moment = {
	.name = "time",
	.size = sizeof(struct nanos),
	.parse = moment_parse,
	.print = moment_print,
	.want = moment_want,
};

#define X(...) CONF_ROW(ledger_loss, __VA_ARGS__)
static const struct conf_field loss_fields[] = {LEDGER_LOSS_FIELDS(X)};
#undef X
#define X(...) CONF_ROW(ledger_name, __VA_ARGS__)
static const struct conf_field name_fields[] = {LEDGER_NAME_FIELDS(X)};
#undef X
#define X(...) CONF_ROW(ledger_entry, __VA_ARGS__)
static const struct conf_field entry_fields[] = {LEDGER_ENTRY_FIELDS(X)};
#undef X
#define X(...) CONF_ROW(ledger_hole, __VA_ARGS__)
static const struct conf_field hole_fields[] = {LEDGER_HOLE_FIELDS(X)};
#undef X
#define X(...) CONF_ROW(ledger_news, __VA_ARGS__)
static const struct conf_field news_fields[] = {LEDGER_NEWS_FIELDS(X)};
#undef X
#define X(...) CONF_ROW(ledger_reporter, __VA_ARGS__)
static const struct conf_field reporter_fields[] = {LEDGER_REPORTER_FIELDS(X)};
#undef X
#define X(...) CONF_ROW(ledger_page, __VA_ARGS__)
static const struct conf_field page_fields[] = {LEDGER_PAGE_FIELDS(X)};
#undef X

const struct conf_record ledger_loss_record = CONF_RECORD(
	ledger_loss, loss_fields, .doc = "Records that were refused or lost for one reason.");
const struct conf_record ledger_name_record =
	CONF_RECORD(ledger_name, name_fields, .doc = "Which row of the ledger.");
const struct conf_record ledger_entry_record = CONF_RECORD(
	ledger_entry, entry_fields,
	.doc = "A row of the ledger: what became of one session's records of one kind.");
const struct conf_record ledger_hole_record = CONF_RECORD(
	ledger_hole, hole_fields, .doc = "A time in which an input did not deliver all.");
const struct conf_record ledger_news_record =
	CONF_RECORD(ledger_news, news_fields, .doc = "What has changed in a daemon's ledger.");
const struct conf_record ledger_reporter_record = CONF_RECORD(
	ledger_reporter, reporter_fields, .doc = "A daemon whose counts are in a page.");
const struct conf_record ledger_page_record =
	CONF_RECORD(ledger_page, page_fields, .doc = "The ledger of a warrant.");

static void name_of(const struct ledger_key *key, struct ledger_name *name)
{
	*name = (struct ledger_name){.kind = key->kind, .span = key->span, .cin = key->cin};
	name->warrant = (char *)(uintptr_t)key->warrant;
	if (*key->element)
		name->element = (char *)(uintptr_t)key->element;
}

/* Texts and losses are borrowed. */
static void entry_of(const struct ledger_row *row, struct ledger_entry *e,
		     struct ledger_loss losses[LEDGER_N_REASONS])
{
	struct ledger_name name;

	name_of(&row->key, &name);
	*e = (struct ledger_entry){.warrant = name.warrant,
				   .element = name.element,
				   .kind = name.kind,
				   .span = name.span,
				   .cin = name.cin,
				   .is_closed = row->is_closed,
				   .folded = row->n_folded,
				   .first_sequence = (int64_t)row->first_seq,
				   .last_sequence = (int64_t)row->last_seq,
				   .turns = row->n_turns,
				   .numbers_again = (int64_t)row->n_again,
				   .first_time = {row->first_ns},
				   .last_time = {row->last_ns}};
#define Y(X, name, constant, stage, doc) e->name = (int64_t)row->counts[LEDGER_##constant];
	LEDGER_COLUMNS(Y, )
#undef Y
	e->losses.items = losses;
	for (int k = 0; k < LEDGER_N_REASONS; k++) {
		const struct ledger_tally *t = &row->tallies[k];

		if (t->n)
			losses[e->losses.n++] =
				(struct ledger_loss){k, (int64_t)t->n, {t->first_ns}, {t->last_ns}};
	}
}

void ledger_sums_print(const uint64_t n[LEDGER_N_REASONS], enum ledger_stage stage, struct json *j)
{
	json_key(j, "ledger"), json_open(j, '{');
	for (int k = 0; k < LEDGER_N_REASONS; k++) {
		if (ledger_reasons[k].stage == stage)
			json_key(j, ledger_reasons[k].key), json_u64(j, n[k]);
	}
	json_close(j, '}');
}

int ledger_row_print(const struct ledger_row *row, struct json *j)
{
	static const struct conf_sight all;
	struct ledger_loss losses[LEDGER_N_REASONS];
	struct ledger_entry entry;

	entry_of(row, &entry, losses);
	return conf_print_json(&ledger_entry_record, &entry, &all, j);
}

int ledger_key_print(const struct ledger_key *key, struct json *j)
{
	static const struct conf_sight all;
	struct ledger_name name;

	name_of(key, &name);
	return conf_print_json(&ledger_name_record, &name, &all, j);
}

int ledger_gap_print(const struct ledger_gap *gap, struct json *j)
{
	static const struct conf_sight all;
	struct ledger_hole hole = {.reason = (int)gap->reason,
				   .from = {gap->from_ns},
				   .to = {gap->to_ns},
				   .packets = (int64_t)gap->n_packets};

	hole.input = (char *)(uintptr_t)gap->input;
	return conf_print_json(&ledger_hole_record, &hole, &all, j);
}

int ledger_entry_of(struct ledger_entry *out, const struct ledger_row *row)
{
	static const struct conf_sight all;
	struct ledger_loss losses[LEDGER_N_REASONS];
	struct ledger_entry entry;

	entry_of(row, &entry, losses);
	return conf_copy(&ledger_entry_record, &all, &entry, out);
}

static void put(char *out, size_t size, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	memcpy(out, text ? text : "", len < size ? len : size - 1);
}

void ledger_entry_row(const struct ledger_entry *e, struct ledger_row *row)
{
	memset(row, 0, sizeof *row);
	put(row->key.warrant, sizeof row->key.warrant, e->warrant);
	put(row->key.element, sizeof row->key.element, e->element);
	row->key.kind = (uint8_t)e->kind;
	row->key.span = (uint8_t)e->span;
	row->key.cin = (uint32_t)e->cin;
	row->is_used = 1;
	row->is_closed = e->is_closed;
	row->n_folded = (uint32_t)e->folded;
	row->first_seq = (uint64_t)e->first_sequence;
	row->last_seq = (uint64_t)e->last_sequence;
	row->n_turns = (uint32_t)e->turns;
	row->n_again = (uint64_t)e->numbers_again;
	row->first_ns = e->first_time.ns;
	row->last_ns = e->last_time.ns;
#define Y(X, name, constant, stage, doc) row->counts[LEDGER_##constant] = (uint64_t)e->name;
	LEDGER_COLUMNS(Y, )
#undef Y
	if (e->encoded || e->received)
		row->next = (uint64_t)e->last_sequence + 1;
	for (size_t k = 0; k < e->losses.n; k++) {
		const struct ledger_loss *loss = &e->losses.items[k];
		struct ledger_tally *t = &row->tallies[loss->reason];

		ledger_tally_add(row, (enum ledger_reason)loss->reason, (uint64_t)loss->records,
				 loss->first.ns);
		if (loss->last.ns > t->last_ns)
			t->last_ns = loss->last.ns;
	}
}
