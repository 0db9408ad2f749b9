/* Seals texts that must not be read from the store's file: AES-256-GCM under a key that lies in
 * a file of its own (0600), which is made at the first start. A sealed text is bound to the
 * place that it was sealed for, and opens nowhere else. */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/err.h"
#include "base/why.h"

struct seal;

/* Reads the key file. Where there is none, and may_make, makes one. A file that others can read
 * is refused. */
MUST_CHECK int seal_open(struct seal **out, const char *path, bool may_make, struct why *why);
void seal_free(struct seal **seal);

/* "sealed:1:" and base64 of nonce, ciphertext and tag; *out is the caller's to free. */
MUST_CHECK int seal_put(const struct seal *seal, const char *text, const char *place, char **out);

/* The text again. ERR_BAD where it was changed, sealed for another place, or under another key. */
MUST_CHECK int seal_get(const struct seal *seal, const char *sealed, const char *place, char **out);

#endif
