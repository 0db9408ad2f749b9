/* The parts of any message lie inside its body, one behind the other. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "sip/body.h"
#include "sip/craft.h"

static unsigned sum;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct sip_message m;
	struct sip_parts parts;
	struct sip_part p, found;
	size_t total = 0;
	int rc = sip_message_read(bytes, len, &m);

	if (rc && rc != ERR_CUT)
		return 0;
	parts = sip_message_parts(&m);
	while (sip_parts_next(&parts, &p)) {
		total += p.bytes.len;
		sum += craft_touch(p.bytes) + craft_touch(p.id) + craft_touch(p.disposition) +
		       craft_touch(p.encoding) + craft_touch(p.type.subtype);
		if (p.id.bytes && !sip_message_part_by_id(&m, p.id, &found))
			abort();
		if (total > (1 << 12))
			break;
	}
	if (total > m.body.len)
		abort();
	return 0;
}
