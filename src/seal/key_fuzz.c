/* A key's file, as a disk may give it back: what is read is written again octet for octet. */
#include <stdlib.h>
#include <string.h>

#include "base/fuzz.h"
#include "seal/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct key key;
	uint8_t again[KEY_FILE_MAX];
	struct wr w = wr_of(again, sizeof again);

	if (key_read(&key, bytes, len, NULL))
		return 0;
	key_write(&key, &w);
	if (!w.ok || w.len != len || memcmp(again, bytes, len) != 0)
		abort();
	return 0;
}
