/* Inside watch only: what most addresses do not pass.
 *
 * Two bitmaps: whole addresses by a hash, and prefixes by their first bits (IPv4: as they are;
 * IPv6: a hash of no more bits than the shortest prefix has). Where there is nothing to watch they
 * are a word of zeros. One thread may add bits while others read; bits never go. */
#ifndef WATCH_SIEVE_H
#define WATCH_SIEVE_H

#include <stdbool.h>
#include <stdint.h>

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
	uint8_t exact_log; /* 0: it is the word of zeros, which is never written */
	uint8_t prefix_log;
	uint8_t shortest;
};

/* Bit i of a bitmap; the shift left few enough bits for its size. */
static inline uint64_t sieve_bit(const uint64_t *bits, uint64_t i)
{
	return __atomic_load_n(&bits[i / 64], __ATOMIC_RELAXED) >> (i % 64) & 1;
}

static inline uint64_t sieve_exact_index(const struct sieve *s, int version, struct watch_key k)
{
	return (version == V4 ? k.hi * SIEVE_FACTOR : watch_hash(k)) >> s->exact_shift;
}

static inline uint64_t sieve_prefix_index(const struct sieve *s, int version, struct watch_key k)
{
	return (version == V4 ? k.hi : (k.hi & s->prefix_mask) * SIEVE_FACTOR) >> s->prefix_shift;
}

static inline uint64_t sieve_passes(const struct sieve *s, int version, struct watch_key k)
{
	return sieve_bit(s->exact, sieve_exact_index(s, version, k)) |
	       sieve_bit(s->prefix, sieve_prefix_index(s, version, k));
}

/* Bitmaps of sixteen bits or more for every one of the plan. */
MUST_CHECK int sieve_init(struct sieve *s, int version, const struct sieve_plan *plan);
void sieve_fini(struct sieve *s);

/* Counts the prefix in. */
void sieve_plan_add(struct sieve_plan *plan, int version, const struct net_prefix *prefix);

/* Lets the prefix pass; false where this sieve was not planned for one of its kind. */
bool sieve_admit(struct sieve *s, int version, const struct net_prefix *prefix);

#endif
