#include "watch/sieve.h"

#include <stdlib.h>

enum { EXACT_LOG = 12, PREFIX_LOG = 16, MAX_LOG = 24, WORD_LOG = 6 };

static uint64_t nothing[1];

/* A bitmap of 2^12 to 2^24 bits, sixteen or more for every one of n; *log its size. */
static uint64_t *new_bits(uint32_t n, int least, uint8_t *log)
{
	*log = (uint8_t)least;
	while (*log < MAX_LOG && n >> (*log - 4))
		++*log;
	return calloc((size_t)1 << (*log - WORD_LOG), sizeof(uint64_t));
}

int sieve_init(struct sieve *s, int version, const struct sieve_plan *plan)
{
	*s = (struct sieve){.exact = nothing, .prefix = nothing};
	s->exact_shift = s->prefix_shift = 64 - WORD_LOG;
	if (plan->n_exact) {
		s->exact = new_bits(plan->n_exact, EXACT_LOG, &s->exact_log);
		s->exact_shift = (uint8_t)(64 - s->exact_log);
	}
	if (plan->n_prefixes) {
		s->prefix = new_bits(plan->n_prefixes, PREFIX_LOG, &s->prefix_log);
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

static void set_bit(uint64_t *bits, uint64_t i)
{
	__atomic_store_n(&bits[i / 64], bits[i / 64] | (uint64_t)1 << (i % 64), __ATOMIC_RELAXED);
}

/* All bits of the first `log` bits of addresses that a prefix of IPv4 holds; one bit of IPv6. */
bool sieve_admit(struct sieve *s, int version, const struct net_prefix *prefix)
{
	struct watch_key k = watch_key_of(&prefix->ip);
	uint64_t first, n = 1;

	if (prefix->bits == watch_width(version)) {
		if (s->exact_log)
			set_bit(s->exact, sieve_exact_index(s, version, k));
		return s->exact_log != 0;
	}
	if (!s->prefix_log || prefix->bits < s->shortest)
		return false;
	first = sieve_prefix_index(s, version, k);
	if (version == V4 && prefix->bits < s->prefix_log)
		n = (uint64_t)1 << (s->prefix_log - prefix->bits);
	for (uint64_t i = 0; i < n; i++)
		set_bit(s->prefix, first + i);
	return true;
}
