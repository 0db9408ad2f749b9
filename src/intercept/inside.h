/* Inside intercept only: what its files share. All of it belongs to who has the turn's lock, but
 * for what is atomic. */
#ifndef INTERCEPT_INSIDE_H
#define INTERCEPT_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "intercept/intercept.h"
#include "base/lookup.h"
#include "tray/tray.h"
#include "mandate/mandate.h"
#include "mandate/wanted.h"
#include "voip/voip.h"
#include "net/reassembly.h"

/* Both interfaces of an agency. */
struct desk {
	char *agency;
	struct outbox boxes[INTERCEPT_N_INTERFACES];
};

/* Something that workers may still look at: freed when none does. */
struct retired {
	struct retired *next;
	uint64_t tag;
	void *thing;
	void (*release)(void *thing);
};

struct intercept {
	struct intercept_options options;
	pthread_mutex_t turn; /* one input at a time, or who changes orders */

	/* what workers look at; version moves behind every change of the rest */
	_Atomic(struct watch *) watch;
	_Atomic(struct sight *) sight;
	_Atomic uint64_t version;

	/* by slot; pointers stay */
	struct mandate **mandates;
	uint32_t n_mandates;
	struct session **sessions; /* NULL: a free slot */
	uint32_t n_sessions;
	uint32_t *free_slots;
	uint32_t n_free;
	struct desk **desks;
	uint32_t n_desks;

	struct mandate **ordered; /* as warrants in the orders */
	size_t n_ordered;
	struct mandate **by_start; /* of these, those that have not started */
	size_t n_by_start;
	size_t next_start;
	struct mandate **by_end; /* live: those that are not over */
	size_t n_by_end;
	size_t next_end;

	struct lookup keys;        /* mandates by their key */
	struct lookup identities;  /* mandates by an exact identity */
	struct mandate **patterns; /* with a wildcard */
	size_t n_patterns;
	struct slab calls;       /* sessions that are calls */
	struct lookup by_access; /* dynamic sessions by their subscriber's session */
	struct lookup ignored;   /* user names: values are indexes in ignored_users */
	char **ignored_users;
	size_t n_ignored;
	struct mandate **found; /* whom the session in hand belongs to */
	size_t n_found;
	size_t found_size;

	_Atomic(struct voip *) voip; /* NULL: there were no targets of calls yet */
	struct wanted wanted;        /* its hashes; slots are voip's */

	struct access *access;
	int event_rc;        /* what an event met */
	int64_t join_minute; /* of the packets' time, in which so many joins were logged */
	unsigned n_joins_told;
	uint64_t n_failed;      /* ticks that could not do all that was due */
	uint64_t n_checks_lost; /* integrity checks that found no room */
	uint64_t n_too_wide;    /* addresses of subscribers that nobody's can be */
	struct net_reassembly *reassembly;

	uint64_t n_packets;
	int64_t first_ns; /* the stream's first time, and its latest */
	int64_t latest_ns;
	int64_t ticked_ns; /* what the table of sessions was told last */
	bool has_time;
	bool has_state;  /* began with a state */
	bool has_loaded; /* from a state: what is new since then begins at the next tick */
	struct wr iri;
	struct wr plain;  /* an IRI before it is encrypted */
	struct wr masked; /* a message without its content */
	struct sealer *sealer;

	pthread_mutex_t lock; /* of what follows */
	struct why why;
	struct tray *trays; /* of all workers */
	struct retired *retired;
	uint64_t tag;
};

/* The first reason stays. Returns rc. */
int intercept_fail(struct intercept *i, int rc, const char *place, const char *text);

/* The block's records so far: reserved, with the turn, and filled, without it. */
int runs_reserve(struct intercept *i, struct tray *tray, int rc);
int runs_fill(struct intercept *i, struct tray *tray);

/* Whether something has changed since the block was matched. */
static inline bool tray_is_stale(const struct intercept *i, const struct tray *tray)
{
	return tray->version != atomic_load(&i->version);
}

/* Each ordered mandate, in slices with the turn's lock, so that packets do not wait for all: it may
 * be that one which comes or goes meanwhile is left out, or another looked at twice. */
typedef void (*mandate_fn)(struct intercept *i, struct mandate *m, void *arg);
void mandates_each(struct intercept *i, mandate_fn look, void *arg);

static inline struct outlook outlook_of(const struct intercept *i)
{
	const struct voip *voip = atomic_load(&i->voip);
	uint64_t serial = voip ? voip_serial(voip) : 0; /* before the media */

	return (struct outlook){.watch = atomic_load(&i->watch),
				.sight = atomic_load(&i->sight),
				.voip = voip,
				.media = voip ? voip_media(voip) : NULL,
				.serial = serial};
}

/* The pending records from `from` on, which were just appended, in their turn. */
MUST_CHECK int accept_from(struct intercept *i, struct tray *tray, size_t from);

/* await.c: several inputs, and those that keep a pace. In the turn, which is given away while
 * something is waited for. `note` is the next one of the block. */
void await_open(struct intercept *i, struct worker *w, struct tray *tray);
MUST_CHECK int await_packet(struct intercept *i, struct tray *tray, int64_t ns, size_t note);
MUST_CHECK int await_point(struct intercept *i, struct tray *tray, int64_t ns);
/* Until the block may pass up to this moment, or is stale: then from its cursor on. */
MUST_CHECK int await_reach(struct intercept *i, struct tray *tray, int64_t ns, size_t note);
/* All of the block has passed. */
void await_end(struct tray *tray);

/* desk.c: outboxes */
MUST_CHECK int desk_of(struct intercept *i, const char *agency, uint32_t *desk, struct why *why);
void desk_abandon(struct intercept *i, uint32_t from);

/* retire.c: what workers may still look at */
void retire(struct intercept *i, void *thing, void (*release)(void *thing));
void watch_release(void *watch);
void retire_reap(struct intercept *i);
void tray_pin(struct intercept *i, struct tray *tray);
void tray_unpin(struct intercept *i, struct tray *tray);

/* subscriber.c: dynamic sessions */
void subscriber_event(void *arg, const struct access_event *event);
/* The mandate's session of this subscriber's, or call; NULL: it has none. */
struct session *subscriber_find(const struct intercept *i, const struct mandate *m,
				uint64_t access_id);
/* Sessions that are live and belong to mandates that have started begin, if they have not. */
MUST_CHECK int subscriber_scan(struct intercept *i);
/* Ends the dynamic sessions of the mandate; only those that it no longer names, where it is
 * still ordered and covers the time. */
MUST_CHECK int subscriber_end(struct intercept *i, struct mandate *m, bool is_all, int64_t ns);
/* Watches the prefixes of dynamic sessions, after the watch was made anew. */
MUST_CHECK int subscriber_watch(struct intercept *i);
/* Makes a dynamic session of the mandate's with this CIN. */
MUST_CHECK int subscriber_restore(struct intercept *i, struct mandate *m, uint64_t access_id,
				  uint32_t cin, struct session **out);
/* … of the mandate's, for a call with this number. */
MUST_CHECK int subscriber_restore_call(struct intercept *i, struct mandate *m, uint32_t number,
				       uint32_t cin, struct session **out);
/* Takes the session away; its header may still be on its way into a record. */
MUST_CHECK int subscriber_drop(struct intercept *i, struct session *s);
MUST_CHECK int subscriber_set_prefixes(struct intercept *i, struct session *s,
				       const struct net_prefix *prefixes, size_t n);

/* term.c: mandates in time */
/* Live, packets may still come that were captured before a warrant's end. */
enum { TERM_GRACE_NS = 250 * NANOS_PER_MS };
/* … also later, where inputs wait for one another. */
static inline int64_t term_lag(const struct intercept *i)
{
	return i->options.has_inputs ? i->options.lag.ns : 0;
}
static inline int64_t term_grace(const struct intercept *i)
{
	return TERM_GRACE_NS + term_lag(i);
}
/* The stream's time moves on: mandates start. */
MUST_CHECK int term_advance(struct intercept *i, int64_t latest_ns);
/* Those whose start has come do. */
MUST_CHECK int term_start(struct intercept *i);
/* Orders have changed: what is new in those that have started begins. */
MUST_CHECK int term_refresh(struct intercept *i, int64_t now_ns);
/* The clock: mandates end. */
MUST_CHECK int term_close(struct intercept *i, int64_t now_ns);
/* A mandate's sessions end, at this moment or its end, whichever is earlier. */
MUST_CHECK int term_end(struct intercept *i, struct mandate *m, int64_t ns);
MUST_CHECK int term_sort(struct intercept *i);
MUST_CHECK int term_begin(struct intercept *i, struct session *s, int64_t ns);

/* tell.c: records of HI2 */
MUST_CHECK int tell_static(struct intercept *i, struct session *s, enum ipiri_event event,
			   int64_t ns);
/* a may be NULL where nothing is known of the subscriber any more. */
MUST_CHECK int tell(struct intercept *i, struct session *s, const struct access_session *a,
		    enum ipiri_event event, int64_t ns);

/* How a record of HI2 is written, with this number. */
struct iri_form {
	int (*encode)(const struct iri_form *form, const struct session *s, uint32_t seq,
		      struct wr *w, struct why *why);
	struct nanos time;
};
MUST_CHECK int tell_record(struct intercept *i, struct session *s, const struct iri_form *form);

/* The facts are there; number and access type are added. */
MUST_CHECK int tell_facts(struct intercept *i, struct session *s, struct ipiri *iri);

/* flag.c: TRIs of a communication, before its first record, behind its last, and where its numbers
 * are used up and begin again */
MUST_CHECK int flag_begin(struct intercept *i, struct session *s, enum ipiri_event event,
			  int64_t ns);
MUST_CHECK int flag_end(struct intercept *i, struct session *s, int64_t ns);
MUST_CHECK int flag_wrap(struct intercept *i, struct session *s, int64_t ns);

/* vigil.c: interception of who has no session. VIGIL_ID is no subscriber's session. */
#define VIGIL_ID UINT64_MAX
MUST_CHECK int vigil_begin(struct intercept *i, struct mandate *m);
MUST_CHECK int vigil_end(struct intercept *i, struct mandate *m, int64_t ns);

/* check.c: integrity checks */
struct delivered {
	enum intercept_interface which;
	const uint8_t *pdu;
	size_t len;
	uint32_t seq;
	int64_t time_ns;
};
/* A record was delivered; a hash may follow it. */
MUST_CHECK int check_add(struct intercept *i, struct session *s, const struct delivered *d);
/* Its last hash, and signature. */
MUST_CHECK int check_end(struct intercept *i, struct session *s, int64_t ns);
MUST_CHECK int check_end_all(struct intercept *i, struct mandate *m, int64_t ns);
/* Hashes that are due by time. */
MUST_CHECK int check_tick(struct intercept *i, int64_t ns);

/* order.c: from orders to mandates */
struct order {
	const struct orders *orders;
	int64_t now_ns; /* since when they are known */
	struct why *why;
};
MUST_CHECK int order_set(struct intercept *i, const struct order *order);
MUST_CHECK int order_slot(struct intercept *i, struct session *s);
void order_free_slot(struct intercept *i, struct session *s);
/* Gives the session the header of its mandate's records; that of before is retired. */
MUST_CHECK int order_header(struct intercept *i, struct session *s, struct why *why);
struct mandate *order_find(const struct intercept *i, const char *key);
MUST_CHECK int order_mandate(struct intercept *i, const char *key, struct mandate **out);
struct session *order_static(struct mandate *m, uint32_t cin);
void sight_free(void *sight);

#endif
