/* A key's file, as a disk may give it back: what is read is written again octet for octet. As it
 * is, and with its sum mended. */
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/fuzz.h"
#include "seal/key.h"

enum { SUM_LEN = 8 };

static void read_key(const uint8_t *bytes, size_t len)
{
	struct key key;
	uint8_t again[KEY_FILE_MAX];
	struct wr w = wr_of(again, sizeof again);

	if (key_read(&key, bytes, len, NULL))
		return;
	key_write(&key, &w);
	if (!w.ok || w.len != len || memcmp(again, bytes, len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t mended[2 * KEY_FILE_MAX], sum[SHA256_DIGEST_LENGTH];

	read_key(bytes, len);
	if (len < SUM_LEN || len > sizeof mended)
		return 0;
	memcpy(mended, bytes, len);
	SHA256(mended, len - SUM_LEN, sum);
	memcpy(mended + len - SUM_LEN, sum, SUM_LEN);
	read_key(mended, len);
	return 0;
}
