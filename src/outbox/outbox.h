/* Where an agency's records of one interface go, in the order of their numbers, filled by many
 * threads at once: whoever has the turn reserves bytes, then fills them whenever it is ready.
 *
 *	turn of block 7: reserve -> [ 7 ...... ]
 *	turn of block 8: reserve ->             [ 8 ... ]      filled in any order
 *
 * Two fillings: a file, and a spool, from which somebody sends. What could not be written is cut
 * off a file at its end, with all that follows it, so that it holds whole records only. */
#ifndef OUTBOX_OUTBOX_H
#define OUTBOX_OUTBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "spool/spool.h"

enum { OUTBOX_NAME_LEN = 96, OUTBOX_SHARES = 4 };

/* What reserved bytes will hold, told before they are filled: whose records, by the key that the
 * ledger counts them under, and how many. The keys are good only while it is told. */
struct ledger_key;
struct outbox_docket {
	uint64_t from, to; /* of the spool behind it */
	uint64_t last;     /* where the last of its records begins */
	unsigned n_shares;
	struct {
		const struct ledger_key *whose;
		uint64_t n; /* records */
	} shares[OUTBOX_SHARES];
};

typedef void (*outbox_docket_fn)(void *owner, const struct outbox_docket *docket);

struct outbox {
	char name[OUTBOX_NAME_LEN]; /* "police/hi3.ber" */
	struct spool *spool;        /* NULL: a file. Borrowed */
	int fd;                     /* of a file; -1: closed */
	uint64_t end;               /* bytes reserved and appended; who has the turn moves it */
	struct wr held;             /* appended to a file, and not written yet */
	_Atomic uint64_t cut;       /* from here on it is not whole; UINT64_MAX: it is */
	_Atomic int rc;             /* why */
	bool is_new;                /* the file was not there before */
	outbox_docket_fn docket;    /* of a spool: is told of what is reserved, with the turn, where
				     * that is known; NULL: nobody asks */
	void *docket_owner;
};

/* Reserved bytes. */
struct outbox_claim {
	uint64_t offset;
	uint64_t len;
	uint8_t *bytes; /* to be filled in place; NULL: by outbox_fill */
	struct spool_claim spool;
};

/* Where an agency's files are made. */
struct outbox_place {
	int dir; /* open folder, in which the agency has its own */
	const char *agency;
	bool is_forced; /* files that are there are emptied */
};

/* Creates agency/name, readable by its owner only. A file that is there is refused unless
 * is_forced; a link or anything else that is no file always is. */
MUST_CHECK int outbox_open(struct outbox *o, const struct outbox_place *place, const char *name,
			   struct why *why);

/* An outbox that is a spool, which outlives it. */
void outbox_of_spool(struct outbox *o, struct spool *spool, const char *agency, const char *name);

/* No outbox yet: closing it does nothing. */
void outbox_none(struct outbox *o);

/* The next len bytes. Only by who has the turn. A spool may be full: ERR_FULL, and nothing is
 * reserved. */
MUST_CHECK int outbox_reserve(struct outbox *o, uint64_t len, struct outbox_claim *claim);

/* Fills reserved bytes of a claim without bytes. Any thread. After a failure the file ends before
 * them. */
MUST_CHECK int outbox_fill(struct outbox *o, const void *bytes, size_t len, uint64_t offset);

/* All of the claim is filled. Any thread, once. */
void outbox_done(struct outbox *o, const struct outbox_claim *claim);

/* What was reserved at offset of a file will not be filled, for this reason. Any thread. */
void outbox_cut(struct outbox *o, int rc, uint64_t offset);

/* Reserves and, sooner or later, fills. Only by who has the turn. */
MUST_CHECK int outbox_append(struct outbox *o, const void *bytes, size_t len);

/* Writes what is held, cuts what is not whole, closes: 0 only when the system took every byte. */
MUST_CHECK int outbox_close(struct outbox *o, struct why *why);

/* Closes and removes a file that outbox_open made: a start that failed leaves nothing behind. */
void outbox_abandon(struct outbox *o, int dir);

#endif
