/* What is known of a PS-PDU without printing it: whose it is, its place in its stream, and what
 * it carries. For those who pass records on, check their order, or take their content.
 *
 *	rc = etsi_record_read(pdu, len, &record, &why);
 *
 * One PDU whole, from anyone: what breaks the schema where these facts stand is refused with a
 * reason; elements that are not known here are stepped over, for a later version may bring them.
 * All octets are borrowed from the PDU. Nothing is allocated. */
#ifndef ETSI_RECORD_H
#define ETSI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "etsi/hi1.h"
#include "etsi/tri.h"

/* What the payload is: constant, alternative of Payload, name in the schema. */
#define ETSI_RECORDS(X)                                                                            \
	X(IRI, 0, "iRIPayloadSequence")                                                            \
	X(CC, 1, "cCPayloadSequence")                                                              \
	X(TRI, 2, "tRIPayload")                                                                    \
	X(HI1, 3, "hI1-Operation")                                                                 \
	X(ENCRYPTED, 4, "encryptionContainer")

enum etsi_record_kind {
#define X(name, tag, text) ETSI_RECORD_##name = tag,
	ETSI_RECORDS(X)
#undef X
		ETSI_RECORD_OTHER, /* 3GPP's HI1, ILHI, HI4 or a later one: see alternative */
};

enum {
	ETSI_NO_EVENT = 255,
	ETSI_NO_DIRECTION = 255,
	ETSI_NO_FRAME = 255,
	ETSI_NO_PROTOCOL = 255,
};

/* Alternatives of iRIContents and cCContents: TS 102 232-5. */
enum { ETSI_IPMMIRI = 11, ETSI_IPMMCC = 12 };

/* What an iPMMIRI or iPMMCC holds; what the record does not have is NULL. */
struct etsi_media {
	struct etsi_octets octets; /* mMCCContents; the SIP message; or the IRI's only octets */
	struct etsi_octets stream; /* streamIdentifier */
	struct etsi_octets source, destination; /* of a SIP message: 4 or 16 octets */
	struct etsi_octets location;            /* an IRI's targetLocation: what is inside it */
	uint8_t form;     /* of an IRI: enum ipmm_form, or the tag of one that we do not write */
	uint8_t frame;    /* enum ipmm_frame; ETSI_NO_FRAME: absent */
	uint8_t protocol; /* enum ipmm_protocol; ETSI_NO_PROTOCOL: absent */
};

/* One record of an IRI or CC payload; a PDU may hold several (clause 6.2.3). */
struct etsi_part {
	uint32_t contents; /* tag of iRIContents' or cCContents' alternative; 2: iPIRI or iPCC */
	uint8_t iri_type;  /* enum etsi_iri_type; 0: absent */
	uint8_t event;     /* enum ipiri_event of an iPIRI; ETSI_NO_EVENT: not one */
	uint8_t direction; /* payloadDirection: enum etsi_direction; ETSI_NO_DIRECTION: absent */
	uint8_t session_direction; /* of an IRI, the same */
	bool has_time;             /* a time of its own */
	struct nanos time;         /* its own, else the header's */
	uint32_t version; /* of the service's module: the third arc of its object id; 0: not read */
	struct etsi_octets content; /* a CC's packet, from its IP header on; else none */
	struct etsi_media media;
	uint64_t original_len; /* of a truncated packet, where it is said; else content.len */
	bool is_truncated;
};

/* A TRI payload; what its kind does not have is 0. */
struct etsi_tri_facts {
	uint8_t kind; /* enum etsi_tri_kind, or the tag of one that is not known */
	/* integrityCheck */
	uint8_t check_type; /* enum etsi_check_type */
	uint8_t check_of;   /* enum etsi_check_of; 0: absent */
	uint8_t hash;       /* enum etsi_hash; 0: absent */
	uint8_t signature;  /* enum etsi_signature; 0: absent */
	uint32_t n_numbers;
	struct etsi_octets numbers; /* includedSequenceNumbers: take them with etsi_number_next */
	struct etsi_octets value;   /* checkValue */
	/* options: whether pDUAcknowledgement is requested, accepted, declined */
	bool is_requested, is_accepted, is_declined;
	/* operatorLeaMessage */
	uint8_t priority;           /* enum etsi_priority */
	struct etsi_octets message; /* also a paddingPDU's octets */
};

/* An HI1 operation. */
struct etsi_hi1_facts {
	uint8_t operation;       /* enum hi1_operation, or the tag of one that is not known */
	struct etsi_octets liid; /* as the notification says it; none: an alarm without */
	bool has_time;
	struct nanos time;
	struct etsi_octets text; /* target-Information or alarm-information */
};

/* An encryptionContainer; open it with seal.h. */
struct etsi_sealed {
	uint8_t type; /* EncryptionType: 1 none, 3 AES-192-CBC, 4 AES-256-CBC … */
	uint8_t part; /* encryptedPayloadType; 0: absent */
	struct etsi_octets octets;
	const uint8_t *type_at; /* the octet that is the type */
};

struct etsi_record {
	/* the header */
	struct etsi_octets liid; /* 1 to 25 octets */
	struct etsi_octets authorization_country;
	struct etsi_octets operator_id;
	struct etsi_octets network_element;
	struct etsi_octets delivery_country;
	struct etsi_octets interception_point;
	uint32_t version; /* of li-psDomainId */
	uint32_t seq;
	uint32_t cin;
	bool has_cin;
	bool has_time;
	bool is_generalized; /* the time is a GeneralizedTime */
	bool has_qualifier;
	uint8_t qualifier; /* timeStampQualifier: 1 time of interception, 2 of mediation … */
	struct nanos time;

	/* the payload */
	enum etsi_record_kind kind;
	uint32_t alternative;       /* tag of Payload's alternative */
	struct etsi_octets payload; /* its element, with tag and length */
	uint32_t n_parts;           /* IRI and CC: records in it */
	struct etsi_part part;      /* the first */
	struct etsi_octets parts;   /* all: take them with etsi_part_next */
	struct etsi_tri_facts tri;
	struct etsi_hi1_facts hi1;
	struct etsi_sealed sealed;
};

/* 0; ERR_CUT where the octets end inside the PDU; ERR_BAD with the reason where they are no
 * PS-PDU, or something follows it. *out is whole only after 0. why may be NULL. */
MUST_CHECK int etsi_record_read(const uint8_t *pdu, size_t len, struct etsi_record *out,
				struct why *why);

/* Replaces the payload's facts by those of another Payload element: what was in an encryption
 * container, say. Errors as above; the header's facts are left alone. */
MUST_CHECK int etsi_record_read_payload(const uint8_t *payload, size_t len, struct etsi_record *out,
					struct why *why);

/* The next record of a payload that was read: begin with a copy of record->parts. False: there
 * is none left. */
bool etsi_part_next(const struct etsi_record *record, struct etsi_octets *left,
		    struct etsi_part *out);

/* The next of includedSequenceNumbers: begin with a copy of record->tri.numbers. */
bool etsi_number_next(struct etsi_octets *left, uint32_t *out);

/* "iRIPayloadSequence" …; "other". */
const char *etsi_record_kind_text(enum etsi_record_kind kind);

/* The LIID as text with a zero behind it: its octets where all are readable characters without
 * blanks, else 0x and as much hexadecimal as fits. */
enum { ETSI_LIID_TEXT_SIZE = 2 + 2 * 25 + 1 };
void etsi_liid_text(const struct etsi_octets *liid, char out[ETSI_LIID_TEXT_SIZE]);

#endif
