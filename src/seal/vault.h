/* A vault: keys in files of their own (0600) in one folder, one for each name that was asked for
 * (a LIID), and the sealing of bytes under them by AES-256-GCM.
 *
 * A key seals for many streams, and never uses a nonce twice: each stream has a key derived from
 * it (HMAC-SHA-256 over the stream's random number), and there a nonce is the offset of what is
 * sealed beside a number drawn for it. A key that is destroyed is overwritten, its file is taken
 * away, and both are on disk before that is said; what it sealed can not be read by anybody. */
#ifndef SEAL_VAULT_H
#define SEAL_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

struct vault;
struct vault_cipher;

enum { VAULT_NAME_MAX = 255, VAULT_TAG_LEN = 16 };

/* Opens the folder, which is made (0700) where it is not there. A file of a key that is damaged is
 * logged and passed over: what it sealed cannot be read. */
MUST_CHECK int vault_open(struct vault **out, const char *folder, struct why *why);

/* Forgets the keys; their files stay. Sets NULL. */
void vault_close(struct vault **vault);

/* The key of this name (0 to VAULT_NAME_MAX bytes): its number, never 0. Where there is none one
 * is made, and is on disk when this returns. Any thread. */
MUST_CHECK int vault_key(struct vault *vault, const void *name, size_t name_len, uint64_t *key);

/* The number of the key of this name; 0: there is none. Any thread. */
uint64_t vault_find(struct vault *vault, const void *name, size_t name_len);

/* Destroys the key of this name, and says which it was. ERR_ABSENT: there is none; else the
 * reason, and it may be tried again. Any thread. */
MUST_CHECK int vault_destroy(struct vault *vault, const void *name, size_t name_len, uint64_t *key,
			     struct why *why);

/* Each name that has a key, in order, while the owner gives true; the vault must not be asked
 * within. Any thread. */
void vault_each(struct vault *vault, bool (*name)(void *owner, const char *name, size_t len),
		void *owner);

/* For what a key is used: one piece of one stream. */
struct vault_use {
	uint64_t key;
	uint64_t stream;
	uint64_t offset; /* of the piece in the stream */
	uint32_t salt;   /* drawn for the piece at random */
	bool is_sealing; /* else it opens */
};

/* Begins. ERR_ABSENT: there is no such key (any more). */
MUST_CHECK int vault_begin(struct vault_cipher **out, struct vault *vault,
			   const struct vault_use *use);

/* Bytes that are not sealed, but must be the same when it is opened; before all vault_add. */
MUST_CHECK int vault_bind(struct vault_cipher *cipher, const void *bytes, size_t len);

/* Seals or opens the next bytes; in and out may be the same. */
MUST_CHECK int vault_add(struct vault_cipher *cipher, const uint8_t *in, size_t len, uint8_t *out);

/* Ends it: writes the tag, or checks it (ERR_BAD: what was opened is not what was sealed). Sets
 * NULL. */
MUST_CHECK int vault_end(struct vault_cipher **cipher, uint8_t tag[VAULT_TAG_LEN]);

/* Ends it without. Sets NULL. */
void vault_drop(struct vault_cipher **cipher);

#endif
