/* What an agency may send: any octets, in pieces of any size. */
#include <string.h>

#include "base/fuzz.h"
#include "handover/delivery.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct delivery_terms terms = {
		.keepalive_interval = {1}, .keepalive_wait = {NANOS_PER_S}, .acknowledge = true};
	struct answers a;
	struct answer answer;
	struct delivery d;
	struct why why;
	uint8_t kind;
	uint32_t number;
	size_t piece = len ? 1 + bytes[0] : 1, room;
	int rc = 0;

	delivery_init(&d, &terms, 0, (struct nanos){0});
	(void)delivery_dials(&d, (struct nanos){0});
	delivery_connected(&d, 0, true, (struct nanos){0});
	answers_init(&a);
	while (len && rc != ERR_BAD) {
		uint8_t *at = answers_room(&a, &room);
		size_t n = piece < len ? piece : len;

		n = n < room ? n : room;
		if (n)
			memcpy(at, bytes, n);
		answers_came(&a, n);
		bytes += n;
		len -= n;
		delivery_wrote_records(&d, n, n);
		while (delivery_says(&d, len, (struct nanos){1}, &kind, &number))
			delivery_wrote_tri(&d, 1, true);
		why_clear(&why);
		while (!(rc = answers_next(&a, &answer, &why)))
			if ((rc = delivery_heard(&d, &answer, (struct nanos){2}, &why)))
				break;
	}
	return 0;
}
