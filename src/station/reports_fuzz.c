/* Any octets as a file of reports: what waits is in order, and can be heard. */
#include "station/reports.h"

#include <stdlib.h>

#include "base/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reports *r;
	const struct report *first;

	if (reports_new(&r))
		return 0;
	if (reports_read(r, (const char *)bytes, len) > (ssize_t)len)
		abort();
	while ((first = reports_first(r))) {
		size_t n = reports_n(r);

		reports_heard(r, first->number);
		if (reports_n(r) != n - 1)
			abort();
	}
	reports_free(&r);
	return 0;
}
