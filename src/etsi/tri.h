/* TRI payloads (TS 102 232-1 clauses 6.3 and 7.2.3): what the two ends of a handover say to each
 * other, beside the records. Here: the words of the schema that encoder and reader share. */
#ifndef ETSI_TRI_H
#define ETSI_TRI_H

#include <stdint.h>

/* TRIPayload: constant, tag, name in the schema. */
#define ETSI_TRIS(X)                                                                               \
	X(INTEGRITY_CHECK, 0, "integrityCheck")                                                    \
	X(TEST, 1, "testPDU")                                                                      \
	X(PADDING, 2, "paddingPDU")                                                                \
	X(KEEP_ALIVE, 3, "keep-alive")                                                             \
	X(KEEP_ALIVE_RESPONSE, 4, "keep-aliveResponse")                                            \
	X(FIRST_SEGMENT, 5, "firstSegmentFlag")                                                    \
	X(LAST_SEGMENT, 6, "lastSegmentFlag")                                                      \
	X(CIN_RESET, 7, "cINReset")                                                                \
	X(OPERATOR_MESSAGE, 8, "operatorLeaMessage")                                               \
	X(OPTION_REQUEST, 9, "optionRequest")                                                      \
	X(OPTION_RESPONSE, 10, "optionResponse")                                                   \
	X(OPTION_COMPLETE, 11, "optionComplete")                                                   \
	X(ACKNOWLEDGEMENT_REQUEST, 12, "pDUAcknowledgementRequest")                                \
	X(ACKNOWLEDGEMENT_RESPONSE, 13, "pDUAcknowledgementResponse")

enum etsi_tri_kind {
#define X(name, tag, text) ETSI_TRI_##name = tag,
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

#endif
