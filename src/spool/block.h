/* Inside spool only: a block, what a segment becomes on disk. Numbers are big-endian.
 *
 *	0 head: magic, stream, base, len, stored, n_keys, n_runs, sum, salt, gap, 0.., its own sum
 *	64 gap:   zeros; so many that the bytes lie aligned, or none
 *	   keys:  n_keys times key's number, tag
 *	   runs:  n_runs times length, which of the keys
 *	   bytes: len of the stream, sealed where there are keys
 *	   zeros up to a multiple of 4096
 *
 * A run is a stretch of whole records of one key. All runs of a key in a block are sealed as one,
 * in their order, bound to the head and the runs: nothing can be moved or left out unnoticed. */
#ifndef SPOOL_BLOCK_H
#define SPOOL_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/why.h"
#include "spool/spool.h"

enum { BLOCK_HEAD_LEN = 64, BLOCK_ALIGN = 4096, BLOCK_MOST = 1 << 30 };
enum { BLOCK_GAP = BLOCK_ALIGN - BLOCK_HEAD_LEN };

struct block_head {
	uint64_t stream;
	uint64_t base;
	uint32_t len;    /* bytes of the stream */
	uint32_t stored; /* bytes behind the head, without the zeros */
	uint32_t n_keys, n_runs;
	uint32_t sum; /* of what is stored */
	uint32_t salt;
	uint32_t gap; /* zeros between head and what is stored: 0, or where there are no keys
			   BLOCK_GAP */
};

/* Bytes that a block takes on disk. */
uint64_t block_room(const struct block_head *head);

/* ERR_BAD with the reason: it is none, or damaged. */
MUST_CHECK int block_head_read(struct block_head *head, const uint8_t bytes[BLOCK_HEAD_LEN],
			       struct why *why);

/* ---- making ---- */

struct block_run {
	uint32_t len, key;
	uint32_t at;   /* among the block's bytes */
	uint32_t next; /* of the same key; UINT32_MAX: none */
};

struct block_key {
	uint64_t number;
	uint32_t first, last; /* of its runs */
	uint32_t chain;       /* next in the same place of the plan's table */
};

enum { BLOCK_TABLE_LEN = 1024 };

/* Which runs a block has, under which keys. Zeroed, it may be used again and again. */
struct block_plan {
	struct block_head head;
	struct block_run *runs;
	struct block_key *keys;
	uint32_t runs_room, keys_room;
	uint32_t table[BLOCK_TABLE_LEN];
	const uint8_t *bytes;
};

struct block_seal {
	struct vault *vault; /* NULL: none */
	spool_owner_fn owner;
};

/* Looks at len bytes, which stay where they are until the block is written; keys that are not
 * there are made. */
MUST_CHECK int block_plan(struct block_plan *plan, const struct block_seal *seal,
			  const uint8_t *bytes, size_t len);
void block_plan_fini(struct block_plan *plan);

/* Writes the block to out, which has room for block_room(&plan->head), for the stream's bytes from
 * base on. */
MUST_CHECK int block_write(struct block_plan *plan, const struct block_seal *seal, uint64_t stream,
			   uint64_t base, uint8_t *out);

/* The same for a block without keys whose bytes are written from where they lie: behind a head that
 * takes BLOCK_ALIGN bytes, and is written to out. */
void block_write_head(struct block_plan *plan, uint64_t stream, uint64_t base,
		      uint8_t out[BLOCK_ALIGN]);

/* ---- reading ---- */

/* A stretch whose key is not there any more, by its place among the block's bytes. */
struct block_hole {
	uint32_t at, len;
};

/* A block's bytes, read. */
struct block_bytes {
	uint8_t *bytes; /* head.len; in holes, zeros */
	struct block_hole *holes;
	size_t n_holes;
};

/* Reads what is stored behind a head. ERR_BAD with the reason where it is not what was written. */
MUST_CHECK int block_read(const struct block_head *head, struct rd stored, struct vault *vault,
			  struct block_bytes *out, struct why *why);
void block_bytes_fini(struct block_bytes *b);

#endif
