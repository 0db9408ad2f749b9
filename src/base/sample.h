/* Tests and fuzzing only: bytes that count up, and one number for many bytes. */
#ifndef BASE_SAMPLE_H
#define BASE_SAMPLE_H

#include <stdbool.h>

#include "base/wr.h"

/* n bytes that count up from first. */
static inline void put_ramp(struct wr *w, uint8_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wr_u8(w, (uint8_t)(first + i));
}

static inline bool is_ramp(const uint8_t *bytes, uint8_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != (uint8_t)(first + i))
			return false;
	return true;
}

/* FNV-1a, 64 bits: hash goes on with these bytes. */
static inline void sample_hash(uint64_t *hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		*hash = (*hash ^ at[i]) * 0x100000001b3u;
}

#endif
