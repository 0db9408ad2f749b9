/* TRI payloads (TS 102 232-1 clauses 6.3 and 7.2.3): what the two ends of a handover say to each
 * other, beside the records.
 *
 * One is a struct of values; what its kind does not have is 0. The reader of records (record.h)
 * gives the same words back. */
#ifndef ETSI_TRI_H
#define ETSI_TRI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "etsi/header.h"

/* Borrowed; bytes is NULL where the element is not there. */
struct etsi_octets {
	const uint8_t *bytes;
	size_t len;
};

/* TRIPayload: constant, tag, header version that knows it, name in the schema. The version is the
 * lowest of which it is sure (header.h). */
#define ETSI_TRIS(X)                                                                               \
	X(INTEGRITY_CHECK, 0, 0, "integrityCheck")                                                 \
	X(TEST, 1, 0, "testPDU")                                                                   \
	X(PADDING, 2, 0, "paddingPDU")                                                             \
	X(KEEP_ALIVE, 3, 0, "keep-alive")                                                          \
	X(KEEP_ALIVE_RESPONSE, 4, 0, "keep-aliveResponse")                                         \
	X(FIRST_SEGMENT, 5, 0, "firstSegmentFlag")                                                 \
	X(LAST_SEGMENT, 6, 0, "lastSegmentFlag")                                                   \
	X(CIN_RESET, 7, 17, "cINReset")                                                            \
	X(OPERATOR_MESSAGE, 8, 33, "operatorLeaMessage")                                           \
	X(OPTION_REQUEST, 9, 33, "optionRequest")                                                  \
	X(OPTION_RESPONSE, 10, 33, "optionResponse")                                               \
	X(OPTION_COMPLETE, 11, 33, "optionComplete")                                               \
	X(ACKNOWLEDGEMENT_REQUEST, 12, 33, "pDUAcknowledgementRequest")                            \
	X(ACKNOWLEDGEMENT_RESPONSE, 13, 33, "pDUAcknowledgementResponse")

enum etsi_tri_kind {
#define X(name, tag, since, text) ETSI_TRI_##name = tag,
	ETSI_TRIS(X)
#undef X
};

/* "keep-alive"; NULL where the schema has no such alternative. */
const char *etsi_tri_text(unsigned kind);

/* IntegrityCheck (clause 7.2.3). */
enum etsi_check_type { ETSI_CHECK_HASH = 1, ETSI_CHECK_SIGNATURE = 2 };
enum etsi_check_of { ETSI_CHECK_OF_IRI = 1, ETSI_CHECK_OF_CC = 2 };
enum etsi_hash { ETSI_SHA_1 = 1, ETSI_SHA_256 = 2, ETSI_SHA_384 = 3, ETSI_SHA_512 = 4 };
enum etsi_signature { ETSI_DSA = 1, ETSI_ECDSA = 2, ETSI_EDDSA = 3 };

/* OperatorLeaMessage */
enum etsi_priority { ETSI_MESSAGE_ERROR = 1, ETSI_MESSAGE_INFORMATIONAL = 2 };

enum {
	ETSI_MAX_MESSAGE = 255, /* octets of an operatorLeaMessage */
	ETSI_MAX_PADDING = 65536,
	ETSI_MAX_COVERED = 1 << 20, /* PDUs that one integrity check covers */
	ETSI_MAX_CHECK_VALUE = 65535,
};

/* One TRI PDU. Zero is "absent"; borrowed until tri_encode returns. */
struct tri {
	enum etsi_tri_kind kind;
	uint32_t seq;
	struct nanos time;
	struct etsi_octets octets; /* paddingPDU's, operatorLeaMessage's, integrityCheck's value */
	/* operatorLeaMessage */
	enum etsi_priority priority;
	/* optionRequest asks for pDUAcknowledgement; optionResponse accepts or declines it */
	bool is_requested, is_accepted, is_declined;
	/* integrityCheck: the numbers n_covered PDUs count up from first_covered */
	enum etsi_check_type check_type;
	enum etsi_check_of check_of;
	enum etsi_hash hash;
	enum etsi_signature signature; /* left out below header version 43 */
	uint32_t first_covered;
	uint32_t n_covered;
};

/* Whether the announced header version knows this kind. */
bool tri_is_known(const struct etsi_header *h, enum etsi_tri_kind kind);

/* Appends the whole PS-PDU to w: 0; ERR_USAGE with the reason where a value is missing or beyond
 * what the schema allows; ERR_UNSUPPORTED where the announced version has no such kind; ERR_FULL
 * where w has no room. */
MUST_CHECK int tri_encode(const struct etsi_header *h, const struct tri *tri, struct wr *w,
			  struct why *why);

#endif
