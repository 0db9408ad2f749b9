/* Inside spool only: a spool's parts, which spool.c and keeper.c share. */
#ifndef SPOOL_INSIDE_H
#define SPOOL_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "spool/disk.h"
#include "spool/segment.h"
#include "spool/spool.h"
#include "spool/state.h"

#define SPOOL_LIMIT_TEXT "its limit of %llu bytes is reached"

/* A reservation that is not part of the committed prefix yet. */
struct open_claim {
	uint64_t end; /* offset behind it */
	bool is_committed;
};

struct spool {
	struct segment_place place;
	char *path;
	uint64_t segment_size;
	uint64_t limit, disk_limit;
	struct nanos patience;
	struct disk *disk; /* NULL: none */
	int bell;
	_Atomic bool is_rung;
	_Atomic uint64_t end;   /* committed */
	_Atomic uint64_t acked; /* as in the state file */
	struct why why;         /* the reserver's */

	pthread_mutex_t lock; /* all that follows */
	struct spool_state state;
	uint64_t reserved; /* end of what is reserved */
	uint64_t size;     /* bytes of the segments from first to last */
	uint64_t total;    /* bytes of all segments */
	uint64_t ceiling;  /* … that there can be: limit, or what the file system holds */
	struct segment *first, *last; /* by offset; the last one is reserved from */
	struct segment *spares;       /* that hold nothing */
	unsigned n_spares;
	const struct segment *pinned; /* what the reader was given lies in it */
	struct segment *lent;         /* the pinned one, which is on disk by now; or NULL */
	/* Claims by ticket modulo n_claims (a power of two), from tail to head. */
	struct open_claim *claims;
	uint64_t n_claims, claims_tail, claims_head;
	struct spool_stats stats;

	/* between the keeper and who reserves */
	pthread_t keeper;
	bool has_keeper, is_stopping;
	pthread_cond_t work; /* for the keeper */
	uint64_t n_calls;    /* how often it was called */
	pthread_cond_t made; /* for who waits for a spare */
	uint64_t next_number;
	uint64_t size_wanted; /* of the next segment */
	unsigned n_wanted;    /* spares that should be there, while nothing goes to the disk */
	bool is_spilling;     /* memory runs low, or something is on the disk */
	uint64_t asked;       /* bytes for which somebody waits; 0: nobody */
	bool is_stuck;        /* none of stuck_len bytes can be made, for the reason in stuck … */
	uint64_t stuck_len;
	uint64_t quiet_end; /* reserved end at the last look, and for how many it was that */
	unsigned n_quiet;
	bool is_late; /* the last one that was waited for did not come in time */
	struct why stuck;
	struct why disk_why; /* the last reason for which the disk refused */
};

/* Under the lock: a segment that holds nothing any more becomes a spare. */
void keeper_spare(struct spool *s, struct segment *g);

/* Under the lock: whether there are fewer than are made ahead, so that the keeper has work. */
bool keeper_is_behind(const struct spool *s);

/* Under the lock: segments that are acknowledged become spares. */
void keeper_trim(struct spool *s);

MUST_CHECK int keeper_start(struct spool *s, struct why *why);
void keeper_stop(struct spool *s);

#endif
