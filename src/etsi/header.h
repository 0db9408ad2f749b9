/* The PSHeader of TS 102 232-1, prepared once for a stream of records.
 *
 * A stream is what one intercept delivers for one communication: everything in its headers is
 * constant but sequence number and time. etsi_header_init turns the facts into octets; after
 * that a record costs about a copy of its bytes (ipcc.h, ipiri.h). */
#ifndef ETSI_HEADER_H
#define ETSI_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "base/wr.h"

/* What the schema allows (module LI-PS-PDU), and what we announce by default. */
enum {
	ETSI_MAX_LIID = 25,
	ETSI_MAX_OPERATOR = 16,
	ETSI_MAX_NETWORK_ELEMENT = 16,
	ETSI_MAX_POINT = 8,
	ETSI_COUNTRY_LEN = 2,
	ETSI_MIN_HEADER_VERSION = 15,
	ETSI_HEADER_VERSION = 43,
	ETSI_MIN_SERVICE_VERSION = 10,
	ETSI_IP_ACCESS_VERSION = 20,
};

/* The version of TS 102 232-3 that goes with one of TS 102 232-1. Header version -> service
 * version, of which these pairs are sure: 17 -> 10 (in use), 33 -> 14, 38 -> 18, 40 and 43 -> 20
 * (one module imports the other). A version between them gets the service of the nearest lower
 * one; 15 and 16, below all, that of 17; 26 to 32 get 14, whose module imports header 26. */
unsigned etsi_service_version(unsigned header_version);

/* How a record says when it was (clause 5.2.6). */
enum etsi_time_form {
	ETSI_TIME_MICROSECONDS, /* microSecondTimeStamp */
	ETSI_TIME_GENERALIZED,  /* timeStamp, a GeneralizedTime in UTC to the microsecond */
};

/* What the time of a record is (timeStampQualifier). */
enum etsi_qualifier {
	ETSI_OF_INTERCEPTION, /* the default */
	ETSI_OF_MEDIATION,
	ETSI_OF_AGGREGATION,
	ETSI_NO_QUALIFIER, /* the element is left out */
};

/* The facts. Text is borrowed until etsi_header_init returns; NULL leaves an optional one out. */
struct etsi_stream {
	const char *liid;                  /* 1..25 octets */
	const char *authorization_country; /* two letters; optional, but send it (5.2.3) */
	const char *operator_id;           /* 1..16 octets */
	const char *network_element;       /* 1..16 octets, optional */
	const char *delivery_country;      /* two letters, optional */
	const char *interception_point;    /* 1..8 printable characters, optional */
	uint32_t cin;
	bool has_no_cin;          /* of HI1 and the session layer: the CIN is left out */
	unsigned header_version;  /* 15..43; 0: ETSI_HEADER_VERSION */
	unsigned service_version; /* of TS 102 232-3, 10..20; 0: the header version's */
	enum etsi_time_form time_form;
	enum etsi_qualifier qualifier;
};

enum { ETSI_QUALIFIER_ROOM = 4, ETSI_HEADER_OCTETS = 117 };

/* Two cache lines; the first holds all there is unless the names are long. */
struct etsi_header {
	_Alignas(64) uint8_t fixed_len; /* octets before the sequence number */
	uint8_t point_len;              /* octets of interceptionPointID [6] */
	uint8_t service_version;
	uint8_t header_version;
	uint8_t is_generalized;
	uint8_t constant_len;  /* octets of all that is the same in each record */
	uint8_t qualifier_len; /* octets of timeStampQualifier [8]: 3 or 0 */
	uint8_t qualifier[ETSI_QUALIFIER_ROOM];
	uint8_t octets[ETSI_HEADER_OCTETS]; /* li-psDomainId .. CIN, then [6] */
};

/* 0, or ERR_USAGE with the reason: a name is missing, too long, or of forbidden characters. */
MUST_CHECK int etsi_header_init(struct etsi_header *h, const struct etsi_stream *s,
				struct why *why);

/* Octets of the whole [1] PSHeader element for this sequence number and time. */
size_t etsi_header_len(const struct etsi_header *h, uint32_t seq, struct nanos time);

/* Writes exactly these octets. */
void etsi_header_put(const struct etsi_header *h, uint32_t seq, struct nanos time, struct wr *w);

/* Asks for the header's cache lines some time before they are used. */
static inline void etsi_header_prefetch(const struct etsi_header *h)
{
	__builtin_prefetch(h);
	__builtin_prefetch(h->octets + 64);
}

#endif
