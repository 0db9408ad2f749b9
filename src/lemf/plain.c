#include "lemf/plain.h"

#include "base/rd.h"

enum { TAG_SEQUENCE = 0x30, TAG_HEADER = 0xa1, TAG_PAYLOAD = 0xa2 };

/* Steps over a tag and its definite length; the content's octets. */
static size_t take_head(struct rd *r, uint8_t tag)
{
	uint8_t first;
	size_t len = 0;

	if (rd_u8(r) != tag)
		r->ok = false;
	first = rd_u8(r);
	if (first < 0x80)
		return first;
	if (first == 0x80 || first > 0x84)
		r->ok = false;
	for (int n = first & 0x7f; r->ok && n > 0; n--)
		len = len << 8 | rd_u8(r);
	return len;
}

/* Octets of a tag and this length. */
static size_t head_len(size_t len)
{
	size_t n = 2;

	while (len >= 0x80 && len >> (8 * (n - 2)))
		n++;
	return n;
}

static void put_head(struct wr *w, uint8_t tag, size_t len)
{
	int n = 0;

	wr_u8(w, tag);
	if (len < 0x80) {
		wr_u8(w, (uint8_t)len);
		return;
	}
	while (n < 4 && len >> (8 * n))
		n++;
	wr_u8(w, (uint8_t)(0x80 | n));
	while (n-- > 0)
		wr_u8(w, (uint8_t)(len >> (8 * n)));
}

bool lemf_plain(const struct etsi_octets *pdu, const struct etsi_octets *payload, struct wr *w)
{
	struct rd r = rd_of(pdu->bytes, pdu->len);
	size_t header_len;
	size_t content_len;
	const uint8_t *header;

	(void)take_head(&r, TAG_SEQUENCE);
	header_len = take_head(&r, TAG_HEADER);
	header = rd_take(&r, header_len);
	if (!header || !r.ok)
		return false;
	content_len = head_len(header_len) + header_len + head_len(payload->len) + payload->len;
	put_head(w, TAG_SEQUENCE, content_len);
	put_head(w, TAG_HEADER, header_len);
	wr_bytes(w, header, header_len);
	put_head(w, TAG_PAYLOAD, payload->len);
	wr_bytes(w, payload->bytes, payload->len);
	return w->ok;
}
