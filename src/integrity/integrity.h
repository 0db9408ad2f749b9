/* Integrity checks (TS 102 232-1 clause 7.2.3), the sending side: hashes over a stream's
 * PDUs as they are delivered, and signatures over those hashes.
 *
 *	every PDU, in the order of the numbers   integrity_add
 *	when integrity_is_due, and at the end    integrity_encode: a hash, perhaps a signature
 *
 * A stream is one (LIID, CIN, IRI or CC); the checks go the same way as its PDUs. A hash covers
 * whole PDUs, of encrypted ones the octets that are sent. A signature covers whole hash PDUs.
 * Hashes and signatures have their own sequence numbers each, from 0.
 *
 * No clock: time is an argument. One stream belongs to one thread at a time. */
#ifndef INTEGRITY_INTEGRITY_H
#define INTEGRITY_INTEGRITY_H

#include "base/wr.h"
#include "integrity/signer.h"
#include "etsi/tri.h"

/* What an agency asks for; shared read-only. */
struct integrity_plan {
	enum etsi_hash hash;
	uint32_t count;      /* PDUs after which a hash is due: 1..ETSI_MAX_COVERED */
	struct nanos span;   /* and after this long since its first PDU; 0: however long */
	uint32_t sign_count; /* hashes after which a signature is due; 0: they are not signed */
	const struct signer *signer; /* NULL: they are not signed */
};

struct integrity {
	const struct integrity_plan *plan;
	enum etsi_check_of of;
	void *digest;       /* of the PDUs since the last hash: the library's */
	uint32_t first, n;  /* their numbers */
	struct nanos since; /* time of the first */
	struct wr hashes;   /* hash PDUs since the last signature */
	uint32_t n_hashes;
	/* numbers of the next hash and signature: to be kept, and set after a restart */
	uint32_t hash_seq, sign_seq;
};

/* 0; ERR_USAGE with the reason where the plan makes no sense; ERR_NOMEM. */
MUST_CHECK int integrity_init(struct integrity *i, const struct integrity_plan *plan,
			      enum etsi_check_of of, struct why *why);
void integrity_fini(struct integrity *i);

/* A PDU as it is delivered: 0; ERR_USAGE where its number does not follow the last one's or a hash
 * is overdue; ERR_IO where the library fails. */
MUST_CHECK int integrity_add(struct integrity *i, const uint8_t *pdu, size_t len, uint32_t seq,
			     struct nanos time);

/* Whether a hash is due now. */
bool integrity_is_due(const struct integrity *i, struct nanos time);

/* When the next hash is due at the latest; false: not by any time. */
bool integrity_deadline(const struct integrity *i, struct nanos *out);

/* Appends a hash PDU of what was added since the last one, if anything, and a signature PDU when
 * enough hashes were sent, or (is_last) any: 0, ERR_FULL, ERR_NOMEM, ERR_IO. What was appended
 * counts as sent even after an error; another call does what is left. The header is one of the
 * stream's, with its LIID and CIN. */
MUST_CHECK int integrity_encode(struct integrity *i, const struct etsi_header *h, struct nanos time,
				bool is_last, struct wr *w);

#endif
