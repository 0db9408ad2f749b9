/* Two records: what likeness says of the second is what reading it whole says. */
#include "mediation/likeness.h"

#include <stdlib.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "mediation/likeness_same.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct rd first = rd_sub(&r, rd_u16(&r));
	struct likeness like = {.is_set = false};
	struct etsi_record quick, whole;

	if (!r.ok || etsi_record_read(first.at, rd_left(&first), &whole, NULL))
		return 0;
	likeness_keep(&like, first.at, rd_left(&first), &whole);
	if (like.is_set && (!likeness_read(&like, first.at, rd_left(&first), &quick) ||
			    !likeness_is_same(&quick, &whole)))
		abort();
	if (!likeness_read(&like, r.at, rd_left(&r), &quick))
		return 0;
	if (etsi_record_read(r.at, rd_left(&r), &whole, NULL) || !likeness_is_same(&quick, &whole))
		abort();
	return 0;
}
