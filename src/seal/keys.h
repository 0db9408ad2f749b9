/* Inside seal only: a secret, taken out of the vault for one use. The caller's to cleanse. */
#ifndef SEAL_KEYS_H
#define SEAL_KEYS_H

#include "seal/key.h"

MUST_CHECK int keys_secret(struct vault *vault, uint64_t number, uint8_t secret[KEY_LEN]);

#endif
