/* What a session that is a call has beside what every session has. */
#ifndef MANDATE_CALL_H
#define MANDATE_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/rd.h"
#include "base/wr.h"
#include "ipmm/cc.h"
#include "net/ip.h"

/* The records of one of a call's streams of media. Immutable but for party and heard, which belong
 * to who has the turn. What a packet reads of it is one line. */
struct session_stream {
	struct session_stream *next;
	uint16_t line; /* its m= line */
	uint8_t leg;
	uint8_t protocol; /* enum ipmm_protocol */
	uint8_t party;    /* that the target is in the leg: enum call_party */
	uint8_t heard;    /* bits: media came to the caller's end (1), to the called's (2) */
	struct ipmm_tail tail;
};

/* What a session that is a call has besides. What a packet reads of it is its first line, where the
 * first of its streams begins. */
struct session_call {
	_Alignas(64) int64_t heard_ns; /* when media came last; 0: none did */
	struct session_stream *streams;
	struct session_stream first;
	bool has_first;   /* it is, or was, in use: workers may still look at it */
	uint64_t wanted;  /* a hash of the target's text by which it was found; 0: not known */
	uint8_t *message; /* the last one that was told of it, as it was; NULL: none was */
	uint32_t message_len;
	bool is_masked;                    /* … without its content */
	struct net_ip source, destination; /* of it */
	uint8_t session_direction;         /* enum etsi_direction, or IPMM_NO_DIRECTION */
	uint8_t payload_direction;
};

/* One of which nothing was told. */
void session_call_init(struct session_call *c);
void session_call_fini(struct session_call *c);

/* One more stream, a copy of this one; NULL: no memory. */
struct session_stream *session_call_add(struct session_call *c, const struct session_stream *s);
/* Takes its streams away: those that must be freed, by session_call_free_streams, when no worker
 * looks at them any more; NULL: none. */
struct session_stream *session_call_clear(struct session_call *c);
void session_call_free_streams(void *streams);

/* Media came to the called's end, or to the caller's; whether they did, in whichever leg: what
 * passes one on its way through a relay need not pass the others. */
static inline void session_stream_hear(struct session_stream *s, bool is_called)
{
	s->heard |= is_called ? 2 : 1;
}
bool session_call_heard(const struct session_call *c, uint16_t line, bool is_called);

/* Keeps a copy of what was told; without memory, what was kept before. */
void session_call_keep(struct session_call *c, const void *message, size_t len, bool is_masked);

/* All but its streams, as it is saved. take: into one that is empty; ERR_BAD, ERR_CUT, ERR_NOMEM:
 * it is empty still. */
void session_call_put(const struct session_call *c, struct wr *w);
MUST_CHECK int session_call_take(struct session_call *c, struct rd *r);

#endif
