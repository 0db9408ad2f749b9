/* Inside watch only: addresses as numbers, so that a prefix is a mask and a look-up one compare. */
#ifndef WATCH_KEY_H
#define WATCH_KEY_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "net/ip.h"

enum { V4, V6, N_FAMILIES, MAX_BITS = 128 };

/* The first bits of an address, the rest zero; IPv4 lies in the low half of hi, lo is 0. */
struct watch_key {
	uint64_t hi, lo;
};

static inline struct watch_key watch_key4(const uint8_t *bytes)
{
	uint32_t v;

	memcpy(&v, bytes, sizeof v);
	return (struct watch_key){be32toh(v), 0};
}

static inline struct watch_key watch_key6(const uint8_t *bytes)
{
	struct watch_key k;

	memcpy(&k.hi, bytes, 8);
	memcpy(&k.lo, bytes + 8, 8);
	return (struct watch_key){be64toh(k.hi), be64toh(k.lo)};
}

static inline struct watch_key watch_key_of(const struct net_ip *ip)
{
	return ip->version == 4 ? watch_key4(ip->bytes) : watch_key6(ip->bytes);
}

static inline struct watch_key watch_key_cut(struct watch_key k, struct watch_key mask)
{
	return (struct watch_key){k.hi & mask.hi, k.lo & mask.lo};
}

static inline uint64_t watch_high_bits(int n)
{
	return n <= 0 ? 0 : n >= 64 ? UINT64_MAX : UINT64_MAX << (64 - n);
}

/* IPv4 lies in the low half of hi: its first bit is the 33rd. */
static inline struct watch_key watch_mask(int bits, int width)
{
	return (struct watch_key){width == 32 ? watch_high_bits(32 + bits) & UINT32_MAX
					      : watch_high_bits(bits),
				  watch_high_bits(bits - 64)};
}

static inline int watch_width(int version)
{
	return version == V4 ? 32 : 128;
}

static inline int watch_version(const struct net_prefix *p)
{
	return p->ip.version == 4 ? V4 : V6;
}

/* Both multiplications spread every bit of the key over the upper half of the product. */
static inline uint64_t watch_hash(struct watch_key k)
{
	unsigned __int128 m =
		(unsigned __int128)(k.hi ^ 0x9e3779b97f4a7c15ull) * (k.lo ^ 0xd6e8feb86659fd93ull);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

#endif
