/* The beginning of any file is refused, or written again as it was. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "collection/ends.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct wr w = wr_init(len + 64);
	struct spool_end end;
	struct why why;
	uint32_t n, k = 0;

	why_clear(&why);
	if (ends_begin(&r, &n, &why) == 0) {
		ends_open(&w, n);
		for (; k < n && ends_take(&r, &end); k++)
			ends_put(&w, &end);
		if (k == n && (!w.ok || w.len > len || memcmp(w.bytes, bytes, w.len) != 0))
			abort();
	} else if (!why.text[0]) {
		abort();
	}
	wr_fini(&w);
	return 0;
}
