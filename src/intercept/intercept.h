/* Executes orders on captured packets: who is watched is found, scope is kept, records are
 * numbered and written to each agency's outboxes, one for HI2 and one for HI3.
 *
 * It is a program for engines (shared mode), which do the three steps of a block:
 *
 *	batch  in parallel: decode, match; what was found is noted
 *	turn   in the order of the data: what core servers say changes sessions; scope by the
 *	       packet's own time, sequence numbers, interception begins; bytes are reserved
 *	fill   in parallel: records are encoded and written at their reserved places
 *
 * so that what is written does not depend on the number of workers. A block that was matched
 * before a session changed is matched again in its turn, from the change on, so that a session's
 * packets are exactly those between its first and its last word
 * (docs/decisions/0080-sessions-in-the-packet-path.md).
 *
 * Several inputs meet in the order of their packets' times, as if they were one
 * (docs/decisions/0127-inputs-meet-in-time.md).
 *
 * Offline, time is the packets' own, and several captures, one after the other, are one stream.
 * Live, it is the clock's too (intercept_tick). When records begin and end:
 * docs/decisions/0032-iri-times.md. */
#ifndef INTERCEPT_INTERCEPT_H
#define INTERCEPT_INTERCEPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "access/access.h"
#include "base/err.h"
#include "base/json.h"
#include "base/nanos.h"
#include "base/rd.h"
#include "base/why.h"
#include "base/wr.h"
#include "engine/engine.h"
#include "integrity/signer.h"
#include "outbox/outbox.h"
#include "junction/junction.h"
#include "ledger/book.h"
#include "mandate/counts.h"
#include "media/media.h"
#include "warrant/orders.h"

struct intercept;

/* Whose records an outbox takes. */
enum intercept_interface { INTERCEPT_HI2, INTERCEPT_HI3, INTERCEPT_N_INTERFACES };

/* Makes the agency's outbox; in intercept_new and intercept_update only. */
typedef int (*intercept_open_fn)(void *arg, const char *agency, enum intercept_interface which,
				 struct outbox *out, struct why *why);

struct intercept_options {
	/* Records go to files DIR/AGENCY/hi2.ber and hi3.ber; is_forced: also to such as are there
	 * already. NULL: to what open makes. */
	const char *dir;
	bool is_forced;
	intercept_open_fn open;
	void *arg;
	bool is_live;                /* warrants act by the clock */
	struct nanos now;            /* the clock, where it is live */
	bool has_inputs;             /* several, each with a branch of one junction */
	struct nanos alive;          /* live: when it ran last, before; 0: it never did */
	const char *network_element; /* of the records; borrowed; NULL: the orders' operator's */
	struct nanos lag;            /* live: how far their packets may be behind the clock */
	uint32_t max_sessions;       /* of subscribers; 0: a million */
	uint32_t max_legs;           /* of calls; 0: as call.h says */
	const struct signer *signer; /* of integrity checks; borrowed; NULL: none are signed */
	struct ledger_book *ledger;  /* where records are counted; borrowed; NULL: nowhere */
	uint64_t seed;               /* of hashes: something that strangers cannot guess */
};

/* Creates the agencies' outboxes (dir is created too); no new file is left behind when it fails.
 * Nothing of the orders is borrowed. */
MUST_CHECK int intercept_new(struct intercept **out, const struct orders *orders,
			     const struct intercept_options *options, struct why *why);

/* Other orders from now on. Sessions of warrants that are the same go on with their numbers; what
 * is no longer named ends, what is new begins. ERR_NOMEM leaves it in an order between the two:
 * try again. Any thread, while engines run. */
MUST_CHECK int intercept_update(struct intercept *i, const struct orders *orders, struct nanos now,
				struct why *why);

/* The clock, live: warrants start and end, sessions that were not heard of for too long end. The
 * moment at which it is needed next, at the latest; INT64_MAX: none is known. Any thread. */
struct nanos intercept_tick(struct intercept *i, struct nanos now);

/* What an engine's argument is: one input. Several engines may share one intercept. */
struct intercept_input {
	struct intercept *intercept;
	/* Called by a worker before it looks at frames, which it may change. NULL: none. What is
	 * negative stops the engine. */
	int (*before)(void *arg, struct weir_frame *frames, int n);
	/* Waits until packets of the moment *due are due, and says up to which moment they are. */
	int (*pace)(void *arg, struct nanos *due);
	/* Nothing came for a while, and nothing is on its way. */
	void (*idle)(void *arg);
	void *arg;
	struct junction *junction; /* where it meets others; NULL: it is alone */
	unsigned branch;
	_Atomic uint64_t n_late; /* blocks that came later than the input was said to be quiet */

	/* intercept's; 0 at first */
	_Atomic int64_t passed_ns; /* all packets up to there had their turn */
	int64_t due_ns;
};

/* The engine's, with an intercept_input as argument of engine_new. */
extern const struct engine_callbacks intercept_callbacks;

/* Ends interception (IRI END for all that began) and closes the outboxes. Called once, when no
 * engine runs, also after a capture that broke off: what precedes is delivered. */
MUST_CHECK int intercept_close(struct intercept *i, struct why *why);

/* Delivers what still waits for fragments, and closes nothing: sessions go on after a restart. */
MUST_CHECK int intercept_pause(struct intercept *i);
void intercept_free(struct intercept **i);

/* The reason when a callback stopped the engine; empty text otherwise. */
const struct why *intercept_why(const struct intercept *i);

/* Sessions, their CINs and numbers, so that they survive a restart and an upgrade. Appends them,
 * under the turn's lock; w is not ok where they do not fit. */
void intercept_save(struct intercept *i, struct wr *w);

/* Moves whenever what targets have changes: their sessions, or the orders. Any thread. */
uint64_t intercept_version(const struct intercept *i);

/* Takes over what intercept_save wrote, of this or an earlier version, by an intercept that has
 * seen nothing yet; of warrants that are no longer ordered it keeps the numbers. A session whose
 * subscriber has gone meanwhile, or whose warrant no longer names it, ends at the next tick. */
MUST_CHECK int intercept_load(struct intercept *i, struct rd *r, struct why *why);

/* A record that was delivered after what intercept_load knows was saved: numbers go on behind
 * it. */
MUST_CHECK int intercept_recall(struct intercept *i, const char *agency,
				enum intercept_interface which, const uint8_t *pdu, size_t len);

/* Where it counts; NULL: nowhere. */
struct ledger_book *intercept_ledger(const struct intercept *i);

/* Calls fn with the turn's lock: the ledger stands still. Any thread. */
void intercept_hold(struct intercept *i, void (*fn)(void *arg), void *arg);

/* Of the orders' i-th warrant. */
const struct intercept_counts *intercept_counts(const struct intercept *i, size_t warrant);

/* Packets seen, and their first and latest time; false where none had a time. */
uint64_t intercept_n_packets(const struct intercept *i);
bool intercept_times(const struct intercept *i, struct nanos *first, struct nanos *latest);

/* Totals, of calls too, as members of the object that is open in *j. Any thread. */
void intercept_report(struct intercept *i, struct json *j);

/* Each warrant in the orders, with the turn's lock held: nothing of intercept may be called. The
 * lock is given back between slices of them, so that packets wait a fraction of a millisecond
 * however many there are. By who changes the orders. */
struct intercept_view {
	const char *key;
	bool is_active; /* between its start and its end */
	bool delivers_cc;
	uint32_t n_live; /* sessions that are active */
	const struct intercept_counts *counts;
	struct intercept_health *health;
};
typedef void (*intercept_view_fn)(void *arg, const struct intercept_view *view);
void intercept_each(struct intercept *i, intercept_view_fn each, void *arg);

/* Each call of a target's that was answered, and of whose media none came for a while where they
 * are expected, or at a host's name; of others each way of a stream that the descriptions have
 * (RFC 3264) and on which none came at all. Control (RTCP) apart. With the turn's lock held, as
 * above. */
struct intercept_unheard {
	const char *key;    /* the warrant's */
	uint32_t cin;       /* the call's */
	struct nanos since; /* they are expected, or came last */
	/* the caller's and the called's, of the first stream; of version 0 where it is not known:
	 * its description names a host. One way: from where to where. */
	struct media_endpoint at[2];
	bool is_one_way;
};
struct intercept_silence {
	struct nanos now;
	struct nanos wait; /* for so long */
	void (*tell)(void *arg, const struct intercept_unheard *call);
	void *arg;
};
void intercept_each_unheard(struct intercept *i, const struct intercept_silence *what);

/* The table of subscribers' sessions: for its counts only. */
const struct access *intercept_access(const struct intercept *i);

#endif
