/* Sends one spool to one agency, on one connection (HI2 or HI3): delivery.h on a socket. Records
 * go out from the spool's memory, whole and in order; what the agency has is acknowledged to the
 * spool at a record's end, less the window that is sent again after a reconnection unless an answer
 * of the agency's program has confirmed it. */
#ifndef HANDOVER_SENDER_H
#define HANDOVER_SENDER_H

#include "base/err.h"
#include "base/why.h"
#include "conf/field.h"
#include "etsi/header.h"
#include "handover/delivery.h"
#include "handover/ends.h"
#include "loop/loop.h"
#include "spool/spool.h"
#include "tls/tls.h"

struct sender;

/* What becomes of one record, in this order: constant, words. */
#define SENDER_STEPS(X)                                                                            \
	X(SENT, "written whole to the agency's connection for the first time")                     \
	X(SENT_AGAIN, "written whole once more, after a reconnection")                             \
	X(ACKNOWLEDGED, "the agency has it")

enum sender_step {
#define X(name, text) SENDER_##name,
	SENDER_STEPS(X)
#undef X
};

/* Told of the records, one or more, that lie there in the spool, each once for a step. It changes
 * nothing of the sender and its spool. A record that was acknowledged may be sent again
 * (resend_window), and is then acknowledged once all the same. */
typedef void (*sender_step_fn)(void *owner, enum sender_step step, uint64_t offset, uint64_t end);

/* Where and how; texts are borrowed for the call only. */
struct sender_terms {
	struct conf_endpoint address;
	bool is_plain;          /* TCP without TLS */
	const char *peer;       /* the name in the agency's certificate */
	uint64_t resend_window; /* octets */
	struct delivery_terms delivery;
	struct etsi_header header; /* of TRIs: what we are called */
};

/* What it belongs to; all outlive it. */
struct sender_place {
	struct loop *loop;
	const struct tls *tls; /* NULL: only plain connections */
	struct spool *spool;
	struct ends *ends; /* the spool's */
	const char *name;  /* for the log: "agency a1, HI2" */
	/* File of what was sent (progress.h), so that numbers go on and what is sent again is known
	 * as such after a kill too; NULL: none. */
	const char *progress;
	sender_step_fn on_step; /* may be NULL */
	/* Told where a hole ends that the agency does not get; may be NULL. */
	void (*on_hole)(void *owner, uint64_t end);
	void *owner; /* … the first argument of both */
};

MUST_CHECK int sender_new(struct sender **out, const struct sender_place *place,
			  const struct sender_terms *terms, struct why *why);

/* Ends in good order, as far as that goes without waiting. Sets NULL. */
void sender_free(struct sender **s);

/* Other terms: a connection to another address or of another kind is made again. */
void sender_set_terms(struct sender *s, const struct sender_terms *terms);

struct sender_stats {
	enum delivery_state state;
	uint64_t end;                      /* offsets in the spool: of what there is, … */
	uint64_t sent;                     /* … what was sent, over all connections, … */
	uint64_t acked;                    /* … and what the agency has */
	uint64_t octets;                   /* records written, those that were sent again too */
	uint64_t n_sent, n_again, n_acked; /* records, by their steps */
	uint64_t again_octets;             /* of records that were sent again */
	uint64_t n_connections, n_keepalives, n_answers, n_acknowledgements;
	struct nanos answered; /* of the wall clock: the last answer to a keep-alive; 0: none */
	uint64_t n_refused;    /* answers that were none; each ended its connection */
	bool has_acknowledgement;
	bool is_begun_anew; /* something was sent of another spool, which is gone */
};

struct sender_stats sender_stats(const struct sender *s);

#endif
