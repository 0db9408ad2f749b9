/* Values of header fields that are no addresses. All borrow the message; each ..._read returns 0 or
 * ERR_BAD where the value breaks its grammar. Values come from sip_message_value or
 * sip_values_next. */
#ifndef SIP_FIELD_H
#define SIP_FIELD_H

#include "sip/address.h"

/* Via: SIP/2.0/UDP host:port;branch=z9hG4bK…;received=…;rport=… (RFC 3261 20.42, RFC 3581) */
struct sip_via {
	struct sip_text transport; /* "UDP" */
	struct sip_host host;
	uint16_t port;            /* 0: none */
	struct sip_text branch;   /* not there: none, as before RFC 3261 */
	struct sip_text received; /* not there: none */
	bool has_rport;
	uint16_t rport; /* 0: asked for and not filled in */
	struct sip_text params;
};

MUST_CHECK int sip_via_read(struct sip_text value, struct sip_via *out);
/* Whether a branch begins with z9hG4bK, i.e. is unique to its transaction. */
bool sip_branch_is_unique(struct sip_text branch);

/* CSeq: 4711 INVITE (RFC 3261 20.16) */
struct sip_cseq {
	uint32_t number;
	enum sip_method method;
	struct sip_text method_name;
};

MUST_CHECK int sip_cseq_read(struct sip_text value, struct sip_cseq *out);

/* RAck: 776656 1 INVITE (RFC 3262 7.2): the answer's RSeq, then its CSeq */
struct sip_rack {
	uint32_t rseq;
	struct sip_cseq cseq;
};

MUST_CHECK int sip_rack_read(struct sip_text value, struct sip_rack *out);

/* Replaces, Join, Target-Dialog: call-id;to-tag=…;from-tag=… (RFC 3891, 3911, 4538). Target-Dialog
 * names its tags local-tag and remote-tag: they are to_tag and from_tag here. */
struct sip_replaces {
	struct sip_text call_id;
	struct sip_text to_tag;
	struct sip_text from_tag;
	bool is_early_only;
};

MUST_CHECK int sip_replaces_read(struct sip_text value, struct sip_replaces *out);

/* Session-ID: 32 digits;remote=32 digits (RFC 7989); RFC 7329 has no remote. */
enum { SIP_SESSION_ID_LEN = 32 };
struct sip_session_id {
	struct sip_text local;
	struct sip_text remote; /* not there: none */
};

MUST_CHECK int sip_session_id_read(struct sip_text value, struct sip_session_id *out);
/* The null identifier: 32 zeros, which names no session. */
bool sip_session_id_is_null(struct sip_text id);

/* Diversion (RFC 5806): who the call was for before. Newest first. */
struct sip_diversion {
	struct sip_address address;
	struct sip_text reason; /* "no-answer"; not there: none */
	uint32_t counter;       /* diversions that this one stands for; 1 where it does not say */
};

MUST_CHECK int sip_diversion_read(struct sip_text value, struct sip_diversion *out);

/* History-Info (RFC 7044): who the request was for, oldest first, by index. */
struct sip_history {
	struct sip_address address;
	struct sip_text index; /* "1.1" */
	struct sip_text cause; /* of the URI (RFC 4458); not there: none */
	struct sip_text mp;    /* index of the entry that was mapped to this one; not there: none */
	struct sip_text rc;
};

MUST_CHECK int sip_history_read(struct sip_text value, struct sip_history *out);

/* Remote-Party-ID (draft-ietf-sip-privacy-04). */
struct sip_remote_party {
	struct sip_address address;
	struct sip_text party;   /* "calling", "called"; not there: none */
	struct sip_text screen;  /* "yes" */
	struct sip_text privacy; /* "full" */
};

MUST_CHECK int sip_remote_party_read(struct sip_text value, struct sip_remote_party *out);

/* (Proxy-)Authorization and -Authenticate (RFC 3261 22, RFC 8760). */
struct sip_credentials {
	struct sip_text scheme;   /* "Digest" */
	struct sip_text username; /* without quotes; not there: none, as in a challenge */
	struct sip_text realm;
	struct sip_text uri;
	struct sip_text nonce;
};

MUST_CHECK int sip_credentials_read(struct sip_text value, struct sip_credentials *out);

/* Event: package;id=… (RFC 6665) */
struct sip_event {
	struct sip_text package;
	struct sip_text id; /* not there: none */
};

MUST_CHECK int sip_event_read(struct sip_text value, struct sip_event *out);

/* Subscription-State: active;expires=…;reason=… (RFC 6665) */
struct sip_subscription {
	struct sip_text state;
	struct sip_text reason; /* not there: none */
	bool has_expires;
	uint32_t expires; /* seconds */
};

MUST_CHECK int sip_subscription_read(struct sip_text value, struct sip_subscription *out);

/* Reason: Q.850;cause=16;text="Normal call clearing" (RFC 3326) */
struct sip_reason {
	struct sip_text protocol;
	uint32_t cause; /* 0: none */
	struct sip_text text;
};

MUST_CHECK int sip_reason_read(struct sip_text value, struct sip_reason *out);

/* Content-Type: type/subtype;boundary=… (RFC 3261 20.15, RFC 2045 5.1) */
struct sip_content_type {
	struct sip_text type;
	struct sip_text subtype;
	struct sip_text boundary; /* not there: none */
	struct sip_text params;
};

MUST_CHECK int sip_content_type_read(struct sip_text value, struct sip_content_type *out);
bool sip_content_type_is(const struct sip_content_type *t, const char *type, const char *subtype);

/* Geolocation: <cid:target123@example.org> or <https://…> (RFC 6442) */
struct sip_geolocation {
	struct sip_text uri;
	struct sip_text cid; /* the Content-ID of the part that has it, not there: by reference */
};

MUST_CHECK int sip_geolocation_read(struct sip_text value, struct sip_geolocation *out);

#endif
