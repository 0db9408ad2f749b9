/* IPIRI records (TS 102 232-3): what happens to a target's internet access.
 *
 * A record is a struct of values; a table in ipiri.c says for each which tag and type it has,
 * so that a further event or field is a row there and no code. */
#ifndef ETSI_IPIRI_H
#define ETSI_IPIRI_H

#include "etsi/address.h"
#include "etsi/header.h"

/* accessEventType: constant, value, iRIType that carries it, service version that knows it, name
 * in the schema. Versions are those of which it is sure (header.h); before version 10 nobody asks.
 *
 * TS 102 232-1 clause 5.2.10: BEGIN opens the records of a CIN, END closes them, CONTINUE lies
 * between, REPORT stands anywhere. endOfInterceptionWithSessionActive is the last record of its
 * CIN, hence an END; some implementations send it as a REPORT and leave the CIN open for ever. */
#define IPIRI_EVENTS(X)                                                                            \
	X(ATTEMPT, 0, REPORT, 0, "accessAttempt")                                                  \
	X(ACCEPT, 1, BEGIN, 0, "accessAccept")                                                     \
	X(REJECT, 2, REPORT, 0, "accessReject")                                                    \
	X(FAILED, 3, REPORT, 0, "accessFailed")                                                    \
	X(INTERIM, 6, CONTINUE, 0, "interimUpdate")                                                \
	X(START_ACTIVE, 7, BEGIN, 0, "startOfInterceptionWithSessionActive")                       \
	X(ACCESS_END, 8, END, 0, "accessEnd")                                                      \
	X(END_ACTIVE, 9, END, 0, "endOfInterceptionWithSessionActive")                             \
	X(UNKNOWN, 10, REPORT, 0, "unknown")                                                       \
	X(START_IDLE, 11, BEGIN, 20, "startOfInterceptionWithoutNetworkSession")                   \
	X(END_IDLE, 12, END, 20, "endOfInterceptionWithoutNetworkSession")                         \
	X(EXPIRED, 13, END, 20, "sessionExpired")

enum ipiri_event {
#define X(name, value, type, since, text) IPIRI_##name = value,
	IPIRI_EVENTS(X)
#undef X
};

/* "accessAttempt"; NULL where no event has this number. */
const char *ipiri_event_text(unsigned event);

/* What the announced service version has for an event: *event stays, or becomes the nearest that
 * it knows (sessionExpired becomes accessEnd). False: it has none, and nothing may be sent
 * (interception without a network session). For callers to ask before they give a number. */
bool ipiri_event_known(const struct etsi_header *h, enum ipiri_event *event);

/* iRIType */
enum etsi_iri_type {
	ETSI_IRI_BEGIN = 1,
	ETSI_IRI_END = 2,
	ETSI_IRI_CONTINUE = 3,
	ETSI_IRI_REPORT = 4,
};

/* pOPIdentifier and the like: which alternative is filled. */
enum etsi_id_kind { ETSI_ID_NONE, ETSI_ID_PRINTABLE, ETSI_ID_MAC, ETSI_ID_ADDRESS };

struct etsi_id {
	enum etsi_id_kind kind;
	struct etsi_text text; /* printable, or the six octets of a MAC address */
	struct etsi_address address;
};

/* Optional numbers, times and enumerations: absent unless has is set. */
struct etsi_number {
	bool has;
	uint64_t v;
};

struct etsi_moment {
	bool has;
	struct nanos t;
};

/* One record. Zero is "absent" for everything optional; borrowed until ipiri_encode returns.
 * iPVersion follows from the addresses where ip_version is 0. Fields that the announced service
 * version does not know are left out. */
struct ipiri {
	enum ipiri_event event;
	enum etsi_iri_type type; /* 0: the one that the event's row names */
	uint32_t seq;
	struct nanos time;

	struct etsi_text username; /* may be empty, is always sent */
	uint8_t access_type;       /* a value of ETSI_ACCESS_TYPES (etsi/access.h) */
	uint8_t ip_version;        /* 1 IPv4, 2 IPv6, 3 both */
	struct etsi_address address;
	struct etsi_address additional_address;
	const struct etsi_address *others; /* second and later addresses or prefixes */
	size_t n_others;
	struct etsi_text network_id;
	struct etsi_text cpe_id;
	struct etsi_text location_text;
	struct etsi_number pop_port;
	struct etsi_text callback_number;
	struct etsi_moment start_time;
	struct etsi_moment end_time;
	struct etsi_number end_reason;
	struct etsi_number octets_received;
	struct etsi_number octets_transmitted;
	struct etsi_text raw_aaa;
	struct etsi_moment expected_end_time;
	struct etsi_text pop_phone;
	struct etsi_id pop_id;
	struct etsi_address pop_address;
	struct etsi_number authentication;
	struct etsi_location location;
	struct etsi_text pop_port_id;
	const struct etsi_text *framed_routes;
	size_t n_framed_routes;
};

/* Fills version, address, additional address and others from a target's prefixes as clause
 * 6.2.1 of TS 102 232-3 orders them: first IPv4, else first IPv6; with both, the first IPv6 as
 * the additional one; all the rest as other identifiers. Reorders and borrows the array. */
void ipiri_set_addresses(struct ipiri *iri, struct etsi_address *addresses, size_t n);

/* Appends the whole PS-PDU to w: 0; ERR_USAGE with the reason where a value is beyond what the
 * schema allows; ERR_UNSUPPORTED where the announced version has no such event; ERR_FULL where w
 * has no room. */
MUST_CHECK int ipiri_encode(const struct etsi_header *h, const struct ipiri *iri, struct wr *w,
			    struct why *why);

#endif
