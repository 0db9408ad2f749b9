/* The bounded reader: the only way in which bytes from outside are read.
 *
 * It is a view: it borrows the bytes. After the first read past the end `ok` is false, every
 * later read yields zero or NULL, and the position stays; callers check once, at the end. */
#ifndef BASE_RD_H
#define BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
	const uint8_t *at;
	const uint8_t *end;
	bool ok;
};

static inline struct rd rd_of(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	return (struct rd){at, at ? at + len : at, true};
}

/* Bytes that are left; 0 after a failure. */
static inline size_t rd_left(const struct rd *r)
{
	return r->ok ? (size_t)(r->end - r->at) : 0;
}

/* Next n bytes, or NULL (and r->ok false from then on) when fewer are left. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
{
	const uint8_t *at = r->at;

	if (n > rd_left(r)) {
		r->ok = false;
		return NULL;
	}
	r->at = at + n;
	return at;
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_take(r, n);
}

/* A reader for the next n bytes, which this one steps over; not ok when fewer are left. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *at = rd_take(r, n);

	return at ? rd_of(at, n) : (struct rd){NULL, NULL, false};
}

/* Integers in network (big-endian) order, then in little-endian order. */
static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *b = rd_take(r, 1);

	return b ? b[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
	const uint8_t *b = rd_take(r, 2);

	return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

static inline uint32_t rd_u24(struct rd *r)
{
	const uint8_t *b = rd_take(r, 3);

	return b ? (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2] : 0;
}

static inline uint32_t rd_u32(struct rd *r)
{
	const uint8_t *b = rd_take(r, 4);
	uint32_t v;

	if (!b)
		return 0;
	memcpy(&v, b, 4);
	return __builtin_bswap32(v);
}

static inline uint64_t rd_u64(struct rd *r)
{
	const uint8_t *b = rd_take(r, 8);
	uint64_t v;

	if (!b)
		return 0;
	memcpy(&v, b, 8);
	return __builtin_bswap64(v);
}

/* At an offset in octets that rd_take gave: the caller knows that eight are there. */
static inline uint64_t rd_u64_at(const uint8_t *taken, size_t at)
{
	uint64_t v;

	memcpy(&v, taken + at, 8);
	return __builtin_bswap64(v);
}

static inline uint16_t rd_le16(struct rd *r)
{
	return __builtin_bswap16(rd_u16(r));
}

static inline uint32_t rd_le32(struct rd *r)
{
	return __builtin_bswap32(rd_u32(r));
}

static inline uint64_t rd_le64(struct rd *r)
{
	return __builtin_bswap64(rd_u64(r));
}

#endif
