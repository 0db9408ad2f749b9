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

/* The records of one of a call's streams of media. Immutable but for party, which belongs to who
 * has the turn. */
struct session_stream {
	struct session_stream *next;
	uint16_t line; /* its m= line */
	uint8_t leg;
	uint8_t protocol; /* enum ipmm_protocol */
	uint8_t party;    /* that the target is in the leg: enum call_party */
	struct ipmm_tail tail;
};

/* What a session that is a call has besides. */
struct session_call {
	uint64_t wanted; /* a hash of the target's text by which it was found; 0: not known */
	struct session_stream *streams;
	uint8_t *message; /* the last one that was told of it, as it was; NULL: none was */
	uint32_t message_len;
	bool is_masked;                    /* … without its content */
	struct net_ip source, destination; /* of it */
	uint8_t session_direction;         /* enum etsi_direction, or IPMM_NO_DIRECTION */
	uint8_t payload_direction;
	int64_t heard_ns; /* when media came last; 0: none did */
};

/* One of which nothing was told; NULL: no memory. */
struct session_call *session_call_new(void);
void session_call_free(struct session_call **c);
void session_call_free_streams(void *streams);

/* Keeps a copy of what was told; without memory, what was kept before. */
void session_call_keep(struct session_call *c, const void *message, size_t len, bool is_masked);

/* All but its streams, as it is saved. take: into one that is empty; ERR_BAD, ERR_CUT, ERR_NOMEM:
 * it is empty still. */
void session_call_put(const struct session_call *c, struct wr *w);
MUST_CHECK int session_call_take(struct session_call *c, struct rd *r);

#endif
