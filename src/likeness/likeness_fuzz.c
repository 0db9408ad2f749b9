/* Two records: what likeness says of the second is what reading it whole says. */
#include "likeness/likeness.h"

#include <stdlib.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "likeness/same.h"

static void compare(struct likeness *like, const struct rd *pdu, bool must_be_like)
{
	struct likeness_own own;
	struct etsi_record quick, whole;
	const struct likeness_stream *s = likeness_find(like, pdu->at, rd_left(pdu), &own);

	if (!s) {
		if (must_be_like)
			abort();
		return;
	}
	likeness_record(s, &own, &quick);
	if (etsi_record_read(pdu->at, rd_left(pdu), &whole, NULL) ||
	    !likeness_is_same(&quick, &whole))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct rd first = rd_sub(&r, rd_u16(&r));
	struct likeness *like;
	struct etsi_record whole;

	if (!r.ok || etsi_record_read(first.at, rd_left(&first), &whole, NULL) ||
	    likeness_new(&like))
		return 0;
	likeness_keep(like, first.at, rd_left(&first), &whole);
	for (int i = 0; i < 3 && likeness_n(like); i++) /* then its length is known too */
		compare(like, &first, true);
	for (int i = 0; i < 3; i++)
		compare(like, &r, false);
	if (!etsi_record_read(r.at, rd_left(&r), &whole, NULL)) {
		likeness_keep(like, r.at, rd_left(&r), &whole);
		compare(like, &r, false);
		compare(like, &first, false);
	}
	likeness_free(&like);
	return 0;
}
