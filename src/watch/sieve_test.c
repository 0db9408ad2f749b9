/* What a sieve lets pass: all that it must, and little else. */
#include "watch/sieve.h"

#include "base/tap.h"

enum { N = 100000 };

static uint32_t scramble(uint32_t v)
{
	v ^= v >> 16;
	v *= 0x7feb352d;
	v ^= v >> 15;
	v *= 0x846ca68b;
	return v ^ v >> 16;
}

static struct net_prefix prefix_of(int version, uint32_t first, int bits)
{
	struct net_prefix p = {{.version = version == V4 ? 4 : 6}, (uint8_t)bits};
	uint32_t wire = htobe32(first);

	memcpy(version == V4 ? p.ip.bytes : p.ip.bytes + 2, &wire, 4);
	for (int i = bits / 8; i < (int)sizeof p.ip.bytes; i++)
		p.ip.bytes[i] &= i == bits / 8 ? (uint8_t)(0xff00 >> bits % 8) : 0;
	return p;
}

/* Targets i * step or scattered, and strangers scattered elsewhere: how many of N pass. */
static void filled(const char *name, int version, int bits, uint32_t step)
{
	struct sieve_plan plan = {0};
	struct sieve s;
	uint32_t n_lost = 0, n_strangers = 0, n_refused = 0;

	for (uint32_t i = 0; i < N; i++) {
		struct net_prefix p = prefix_of(version, 0, bits);

		sieve_plan_add(&plan, version, &p);
	}
	ok(!sieve_init(&s, version, &plan), "a sieve for %s", name);
	for (uint32_t i = 0; i < N; i++) {
		struct net_prefix p =
			prefix_of(version, step ? i * step : scramble(i) | 1u << 31, bits);

		n_refused += !sieve_admit(&s, version, &p);
	}
	for (uint32_t i = 0; i < N; i++) {
		struct net_prefix p =
			prefix_of(version, step ? i * step : scramble(i) | 1u << 31, bits);
		struct net_prefix q =
			prefix_of(version, step ? 0xc0000000 | scramble(i) >> 2 : scramble(i) >> 1,
				  watch_width(version));

		n_lost += !sieve_passes(&s, version, watch_key_of(&p.ip));
		n_strangers += sieve_passes(&s, version, watch_key_of(&q.ip));
	}
	ok(!n_refused && !n_lost, "%s: all that it holds pass", name);
	ok(n_strangers < N / 40, "%s: of %d strangers fewer than one in forty pass: %u", name, N,
	   n_strangers);
	sieve_fini(&s);
}

int main(void)
{
	struct sieve_plan none = {0};
	struct net_prefix one = prefix_of(V4, 0x0a000001, 32);
	struct sieve s;

	ok(!sieve_init(&s, V4, &none) && !sieve_passes(&s, V4, watch_key_of(&one.ip)) &&
		   !sieve_admit(&s, V4, &one),
	   "an empty one lets nothing pass, and takes nothing");
	sieve_fini(&s);
	filled("scattered addresses", V4, 32, 0);
	filled("one address after the other", V4, 32, 1);
	filled("every 256th address", V4, 32, 256);
	filled("scattered addresses of IPv6", V6, 128, 0);
	filled("one address of IPv6 after the other", V6, 128, 1);
	filled("prefixes of 28 bits", V4, 28, 16);
	filled("prefixes of 48 bits of IPv6", V6, 48, 1);
	return tap_end();
}
