/* PS-PDUs of TS 102 232-1, from anyone, made readable: by tables (schema.h), so that every
 * element has its name of the schema; what no table knows is shown as tag numbers and octets. */
#ifndef ETSI_DECODE_H
#define ETSI_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "base/wr.h"

/* A larger one is refused: what announces it is no handover stream. */
enum { ETSI_MAX_PDU = 16 << 20 };

enum etsi_form { ETSI_WORDS, ETSI_JSON };

/* What can be wrong with a PDU that can be read nevertheless. */
#define ETSI_RULES(X)                                                                              \
	X(BROKEN, "broken", "the inside of an element cannot be read")                             \
	X(DER, "der", "legal BER, but not the one encoding of DER")                                \
	X(MISSING, "missing", "a mandatory element is not there")                                  \
	X(UNKNOWN, "unknown", "an element or value that the schema does not know")                 \
	X(ORDER, "order", "an element stands before one that should precede it")                   \
	X(REPEATED, "repeated", "an element is there twice")                                       \
	X(SIZE, "size", "a size or value beyond what the schema allows")                           \
	X(VALUE, "value", "a value that its type cannot have")

enum etsi_rule {
#define X(name, text, doc) ETSI_RULE_##name,
	ETSI_RULES(X)
#undef X
		ETSI_N_RULES
};

enum { ETSI_MAX_FINDINGS = 16, ETSI_FINDING_LEN = 128 };

struct etsi_finding {
	size_t offset;  /* in the PDU, of the first element that it is about */
	uint32_t times; /* how often the same was found */
	enum etsi_rule rule;
	char text[ETSI_FINDING_LEN];
};

/* One PDU decoded. The header's facts are borrowed from its octets. */
struct etsi_decoded {
	const uint8_t *liid;
	size_t liid_len; /* 0: there is none */
	bool has_cin, has_seq, has_time;
	uint32_t cin;
	uint32_t seq;
	struct nanos time;     /* of the header */
	bool has_payload_time; /* the payload's first record has a time of its own */
	/* the payload's alternative, the one inside it: "iRIPayloadSequence", "iPIRI"; or NULL */
	const char *kind[2];
	struct etsi_finding findings[ETSI_MAX_FINDINGS];
	unsigned n_findings;
	uint32_t n_more; /* findings for which there was no room */
};

const char *etsi_rule_text(enum etsi_rule rule);

/* The length of the PDU that these octets begin with: 0 and *len, also where not all of it is
 * here yet; ERR_AGAIN where too little is here to tell; ERR_BAD with the reason where this is
 * no PS-PDU. why's offset is left alone. */
MUST_CHECK int etsi_pdu_len(const void *bytes, size_t n_here, size_t *len, struct why *why);

/* Prints one whole PDU to w: lines of words, or one JSON value without a line feed. w->ok is
 * false where there is no room. */
void etsi_decode(const uint8_t *pdu, size_t len, enum etsi_form form, struct wr *w,
		 struct etsi_decoded *out);

#endif
