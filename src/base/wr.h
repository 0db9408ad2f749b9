/* The bounded writer: the only way in which wire bytes are written.
 *
 * A writer fills either a buffer that the caller owns (wr_of) or one that it grows itself up to
 * a limit (wr_init .. wr_fini). After the first write that does not fit `ok` is false and every
 * later write is a no-op; callers check once. */
#ifndef BASE_WR_H
#define BASE_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wr {
	uint8_t *bytes; /* from the start */
	size_t len;     /* written so far */
	size_t size;    /* room now */
	size_t limit;   /* room at most; equals size where the caller owns the buffer */
	bool ok;
	bool is_owned; /* the writer allocated it */
};

/* A writer into the caller's bytes. */
static inline struct wr wr_of(void *bytes, size_t size)
{
	return (struct wr){bytes, 0, size, size, true, false};
}

/* An empty writer that grows by itself up to limit bytes; give it back with wr_fini. */
struct wr wr_init(size_t limit);
void wr_fini(struct wr *w);

/* Forgets what was written, keeps the room, and is ok again. */
static inline void wr_reset(struct wr *w)
{
	w->len = 0;
	w->ok = true;
}

/* Grows so that n more bytes fit; false (and not ok) where that is beyond the limit. */
bool wr_grow(struct wr *w, size_t n);

/* Room for n bytes, which count as written and are the caller's to fill; NULL when full. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	uint8_t *at;

	if (!w->ok || (n > w->size - w->len && !wr_grow(w, n))) {
		w->ok = false;
		return NULL;
	}
	at = w->bytes + w->len;
	w->len += n;
	return at;
}

static inline void wr_bytes(struct wr *w, const void *bytes, size_t n)
{
	uint8_t *at = wr_room(w, n);

	if (at && n)
		memcpy(at, bytes, n);
}

static inline void wr_fill(struct wr *w, uint8_t byte, size_t n)
{
	uint8_t *at = wr_room(w, n);

	if (at && n)
		memset(at, byte, n);
}

/* Integers in network (big-endian) order, then in little-endian order. */
static inline void wr_u8(struct wr *w, uint8_t v)
{
	wr_bytes(w, &v, 1);
}

static inline void wr_le16(struct wr *w, uint16_t v)
{
	wr_bytes(w, &v, 2);
}

static inline void wr_le32(struct wr *w, uint32_t v)
{
	wr_bytes(w, &v, 4);
}

static inline void wr_le64(struct wr *w, uint64_t v)
{
	wr_bytes(w, &v, 8);
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
	wr_le16(w, __builtin_bswap16(v));
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
	wr_le32(w, __builtin_bswap32(v));
}

static inline void wr_u64(struct wr *w, uint64_t v)
{
	wr_le64(w, __builtin_bswap64(v));
}

/* Leaves room for a 16-bit length; wr_close16 fills in how many bytes followed (not ok when
 * they are more than 65,535). */
size_t wr_open16(struct wr *w);
void wr_close16(struct wr *w, size_t mark);

/* Text, without a terminator. */
void wr_text(struct wr *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
