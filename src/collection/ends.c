#include "collection/ends.h"

#include <string.h>

enum { VERSION = 1, MOST_ENDS = 100000 };

static const char magic[8] = {'W', 'E', 'I', 'R', 'C', 'O', 'L', 'L'};

void ends_open(struct wr *w, uint32_t n)
{
	wr_bytes(w, magic, sizeof magic);
	wr_u32(w, VERSION);
	wr_u32(w, n);
}

void ends_put(struct wr *w, const struct spool_end *end)
{
	struct rd agency = end->agency;
	size_t len = rd_left(&agency);
	size_t mark = wr_open16(w);

	if (len)
		wr_bytes(w, rd_take(&agency, len), len);
	wr_close16(w, mark);
	wr_u8(w, (uint8_t)end->interface);
	wr_u64(w, end->stream);
	wr_u64(w, end->offset);
}

int ends_begin(struct rd *r, uint32_t *n, struct why *why)
{
	const uint8_t *head = rd_take(r, sizeof magic);
	uint32_t version = rd_u32(r);

	*n = rd_u32(r);
	if (!r->ok || memcmp(head, magic, sizeof magic) != 0 || *n > MOST_ENDS)
		return why_set(why, ERR_BAD, "is no state of a collector");
	if (version != VERSION)
		return why_set(why, ERR_UNSUPPORTED, "its version is %u, and %d is known", version,
			       VERSION);
	return 0;
}

bool ends_take(struct rd *r, struct spool_end *end)
{
	end->agency = rd_sub(r, rd_u16(r));
	end->interface = rd_u8(r);
	end->stream = rd_u64(r);
	end->offset = rd_u64(r);
	return r->ok;
}
