#include "seal/key.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/rd.h"

enum { SUM_LEN = 8 };

static const uint8_t magic[8] = {'W', 'E', 'I', 'R', 'K', 'E', 'Y', '1'};

static void sum_of(const void *bytes, size_t len, uint8_t sum[SHA256_DIGEST_LENGTH])
{
	SHA256(bytes, len, sum);
}

void key_write(const struct key *key, struct wr *w)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	size_t from = w->len;

	wr_bytes(w, magic, sizeof magic);
	wr_u64(w, key->number);
	wr_u8(w, key->name_len);
	wr_bytes(w, key->name, key->name_len);
	wr_bytes(w, key->secret, KEY_LEN);
	if (!w->ok)
		return;
	sum_of(w->bytes + from, w->len - from, sum);
	wr_bytes(w, sum, SUM_LEN);
}

static int key_refused(struct why *why, size_t offset, const char *text)
{
	why_offset(why, (int64_t)offset);
	return why_set(why, ERR_BAD, "%s", text);
}

int key_read(struct key *key, const void *bytes, size_t len, struct why *why)
{
	struct rd r = rd_of(bytes, len);
	const uint8_t *head = rd_take(&r, sizeof magic), *name, *secret, *sum;
	uint8_t right[SHA256_DIGEST_LENGTH];

	*key = (struct key){.number = rd_u64(&r), .name_len = rd_u8(&r)};
	name = rd_take(&r, key->name_len);
	secret = rd_take(&r, KEY_LEN);
	sum = rd_take(&r, SUM_LEN);
	if (!head || memcmp(head, magic, sizeof magic) != 0)
		return key_refused(why, 0, "is no file of a key");
	if (!sum || !name || !secret)
		return key_refused(why, len, "is cut");
	if (rd_left(&r))
		return key_refused(why, len - rd_left(&r), "goes on behind its end");
	sum_of(bytes, len - SUM_LEN, right);
	if (memcmp(sum, right, SUM_LEN) != 0 || !key->number)
		return key_refused(why, len - SUM_LEN, "is damaged");
	memcpy(key->name, name, key->name_len);
	memcpy(key->secret, secret, KEY_LEN);
	return 0;
}
