/* Whatever the message: the copy is as long, differs only by what was masked, and says so. In
 * base64 a letter may become another one. */
#include "base/fuzz.h"
#include "ipmm/mask.h"

#include <stdlib.h>

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t room[1 << 16];
	struct wr w = wr_of(room, sizeof room);
	struct sip_message m;
	bool has_masked = false, differs = false;
	int rc = sip_message_read(bytes, len, &m);

	if ((rc && rc != ERR_CUT) || m.whole.len > sizeof room)
		return 0;
	if (ipmm_mask(&m, &w, &has_masked) || w.len != m.whole.len)
		abort();
	for (size_t i = 0; i < w.len; i++) {
		if (room[i] != m.whole.bytes[i] && room[i] != 'X' &&
		    (!is_letter(room[i]) || !is_letter(m.whole.bytes[i])))
			abort();
		differs |= room[i] != m.whole.bytes[i];
	}
	if (differs && !has_masked)
		abort();
	return 0;
}
