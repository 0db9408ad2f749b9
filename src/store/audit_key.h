/* The key that signs the audit log: Ed25519, in a file (PEM, 0600). Whoever has the public half can
 * check the log elsewhere. */
#ifndef STORE_AUDIT_KEY_H
#define STORE_AUDIT_KEY_H

#include "store/store.h"

/* Reads the file, or makes it where it is not there and may be made. */
MUST_CHECK int audit_key_open(struct audit_key **out, const char *path, bool may_make,
			      struct why *why);
void audit_key_free(struct audit_key **key);

/* Over the hex digits of a hash. False where the library refuses. */
bool audit_key_sign(const struct audit_key *key, const char *hash, char out[STORE_SIGNATURE_LEN]);
bool audit_key_is_right(const struct audit_key *key, const char *hash, const char *signature);

/* The public half, as PEM; NULL where there is no memory. The caller's to free. */
char *audit_key_public(const struct audit_key *key);

#endif
