/* The session table from inside: what access.c, login.c, accounting.c and claim.c share. */
#ifndef ACCESS_TABLE_H
#define ACCESS_TABLE_H

#include "access/request.h"
#include "access/store.h"

struct access {
	struct store store;
	struct requests requests;
	struct access_options options; /* every one of them filled */
	struct nanos now;              /* the latest time that was heard */
	uint64_t counts[ACCESS_N_COUNTS];
	uint8_t merged[FACTS_MAX_LEN];
	struct message message; /* in hand */
	struct message early;   /* an answer that had to wait for it */
};

/* What an event is about; borrowed. */
struct news {
	enum access_event_kind kind;
	enum access_cause cause;
	const struct access_address *gained;
	size_t n_gained;
	const struct access_address *lost;
	size_t n_lost;
};

void table_count(struct access *a, enum access_count which);
/* Tells an event of a session; m is NULL where time made it come. */
void table_tell(struct access *a, const struct access_session *s, const struct news *news,
		const struct message *m);

/* How long ago t was; 0 where it is yet to come. */
static inline int64_t table_since(const struct access *a, struct nanos t)
{
	return a->now.ns > t.ns ? a->now.ns - t.ns : 0;
}

/* An id that no session has, made of the packet that is the first of it. */
uint64_t table_id(const struct access *a, const struct message *m);

/* Notes a request (or an answer that is early) with the octets that go with it; the oldest makes
 * room where there is none. NULL: out of memory, counted. */
struct request *table_note(struct access *a, const struct message *m, enum request_state state,
			   struct rd bytes);

/* A new session that m tells of, in a group; room is made where there is none. NULL: out of
 * memory, counted. */
struct session *table_begin(struct access *a, const struct message *m, enum group group,
			    uint64_t id);
/* Whether all facts that m brings are the session's already. */
bool table_knows(const struct session *s, const struct message *m);
/* Adds what m says of a session: facts, numbers. Returns whether any facts have changed. */
bool table_learn(struct access *a, struct session *s, const struct message *m);
/* Puts it among the proven or unproven, as the one that was heard of last. */
void table_prove(struct access *a, struct session *s, bool is_proven);
/* Ends it: tells it, and remembers it for a while. */
void table_end(struct access *a, struct session *s, enum access_cause cause,
	       const struct message *m);

/* What claiming addresses has changed; borrowed until the next claim. */
struct claim {
	const struct message *m;
	struct nanos since; /* from when on they are claimed */
	struct access_address gained[ACCESS_MAX_ADDRESSES];
	struct access_address lost[ACCESS_MAX_ADDRESSES];
	uint32_t n_gained;
	uint32_t n_lost;
};

/* Gives a session the addresses that m states. Others that have them lose them, and that is told,
 * unless they have them since after since: then what m says is old. */
void claim_addresses(struct access *a, struct session *s, const struct message *m,
		     struct nanos since, struct claim *out);
/* s has stopped: where it was one link of several to one user (Acct-Multi-Session-Id), another has
 * from now on the addresses that it had, and that is told. */
void claim_pass_on(struct access *a, const struct session *s, const struct message *m,
		   const struct access_address *had, uint32_t n_had);
/* Whether it could have one of the addresses that m states. */
bool claim_is_open(const struct access *a, const struct message *m, struct nanos since);

/* The session that was granted and never accounted for, of which a message that brings the first
 * accounting is likeliest to be; NULL where none can be. */
struct session *login_find_granted(const struct access *a, const struct message *m);

/* Access-Request and what answers it; accounting. */
void login_feed(struct access *a, struct message *m);
void login_failed(struct access *a, struct request *q);
void accounting_feed(struct access *a, struct message *m);

#endif
