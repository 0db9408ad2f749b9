/* A daemon's rows, in a mapped file: what was counted outlives the process however it ends
 * (kill -9), without being saved.
 *
 *	[ head | marks | gaps | draft | rows ... ]      a sparse file; a row has its slot for good
 *
 * A draft is a set of rows that change together with something elsewhere: it is written beside
 * the rows and sealed, then the other thing happens (a spool commits), then it is applied. Who
 * opens the book and finds a sealed draft asks the other thing whether it has happened.
 *
 * One thread at a time. It holds at most max_rows: where slots run low, final rows, the oldest
 * first, are added to their warrant's FOLDED row of the same kind and give their slots back; a
 * key that finds no slot at all is counted in that sum row, and if even this one is not there, in
 * the row of the empty warrant. Nothing is dropped. */
#ifndef LEDGER_BOOK_H
#define LEDGER_BOOK_H

#include "base/err.h"
#include "base/why.h"
#include "ledger/row.h"

struct ledger_book;

enum {
	LEDGER_MAX_ROWS = 1 << 16, /* otherwise */
	LEDGER_MAX_MARKS = 4096,
	LEDGER_MAX_GAPS = 512,
	LEDGER_MAX_DRAFT = 256, /* rows of a draft */
	LEDGER_INPUT_LEN = 64,
};

/* Opens the file, or makes it (0600). A file that is no book, or of another version, is set aside
 * as PATH.old, and a new one is begun: why->text then says so, with 0. */
MUST_CHECK int ledger_book_open(struct ledger_book **out, const char *path, uint32_t max_rows,
				struct why *why);
void ledger_book_close(struct ledger_book **book);

/* Drawn at random when it was begun. */
uint64_t ledger_book_id(const struct ledger_book *book);

/* There is something in the spools already: a book that was begun just now is not as old as they
 * are. One that is, is told as fresh: what an older one says to be held is gone. */
void ledger_book_has_spools(struct ledger_book *book);
bool ledger_book_is_fresh(const struct ledger_book *book);

/* The row of a key, made where it is not there; never NULL. The pointer is good until the row is
 * closed, or a draft of it is applied by somebody else: ask again then. */
struct ledger_row *ledger_book_row(struct ledger_book *book, const struct ledger_key *key);

/* NULL where there is none. */
struct ledger_row *ledger_book_find(struct ledger_book *book, const struct ledger_key *key);

/* Its session is over. */
void ledger_book_close_row(struct ledger_row *row);

/* Rows by slot, of [0, ledger_book_n_slots); NULL: a free slot. */
uint32_t ledger_book_n_slots(const struct ledger_book *book);
struct ledger_row *ledger_book_slot(struct ledger_book *book, uint32_t slot);

/* What all rows together have refused or lost, by reason; all zero at first. */
struct ledger_sums {
	uint64_t n[LEDGER_N_REASONS];
	uint32_t slot; /* the first that is not in them yet */
};

/* Goes through the next 1,024 slots, for whom others wait meanwhile: whether any are left. Between
 * two calls rows may be counted in, and none may be folded (ledger_book_tidy). */
bool ledger_book_add_up(struct ledger_book *book, struct ledger_sums *sums);

/* Makes room for so many more rows: allocates, and folds old ones. By who may do system calls.
 * Whether rows were folded: pointers to rows are then good no longer. */
bool ledger_book_tidy(struct ledger_book *book, uint32_t n_free);

/* The state of sessions is about to be saved: rows are as they are now. unsettle where that
 * failed: the next process goes on from the state before, and its numbers from there. */
void ledger_book_settle(struct ledger_book *book);
void ledger_book_unsettle(struct ledger_book *book);

/* After an end without a word: what the spool really holds. recall each record behind the saved
 * state, then recover once: records that were counted and are not there are lost (KILLED), at
 * this time; records that are there and were not counted are. */
void ledger_book_recall(struct ledger_book *book, const struct ledger_key *key, uint32_t seq,
			int64_t ns);
void ledger_book_recover(struct ledger_book *book, int64_t ns);

/* ---- drafts ---- */

struct ledger_mark {
	uint64_t owner; /* the stream whose offset it is */
	uint64_t part;  /* what of it: the owner's to choose */
	uint64_t offset;
};

/* The row as it will be, to be counted in; NULL where the draft is full: seal and apply it. */
struct ledger_row *ledger_draft_row(struct ledger_book *book, const struct ledger_key *key);
void ledger_draft_seal(struct ledger_book *book, const struct ledger_mark *mark);
/* The rows and the mark change, also where the process ends in the middle. */
void ledger_draft_apply(struct ledger_book *book);
void ledger_draft_drop(struct ledger_book *book);

/* A sealed draft that an earlier process left. */
bool ledger_draft_is_left(const struct ledger_book *book, struct ledger_mark *mark);

/* The offset of a mark; false where there is none. ledger_mark_set: by itself, at once; without
 * effect where there are LEDGER_MAX_MARKS others. */
bool ledger_mark_get(const struct ledger_book *book, struct ledger_mark *mark);
void ledger_mark_set(struct ledger_book *book, const struct ledger_mark *mark);

/* The mark itself, made with this offset where it is not there; NULL: there are too many. */
struct ledger_mark *ledger_mark_at(struct ledger_book *book, const struct ledger_mark *mark);

/* n more in this column of the row, and the mark of ledger_mark_at moves to offset: both, or
 * neither, whatever ends the process. */
struct ledger_stride {
	struct ledger_mark *mark;
	uint64_t offset;
	struct ledger_row *row;
	enum ledger_column column;
	uint64_t n;
};
void ledger_step(struct ledger_book *book, const struct ledger_stride *stride);

/* ---- gaps: times in which an input did not deliver all ---- */

struct ledger_gap {
	char input[LEDGER_INPUT_LEN]; /* its URI, cut */
	uint32_t reason;              /* enum ledger_reason, of stage INPUT */
	uint32_t is_used;
	int64_t from_ns;
	int64_t to_ns;
	uint64_t n_packets; /* 0: not known */
};

/* Notes one; where the last of the input and reason ended at most a few seconds before, that one
 * grows. Of too many, the two of an input and reason that lie nearest become one. */
void ledger_gap_add(struct ledger_book *book, const struct ledger_gap *gap);
/* By index, of [0, LEDGER_MAX_GAPS); NULL: none. */
const struct ledger_gap *ledger_gap_at(const struct ledger_book *book, uint32_t i);

/* The daemon lives at this moment; and the last such moment, also of an earlier process; 0: none */
void ledger_book_live(struct ledger_book *book, int64_t ns);
int64_t ledger_book_lived(const struct ledger_book *book);

#endif
