/* The protocol of a link, without socket and clock: bytes go in, frames come out, and the other
 * way round; time is an argument. One talk is one connection.
 *
 *	dialler                      listener
 *	   | -- hello -------------> |   is the role, name, version right? and welcome?
 *	   | <------------- hello -- |   then it says who it is; now the listener is up
 *	   up                        |   and, if that is right too, the dialler
 *	   | <== frames ===========> |
 *	   | -- refusal -----------> |   whoever does not like the other says why, and ends */
#ifndef LINK_TALK_H
#define LINK_TALK_H

#include "base/nanos.h"
#include "base/rd.h"
#include "link/frame.h"
#include "tls/identity.h"

enum { TALK_SOFTWARE_LEN = 64 };

#define TALK_STATES(X)                                                                             \
	X(DOWN, "down")             /* no connection */                                            \
	X(CONNECTING, "connecting") /* TCP, then TLS */                                            \
	X(GREETING, "greeting")     /* the peer's hello is awaited */                              \
	X(MET, "met")               /* the hello was right; is the peer welcome? */                \
	X(UP, "up")                                                                                \
	X(ENDING, "ending") /* a refusal goes out, then it is over */                              \
	X(OVER, "over")

#define TALK_EVENTS(X)                                                                             \
	X(CONNECT, "connect")                                                                      \
	X(CONNECTED, "connected")                                                                  \
	X(HELLO, "hello")                                                                          \
	X(WELCOME, "welcome")                                                                      \
	X(REFUSE, "refuse") /* this end refuses */                                                 \
	X(GONE, "gone")     /* the peer refused, or the connection is no more */

enum talk_state {
#define X(name, text) TALK_##name,
	TALK_STATES(X)
#undef X
};
enum talk_event {
#define X(name, text) TALK_ON_##name,
	TALK_EVENTS(X)
#undef X
};

/* Who this end is and whom it will talk to. */
struct talk_rules {
	struct tls_identity self;
	const char *software;  /* "weir 0.1.0"; told, not checked */
	unsigned roles;        /* bits (1 << TLS_MEDIATOR) that the peer may have */
	const char *peer_name; /* NULL: any */
	bool is_dialler;
	struct nanos ping;    /* silence after which a ping is sent */
	struct nanos silence; /* and after which the talk is over; a hello has this long too */
	size_t max_queue;     /* bytes that wait to be sent, beyond which ERR_FULL */
	size_t max_message;   /* bytes of one, in parts where a frame holds less; 0: of a frame */
};

struct talk {
	enum talk_state state;
	const struct talk_rules *rules;
	bool is_certified; /* peer comes from its certificate already */
	struct tls_identity peer;
	char software[TALK_SOFTWARE_LEN];
	char reason[WHY_TEXT_LEN]; /* why it ended; empty while it has not */
	bool is_orderly;           /* the peer ended it, as it does when it ends itself */
	bool is_refused;           /* by the peer: its words are the reason */
	bool has_refused;          /* the peer */
	bool is_full;              /* ERR_FULL was said, and may_send not yet */
	bool owes_pong;
	bool has_pinged;
	int n_ending_ticks;
	struct wr in; /* [in_start, in.len) was read and not yet taken */
	size_t in_start;
	struct wr out; /* [out_start, out.len) waits to be sent */
	size_t out_start;
	struct rd lent; /* and this behind it */
	struct nanos heard;
};

/* rules are borrowed for good. */
void talk_init(struct talk *t, const struct talk_rules *rules);
void talk_fini(struct talk *t);

/* A connection is tried: from now on the peer has rules.silence to say hello. */
void talk_connect(struct talk *t, struct nanos now);

/* A connection stands. certificate: whom the peer's names, NULL where there is no TLS. */
void talk_begin(struct talk *t, const struct tls_identity *certificate, struct nanos now);

/* Room for bytes that are to be read; NULL when there is no memory, or the talk is over. */
uint8_t *talk_room(struct talk *t, size_t *size);
void talk_fed(struct talk *t, size_t n, struct nanos now);

/* The next frame for whoever uses the link: 1. A HELLO means: state MET, say talk_welcome or
 * talk_refuse. 0: nothing more for now; look at the state. The frame is good until talk_room. */
int talk_next(struct talk *t, struct link_frame *out);

/* The peer that met is welcome: from then on frames may be sent. */
void talk_welcome(struct talk *t);

/* Queues a frame: MESSAGE (in parts, where it is longer than a frame), RECORDS or ACKNOWLEDGE.
 * ERR_FULL: ask again when talk_may_send said so; ERR_END: not up; ERR_USAGE: too long, or
 * empty. */
MUST_CHECK int talk_send(struct talk *t, const struct link_frame *frame);

/* The same for RECORDS that stay where they are until talk_keep, so that what goes out by then is
 * not copied before. */
MUST_CHECK int talk_lend(struct talk *t, const struct link_frame *records);
/* What was lent and has not gone out is copied. Before anything else is sent. */
void talk_keep(struct talk *t);

/* Octets that wait to be sent. */
size_t talk_queued(const struct talk *t);

/* Once after ERR_FULL, when half of the queue has gone. */
bool talk_may_send(struct talk *t);

/* Bytes to be sent now (of more in pieces), and that so many of them went. When the last of an
 * ENDING talk have gone, nothing more will be sent: shut the connection, and read on (the bytes are
 * thrown away) until the peer ends it too, lest the refusal be lost with a reset. talk_tick ends
 * the wait. */
const uint8_t *talk_out(const struct talk *t, size_t *len);
void talk_sent(struct talk *t, size_t n);

/* Ends the talk, and tells the peer why. The first reason stays. */
void talk_refuse(struct talk *t, const char *reason);

/* The connection is lost (or there is none any more). */
void talk_lost(struct talk *t, const char *reason);

/* Pings a peer that is silent, and gives it up. Call it several times in rules.ping. While
 * nothing is read by choice (is_paused) the peer is not given up, and is told that one lives. */
void talk_tick(struct talk *t, bool is_paused, struct nanos now);

#endif
