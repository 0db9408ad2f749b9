/* For tests of spool only: streams whose every byte follows from its offset, cut into records of
 * fixed length that begin with whose they are. */
#ifndef SPOOL_PATTERN_H
#define SPOOL_PATTERN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "spool/spool.h"

enum { RECORD_LEN = 500, N_OWNERS = 3, NUMBER_LEN = 9 };

/* The nth record; good until the next. "A", "B" or "C", then its number, seven bits an octet, each
 * with the eighth set as in all that follows: what no text is. */
static inline const uint8_t *pattern_record(uint64_t n)
{
	static uint8_t record[RECORD_LEN];

	if (!record[RECORD_LEN - 1])
		for (unsigned i = 0; i < RECORD_LEN; i++)
			record[i] = (uint8_t)(128 | i * 31);
	record[0] = (uint8_t)('A' + n % N_OWNERS);
	for (unsigned i = 0; i < NUMBER_LEN; i++)
		record[1 + i] = (uint8_t)(128 | n >> 7 * i);
	return record;
}

static inline uint8_t pattern(uint64_t offset)
{
	return pattern_record(offset / RECORD_LEN)[offset % RECORD_LEN];
}

/* How much of a record there is from the offset on, and at most so much. */
static inline size_t pattern_part(uint64_t offset, size_t most)
{
	size_t left = RECORD_LEN - offset % RECORD_LEN;

	return left < most ? left : most;
}

static inline void pattern_fill(uint8_t *bytes, size_t len, uint64_t offset)
{
	for (size_t n; len; len -= n, offset += n, bytes += n) {
		n = pattern_part(offset, len);
		memcpy(bytes, pattern_record(offset / RECORD_LEN) + offset % RECORD_LEN, n);
	}
}

static inline bool pattern_is(const uint8_t *bytes, size_t len, uint64_t offset)
{
	for (size_t n; len; len -= n, offset += n, bytes += n) {
		n = pattern_part(offset, len);
		if (memcmp(bytes, pattern_record(offset / RECORD_LEN) + offset % RECORD_LEN, n) !=
		    0)
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
