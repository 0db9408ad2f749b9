/* Memory for large tables that are looked at here and there. */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGES_LINE = 64, PAGES_LARGE = 2 << 20 };

/* Cleared, beginning with a cache line; from a quarter of a large page on in large pages, where the
 * kernel has any to give: then a look at random costs no walk through the tables of pages. NULL: no
 * memory. Given back with free(). */
static inline void *pages_new(size_t len)
{
	size_t unit = len < PAGES_LARGE / 4 ? PAGES_LINE : PAGES_LARGE;
	void *at;

	if (len > SIZE_MAX - unit)
		return NULL;
	len = (len + unit - 1) / unit * unit;
	at = aligned_alloc(unit, len);
	if (at && unit == PAGES_LARGE)
		(void)madvise(at, len, MADV_HUGEPAGE); /* a wish: without it all works too */
	if (at)
		memset(at, 0, len);
	return at;
}

#endif
