/* Whatever the octets: decoding ends, and what is printed stays inside its room. */
#include "base/fuzz.h"
#include "etsi/decode.h"

#include <stdlib.h>

enum { ROOM = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t room[ROOM];
	struct etsi_decoded d;
	size_t said;

	if (etsi_pdu_len(bytes, len, &said, NULL) == 0 && said > ETSI_MAX_PDU + 10)
		abort();
	for (int form = ETSI_WORDS; form <= ETSI_JSON; form++) {
		struct wr w = wr_of(room, sizeof room);

		etsi_decode(bytes, len, (enum etsi_form)form, &w, &d);
		if (d.n_findings > ETSI_MAX_FINDINGS || w.len > sizeof room)
			abort();
	}
	return 0;
}
