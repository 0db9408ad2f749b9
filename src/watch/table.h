/* Inside watch only: prefixes of one length in buckets of one cache line each.
 *
 *	bucket = 16 tags of 32 bits, compared at once; a tag of 0 is a free slot
 *	a bucket that is full goes on in the next one
 *
 * A tag is a hash of the address's first bits, so a match is checked against the prefix. */
#ifndef WATCH_TABLE_H
#define WATCH_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/err.h"
#include "watch/key.h"

enum { TABLE_SLOTS = 16, TABLE_NONE = UINT16_MAX };

struct watch_table {
	uint32_t *tags;         /* [n_buckets][TABLE_SLOTS], on cache lines */
	uint32_t *nodes;        /* the node of each slot */
	struct watch_key *keys; /* its key */
	struct watch_key mask;  /* the first bits */
	uint32_t n_buckets;     /* a power of two */
	uint8_t bits;
};

static inline uint32_t watch_tag(uint64_t hash)
{
	return (uint32_t)hash | !(uint32_t)hash;
}

/* Bit i: slot i of the bucket holds the tag. */
static inline uint32_t watch_bucket_find(const uint32_t *tags, uint32_t tag)
{
#ifdef __SSE2__
	const __m128i *lanes = (const __m128i *)(const void *)tags;
	__m128i want = _mm_set1_epi32((int)tag);
	__m128i a = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128(lanes), want),
				    _mm_cmpeq_epi32(_mm_load_si128(lanes + 1), want));
	__m128i b = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128(lanes + 2), want),
				    _mm_cmpeq_epi32(_mm_load_si128(lanes + 3), want));

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(a, b));
#else
	uint32_t found = 0;

	for (int i = 0; i < TABLE_SLOTS; i++)
		found |= (uint32_t)(tags[i] == tag) << i;
	return found;
#endif
}

/* The slow half of a look-up: there is a tag that fits, or a full bucket. The node, or 0. */
uint32_t watch_table_confirm(const struct watch_table *t, struct watch_key key, uint64_t hash);

/* The node of the prefix of t's length that holds the key; 0 where there is none. */
static inline uint32_t watch_table_find(const struct watch_table *t, struct watch_key key)
{
	struct watch_key cut = watch_key_cut(key, t->mask);
	uint64_t hash = watch_hash(cut);
	const uint32_t *tags = t->tags + (hash >> 32 & (t->n_buckets - 1)) * TABLE_SLOTS;

	if (__builtin_expect(!watch_bucket_find(tags, watch_tag(hash)) && !tags[TABLE_SLOTS - 1],
			     1))
		return 0;
	return watch_table_confirm(t, cut, hash);
}

/* Room for n prefixes of `bits` bits in a family whose addresses have `width` bits. */
MUST_CHECK int watch_table_init(struct watch_table *t, int bits, int width, uint32_t n);
void watch_table_fini(struct watch_table *t);

/* Adds a prefix that is not there yet; node is not 0. */
void watch_table_add(struct watch_table *t, struct watch_key key, uint32_t node);

#endif
