/* Where sessions are kept: found by id, by what the NAS calls them, by name and by address. It
 * tells no events; access.c does. */
#ifndef ACCESS_STORE_H
#define ACCESS_STORE_H

#include "access/message.h"
#include "base/list.h"

/* A session is in one of these lists, the one that was heard of longest ago first. */
enum group {
	GROUP_GRANTED,  /* an Accept, and no accounting yet */
	GROUP_UNPROVEN, /* accounting that no server has answered: anybody could have sent it */
	GROUP_PROVEN,   /* accounting that a server answered */
	GROUP_ENDED,    /* remembered, so that what comes late begins nothing */
	N_GROUPS
};

enum { MAX_LIVE_NAMES = 2 }; /* of a session's names, those by which it is found */

struct nas {
	struct index_entry by_key;
	struct list sessions;
	bool is_accounting; /* it has sent accounting */
	struct nas_key key;
};

/* Who has an address, and since when. */
struct holding {
	struct index_entry by_prefix;
	struct session *session;
	struct nanos since;
};

struct name {
	struct index_entry by_name;
	struct session *session;
};

struct session {
	struct access_session shown; /* its arrays are those below */
	struct index_entry by_id;
	struct index_entry by_key; /* NAS and Acct-Session-Id */
	struct list in_group;
	struct list in_nas;
	struct nas *nas;
	struct name names[MAX_LIVE_NAMES];
	struct access_address *addresses;
	struct holding **holdings; /* one for each address */
	uint8_t *facts;
	size_t facts_len;
	uint64_t start_mark; /* of its Accounting-Start; 0: none was heard */
	uint64_t facts_mark; /* of the facts that came last: reports mostly bring the same */
	uint8_t group;
	uint8_t end_cause; /* enum access_cause, of one that has ended */
	bool has_lost;     /* an address of its was given to another */
};

struct store {
	struct index by_id;
	struct index by_key;
	struct index by_name;
	struct index by_prefix;
	struct index by_nas;
	struct list groups[N_GROUPS];
	uint32_t n_in[N_GROUPS];
	uint32_t max;
	uint64_t seed;
};

MUST_CHECK int store_init(struct store *s, uint32_t max, uint64_t seed);
void store_fini(struct store *s);
void store_clear(struct store *s); /* drops every session */

static inline uint32_t store_n(const struct store *s)
{
	return s->n_in[GROUP_GRANTED] + s->n_in[GROUP_UNPROVEN] + s->n_in[GROUP_PROVEN] +
	       s->n_in[GROUP_ENDED];
}

/* A session of a NAS (made known where it is not yet), in a group, with facts and by the names and
 * the Acct-Session-Id that they hold. NULL: out of memory. */
struct session *store_add(struct store *s, uint64_t id, const struct nas_key *nas, enum group group,
			  struct rd facts);
void store_drop(struct store *s, struct session *session);

/* Moves it to a group, as the one that was heard of last. */
void store_move(struct store *s, struct session *session, enum group group);

/* The oldest of a group; NULL where it is empty. */
struct session *store_oldest(const struct store *s, enum group group);

/* Replaces its facts, copying them. ERR_NOMEM: it keeps those that it had. */
MUST_CHECK int store_set_facts(struct store *s, struct session *session, struct rd facts);

/* The session of this id, ended or not. */
struct session *store_find_id(const struct store *s, uint64_t id);
struct nas *store_find_nas(const struct store *s, const struct nas_key *key);
/* The session that a NAS calls by this Acct-Session-Id, of this user if it has reported any. */
struct session *store_find_key(const struct store *s, const struct nas_key *nas,
			       const struct message *m);
/* Live ones of a NAS under a name: the newest first; visit returns false to end. */
void store_each_named(const struct store *s, const struct nas_key *nas,
		      const struct radius_attribute *name,
		      bool (*visit)(void *arg, struct session *session), void *arg);

/* Who has exactly this address or prefix; NULL: nobody. */
struct holding *store_find_address(const struct store *s, const struct net_prefix *prefix);
/* Gives an address, which nobody has, to a session that has room for it. ERR_NOMEM. */
MUST_CHECK int store_give(struct store *s, struct session *session,
			  const struct access_address *address, struct nanos since);
/* Takes away its address number i; the last one moves into the gap. */
void store_take(struct session *session, uint32_t i);

#endif
