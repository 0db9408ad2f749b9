/* Integrity checks (TS 102 232-1 clause 7.2.3), the receiving side: what a stream's hashes and
 * signatures say of its PDUs.
 *
 * A verifier belongs to one stream: one (LIID, CIN, IRI or CC). It keeps the octets of each PDU
 * until a hash covers it, within a limit; the oldest are given up first. Duplicates are for the
 * caller to leave out. Hashes may be over the octets as delivered, or (of encrypted PDUs) over the
 * form before encryption (seal_clear_form): senders differ. */
#ifndef INTEGRITY_VERIFY_H
#define INTEGRITY_VERIFY_H

#include "etsi/record.h"
#include "integrity/signer.h"

/* What a check says: constant, word in JSON, words. */
#define VERDICTS(X)                                                                                \
	X(RIGHT, "right", "it is that of the PDUs")                                                \
	X(WRONG, "wrong", "it is not that of the PDUs: they, or it, were changed")                 \
	X(MISSING, "missing", "PDUs that it covers were not received, or are no longer kept")      \
	X(UNKNOWN, "unknown", "no key for it, or an algorithm that is not known")

enum verdict {
#define X(name, text, doc) VERDICT_##name,
	VERDICTS(X)
#undef X
};

const char *verdict_text(enum verdict verdict);

struct verifier;

/* Keeps up to limit octets of PDUs. */
MUST_CHECK int verifier_new(struct verifier **out, size_t limit);
void verifier_free(struct verifier **verifier);

/* A PDU of the stream as it was received; clear: its form before encryption, as long, or NULL.
 * ERR_NOMEM. */
MUST_CHECK int verifier_take(struct verifier *v, const struct etsi_octets *pdu,
			     const uint8_t *clear, uint32_t seq);

/* A TRI integrityCheck of the stream (record, read from pdu). signer may be NULL. ERR_NOMEM. */
MUST_CHECK int verifier_check(struct verifier *v, const struct etsi_octets *pdu,
			      const struct etsi_record *record, const struct signer *signer,
			      enum verdict *out);

/* PDUs that no check has covered yet, and PDUs that were given up. */
size_t verifier_n_waiting(const struct verifier *v);
uint64_t verifier_n_given_up(const struct verifier *v);

#endif
