/* Sessions of subscribers, every one of them from the first packet on, as RADIUS tells of them
 * (docs/decisions/0050-sessions-by-radius.md).
 *
 *	               Access-Request     Access-Accept          Accounting-Start, Interim
 *	 (nothing) ───► ATTEMPT ─────────► BEGIN ─────────────────► UPDATE, INTERIM ───► END
 *	                  ├── Reject ─────► REJECT                     (Stop, NAS reboot, the
 *	                  └── no answer ──► FAILED                 address is another's, expiry)
 *
 * A session begins with its Access-Accept; or with its Accounting-Start where no Accept was seen;
 * or, where neither was, midway with the first that is heard of it. Each has one BEGIN, one END.
 * No clock is asked: time is that of the datagrams, and of access_tick. */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "access/server.h"
#include "base/rd.h"
#include "base/wr.h"
#include "radius/attribute.h"

/* constant, name in JSON, words */
#define ACCESS_EVENTS(X)                                                                           \
	X(ATTEMPT, "attempt", "access is asked for")                                               \
	X(REJECT, "reject", "access is refused")                                                   \
	X(FAILED, "failed", "nobody answered")                                                     \
	X(BEGIN, "begin", "access is granted: the session begins")                                 \
	X(UPDATE, "update", "what is known of the session has changed")                            \
	X(INTERIM, "interim", "the NAS reports its use")                                           \
	X(END, "end", "the session ends")

enum access_event_kind {
#define X(name, key, text) ACCESS_##name,
	ACCESS_EVENTS(X)
#undef X
		ACCESS_N_EVENTS
};

/* What made an event come. */
#define ACCESS_CAUSES(X)                                                                           \
	X(REQUEST, "request", "Access-Request")                                                    \
	X(ACCEPT, "accept", "Access-Accept")                                                       \
	X(REFUSAL, "reject", "Access-Reject")                                                      \
	X(TIMEOUT, "timeout", "no answer in time")                                                 \
	X(START, "start", "Accounting-Start")                                                      \
	X(MIDWAY, "midway", "first heard of when it was under way")                                \
	X(USAGE, "interim", "Accounting-Interim-Update")                                           \
	X(STOP, "stop", "Accounting-Stop")                                                         \
	X(REBOOT, "reboot", "Accounting-On or -Off: the NAS forgot its sessions")                  \
	X(TAKEN, "taken", "its address was given to another session")                              \
	X(EXPIRED, "expired", "not heard of for too long")                                         \
	X(EVICTED, "evicted", "the table was full")

enum access_cause {
#define X(name, key, text) ACCESS_BY_##name,
	ACCESS_CAUSES(X)
#undef X
		ACCESS_N_CAUSES
};

/* How an address came to its session: not known where the server named it, since it may have
 * drawn it from a pool. */
enum access_assignment { ACCESS_NOT_KNOWN, ACCESS_STATIC, ACCESS_DYNAMIC };

/* An address (all bits) or a prefix of a subscriber. */
struct access_address {
	struct net_prefix prefix;
	uint8_t type; /* RADIUS_FRAMED_IP_ADDRESS, _FRAMED_IPV6_PREFIX, _FRAMED_IPV6_ADDRESS or
			 _DELEGATED_IPV6_PREFIX */
	uint8_t assignment; /* enum access_assignment */
};

enum { ACCESS_MAX_ADDRESSES = 32 }; /* of a session; more are counted and left out */

/* What the NAS has counted. Of the subscriber: from him (Acct-Input), to him (Acct-Output); 64
 * bits, Gigawords included. */
struct access_usage {
	uint64_t octets_from;
	uint64_t octets_to;
	uint64_t packets_from;
	uint64_t packets_to;
	uint32_t seconds; /* Acct-Session-Time */
	bool has_octets;
	bool has_packets;
	bool has_seconds;
};

/* A session, or an attempt at one; read only. Texts and numbers are kept as the attributes that
 * told them: see access_text, access_number, access_vendor_text. */
struct access_session {
	uint64_t id;  /* never 0, never used twice; of an attempt: the session's that it becomes */
	bool is_live; /* between its BEGIN and its END */
	bool is_accounted;  /* the NAS has sent accounting of it */
	struct nanos begin; /* when it began, less what the NAS says it was late in telling */
	struct nanos end;   /* … ended; zero while it is live */
	struct nanos heard; /* of it last */
	struct net_ip nas;  /* the address that the NAS gives of itself; version 0: it gave none */
	struct net_ip source; /* … and the one that its datagrams come from */
	struct access_usage usage;
	uint32_t terminate_cause; /* Acct-Terminate-Cause (RFC 2866, 5.10); 0: none was given */
	uint32_t allowed_seconds; /* Session-Timeout; 0: none was given */
	uint32_t n_addresses;
	const struct access_address *addresses;
	struct rd attributes; /* all that are kept of it: radius_next walks a copy */
};

struct access_event {
	enum access_event_kind kind;
	enum access_cause cause;
	struct nanos time; /* of the datagram or of the tick that made it come */
	const struct access_session
		*session; /* as it is after the event; addresses still there at END */
	const struct access_address *gained; /* by BEGIN, UPDATE, INTERIM */
	size_t n_gained;
	const struct access_address *lost; /* by UPDATE, INTERIM; at END: all that it had */
	size_t n_lost;
	const uint8_t *packet; /* the RADIUS packet; NULL where time made it come */
	size_t packet_len;
};

/* Called by access_feed and access_tick, in the order of what happened: who loses an address is
 * told before who gains it. All is borrowed until it returns. It calls nothing that changes the
 * table. */
typedef void (*access_event_fn)(void *arg, const struct access_event *event);

struct access_options {
	uint32_t max_sessions;    /* 0: 1,000,000 */
	uint32_t max_requests;    /* that wait for an answer, or are remembered; 0: 65,536 */
	struct nanos answer_wait; /* for an answer to an Access-Request; 0: 30 s */
	struct nanos start_wait;  /* for the Start behind an Accept, of a NAS that sends accounting;
				       0: 300 s */
	struct nanos idle_limit;  /* silence that ends a session; 0: 30 days */
	uint64_t seed;            /* of the hashes: something that strangers cannot guess */
	access_event_fn on_event;
	void *arg;
};

struct access;

MUST_CHECK int access_new(struct access **out, const struct access_options *options);
void access_free(struct access **a);

/* Takes a datagram from or to a server. What it cannot use is counted (access_counts). */
void access_feed(struct access *a, const struct access_datagram *d);

/* It is now this late: ends what has waited too long. Needed only where no datagrams come. */
void access_tick(struct access *a, struct nanos now);

/* Live sessions, in the order in which they were last heard of within their group; NULL, then
 * each before: the first, the next; NULL at the end. Not across a call that changes the table. */
const struct access_session *access_next(const struct access *a,
					 const struct access_session *before);
/* The live session with this id; NULL where there is none. */
const struct access_session *access_find(const struct access *a, uint64_t id);

/* Borrowed octets; NULL: there are none. */
struct access_text {
	const void *bytes;
	size_t len;
};

/* The nth (0..) value of an attribute, as it was heard last. A session may have several names
 * (User-Name of the request and of the Accept), classes and routes. Kept are: User-Name, NAS-…,
 * Framed-Route, Framed-IPv6-Route, Class, Called- and Calling-Station-Id, Acct-Session-Id,
 * Acct-Multi-Session-Id, Connect-Info, Chargeable-User-Identity, pools, Callback-Number,
 * Operator-Name, Location-Information and -Data (RFC 5580). */
struct access_text access_text(const struct access_session *s, uint8_t type, unsigned nth);
/* NAS-Port, NAS-Port-Type, Service-Type, …; false where it was not told. */
bool access_number(const struct access_session *s, uint8_t type, uint32_t *out);
/* An attribute of a vendor's: those of the Broadband Forum (3561: agent circuit and remote id) and
 * of 3GPP (10415: IMSI, location) are kept. */
enum {
	ACCESS_BBF = 3561,
	ACCESS_BBF_CIRCUIT_ID = 1,
	ACCESS_BBF_REMOTE_ID = 2,
	ACCESS_3GPP = 10415,
	ACCESS_3GPP_IMSI = 1,
	ACCESS_3GPP_IMEISV = 20,
	ACCESS_3GPP_LOCATION = 22,
};
struct access_text access_vendor_text(const struct access_session *s, uint32_t vendor,
				      uint8_t type);

/* Its name for people: Acct-Session-Id, or its id in hexadecimal digits; out is terminated. */
enum { ACCESS_NAME_LEN = 256 };
void access_session_name(const struct access_session *s, char out[ACCESS_NAME_LEN]);

/* Why a datagram told nothing new, and what became of sessions: constant, name in JSON, words. */
#define ACCESS_COUNTS(X)                                                                           \
	X(DATAGRAMS, "datagrams", "datagrams fed")                                                 \
	X(CUT, "cut", "refused: not whole")                                                        \
	X(BAD, "bad", "refused: no RADIUS packet")                                                 \
	X(OTHER, "other", "refused: of a kind that tells of no session")                           \
	X(NAMELESS, "nameless", "refused: accounting without Acct-Session-Id or status")           \
	X(REPEATED, "repeated", "heard before")                                                    \
	X(ORPHANS, "orphans", "answers whose request was never heard")                             \
	X(LATE, "late", "refused: of a session that has ended")                                    \
	X(UNKNOWN_STOPS, "unknown_stops", "stops of sessions that were never heard of")            \
	X(BAD_ATTRIBUTES, "bad_attributes", "attributes passed over: not as their type demands")   \
	X(TOO_MANY, "too_many", "attributes passed over: more than are kept")                      \
	X(FORGOTTEN, "forgotten", "requests forgotten: too many waited")                           \
	X(EXPIRED, "expired", "sessions ended: not heard of for too long")                         \
	X(EVICTED, "evicted", "sessions ended: the table was full")                                \
	X(NO_MEMORY, "no_memory", "refused: out of memory")

enum access_count {
#define X(name, key, text) ACCESS_COUNT_##name,
	ACCESS_COUNTS(X)
#undef X
		ACCESS_N_COUNTS
};

uint64_t access_count(const struct access *a, enum access_count which);
uint32_t access_n_live(const struct access *a);

const char *access_event_key(enum access_event_kind kind);
const char *access_cause_key(enum access_cause cause);
const char *access_count_key(enum access_count which);

/* Sessions, so that they survive a restart and an upgrade: appends them to w, which is not ok where
 * they do not fit. Requests that wait for an answer are not saved. */
void access_save(const struct access *a, struct wr *w);

/* Reads what access_save wrote, of this or an earlier version, into a table that is empty; tells
 * no events (access_next shows what is live). Sessions beyond the table's limit are left out and
 * counted as evicted. ERR_USAGE: the table is not empty; ERR_UNSUPPORTED: a later version;
 * ERR_CUT, ERR_BAD, ERR_NOMEM: the table is empty again. */
MUST_CHECK int access_load(struct access *a, struct rd *r);

#endif
