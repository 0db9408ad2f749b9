/* Whatever the octets: a reply that is read lies within them. */
#include "ask/reply.h"
#include "base/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ask_reply r;

	if (ask_reply_read(bytes, len, &r, NULL))
		return 0;
	if (r.status < 100 || r.status > 599 || r.body_at > len || r.body_len > len - r.body_at)
		abort();
	return 0;
}
