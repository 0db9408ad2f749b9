/* The delivery of one interface (HI2 or HI3) to one agency: when to connect, what to say beside
 * the records, how long to wait for answers, and how far the agency has come. No socket, no clock:
 * the caller says what happened and when (sender.h), and asks what is due.
 *
 *	DOWN --dial--> DIALLING --connected--> AGREEING --agreed--> UP        AGREEING only where
 *	  ^                |                       |                 |        options are wanted
 *	  +------lost------+-----------------------+-----------------+
 *
 * TS 102 232-1: a connection that ends is made again at once, and if that fails every `retry`
 * (6.3.2). A keep-alive goes out every interval, records or not, has a number of a sequence of its
 * own, and its answer repeats the number (6.3.4). Options are agreed on before the first record
 * (6.3.5). An acknowledgement request asks whether all that went before has arrived; the answer
 * repeats its number (6.3.6).
 *
 * The wait for an answer begins when the question is asked, and anew each time that the agency's
 * TCP takes more of what lies before it: who is slow gets its time, who is silent does not. Where a
 * keep-alive is due and cannot even go out, because nothing is taken, the wait counts as well. */
#ifndef HANDOVER_DELIVERY_H
#define HANDOVER_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "etsi/tri.h"
#include "handover/answer.h"

#define DELIVERY_STATES(X)                                                                         \
	X(DOWN, "down")                                                                            \
	X(DIALLING, "dialling")                                                                    \
	X(AGREEING, "agreeing")                                                                    \
	X(UP, "up")

#define DELIVERY_EVENTS(X)                                                                         \
	X(DIAL, "dial")                                                                            \
	X(CONNECTED, "connected")                                                                  \
	X(AGREED, "agreed")                                                                        \
	X(LOST, "lost")

enum delivery_state {
#define X(name, text) DELIVERY_##name,
	DELIVERY_STATES(X)
#undef X
};

enum delivery_event {
#define X(name, text) DELIVERY_ON_##name,
	DELIVERY_EVENTS(X)
#undef X
};

const char *delivery_state_text(enum delivery_state state);
const char *delivery_event_text(enum delivery_event event);

/* What the agency wants (warrant/orders.h). */
struct delivery_terms {
	struct nanos keepalive_interval; /* 0: no keep-alives */
	struct nanos keepalive_wait;     /* 0: they need no answer */
	struct nanos retry;
	bool acknowledge;
};

enum {
	DELIVERY_MAX_QUESTIONS = 16,
	DELIVERY_MAX_MARKS = 1024,
	DELIVERY_ACK_EVERY = 256 << 10, /* octets of records between acknowledgement requests */
	DELIVERY_DIAL_WAIT_S = 10,      /* for a connection to come about */
	DELIVERY_ANSWER_WAIT_S = 30,    /* where keepalive_wait is 0 */
	DELIVERY_BRIEF_S = 1,           /* a connection that lived shorter is not remade at once */
	DELIVERY_SETTLE_S = 60,         /* see confirmed */
};

/* Something that needs an answer. */
struct delivery_question {
	uint8_t kind; /* enum etsi_tri_kind */
	uint32_t number;
	uint64_t offset;   /* in the spool: records before it are sent */
	uint64_t wire_end; /* octets of the connection up to its end; UINT64_MAX: not written yet */
	struct nanos since; /* the wait counts from here */
};

/* Where records stand among the octets of a connection: all before offset is had by who has
 * wire_end octets. Octet by octet where what is sent is what is written (len of them), else, in
 * cipher text, only as a whole (len 0). */
struct delivery_mark {
	uint64_t wire_end;
	uint64_t offset;
	uint64_t len;
};

struct delivery {
	struct delivery_terms terms;
	enum delivery_state state;
	struct nanos dial_at;  /* DOWN: when to dial */
	struct nanos moved_at; /* when the state changed */
	struct nanos connected_at;
	struct nanos probe_at;    /* when the next keep-alive is due */
	struct nanos progress_at; /* when the agency's TCP last took something */
	uint32_t number;          /* of the next TRI: runs on over connections */
	bool is_asked;            /* this connection has had its option request */
	bool is_complete_due;     /* an option complete must go out */
	bool has_acknowledgement; /* the agency accepted it */
	struct delivery_question questions[DELIVERY_MAX_QUESTIONS]; /* oldest first */
	unsigned n_questions;

	struct delivery_mark marks[DELIVERY_MAX_MARKS]; /* a ring: n_marks from first_mark on */
	unsigned first_mark, n_marks;
	bool is_plain; /* an octet that is sent is one that is written */

	uint64_t wire_written; /* octets of this connection */
	uint64_t wire_acked;   /* … that the agency's TCP has */
	uint64_t start;        /* offsets in the spool: where this connection began, … */
	uint64_t sent;         /* … what was written, */
	uint64_t asked;        /* … at the last acknowledgement request, */
	uint64_t done;         /* … up to where the agency has it, */
	uint64_t confirmed;    /* … up to where an answer of its program says so; or, where it is
				    asked nothing, what its TCP has had for a minute */
	uint64_t settling;     /* … will be confirmed so, at settle_at */
	struct nanos settle_at;

	uint64_t n_connections, n_keepalives, n_answers, n_acknowledgements;
	struct nanos answered_at; /* when a keep-alive was answered last; 0: never */
};

/* Ready to dial at once; the number of its TRIs begins at number. */
void delivery_init(struct delivery *d, const struct delivery_terms *terms, uint32_t number,
		   struct nanos now);

/* Other terms, from the next keep-alive or connection on. */
void delivery_set_terms(struct delivery *d, const struct delivery_terms *terms, struct nanos now);

/* Whether to dial now: it then counts as dialling. */
bool delivery_dials(struct delivery *d, struct nanos now);

/* Bytes may flow; records follow from this offset of the spool on. is_plain: what is sent is
 * written as it is, not as cipher text. */
void delivery_connected(struct delivery *d, uint64_t start, bool is_plain, struct nanos now);

/* The connection, or the attempt at one, is over. */
void delivery_lost(struct delivery *d, struct nanos now);

/* Whether it must be given up now: no connection, or no answer, in time. why says what is
 * missing. */
bool delivery_expired(const struct delivery *d, struct nanos now, struct why *why);

/* Whether records may go out. */
static inline bool delivery_is_up(const struct delivery *d)
{
	return d->state == DELIVERY_UP;
}

/* A TRI that is due between two records: true, and its kind and number. It then counts as
 * said. has_more: records wait to be sent behind it. */
bool delivery_says(struct delivery *d, bool has_more, struct nanos now, uint8_t *kind,
		   uint32_t *number);

/* What was written, and how many octets of the connection that took: of the TRI of delivery_says,
 * is_whole with the last of them; n octets of records. */
void delivery_wrote_tri(struct delivery *d, uint64_t wire, bool is_whole);
void delivery_wrote_records(struct delivery *d, size_t n, uint64_t wire);

/* So many of the connection's octets are not acknowledged by the agency's TCP. */
void delivery_unacked(struct delivery *d, uint64_t n, struct nanos now);

/* The agency said this: 0, or ERR_BAD with the reason where it answers nothing that was asked. */
MUST_CHECK int delivery_heard(struct delivery *d, const struct answer *answer, struct nanos now,
			      struct why *why);

/* When something is due next, if nothing happens before, which may be in the past; INT64_MAX:
 * never. is_blocked: there is something to write, and the socket takes nothing now. */
struct nanos delivery_wake(const struct delivery *d, bool is_blocked, struct nanos now);

#endif
