/* Inside seal only: a key as its file has it. */
#ifndef SEAL_KEY_H
#define SEAL_KEY_H

#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "seal/vault.h"

enum { KEY_LEN = 32, KEY_FILE_MAX = 512 };

struct key {
	uint64_t number;
	uint8_t name_len;
	uint8_t name[VAULT_NAME_MAX];
	uint8_t secret[KEY_LEN];
};

void key_write(const struct key *key, struct wr *w);

/* ERR_BAD with the reason and the offset. */
MUST_CHECK int key_read(struct key *key, const void *bytes, size_t len, struct why *why);

#endif
