#include "intercept/count.h"

#include <string.h>

#include "etsi/decode.h"
#include "tally/tally.h"

static void key_of(const struct session *s, enum ledger_kind kind, struct ledger_key *key)
{
	const struct mandate *m = s->mandate;
	const char *liid = strchr(m->key, '/');
	char agency[LEDGER_WARRANT_LEN] = "";

	liid = liid ? liid + 1 : m->key;
	memcpy(agency, m->key,
	       (size_t)(liid - m->key) < sizeof agency && liid > m->key
		       ? (size_t)(liid - m->key) - 1
		       : 0);
	ledger_key_set(key, agency, liid, strlen(liid));
	ledger_key_set_element(key, m->terms.network_element, strlen(m->terms.network_element));
	key->cin = s->cin;
	key->kind = (uint8_t)kind;
	key->span = LEDGER_SPAN_SESSION;
}

struct ledger_row *count_find(struct intercept *i, struct session *s, enum ledger_kind kind)
{
	struct ledger_key key;

	key_of(s, kind, &key);
	s->rows[kind] = ledger_book_row(i->options.ledger, &key);
	return s->rows[kind];
}

/* Their numbers are several sequences: the row has none. */
void count_checks(struct intercept *i, struct session *s, int64_t ns, bool is_lost)
{
	size_t len, left = i->plain.len;
	struct ledger_row *row;

	while (left && !etsi_pdu_len(i->plain.bytes + i->plain.len - left, left, &len, NULL)) {
		row = count_matched(i, s, LEDGER_CHECKS);
		if (!row || len > left)
			return;
		ledger_count(row, LEDGER_ENCODED, 1);
		ledger_count(row, LEDGER_SPOOLED, 1);
		if (is_lost)
			count_full(row, ns);
		left -= len;
	}
}

void count_turn(struct session *s)
{
	static const enum ledger_kind numbered[] = {LEDGER_IRI, LEDGER_CC};

	for (size_t k = 0; k < sizeof numbered / sizeof *numbered; k++) {
		if (s->rows[numbered[k]] && s->rows[numbered[k]]->next)
			ledger_row_turn(s->rows[numbered[k]]);
	}
}

void count_close(struct session *s)
{
	for (int k = 0; k < LEDGER_N_KINDS; k++) {
		if (s->rows[k])
			ledger_book_close_row(s->rows[k]);
		s->rows[k] = NULL;
	}
}

void count_open(struct intercept *i, struct session *s)
{
	struct ledger_key key;

	for (int k = 0; k < LEDGER_N_KINDS && i->options.ledger; k++) {
		key_of(s, (enum ledger_kind)k, &key);
		if (ledger_book_find(i->options.ledger, &key))
			(void)count_find(i, s, (enum ledger_kind)k);
	}
}

void count_recall(struct intercept *i, const char *agency, enum intercept_interface which,
		  const struct etsi_record *record)
{
	const struct tally_place place = {agency, which == INTERCEPT_HI3};
	struct ledger_key key;

	if (!i->options.ledger || record->kind == ETSI_RECORD_TRI)
		return;
	tally_key(&key, &place, record);
	ledger_book_recall(i->options.ledger, &key, record->seq, record->time.ns);
}
