/* Inside etsi only: what varies in a PSHeader, measured and then written, for the hot path.
 *
 * etsi_stamp_fill writes in steps of 8 and 16 octets, up to ETSI_FILL_SLACK beyond the header's
 * end; the payload that follows overwrites them. Its caller has room for both. */
#ifndef ETSI_STAMP_H
#define ETSI_STAMP_H

#include <string.h>

#include "ber/writer.h"
#include "etsi/header.h"
#include "etsi/text.h"

enum {
	ETSI_FILL_SLACK = 16,
	ETSI_QUALIFIER_LEN = 3,
	ETSI_COPY_STEP = 16,
};

/* Context tags of PSHeader and MicroSecondTimeStamp as octets: each number is below 31. */
enum {
	ETSI_TAG_PS_PDU = 0x30,
	ETSI_TAG_HEADER = 0xa1,
	ETSI_TAG_PAYLOAD = 0xa2,
	ETSI_TAG_SEQUENCE_NUMBER = 0x84,
	ETSI_TAG_TIME_STAMP = 0x85,
	ETSI_TAG_MICRO_TIME = 0xa7,
	ETSI_TAG_QUALIFIER = 0x88,
	ETSI_TAG_SECONDS = 0x80,
	ETSI_TAG_MICROSECONDS = 0x81,
};

struct etsi_stamp {
	uint64_t seconds;
	uint32_t microseconds;
	uint32_t seq;
	uint8_t seconds_len, microseconds_len, seq_len, text_len;
	size_t content_len; /* of the [1] element */
};

static inline struct etsi_stamp etsi_stamp_of(const struct etsi_header *h, uint32_t seq,
					      struct nanos time)
{
	uint64_t ns = time.ns > 0 ? (uint64_t)time.ns : 0;
	struct etsi_stamp s = {.seconds = ns / NANOS_PER_S, .seq = seq};
	size_t time_len;

	s.microseconds = (uint32_t)(ns - s.seconds * NANOS_PER_S) / NANOS_PER_US;
	s.seq_len = (uint8_t)ber_uint_len(seq);
	s.seconds_len = (uint8_t)ber_uint_len(s.seconds);
	s.microseconds_len = (uint8_t)ber_uint_len(s.microseconds);
	if (h->is_generalized) {
		s.text_len = (uint8_t)etsi_time_len(s.microseconds);
		time_len = 2u + s.text_len;
	} else {
		time_len = 6u + s.seconds_len + s.microseconds_len;
	}
	s.content_len = h->constant_len + 2u + s.seq_len + time_len;
	return s;
}

/* Writes a length at `at` and returns what follows it. */
static inline uint8_t *etsi_fill_len(uint8_t *at, size_t len)
{
	unsigned n;

	if (len < 0x80) {
		*at = (uint8_t)len;
		return at + 1;
	}
	if (len < 0x100) {
		at[0] = 0x81;
		at[1] = (uint8_t)len;
		return at + 2;
	}
	if (len < 0x10000) {
		at[0] = 0x82;
		at[1] = (uint8_t)(len >> 8);
		at[2] = (uint8_t)len;
		return at + 3;
	}
	n = ber_len_len(len) - 1;
	*at = (uint8_t)(0x80 | n);
	for (unsigned i = n; i; i--, len >>= 8)
		at[i] = (uint8_t)len;
	return at + 1 + n;
}

/* An INTEGER of at most six octets in one store of eight. */
static inline uint8_t *etsi_fill_uint(uint8_t *at, uint8_t tag, uint64_t v, unsigned n)
{
	uint64_t word = (uint64_t)tag << 56 | (uint64_t)n << 48 | v << (48 - 8 * n);

	word = __builtin_bswap64(word);
	memcpy(at, &word, sizeof word);
	return at + 2 + n;
}

/* Steps of 16 octets, the last of which overlaps: fixed_len is never below 22, and nothing that
 * lies in the header's second cache line is read without need. */
static inline uint8_t *etsi_fill_fixed(uint8_t *at, const struct etsi_header *h)
{
	unsigned last = h->fixed_len - ETSI_COPY_STEP;

	for (unsigned i = 0; i < last; i += ETSI_COPY_STEP)
		memcpy(at + i, h->octets + i, ETSI_COPY_STEP);
	memcpy(at + last, h->octets + last, ETSI_COPY_STEP);
	return at + h->fixed_len;
}

static inline uint8_t *etsi_stamp_fill(const struct etsi_stamp *s, const struct etsi_header *h,
				       uint8_t *at)
{
	*at++ = ETSI_TAG_HEADER;
	at = etsi_fill_len(at, s->content_len);
	at = etsi_fill_fixed(at, h);
	at = etsi_fill_uint(at, ETSI_TAG_SEQUENCE_NUMBER, s->seq, s->seq_len);
	if (h->is_generalized) {
		*at++ = ETSI_TAG_TIME_STAMP;
		*at++ = s->text_len;
		at += etsi_time_print(s->seconds, s->microseconds, (char *)at);
	}
	if (h->point_len) {
		memcpy(at, h->octets + h->fixed_len, ETSI_COPY_STEP);
		at += h->point_len;
	}
	if (!h->is_generalized) {
		*at++ = ETSI_TAG_MICRO_TIME;
		*at++ = (uint8_t)(4 + s->seconds_len + s->microseconds_len);
		at = etsi_fill_uint(at, ETSI_TAG_SECONDS, s->seconds, s->seconds_len);
		at = etsi_fill_uint(at, ETSI_TAG_MICROSECONDS, s->microseconds,
				    s->microseconds_len);
	}
	memcpy(at, h->qualifier, ETSI_QUALIFIER_ROOM); /* three or none count */
	return at + h->qualifier_len;
}

#endif
