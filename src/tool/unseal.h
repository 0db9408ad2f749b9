/* Inside tool only: encrypted records as if they had never been encrypted, for `weir decode`. */
#ifndef TOOL_UNSEAL_H
#define TOOL_UNSEAL_H

#include "etsi/seal.h"

struct unseal;

/* With the key in a file: 48 (AES-192) or 64 (AES-256) hexadecimal digits on its first line. */
MUST_CHECK int unseal_new(struct unseal **out, const char *path, struct why *why);
void unseal_free(struct unseal **unseal);

/* The record without its container in *plain, good until the next call, and its byteCounter: 0.
 * ERR_ABSENT where it is no encrypted record; another error with the reason where it cannot be
 * opened. */
MUST_CHECK int unseal_open(struct unseal *u, const struct etsi_octets *pdu,
			   struct etsi_octets *plain, uint64_t *counter, struct why *why);

#endif
