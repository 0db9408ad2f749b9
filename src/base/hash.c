#include "base/hash.h"

#include "base/rd.h"

struct sip {
	uint64_t v[4];
};

static inline uint64_t turn_left(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void mix(struct sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = turn_left(v[1], 13) ^ v[0];
	v[3] = turn_left(v[3], 16) ^ v[2];
	v[0] = turn_left(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = turn_left(v[1], 17) ^ v[2];
	v[3] = turn_left(v[3], 21) ^ v[0];
	v[2] = turn_left(v[2], 32);
}

static inline void take(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	mix(s);
	s->v[0] ^= word;
}

uint64_t keyed_hash(uint64_t seed, const void *bytes, size_t len)
{
	struct sip s = {{0x736f6d6570736575 ^ seed, 0x646f72616e646f6d, 0x6c7967656e657261 ^ seed,
			 0x7465646279746573}};
	struct rd r = rd_of(bytes, len);
	uint64_t last = (uint64_t)len << 56;

	while (rd_left(&r) >= 8)
		take(&s, rd_le64(&r));
	for (int i = 0; rd_left(&r); i += 8)
		last |= (uint64_t)rd_u8(&r) << i;
	take(&s, last);
	s.v[2] ^= 0xff;
	mix(&s);
	mix(&s);
	mix(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
