/* Whatever octets come: what is read as payload lies inside them. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "media/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtp rtp;

	for (int is_cut = 0; is_cut < 2; is_cut++) {
		if (!rtp_read(bytes, len, is_cut, &rtp))
			continue;
		if (rtp.payload < bytes + RTP_HEADER_LEN || rtp.payload + rtp.len > bytes + len)
			abort();
	}
	return media_sort_of(bytes, len) > MEDIA_IS_DTLS;
}
