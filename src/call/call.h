/* Calls, as SIP tells of them (RFC 3261), and where their media are expected (RFC 3264).
 *
 *	   INVITE          180, 183          200           BYE, 200
 *	──────────► RINGING ────────► RINGING ────► LIVE ───────────► OVER
 *	   BEGIN       │    CONTINUE       CONTINUE  │        END       │
 *	               └── 4xx, 5xx, 6xx, no answer ─┴──────────────────┘ REPORT: what comes behind
 *
 * A leg is what one party began under one Call-ID; it may fork into several dialogs, one for each
 * tag that answers. A call is one leg or several that were joined, and the reason of each join is
 * kept. What is no call (REGISTER, MESSAGE, OPTIONS, …) is an exchange: all of it is a REPORT.
 *
 * Targets are the caller's numbers: whoever feeds a message says whom it names. A call is a
 * target's from the first message on that names it; each of its targets has events of its own.
 *
 * No clock is asked: time is that of the messages, and of call_tick. A message costs the same
 * however many calls there are. */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "base/err.h"
#include "base/nanos.h"
#include "base/rd.h"
#include "base/wr.h"
#include "media/media.h"
#include "sip/message.h"
#include "sip/sdp.h"

/* constant, name in JSON, words */
#define CALL_EVENTS(X)                                                                             \
	X(BEGIN, "begin", "a call begins")                                                         \
	X(CONTINUE, "continue", "a message of a call")                                             \
	X(END, "end", "a call ends")                                                               \
	X(REPORT, "report", "a message of no call, or of one that has ended")

enum call_event_kind {
#define X(name, key, text) CALL_##name,
	CALL_EVENTS(X)
#undef X
		CALL_N_EVENTS
};

/* What ended a call, or is not yet known to: constant, name in JSON, words. */
#define CALL_CAUSES(X)                                                                             \
	X(NONE, "none", "it goes on")                                                              \
	X(BYE, "bye", "a party has hung up")                                                       \
	X(CANCELLED, "cancelled", "the caller gave up before an answer")                           \
	X(REFUSED, "refused", "a final answer other than 2xx")                                     \
	X(REDIRECTED, "redirected", "it was sent elsewhere, and nobody went there")                \
	X(GONE, "gone", "a party says that it knows of no such call")                              \
	X(TIMEOUT, "timeout", "no answer in time")                                                 \
	X(EXPIRED, "expired", "not heard of for too long")                                         \
	X(EVICTED, "evicted", "the table was full")                                                \
	X(OUSTED, "ousted", "it had long been silent, and another call was given its port")

enum call_cause {
#define X(name, key, text) CALL_BY_##name,
	CALL_CAUSES(X)
#undef X
		CALL_N_CAUSES
};

/* Rules by which legs are one call, each may be switched off: constant, name in JSON, words. */
#define CALL_JOINS(X)                                                                              \
	X(FIRST, "first", "it is the call's first leg")                                            \
	X(CALL_ID, "call-id", "the same Call-ID, begun by another")                                \
	X(SESSION_ID, "session-id", "the same Session-ID (RFC 7989)")                              \
	X(ORIGIN, "origin", "the same o= line, sent on from where the other arrived")              \
	X(ANY_ORIGIN, "any-origin", "the same o= line, wherever it comes from")                    \
	X(REPLACES, "replaces", "it replaces or joins a dialog (RFC 3891, 3911)")                  \
	X(REFER, "refer", "a party was referred there (RFC 3515)")

enum call_join {
#define X(name, key, text) CALL_JOIN_##name,
	CALL_JOINS(X)
#undef X
		CALL_N_JOINS
};

/* All but ANY_ORIGIN: telephones and test tools write the same o= line into many calls. */
enum {
	CALL_JOINS_USUAL = 1 << CALL_JOIN_CALL_ID | 1 << CALL_JOIN_SESSION_ID |
			   1 << CALL_JOIN_ORIGIN | 1 << CALL_JOIN_REPLACES | 1 << CALL_JOIN_REFER,
};

enum call_state { CALL_EXCHANGE, CALL_RINGING, CALL_LIVE, CALL_OVER };

/* Who sent a message: the party that began its leg, or the other. */
enum call_party { CALL_CALLER, CALL_CALLED, CALL_NOBODY };

enum {
	CALL_TEXT_LEN = 255,   /* octets of a Call-ID or URI that are kept */
	CALL_MAX_LEGS = 8,     /* of a call */
	CALL_MAX_TARGETS = 32, /* of a call */
	CALL_MAX_MEDIA = 128,  /* endpoints of a call */
	CALL_MAX_DIALOGS = 16, /* of a leg */
};

/* A leg; read only. */
struct call_leg {
	const char *call_id; /* cut at CALL_TEXT_LEN, terminated; octets as they came */
	const char *caller;  /* the URI in From of its first message */
	const char *called;  /* … in To */
	uint8_t ordinal;     /* in its call: 0.. */
	uint8_t joined_by;   /* enum call_join */
	uint8_t joined_to;   /* ordinal of the leg that it was joined to */
	uint8_t state;       /* enum call_state */
	uint8_t cause;       /* enum call_cause: of its end */
	bool is_midway;      /* its first INVITE was not seen */
	bool is_held;        /* a party has put the other on hold */
	uint16_t status;     /* the first final answer to its INVITE; 0: none yet. Not challenges,
			    * nor redirections that were followed */
	uint8_t n_dialogs;   /* tags that answered */
	uint32_t n_requests[SIP_N_METHODS]; /* without repeated ones */
	uint32_t n_answers[7];              /* by the status' first digit */
	uint32_t n_repeated;
};

/* A call or an exchange; read only. */
struct call {
	uint32_t number; /* never 0; not used again before 2^32 others were */
	uint8_t state;   /* enum call_state, of the leg that has come furthest and is not over */
	uint8_t cause;
	uint8_t n_legs;
	uint16_t n_media; /* endpoints that are expected now */
	struct nanos begin;
	struct nanos answered; /* zero: not yet */
	struct nanos end;      /* zero: it goes on */
	struct nanos heard;
};

/* Whom a message names. is_sender: it is the request's sender (From and its like); else its
 * receiver or somebody it was for before. */
struct call_target {
	uint32_t number;
	bool is_sender;
};

struct call_message {
	const struct sip_message *sip;
	struct net_ip src;
	struct net_ip dst;
	uint16_t src_port;
	uint16_t dst_port;
	struct nanos time;
	const struct call_target *targets;
	size_t n_targets;
};

struct call_event {
	enum call_event_kind kind;
	enum call_cause cause; /* of an END */
	struct nanos time;
	uint32_t target;
	enum call_party from;      /* who sent the message */
	enum call_party target_is; /* which of them the target is: call_party_in */
	bool is_repeated;          /* sent again, or seen twice */
	uint32_t expires; /* seconds, of a REGISTER's or SUBSCRIBE's 2xx; UINT32_MAX: not said */
	const struct call *call;
	const struct call_leg *leg;
	const struct call_message *message; /* NULL where time made it come */
};

/* Where media are expected from now on, or no more. party of the endpoint: 2 * leg's ordinal, + 1
 * where it is the called one's; owner is the call's number. */
enum call_media_news { CALL_MEDIA_ADDED, CALL_MEDIA_TURNED, CALL_MEDIA_REMOVED };

struct call_media {
	struct media_expected at;
	uint8_t direction; /* enum sdp_direction, as the endpoint's party says */
	struct nanos since;
};

/* Called by call_feed, call_tick and call_free. All is borrowed until they return; they change
 * nothing in the table. Any may be NULL. */
typedef void (*call_event_fn)(void *arg, const struct call_event *event);
typedef void (*call_media_fn)(void *arg, const struct call *call, const struct call_media *media,
			      enum call_media_news news, struct nanos time);
/* Whose media are expected at an endpoint: calls' numbers. Returns how many. */
typedef size_t (*call_whose_fn)(void *arg, const struct media_endpoint *at,
				uint32_t owners[MEDIA_MAX_OWNERS]);
/* The call is about to be forgotten. */
typedef void (*call_gone_fn)(void *arg, const struct call *call);

struct call_options {
	uint32_t max_legs;       /* 0: 100,000 */
	uint32_t joins;          /* 1 << enum call_join, or-ed; 0: none */
	struct nanos ring_wait;  /* for a final answer; 0: 200 s (timer C, RFC 3261 16.6) */
	struct nanos idle_limit; /* silence, of signalling and media, that ends a call; 0: 12 h */
	uint64_t seed;           /* of the hashes: something that strangers cannot guess */
	bool wants_all_media;    /* of calls without targets too */
	call_event_fn on_event;
	call_media_fn on_media;
	call_gone_fn on_gone;
	/* Where it is given, a call that was answered and then silent for some time ends when
	 * another call describes media at one of its endpoints: its own end was not seen, and what
	 * comes there from now on is not its. */
	call_whose_fn whose;
	void *arg;
};

struct calls;

MUST_CHECK int call_new(struct calls **out, const struct call_options *options);
/* Ends nothing: calls that go on are told of by on_gone alone. */
void call_free(struct calls **c);

/* From now on: the rules by which legs are joined, and the silence that ends a call, a minute or
 * more. */
void call_set_rules(struct calls *c, uint32_t joins, struct nanos idle_limit);

/* Takes a message. What it cannot use is counted. */
void call_feed(struct calls *c, const struct call_message *m);
/* It is now this late: ends what has waited too long. */
void call_tick(struct calls *c, struct nanos now);

/* A packet came to (or from) an endpoint that is expected: the call lives. A packet that went to an
 * endpoint shows where the other party sends from: from there on packets are expected too, once
 * three in a row came from there (that address is the leg's other party's, and of sort LEARNED).
 * Costs a few ns, and one cache line, but for the first packet of a call in 4 s (in a quarter of
 * idle_limit, where that is less), and while its other end is not expected yet: those hundreds. */
void call_heard(struct calls *c, const struct media_hit *hit, const struct media_endpoint *far,
		struct nanos now);

/* Asks for the memory that call_heard of this owner's packet will look at: some packets before. */
void call_prefetch(const struct calls *c, uint32_t owner);

const struct call *call_find(const struct calls *c, uint32_t number);
/* NULL, then each before. */
const struct call_leg *call_leg_next(const struct call *call, const struct call_leg *before);
/* Which party of a leg of the call's a target is, as messages of the leg name it; where they do
 * not, as in another leg of the same two parties: whoever called in the one calls in the other.
 * NOBODY: it is not known, as in a leg to somebody else (Replaces, Refer-To) that names it not. */
enum call_party call_party_in(const struct call *call, const struct call_leg *leg, uint32_t target);
const struct call_media *call_media_of(const struct call *call, size_t *n);
/* Whether a party of a leg that goes on, and is not held, awaits media at a host's name: nobody
 * looks it up, so they are not among the call's media. */
bool call_names_host(const struct call *call);

#define CALL_COUNTS(X)                                                                             \
	X(MESSAGES, "messages", "messages fed")                                                    \
	X(BAD, "bad", "refused: no Call-ID, CSeq, From or To")                                     \
	X(REPEATED, "repeated", "sent again, or seen twice")                                       \
	X(STRAY, "stray", "answers to what was never heard of")                                    \
	X(NAMED_HOSTS, "named_hosts", "media at a host name, which is not looked up")              \
	X(BAD_SDP, "bad_sdp", "descriptions that could not be read")                               \
	X(TOO_MANY_MEDIA, "too_many_media", "endpoints left out: more than a call may have")       \
	X(TOO_MANY_DIALOGS, "too_many_dialogs",                                                    \
	  "tags forgotten or left out: more than a leg may have")                                  \
	X(TOO_MANY_TARGETS, "too_many_targets", "targets left out: more than a call may have")     \
	X(EXPIRED, "expired", "legs ended: not heard of for too long")                             \
	X(EVICTED, "evicted", "legs ended: the table was full")                                    \
	X(OUSTED, "ousted", "calls ended: others were given their ports")                          \
	X(REFUSED, "refused", "legs refused: the table was full of targets' calls")                \
	X(NO_MEMORY, "no_memory", "refused: out of memory")

enum call_count {
#define X(name, key, text) CALL_COUNT_##name,
	CALL_COUNTS(X)
#undef X
		CALL_N_COUNTS
};

uint64_t call_count(const struct calls *c, enum call_count which);
uint32_t call_n_legs(const struct calls *c);

/* What survives a restart. Appends to w, which is not ok where it does not fit: the calls that are
 * somebody's, with their legs, dialogs, transactions and descriptions; with wants_all_media all of
 * them. What is no target's is not written: nobody's doings belong on no disk, and such a call that
 * comes to be a target's later is met midway. Counts are not saved. Among what is
 * saved is the seed. A leg takes 500 to 1,500 octets; 70,000 where it has all that a leg may. */
void call_save(const struct calls *c, struct wr *w);

/* What number a target has now; false: it is one no more, and a call that had no other is left out
 * (with wants_all_media: is nobody's). */
typedef bool (*call_renumber_fn)(void *arg, uint32_t before, uint32_t *now);

/* Reads what call_save wrote, of this or an earlier version, into a table that has no calls; seed
 * of the hashes and numbers of calls go on where they were. renumber NULL: targets have the numbers
 * that they had. on_media is called with ADDED for each endpoint expected, of one call behind the
 * other; no events are told. Calls beyond max_legs are left out, those that are up the last, and
 * counted as evicted. ERR_USAGE: the table is not empty; ERR_UNSUPPORTED: a later version; ERR_CUT,
 * ERR_BAD, ERR_NOMEM: it is empty again, and nothing was told. */
MUST_CHECK int call_load(struct calls *c, struct rd *r, call_renumber_fn renumber, void *arg);

const char *call_event_key(enum call_event_kind kind);
const char *call_cause_key(enum call_cause cause);
const char *call_join_key(enum call_join join);
const char *call_count_key(enum call_count which);

#endif
