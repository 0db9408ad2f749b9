/* Inside intercept only: what becomes of a session's packets and events, in the rows of the
 * ledger. In the turn. */
#ifndef INTERCEPT_COUNT_H
#define INTERCEPT_COUNT_H

#include "intercept/inside.h"
#include "mandate/session.h"

/* Finds or makes the session's row of a kind. */
struct ledger_row *count_find(struct intercept *i, struct session *s, enum ledger_kind kind);

/* NULL where there is no ledger. */
static inline struct ledger_row *count_row(struct intercept *i, struct session *s,
					   enum ledger_kind kind)
{
	if (!i->options.ledger)
		return NULL;
	return s->rows[kind] ? s->rows[kind] : count_find(i, s, kind);
}

/* A packet or event of the session's. */
static inline struct ledger_row *count_matched(struct intercept *i, struct session *s,
					       enum ledger_kind kind)
{
	struct ledger_row *row = count_row(i, s, kind);

	if (row)
		ledger_count(row, LEDGER_MATCHED, 1);
	return row;
}

static inline void count_refused(struct ledger_row *row, enum ledger_reason reason, int64_t ns)
{
	if (row)
		ledger_tally_add(row, reason, 1, ns);
}

static inline void count_spooled(struct ledger_row *row, uint32_t seq, int64_t ns)
{
	if (row)
		ledger_row_spooled(row, seq, ns);
}

/* A record that was counted as spooled found no room after all. */
static inline void count_full(struct ledger_row *row, int64_t ns)
{
	if (!row)
		return;
	row->counts[LEDGER_SPOOLED]--;
	ledger_tally_add(row, LEDGER_FULL, 1, ns);
}

/* Integrity checks, whole records; is_lost: they found no room. */
void count_checks(struct intercept *i, struct session *s, int64_t ns, bool is_lost);

/* Its numbers begin again at 0. */
void count_turn(struct session *s);

/* The session is over; or its records are named otherwise from now on. */
void count_close(struct session *s);

/* A session of a saved state: its rows, where there are any, are open. */
void count_open(struct intercept *i, struct session *s);

/* A record that was made after the saved state. */
void count_recall(struct intercept *i, const char *agency, enum intercept_interface which,
		  const struct etsi_record *record);

#endif
