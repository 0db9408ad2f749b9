/* The user area of a spool, as a disk may give it back. */
#include <stdlib.h>
#include <string.h>

#include "base/fuzz.h"
#include "mediation/marks.h"
#include "spool/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct marks marks;
	static uint8_t octets[SPOOL_USER_MAX];
	struct wr w = wr_of(octets, sizeof octets);

	if (marks_read(&marks, bytes, len, NULL) || !len)
		return 0;
	marks_write(&marks, &w);
	if (!w.ok || w.len != len || memcmp(octets, bytes, len))
		abort();
	return 0;
}
