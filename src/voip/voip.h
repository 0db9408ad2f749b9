/* From packets to calls: SIP out of datagrams and TCP connections, whom it names, and where the
 * media of calls are expected.
 *
 *	UDP ──────────────────────► message ──► whom it names ──► call ──► on_event
 *	TCP ──► stream ──► framer ──┘                               └────► media, on_media
 *
 * One thread at a time; others may look at the media and ask voip_follows meanwhile. No clock is
 * asked: time is that of the packets, and of voip_tick. */
#ifndef VOIP_VOIP_H
#define VOIP_VOIP_H

#include <weir/packet.h>

#include "base/err.h"
#include "base/nanos.h"
#include "call/call.h"
#include "identity/set.h"
#include "media/media.h"

struct json;
struct voip;

/* There is another table of media: whoever frees the old one waits until nobody looks at it. */
typedef void (*voip_retire_fn)(void *arg, struct media *old);
/* A connection carries SIP that is followed from now on. */
typedef void (*voip_follow_fn)(void *arg);

struct voip_options {
	uint32_t joins;    /* 1 << enum call_join, or-ed; 0: none */
	uint32_t max_legs; /* 0: as call.h says */
	uint64_t seed;
	bool is_everybodys;     /* all calls are those of target 0, whomever they name */
	call_event_fn on_event; /* what follows may be NULL; see call.h */
	call_media_fn on_media; /* after the table of media has changed */
	call_gone_fn on_gone;
	voip_retire_fn on_retire; /* NULL: nobody else looks */
	voip_follow_fn on_follow;
	void *arg;
};

MUST_CHECK int voip_new(struct voip **out, const struct voip_options *options);
/* No packets follow: what waits behind holes of streams is taken. */
void voip_flush(struct voip *t);
/* The same; then calls that go on are told of by on_gone. */
void voip_end(struct voip *t);
void voip_free(struct voip **t);

/* Whom messages are looked through for from now on: takes the set, and the number of each of its
 * targets (as call events name them; several may have the same), which it frees. */
void voip_set_targets(struct voip *t, struct identity_set *set, uint32_t *numbers, bool trust_from);

/* See call_set_rules. */
void voip_set_rules(struct voip *t, uint32_t joins, struct nanos idle_limit);

/* Within on_event: which of the set's targets it was by whose name the message in hand names this
 * one, the first; -1: it does not. */
int64_t voip_named_by(const struct voip *t, uint32_t number);

/* Takes a packet of TCP or UDP. is_sure: its port is that of SIP; else it is looked at only where
 * it begins as a message does, or belongs to a connection that did. Returns whether it was SIP. */
bool voip_take(struct voip *t, const struct weir_packet *p, struct nanos time, bool is_sure);

/* Whether the packet begins as a message does, or may be of a connection that is followed. Any
 * thread. */
bool voip_follows(const struct voip *t, const struct weir_packet *p);

/* A packet went from or to an endpoint that is expected. */
void voip_heard(struct voip *t, const struct media_hit *hit, const struct media_endpoint *far,
		struct nanos time);

/* It is now this late. */
void voip_tick(struct voip *t, struct nanos now);

/* Where media are expected; any thread may match with it. It stays until on_retire names it. */
const struct media *voip_media(const struct voip *t);

/* What survives a restart, as call_save and call_load have it; what streams hold does not. Where
 * media are expected is known again. */
void voip_save(const struct voip *t, struct wr *w);
MUST_CHECK int voip_load(struct voip *t, struct rd *r, call_renumber_fn renumber, void *arg);

/* Moves before and after each change of where media are expected: what was matched between two
 * looks at the same even number is as it would be now. Any thread. */
uint64_t voip_serial(const struct voip *t);

/* Since voip_new, or the last time that it was asked: ERR_NOMEM where memory was short. */
int voip_failed(struct voip *t);

const struct calls *voip_calls(const struct voip *t);
uint64_t voip_n_messages(const struct voip *t);
/* Endpoints that the table of media had no room for. */
uint64_t voip_n_refused(const struct voip *t);

/* What is followed, what became of messages, and of the connections that carried them, as members
 * of the object that is open in *j. t NULL: there were no targets of calls yet. */
void voip_report(const struct voip *t, struct json *j);

#endif
