#include "ipmm/base64.h"

enum { LETTER_BITS = 6, NO_LETTER = 255 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint8_t value_of(uint8_t letter)
{
	const char *at = letter ? strchr(alphabet, letter) : NULL;

	return at ? (uint8_t)(at - alphabet) : NO_LETTER;
}

static bool is_line_end(uint8_t c)
{
	return c == '\r' || c == '\n';
}

size_t ipmm_base64_decode(struct sip_text letters, uint8_t *out, size_t size)
{
	struct rd r = sip_text_rd(letters);
	struct wr w = wr_of(out, size);
	size_t n_letters = 0, n_padding = 0;
	uint32_t bits = 0;

	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r), v = value_of(c);

		if (is_line_end(c))
			continue;
		n_padding += c == '=';
		if (c != '=' && (v == NO_LETTER || n_padding))
			return 0;
		bits = bits << LETTER_BITS | (c == '=' ? 0 : v);
		if (++n_letters % 4)
			continue;
		wr_u8(&w, (uint8_t)(bits >> 16));
		wr_u8(&w, (uint8_t)(bits >> 8));
		wr_u8(&w, (uint8_t)bits);
	}
	return w.ok && n_letters % 4 == 0 && n_padding <= 2 ? w.len - n_padding : 0;
}

bool ipmm_base64_mask(struct wr *w, struct sip_text letters, size_t n_kept, char mask)
{
	struct rd r = sip_text_rd(letters);
	size_t left = n_kept * 8; /* bits that are kept */
	bool differs = false;

	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r), v = value_of(c), said = c;

		if (v != NO_LETTER && left == 0)
			said = (uint8_t)mask;
		else if (v != NO_LETTER && left < LETTER_BITS)
			said = (uint8_t)alphabet[v >> (LETTER_BITS - left) << (LETTER_BITS - left)];
		if (v != NO_LETTER)
			left -= left < LETTER_BITS ? left : LETTER_BITS;
		wr_u8(w, said);
		differs |= said != c;
	}
	return differs;
}
