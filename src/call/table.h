/* Calls from inside: what the files of this room share. */
#ifndef CALL_TABLE_H
#define CALL_TABLE_H

#include "base/list.h"
#include "call/facts.h"

enum {
	MAX_TRANSACTIONS = 16, /* of a leg: of INVITEs and BYEs, on all their ways */
	MAX_SEEN = 16,         /* messages of a leg that are known when they come again */
	MAX_VIEWS = 16,        /* of a leg: descriptions that are in force side by side */
	MAX_ROWS = 64,         /* endpoints of one description */
	LEARN_AFTER = 3,       /* packets in a row from an address that nobody described */
	MAX_LEARNED = 8,       /* such addresses of a call */
	NO_ORDINAL = 255,
};

/* What nobody misses goes first; those of targets only for others of targets. */
enum group {
	GROUP_OVER,
	GROUP_SHORT, /* exchanges, and what is about to end */
	GROUP_RINGING,
	GROUP_LIVE,
	GROUP_MINE_OVER,
	GROUP_MINE_SHORT,
	GROUP_MINE_RINGING,
	GROUP_MINE_LIVE,
	N_GROUPS,
	N_OTHERS = GROUP_MINE_OVER, /* groups that make room for everybody */
};

enum dialog_state { DIALOG_EARLY, DIALOG_LIVE, DIALOG_OVER };

struct dialog {
	uint64_t tag; /* of who answered */
	uint8_t state;
};

enum transaction_state { WAITS, IS_CHALLENGED, IS_DONE };

/* An INVITE or BYE on one stretch of its way, by its branch. */
struct transaction {
	uint64_t branch;
	uint64_t tag; /* of the request's To; 0: none */
	uint32_t cseq;
	uint8_t method;
	uint8_t state;
	bool has_offer; /* its request has a description */
};

/* One exchange of offer and answer, and the stretch of the way on which it was seen last. */
struct round {
	uint64_t by; /* tag of who sent its request */
	uint64_t branch;
	uint32_t cseq;
};

/* One party's description, on one stretch of the way: between two hosts, in one dialog. An offer
 * is in force beside what it will replace, until it is answered or refused. */
struct view {
	struct net_ip ends[2]; /* the lesser first */
	uint64_t tag;          /* of the dialog; 0: the caller's, the same in all */
	uint8_t party;         /* CALL_CALLER or CALL_CALLED */
	bool has_offer;
	bool is_held;
	bool names_host;
	struct round now_of;   /* … which said what is in force */
	struct round offer_of; /* … and what is on offer */
	uint16_t n_now;
	uint16_t n_offer;
	struct call_media *now;
	struct call_media *offer;
	uint64_t mids[SDP_MAX_MEDIA]; /* of the latest description's lines, as hashes; 0: none */
};

/* One of several entries of a leg in one index. */
struct named {
	struct index_entry entry;
	struct leg *leg;
};

struct leg {
	struct call_leg shown;
	struct whole *call;
	struct index_entry by_dialog;  /* Call-ID and the tag of who began it */
	struct index_entry by_call_id; /* Call-ID alone */
	struct named by_session[2];
	struct index_entry by_origin;
	struct index_entry by_referred;
	struct list in_group;
	struct list in_call;
	enum group group;
	struct nanos heard;
	struct nanos referred; /* when a party was last asked to call somebody else */
	uint64_t caller_tag;
	struct net_ip asked; /* whom its first request went to */
	bool is_cancelled;
	bool is_retrying; /* challenged or redirected: another INVITE is to come */
	bool is_redirected;
	uint8_t n_transactions;
	uint8_t n_seen;
	uint8_t n_views;
	struct dialog dialogs[CALL_MAX_DIALOGS];
	struct transaction transactions[MAX_TRANSACTIONS];
	uint64_t seen[MAX_SEEN];
	struct view *views;
	char text[]; /* Call-ID, caller, called */
};

struct target {
	uint32_t number;
	uint8_t parties[CALL_MAX_LEGS]; /* which it is in each leg; CALL_NOBODY: not known */
	bool has_begun;
	bool is_over;
};

struct learned {
	struct media_endpoint at;
	uint16_t line;
	uint8_t party;
	uint8_t kind;
	uint8_t n; /* packets in a row */
	struct nanos since;
};

struct whole {
	struct call shown;
	struct index_entry by_number;
	struct list legs;
	struct target *targets;
	struct call_media *media;
	struct learned *learned;
	uint8_t n_targets;
	uint8_t n_learned;
	uint8_t next_ordinal;
};

/* The last packet of a call that was looked at closely. */
struct pulse {
	uint32_t number; /* of the call; 0: none */
	uint32_t beat;   /* its time, in units of 2^pulse_shift ns */
};

struct calls {
	struct call_options options; /* every one of them filled */
	struct pulse *pulses;        /* by the call's number, of which calls may share one */
	uint32_t pulse_mask;
	uint8_t pulse_shift;
	struct index by_dialog;
	struct index by_call_id;
	struct index by_session;
	struct index by_origin;
	struct index by_referred;
	struct index by_number;
	struct list groups[N_GROUPS];
	struct nanos now;
	uint32_t n_legs;
	uint32_t last_number;
	uint64_t counts[CALL_N_COUNTS];
	struct facts facts; /* of the message in hand */
};

static inline void call_add_count(struct calls *c, enum call_count which)
{
	c->counts[which]++;
}

/* legs.c: the legs and calls there are */

/* The leg of these facts: begun by the sender of the request or by its receiver. *party: who sent
 * the message. NULL: none. */
struct leg *legs_find(struct calls *c, const struct facts *f, enum call_party *party);
/* The leg that was begun under this Call-ID with this tag, or (tag 0) the last of this Call-ID. */
struct leg *legs_find_by(struct calls *c, uint64_t id, uint64_t tag);
/* Room for one more leg; is_mine: it is a target's. */
bool legs_make_room(struct calls *c, bool is_mine);
/* A leg with these texts, in no table yet; then: in it, under the Call-ID's hash and its tag. */
struct leg *legs_new(struct sip_text call_id, struct sip_text caller, struct sip_text called);
void legs_put(struct calls *c, struct leg *leg, struct whole *call, uint64_t id);
/* A call without legs. NULL: no memory. */
struct whole *legs_add_call(struct calls *c, uint32_t number);
/* Finds the call's state and each of its legs' group, and leaves them where they are. */
void legs_sort(struct whole *call);
/* A new leg of a call (NULL: of a new one). NULL: no memory, counted. */
struct leg *legs_add(struct calls *c, const struct facts *f, struct whole *call);
/* Puts each of its legs where its state and the call's targets say, as those heard of last. */
void legs_settle(struct calls *c, struct whole *call);
/* One has ended by time: the others' waiting goes on. */
void legs_settle_ended(struct calls *c, struct leg *leg);
void legs_drop_call(struct calls *c, struct whole *call);
/* A leg that is over may go: with its call, where that is over too. */
void legs_forget(struct calls *c, struct leg *leg);
struct leg *legs_oldest(const struct calls *c, enum group group);
void legs_index(struct calls *c, struct leg *leg, const struct facts *f);
struct whole *legs_call(const struct calls *c, uint32_t number);

/* join.c: which call a new leg is of */
struct whole *join_find(struct calls *c, const struct facts *f, enum call_join *by,
			uint8_t *ordinal);
/* A REFER of this leg: who is called there next is of the same call. */
void join_note_refer(struct calls *c, struct leg *leg, const struct facts *f);

/* state.c: transactions and dialogs. What the message does to its leg. */
void state_take(struct calls *c, struct leg *leg, const struct facts *f);
/* Time has come for a leg that waits: what it dies of. */
enum call_cause state_timeout(const struct leg *leg);
/* The transaction that an answer is of; NULL: none. */
struct transaction *state_transaction(struct leg *leg, const struct facts *f);

/* offer.c: descriptions, and where media are expected */
void offer_take(struct calls *c, struct leg *leg, const struct facts *f, enum call_party party);
/* The leg is over, or gone: its endpoints go. */
void offer_end(struct calls *c, struct leg *leg);
/* What the call's legs say has changed, or whether anybody wants to know. */
void offer_settle(struct calls *c, struct whole *call);
void offer_fini(struct leg *leg);
/* A call that was loaded: tells of every endpoint expected as one that is new. What was told of it
 * before the table was saved is in call->media. */
void offer_recall(struct calls *c, struct whole *call);

/* call.c */
/* By a message, whose event follows; by time, or because room was needed: it is told. */
void call_end_leg(struct calls *c, struct leg *leg, enum call_cause cause);
void call_end_by_time(struct calls *c, struct leg *leg, enum call_cause cause);
void call_end_all(struct calls *c, struct whole *call, enum call_cause cause);
bool call_is_wanted(const struct calls *c, const struct whole *call);

#endif
