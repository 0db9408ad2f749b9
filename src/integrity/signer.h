/* A key that signs integrity checks, or checks their signatures: Ed25519 and Ed448 (edDSA), or an
 * elliptic curve's (eCDSA). It is shared read-only by all threads. */
#ifndef INTEGRITY_SIGNER_H
#define INTEGRITY_SIGNER_H

#include <stdbool.h>

#include "base/wr.h"
#include "etsi/tri.h"

struct signer;

/* From the text of a PEM file. To sign: a private key without passphrase. To check: a public key,
 * a certificate, or a private key. ERR_USAGE with the reason where it is none of these or of
 * another kind. */
MUST_CHECK int signer_parse(struct signer **out, const char *pem, size_t len, bool is_private,
			    struct why *why);
void signer_free(struct signer **signer);

enum etsi_signature signer_algorithm(const struct signer *signer);

/* Appends the signature of a message. eCDSA takes the message's digest by this hash and writes
 * the DER of RFC 3279 clause 2.2.3; edDSA takes the message itself. ERR_FULL, ERR_IO. */
MUST_CHECK int signer_sign(const struct signer *signer, enum etsi_hash hash,
			   const struct etsi_octets *message, struct wr *w);

/* Whether a signature is that of the message. */
bool signer_is_right(const struct signer *signer, enum etsi_hash hash,
		     const struct etsi_octets *message, const struct etsi_octets *signature);

/* Digests, for integrity.c and verify.c: the library's name of a hash, NULL where there is none. */
const char *signer_hash_name(enum etsi_hash hash);

#endif
