/* Whatever the octets: opening a container ends, and what it gives lies in the plain text. A
 * container of type none is plain text as it stands; others come out as noise. */
#include "base/fuzz.h"
#include "etsi/seal.h"

#include <stdlib.h>

enum { ROOM = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t room[ROOM];
	static struct sealer *sealer;
	struct seal_key key = {.cipher = SEAL_AES_192_CBC, .len = 24};
	struct wr w = wr_of(room, sizeof room);
	struct seal_opened out;
	struct etsi_record record;
	struct etsi_part part;

	if (!sealer && sealer_new(&sealer))
		abort();
	if (etsi_record_read(bytes, len, &record, NULL))
		return 0;
	if (seal_open(&(struct seal){sealer, &key, 0}, &record, &w, &out, NULL))
		return 0;
	for (struct etsi_octets left = out.record.parts; etsi_part_next(&out.record, &left, &part);)
		if (part.content.bytes && (part.content.bytes < room ||
					   part.content.bytes + part.content.len > room + ROOM))
			abort();
	return 0;
}
