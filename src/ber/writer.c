#include "ber/writer.h"

enum { TAG_CONSTRUCTED = 0x20, HIGH_TAG = 0x1f, LONG_FORM = 0x80 };

static size_t base128_len(uint32_t v)
{
	size_t n = 1;

	while (v >>= 7)
		n++;
	return n;
}

/* A number in groups of seven bits, most significant first (tags and arcs). */
static void put_base128(struct wr *w, uint32_t v)
{
	for (int shift = 28; shift > 0; shift -= 7)
		if (v >> shift)
			wr_u8(w, (uint8_t)(0x80 | (v >> shift & 0x7f)));
	wr_u8(w, v & 0x7f);
}

static void put_tag(struct wr *w, uint32_t tag, bool is_constructed)
{
	uint32_t number = ber_tag_number(tag);
	unsigned lead = (unsigned)ber_tag_class(tag) << 6 | (is_constructed ? TAG_CONSTRUCTED : 0);

	wr_u8(w, (uint8_t)(lead | (number < HIGH_TAG ? number : HIGH_TAG)));
	if (number >= HIGH_TAG)
		put_base128(w, number);
}

static void fill_length(uint8_t *at, size_t len)
{
	unsigned n = ber_len_len(len) - 1;

	*at = (uint8_t)(n ? LONG_FORM | n : len);
	for (unsigned i = n; i; i--, len >>= 8)
		at[i] = (uint8_t)len;
}

void ber_put_header(struct wr *w, uint32_t tag, bool is_constructed, size_t len)
{
	uint8_t *at;

	put_tag(w, tag, is_constructed);
	at = wr_room(w, ber_len_len(len));
	if (at)
		fill_length(at, len);
}

size_t ber_open(struct wr *w, uint32_t tag)
{
	put_tag(w, tag, true);
	wr_u8(w, 0); /* the length; ber_close makes it longer where it must be */
	return w->len;
}

void ber_close(struct wr *w, size_t mark)
{
	size_t len;
	unsigned more;

	if (!w->ok)
		return;
	len = w->len - mark;
	more = ber_len_len(len) - 1;
	if (more && !wr_room(w, more))
		return;
	memmove(w->bytes + mark + more, w->bytes + mark, len);
	fill_length(w->bytes + mark - 1, len);
}

void ber_put_bytes(struct wr *w, uint32_t tag, const void *bytes, size_t len)
{
	ber_put_header(w, tag, false, len);
	wr_bytes(w, bytes, len);
}

static void put_octets(struct wr *w, uint32_t tag, uint64_t v, unsigned n)
{
	ber_put_header(w, tag, false, n);
	if (n > 8)
		wr_u8(w, 0);
	for (unsigned i = n > 8 ? 8 : n; i; i--)
		wr_u8(w, (uint8_t)(v >> (8 * (i - 1))));
}

void ber_put_uint(struct wr *w, uint32_t tag, uint64_t v)
{
	put_octets(w, tag, v, ber_uint_len(v));
}

void ber_put_int(struct wr *w, uint32_t tag, int64_t v)
{
	put_octets(w, tag, (uint64_t)v, ber_uint_len((uint64_t)(v < 0 ? ~v : v)));
}

void ber_put_bool(struct wr *w, uint32_t tag, bool v)
{
	put_octets(w, tag, v ? 0xff : 0, 1);
}

void ber_put_null(struct wr *w, uint32_t tag)
{
	ber_put_header(w, tag, false, 0);
}

void ber_put_arcs(struct wr *w, uint32_t tag, const uint32_t *arcs, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += base128_len(arcs[i]);
	ber_put_header(w, tag, false, len);
	for (size_t i = 0; i < n; i++)
		put_base128(w, arcs[i]);
}
