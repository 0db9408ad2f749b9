/* Encrypted records (TS 102 232-1 Annex G): the payload of a PS-PDU becomes an encryptionContainer.
 *
 *	plain text   30 { 80 byteCounter, A1 { Payload } }, zeros up to a multiple of 16
 *	cipher       AES-192 or AES-256 in CBC mode
 *	IV           the sequence number of the header, 32 bits, four times
 *
 * The length is known before the record is made, as an IPCC record's is:
 *
 *	len = sealed_ipcc_len(&header, &cc, counter);          in the turn: reserve, then
 *	struct seal seal = {sealer, &key, counter};
 *	rc = sealed_ipcc_encode(&seal, &header, &cc, &w);      fill exactly that
 *
 * The byteCounter is the caller's: of a stream's first PDU it is seal_first_counter(time), of each
 * further one that of the PDU before it plus the octets of that PDU as it was sent. A stream here
 * is one (LIID, CIN, IRI or CC).
 *
 * A key is shared read-only by all threads; a sealer belongs to one thread. That IVs can be
 * foretold, and repeat for IRI and CC of the same number, is the standard's profile. */
#ifndef ETSI_SEAL_H
#define ETSI_SEAL_H

#include <stdint.h>

#include "etsi/ipcc.h"
#include "etsi/record.h"

/* EncryptionType: constant, value, octets of a key, the word in orders. */
#define SEAL_CIPHERS(X)                                                                            \
	X(AES_192_CBC, 3, 24, "aes-192-cbc")                                                       \
	X(AES_256_CBC, 4, 32, "aes-256-cbc")

enum seal_cipher {
	SEAL_NONE = 1, /* a container whose plain text is not encrypted: can be opened */
#define X(name, value, key_len, text) SEAL_##name = value,
	SEAL_CIPHERS(X)
#undef X
};

enum { SEAL_MAX_KEY = 32 };

struct seal_key {
	uint8_t cipher; /* enum seal_cipher */
	uint8_t len;
	uint8_t octets[SEAL_MAX_KEY];
};

/* "aes-192-cbc"; NULL where a container's type is none of ours. */
const char *seal_cipher_text(unsigned cipher);

/* 0, or ERR_USAGE with the reason: no such cipher, or a key of another length. */
MUST_CHECK int seal_key_init(struct seal_key *key, enum seal_cipher cipher, const void *octets,
			     size_t len, struct why *why);

/* The same from the words of orders: the key as twice as many hexadecimal digits, with or without
 * 0x. */
MUST_CHECK int seal_key_parse(struct seal_key *key, const char *cipher, const char *text,
			      struct why *why);

/* Overwrites the key. */
void seal_key_fini(struct seal_key *key);

/* What one thread encrypts and decrypts with. */
struct sealer;
MUST_CHECK int sealer_new(struct sealer **out);
void sealer_free(struct sealer **sealer);

static inline uint64_t seal_first_counter(struct nanos time)
{
	return (uint64_t)nanos_to_s(time) << 32;
}

/* How a PS-PDU is sealed, and by whom. */
struct seal {
	struct sealer *sealer;
	const struct seal_key *key;
	uint64_t counter;
};

/* Octets of the whole PS-PDU of a packet. */
size_t sealed_ipcc_len(const struct etsi_header *h, const struct ipcc *cc, uint64_t counter);

/* Appends it: 0; ERR_FULL where it does not fit, ERR_IO where the library fails. After an error
 * nothing was written. */
MUST_CHECK int sealed_ipcc_encode(const struct seal *seal, const struct etsi_header *h,
				  const struct ipcc *cc, struct wr *w);

/* Octets of a PS-PDU of ours (an IRI, say) when it is sealed; 0: it is no PS-PDU. */
size_t seal_len(const uint8_t *pdu, size_t len, uint64_t counter);

/* Appends the sealed form of a PS-PDU of ours: 0; ERR_BAD where it is none or is sealed already;
 * ERR_FULL, ERR_IO as above. */
MUST_CHECK int seal_pdu(const struct seal *seal, const uint8_t *pdu, size_t len, struct wr *w,
			struct why *why);

/* What was in a container. */
struct seal_opened {
	struct etsi_record record; /* the sealed record's header, the payload's own facts */
	uint64_t counter;
	const uint8_t *plain; /* in the writer that was given; as long as the container's octets */
};

/* Opens the container of a record (kind ENCRYPTED) with seal->key, which may be NULL for type none.
 * The plain text is appended to room, from which *out borrows. ERR_USAGE: the key is not for this
 * type; ERR_UNSUPPORTED: a type that is none of ours; ERR_BAD: what comes out is no payload, so
 * that the key is another one or the octets were changed. The reason says which. */
MUST_CHECK int seal_open(const struct seal *seal, const struct etsi_record *record, struct wr *room,
			 struct seal_opened *out, struct why *why);

/* Appends the PDU as it was before encryption: the same container of type none, with the plain
 * text. Some senders take their hashes over that form. pdu is the one that record was read from;
 * plain is what seal_open gave. ERR_FULL. */
MUST_CHECK int seal_clear_form(const struct etsi_octets *pdu, const struct etsi_record *record,
			       const uint8_t *plain, struct wr *w);

/* Appends the PDU as if it had never been sealed: its header, and the payload that was opened. */
MUST_CHECK int seal_plain_pdu(const struct etsi_octets *pdu, const struct seal_opened *opened,
			      struct wr *w);

#endif
