/* A row of the ledger: what became of one session's records of one kind, from the packet to the
 * agency's acknowledgement. Plain memory: it lies in a mapped file (book.h), and counting is an
 * addition.
 *
 *	matched --> encoded --> spooled --> handed          the collector's columns
 *	   |           |                     : by offset
 *	refused      lost               received --> kept --> sent --> acknowledged   the mediator's
 *	                                    |                   + sent again
 *	                                 refused
 *
 * At each stage: what came in = what went on + what was refused or lost, by reason + what is held
 * (check.h). */
#ifndef LEDGER_ROW_H
#define LEDGER_ROW_H

#include <stdint.h>
#include <string.h>

#include "base/nanos.h"
#include "ledger/reason.h"

enum { LEDGER_WARRANT_LEN = 96, LEDGER_ELEMENT_LEN = 20 };

/* What records are: constant, word, meaning. */
#define LEDGER_KINDS(X)                                                                            \
	X(IRI, "iri", "intercept related information, on HI2")                                     \
	X(CC, "cc", "content, on HI3")                                                             \
	X(CHECKS, "checks",                                                                        \
	  "integrity checks and flags of either, which have numbers of their own")                 \
	X(HI1, "hi1",                                                                              \
	  "notifications of the warrant's start, change and end, which the mediator "              \
	  "makes")

enum ledger_kind {
#define X(name, text, doc) LEDGER_##name,
	LEDGER_KINDS(X)
#undef X
		LEDGER_N_KINDS
};

/* What a row is about. */
#define LEDGER_SPANS(X)                                                                            \
	X(SESSION, "session", "one communication, by its CIN")                                     \
	X(WARRANT, "warrant", "what belongs to no communication")                                  \
	X(FOLDED, "folded", "the sum of old sessions' rows, which were final")

enum ledger_span {
#define X(name, text, doc) LEDGER_SPAN_##name,
	LEDGER_SPANS(X)
#undef X
		LEDGER_N_SPANS
};

/* Name, constant, whose, meaning; each is a row of the caller's Y, to which X is handed on. */
#define LEDGER_COLUMNS(Y, X)                                                                       \
	Y(X, matched, MATCHED, COLLECTOR, "packets of the target's, or events of its session")     \
	Y(X, encoded, ENCODED, COLLECTOR, "records that got a sequence number")                    \
	Y(X, spooled, SPOOLED, COLLECTOR, "records in the collector's outbox")                     \
	Y(X, handed, HANDED, COLLECTOR, "records that the mediator has acknowledged")              \
	Y(X, received, RECEIVED, MEDIATOR,                                                         \
	  "records that came from collectors, each once; of hi1: that the mediator made")          \
	Y(X, kept, KEPT, MEDIATOR, "records in the mediator's spool")                              \
	Y(X, sent, SENT, MEDIATOR, "records written to the agency's connection, each once")        \
	Y(X, sent_again, SENT_AGAIN, MEDIATOR, "records written to it once more")                  \
	Y(X, acknowledged, ACKNOWLEDGED, MEDIATOR, "records that the agency has acknowledged")

enum ledger_column {
#define Y(X, name, constant, stage, doc) LEDGER_##constant,
	LEDGER_COLUMNS(Y, )
#undef Y
		LEDGER_N_COLUMNS
};

/* Whose it is; what a name does not fill is zeros. */
struct ledger_key {
	char warrant[LEDGER_WARRANT_LEN]; /* "AGENCY/LIID" */
	char element[LEDGER_ELEMENT_LEN]; /* network element; empty: none */
	uint32_t cin;                     /* of a session; else 0 */
	uint8_t kind;                     /* enum ledger_kind */
	uint8_t span;                     /* enum ledger_span */
	uint8_t zero[6];
};

/* So many, and when the first and the last of them were. */
struct ledger_tally {
	uint64_t n;
	int64_t first_ns;
	int64_t last_ns;
};

struct ledger_row {
	struct ledger_key key;
	uint32_t is_used;   /* the slot holds a row */
	uint32_t is_closed; /* its session is over: nothing more is matched */
	uint32_t n_folded;  /* FOLDED: rows that it is the sum of */
	uint32_t n_turns;   /* times that the session's numbers began again at 0 */
	uint64_t first_seq; /* sequence numbers of records, where there are any: 2^32, which a */
	uint64_t last_seq;  /* record says as 0 again, and what is behind it, go on here */
	uint64_t next;      /* collector: the number behind the last one that was counted */
	uint64_t settled;   /* … when the state of sessions was saved last, … */
	uint64_t n_settled; /* … and how many were spooled by then */
	/* numbers of records that were lost, which are given again after an end without a word */
	uint64_t n_again;
	int64_t first_ns; /* the records' own times */
	int64_t last_ns;
	uint64_t counts[LEDGER_N_COLUMNS];
	struct ledger_tally tallies[LEDGER_N_REASONS];
};

static inline void ledger_count(struct ledger_row *row, enum ledger_column column, uint64_t n)
{
	row->counts[column] += n;
}

/* n of the row's were refused or lost; of a record that had been counted as spooled, take it back
 * there first. */
static inline void ledger_tally_add(struct ledger_row *row, enum ledger_reason reason, uint64_t n,
				    int64_t ns)
{
	struct ledger_tally *t = &row->tallies[reason];

	if (!t->n || ns < t->first_ns)
		t->first_ns = ns;
	if (!t->n || ns > t->last_ns)
		t->last_ns = ns;
	t->n += n;
}

/* A record's number, which begins again at 0 behind 2^32 - 1: as the one nearest to next. */
static inline uint64_t ledger_seq(uint64_t next, uint32_t number)
{
	const uint64_t turn = UINT64_C(1) << 32;
	uint64_t seq = (next & ~(turn - 1)) | number;

	if (seq + turn / 2 < next)
		return seq + turn;
	return seq >= turn && seq > next + turn / 2 ? seq - turn : seq;
}

/* A record with this number and time was seen. */
static inline void ledger_row_see(struct ledger_row *row, uint32_t number, int64_t ns)
{
	bool is_first = !row->next;
	uint64_t seq = is_first ? number : ledger_seq(row->next, number);

	if (is_first)
		row->first_seq = seq;
	if (is_first || seq > row->last_seq)
		row->last_seq = seq;
	if (is_first || ns < row->first_ns)
		row->first_ns = ns;
	if (is_first || ns > row->last_ns)
		row->last_ns = ns;
	if (seq + 1 > row->next)
		row->next = seq + 1;
}

/* The session's numbers begin again at 0, though maybe not all of 2^32 were used. */
static inline void ledger_row_turn(struct ledger_row *row)
{
	const uint64_t turn = UINT64_C(1) << 32;

	row->n_turns++;
	row->next = (row->next + turn - 1) / turn * turn;
}

/* A record got this number and its place in the collector's outbox. */
static inline void ledger_row_spooled(struct ledger_row *row, uint32_t seq, int64_t ns)
{
	ledger_row_see(row, seq, ns);
	row->counts[LEDGER_ENCODED]++;
	row->counts[LEDGER_SPOOLED]++;
}

/* The key of a warrant's row; texts that are too long are cut (they cannot be: the limits of
 * orders are below). */
void ledger_key_set(struct ledger_key *key, const char *agency, const void *liid, size_t liid_len);
void ledger_key_set_element(struct ledger_key *key, const void *element, size_t len);

static inline bool ledger_key_is_equal(const struct ledger_key *a, const struct ledger_key *b)
{
	return !memcmp(a, b, sizeof *a);
}

/* Adds what the other has counted; times and numbers widen. Keys are not looked at. */
void ledger_row_add(struct ledger_row *row, const struct ledger_row *other);

/* Whether nothing was ever counted. */
bool ledger_row_is_empty(const struct ledger_row *row);

/* The reasons' sum, of one stage and fate. */
uint64_t ledger_row_refused(const struct ledger_row *row, enum ledger_stage stage);
uint64_t ledger_row_lost(const struct ledger_row *row, enum ledger_stage stage);

extern const struct conf_name ledger_kind_names[];
extern const struct conf_name ledger_span_names[];
const char *ledger_kind_text(enum ledger_kind kind);

#endif
