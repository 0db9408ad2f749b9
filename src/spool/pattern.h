/* For tests of spool only: streams whose every byte follows from its offset, cut into records of
 * fixed length that begin with whose they are. */
#ifndef SPOOL_PATTERN_H
#define SPOOL_PATTERN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "spool/spool.h"

enum { RECORD_LEN = 500, N_OWNERS = 3 };

/* "A", "B" or "C" for the first byte of a record, else what no text is. */
static inline uint8_t pattern(uint64_t offset)
{
	if (offset % RECORD_LEN == 0)
		return (uint8_t)('A' + offset / RECORD_LEN % N_OWNERS);
	return (uint8_t)(128 | (offset * 31 + (offset >> 8) * 7 + (offset >> 16)));
}

static inline void pattern_fill(uint8_t *bytes, size_t len, uint64_t offset)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = pattern(offset + i);
}

static inline bool pattern_is(const uint8_t *bytes, size_t len, uint64_t offset)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != pattern(offset + i))
			return false;
	}
	return true;
}

/* The owner of a record: its first byte. */
static inline size_t pattern_owner(const uint8_t *bytes, size_t len, const uint8_t **name,
				   size_t *name_len)
{
	if (len < RECORD_LEN || *bytes < 'A' || *bytes >= 'A' + N_OWNERS)
		return 0;
	*name = bytes;
	*name_len = 1;
	return RECORD_LEN;
}

/* Appends n records. */
static inline int pattern_put(struct spool *s, unsigned n)
{
	struct spool_claim c;
	int rc = spool_reserve(s, (size_t)n * RECORD_LEN, &c);

	if (rc)
		return rc;
	pattern_fill(c.bytes, c.len, c.offset);
	spool_commit(s, &c);
	return 0;
}

/* How far the stream can be read without a fault from here on; whole records only in *are_whole. */
static inline uint64_t pattern_read(struct spool *s, uint64_t at, bool *are_whole)
{
	const uint8_t *bytes;
	size_t n;

	*are_whole = true;
	while ((n = spool_peek(s, at, &bytes)) != 0) {
		if (!pattern_is(bytes, n, at))
			return at;
		*are_whole &= n % RECORD_LEN == 0;
		at += n;
	}
	return at;
}

#endif
