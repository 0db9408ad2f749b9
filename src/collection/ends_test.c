#include "collection/ends.h"

#include <string.h>

#include "base/tap.h"

static uint8_t octets[256];
static struct wr w;

static void write_two(void)
{
	w = wr_of(octets, sizeof octets);
	ends_open(&w, 2);
	ends_put(&w, &(struct spool_end){rd_of("police", 6), 0, 0x1122334455667788, 4096});
	ends_put(&w, &(struct spool_end){rd_of("", 0), 1, UINT64_MAX, 0});
}

/* 0 where both are read whole. */
static int read_two(size_t len, struct spool_end at[2])
{
	struct rd r = rd_of(octets, len);
	uint32_t n;
	int rc = ends_begin(&r, &n, NULL);

	if (rc)
		return rc;
	return n == 2 && ends_take(&r, &at[0]) && ends_take(&r, &at[1]) ? 0 : ERR_CUT;
}

int main(void)
{
	struct spool_end at[2];

	write_two();
	ok(w.ok && read_two(w.len, at) == 0, "two ends are written and read");
	ok(rd_left(&at[0].agency) == 6 && at[0].interface == 0 &&
		   at[0].stream == 0x1122334455667788 && at[0].offset == 4096 &&
		   rd_left(&at[1].agency) == 0 && at[1].interface == 1 &&
		   at[1].stream == UINT64_MAX && at[1].offset == 0,
	   "as they were");
	for (size_t len = 0; len < w.len; len++)
		ok(read_two(len, at) < 0, "cut at %zu is refused", len);
	octets[0] ^= 1;
	ok(read_two(w.len, at) == ERR_BAD, "another file is refused");
	write_two();
	octets[11] = 2;
	ok(read_two(w.len, at) == ERR_UNSUPPORTED, "a later version is refused");
	return tap_end();
}
