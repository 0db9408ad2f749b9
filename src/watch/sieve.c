#include "watch/sieve.h"

#include <stdlib.h>

enum {
	EXACT_LOG = 12,
	EXACT_EACH = 4,
	PREFIX_LOG = 16,
	PREFIX_EACH = 5,
	MAX_LOG = 24,
	WORD_LOG = 6
};

static uint64_t nothing[2];

/* Each three bits by three multiples of its number, which are far from one another. */
#define BIT(i, factor) ((uint64_t)1 << ((uint64_t)(i) * (factor) >> 58))
#define MASK(i)                                                                                    \
	(BIT((i) + 1, SIEVE_FACTOR) | BIT((i) + 1, 0xc2b2ae3d27d4eb4full) |                        \
	 BIT((i) + 1, 0x165667b19e3779f9ull))
#define MASKS_8(i)                                                                                 \
	MASK(i), MASK((i) + 1), MASK((i) + 2), MASK((i) + 3), MASK((i) + 4), MASK((i) + 5),        \
		MASK((i) + 6), MASK((i) + 7)
#define MASKS_64(i)                                                                                \
	MASKS_8(i), MASKS_8((i) + 8), MASKS_8((i) + 16), MASKS_8((i) + 24), MASKS_8((i) + 32),     \
		MASKS_8((i) + 40), MASKS_8((i) + 48), MASKS_8((i) + 56)

const uint64_t sieve_masks[1 << SIEVE_MASKS_LOG] = {
	MASKS_64(0),   MASKS_64(64),  MASKS_64(128), MASKS_64(192),
	MASKS_64(256), MASKS_64(320), MASKS_64(384), MASKS_64(448),
};

/* 2^least to 2^24 bits, 2^each or more for every one of n; *log how many. */
static uint64_t *new_bits(uint32_t n, int least, int each, uint8_t *log)
{
	*log = (uint8_t)least;
	while (*log < MAX_LOG && n >> (*log - each))
		++*log;
	return calloc((size_t)1 << (*log - WORD_LOG), sizeof(uint64_t));
}

int sieve_init(struct sieve *s, int version, const struct sieve_plan *plan)
{
	*s = (struct sieve){.exact = nothing, .prefix = nothing};
	s->exact_shift = 63;
	s->prefix_shift = 64 - WORD_LOG;
	if (plan->n_exact + plan->n_prefixes) {
		s->exact = new_bits(plan->n_exact + plan->n_prefixes, EXACT_LOG, EXACT_EACH,
				    &s->exact_log);
		s->exact_shift = (uint8_t)(64 + WORD_LOG - s->exact_log);
	}
	if (plan->n_prefixes) {
		s->prefix = new_bits(plan->n_prefixes, PREFIX_LOG, PREFIX_EACH, &s->prefix_log);
		s->prefix_shift = (uint8_t)((version == V4 ? 32 : 64) - s->prefix_log);
		s->shortest = (uint8_t)plan->shortest;
		s->prefix_mask = watch_mask(plan->shortest, watch_width(version)).hi;
	}
	return s->exact && s->prefix ? 0 : ERR_NOMEM;
}

void sieve_fini(struct sieve *s)
{
	if (s->exact != nothing)
		free(s->exact);
	if (s->prefix != nothing)
		free(s->prefix);
	*s = (struct sieve){.exact = nothing, .prefix = nothing};
}

void sieve_plan_add(struct sieve_plan *plan, int version, const struct net_prefix *prefix)
{
	if (prefix->bits == watch_width(version)) {
		plan->n_exact++;
		return;
	}
	if (!plan->n_prefixes || prefix->bits < plan->shortest)
		plan->shortest = prefix->bits;
	plan->n_prefixes++;
}

static void set_bits(uint64_t *word, uint64_t mask)
{
	__atomic_store_n(word, *word | mask, __ATOMIC_RELAXED);
}

static uint64_t hash_of(int version, struct watch_key k)
{
	return version == V4 ? htobe32((uint32_t)k.hi) * SIEVE_FACTOR : watch_hash(k);
}

/* All bits of the first `log` bits of addresses that a prefix of IPv4 holds; one bit of IPv6. */
static void admit_first_bits(struct sieve *s, int version, struct watch_key k, int bits)
{
	uint64_t first = sieve_prefix_index(s, version, k), n = 1;

	if (version == V4 && bits < s->prefix_log)
		n = (uint64_t)1 << (s->prefix_log - bits);
	for (uint64_t i = first; i < first + n; i++)
		set_bits(&s->prefix[i / 64], (uint64_t)1 << i % 64);
}

bool sieve_admit(struct sieve *s, int version, const struct net_prefix *prefix)
{
	bool is_exact = prefix->bits == watch_width(version);
	struct watch_key k = watch_key_of(&prefix->ip);
	uint64_t hash = is_exact ? hash_of(version, k) : sieve_hash_prefix(k, prefix->bits);

	if (!s->exact_log || (!is_exact && (!s->prefix_log || prefix->bits < s->shortest)))
		return false;
	set_bits(&s->exact[hash >> s->exact_shift], sieve_mask(hash));
	if (!is_exact) {
		set_bits(&s->lengths[prefix->bits / 64], (uint64_t)1 << prefix->bits % 64);
		admit_first_bits(s, version, k, prefix->bits);
	}
	return true;
}

static bool passes_length(const struct sieve *s, int version, struct watch_key k, int bits)
{
	struct watch_key cut = watch_key_cut(k, watch_mask(bits, watch_width(version)));

	return sieve_has(s, sieve_hash_prefix(cut, bits));
}

/* Of IPv4. */
static bool has_one_length(const struct sieve *s)
{
	uint64_t lengths = __atomic_load_n(&s->lengths[0], __ATOMIC_RELAXED);

	return !(lengths & (lengths - 1));
}

bool sieve_passes(const struct sieve *s, int version, struct watch_key k)
{
	if (sieve_has(s, hash_of(version, k)))
		return true;
	if (!sieve_has_prefix(s, version, k))
		return false;
	if (version == V4 && has_one_length(s))
		return true; /* the table will tell at once */
	for (int word = 0; word < MAX_BITS / 64; word++) {
		uint64_t lengths = __atomic_load_n(&s->lengths[word], __ATOMIC_RELAXED);

		for (; lengths; lengths &= lengths - 1)
			if (passes_length(s, version, k, 64 * word + __builtin_ctzll(lengths)))
				return true;
	}
	return false;
}
