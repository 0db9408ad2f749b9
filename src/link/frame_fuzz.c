#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "link/frame.h"

/* What is read is written again as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		struct link_frame frame;
		ssize_t n = link_frame_read(bytes + at, len - at, &frame, NULL);
		size_t need = link_frame_need(bytes + at, len - at);
		struct wr w = wr_init(LINK_LENGTH_LEN + LINK_MAX_LENGTH);

		if (n <= 0 && need > LINK_LENGTH_LEN + LINK_MAX_LENGTH)
			abort();
		if (n > 0 && (need != (size_t)n || !link_frame_write(&frame, &w) ||
			      w.len != (size_t)n || memcmp(w.bytes, bytes + at, w.len)))
			abort();
		wr_fini(&w);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return 0;
}
