/* Inside watch only: what most addresses do not pass.
 *
 * Whole addresses leave three bits in one word each (a Bloom filter in blocks of a word), which
 * one in fifty to a hundred of those that nobody watches finds set; 100,000 lie in 256 KB, so
 * that a look stays in the second cache. Prefixes lie in a bitmap by their first bits (IPv4: as
 * they are; IPv6: a hash of no more bits than the shortest prefix has), and what passes that is
 * looked for among the words, once for each length that there is. Where there is nothing to watch
 * both are zeros. One thread may add bits while others read; bits never go. */
#ifndef WATCH_SIEVE_H
#define WATCH_SIEVE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "watch/key.h"

/* Its product spreads a number over the upper bits (2^64 by the golden ratio). */
#define SIEVE_FACTOR 0x9e3779b97f4a7c15ull

/* What a sieve must hold. */
struct sieve_plan {
	uint32_t n_exact;
	uint32_t n_prefixes;
	int shortest; /* of the prefixes, in bits */
};

/* Read for every packet: one cache line. */
struct sieve {
	_Alignas(64) uint64_t *exact;
	uint64_t *prefix;
	uint64_t prefix_mask; /* IPv6 */
	uint8_t exact_shift;
	uint8_t prefix_shift;
	uint8_t exact_log; /* 0: it is the zeros, which are never written */
	uint8_t prefix_log;
	uint8_t shortest;
	uint64_t lengths[MAX_BITS / 64]; /* bit i: prefixes of i bits */
};

/* Three bits of a word (a few times two): one of as many patterns as lie in 4 KB. */
enum { SIEVE_MASKS_LOG = 9 };
extern const uint64_t sieve_masks[1 << SIEVE_MASKS_LOG];

/* An address's bits in its word; none of the hash's bits that name the word. */
static inline uint64_t sieve_mask(uint64_t hash)
{
	return sieve_masks[hash >> 31 & ((1 << SIEVE_MASKS_LOG) - 1)];
}

/* Bit i of a bitmap; the shift left few enough bits for its size. */
static inline uint64_t sieve_bit(const uint64_t *bits, uint64_t i)
{
	return __atomic_load_n(&bits[i / 64], __ATOMIC_RELAXED) >> (i % 64) & 1;
}

/* Of an address; of IPv4 its four octets as they lie in the packet. */
static inline uint64_t sieve_hash4(const uint8_t *bytes)
{
	uint32_t v;

	memcpy(&v, bytes, sizeof v);
	return v * SIEVE_FACTOR;
}

static inline uint64_t sieve_hash6(const uint8_t *bytes)
{
	return watch_hash(watch_key6(bytes));
}

/* Of the first bits of an address, which are cut. */
static inline uint64_t sieve_hash_prefix(struct watch_key k, int bits)
{
	k.lo ^= (uint64_t)bits << 40;
	return watch_hash(k);
}

/* Whether all bits of the address with this hash are set: 1 or 0, to be or-ed without a branch. */
static inline unsigned sieve_has(const struct sieve *s, uint64_t hash)
{
	uint64_t word = __atomic_load_n(&s->exact[hash >> s->exact_shift], __ATOMIC_RELAXED);

	return !(~word & sieve_mask(hash));
}

static inline uint64_t sieve_prefix_index(const struct sieve *s, int version, struct watch_key k)
{
	return (version == V4 ? k.hi : (k.hi & s->prefix_mask) * SIEVE_FACTOR) >> s->prefix_shift;
}

static inline unsigned sieve_has_prefix(const struct sieve *s, int version, struct watch_key k)
{
	return (unsigned)sieve_bit(s->prefix, sieve_prefix_index(s, version, k));
}

/* The slow half: whether this address, or a prefix that holds it, has left its bits. */
bool sieve_passes(const struct sieve *s, int version, struct watch_key k);

/* Bitmaps of sixteen bits or more for every one of the plan; 32 for every prefix. */
MUST_CHECK int sieve_init(struct sieve *s, int version, const struct sieve_plan *plan);
void sieve_fini(struct sieve *s);

/* Counts the prefix in. */
void sieve_plan_add(struct sieve_plan *plan, int version, const struct net_prefix *prefix);

/* Lets the prefix pass; false where this sieve was not planned for one of its kind. */
bool sieve_admit(struct sieve *s, int version, const struct net_prefix *prefix);

#endif
