/* A session is one (warrant, CIN), with the header of its records, its
 * sequence numbers and its state. Static ones are prefixes of the orders; dynamic ones a
 * subscriber's session, as RADIUS tells of it. Only who has the turn changes one. */
#ifndef MANDATE_SESSION_H
#define MANDATE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "access/access.h"
#include "base/err.h"
#include "base/slab.h"
#include "base/why.h"
#include "etsi/header.h"
#include "etsi/ipiri.h"
#include "ledger/row.h"
#include "mandate/call.h"
#include "net/ip.h"

enum session_state {
	SESSION_IDLE,  /* nothing was told yet */
	SESSION_BEGUN, /* its BEGIN was */
	SESSION_GONE,  /* a static one that the orders do not name any more */
};

/* What a packet reads of it is its first line, unless it is encrypted. */
struct session {
	_Alignas(64) uint64_t access_id; /* 0: static; of a call: SESSION_OF_CALL and its number */
	struct etsi_header *header;      /* immutable: replaced as a whole */
	struct mandate *mandate;
	struct session_call *call; /* NULL: it is none */
	uint64_t next_cc;          /* sequence numbers: beyond UINT32_MAX there is none */
	enum session_state state;
	uint32_t slot;
	struct ledger_row *rows[LEDGER_N_KINDS]; /* the ledger's; NULL: ask for it */
	uint64_t next_iri;
	uint64_t bytes_cc; /* byteCounter of the next encrypted record; 0: none yet */
	uint64_t bytes_iri;
	int64_t since_ns;     /* dynamic: from when on it has addresses; 0: from before the state */
	struct session *next; /* of its mandate */
	struct net_prefix *prefixes; /* static: the orders'; dynamic: those that are watched */
	size_t n_prefixes;
	uint64_t loaded_iri; /* as they were when a state had been loaded */
	uint64_t loaded_cc;
	struct integrity *checks[2]; /* HI2's and HI3's; NULL: none open */
	uint32_t hash_seq[2];        /* numbers of the next check */
	uint32_t sign_seq[2];
	uint32_t cin;
	bool has_first;           /* it is, or was, in use: workers may still look at it */
	struct etsi_header first; /* its first header */
};

/* One that is a call: what its packets read lies side by side. */
struct session_of_call {
	struct session session;
	struct session_call call;
};

#define SESSION_OF_CALL (UINT64_C(1) << 63)

/* Makes a session without header and mandate: a call's from a slab of struct session_of_call, other
 * ones alone (NULL). */
MUST_CHECK int session_new(struct session **out, uint32_t cin, uint64_t access_id,
			   struct slab *calls);
/* When no worker looks at its header and streams any more. */
void session_free(struct session **s);

/* Gives it a copy of this header. *old is to be freed, by free, when no worker looks at it any
 * more; NULL: there is nothing to free. */
MUST_CHECK int session_set_header(struct session *s, const struct etsi_header *h, void **old);

/* Asks for what a packet of the call's will read. Not for others. */
static inline void session_prefetch(const struct session *s)
{
	const struct session_of_call *of = (const void *)s;

	__builtin_prefetch(&of->session);
	__builtin_prefetch(&of->call);
	etsi_header_prefetch(&of->session.first);
}

/* Replaces the prefixes by copies of these. */
MUST_CHECK int session_set_prefixes(struct session *s, const struct net_prefix *prefixes, size_t n);

/* Room for what an IRI borrows while it is encoded. */
struct session_iri {
	struct ipiri iri;
	struct etsi_address addresses[ACCESS_MAX_ADDRESSES];
	struct etsi_text routes[16];
	uint8_t location[16]; /* 3GPP's, in the form of the schema */
	uint8_t access_point[6];
};

/* The facts of a static session's IRI: *many is room for one address for each prefix. */
void session_describe_static(const struct session *s, struct etsi_address *many, struct ipiri *out);

/* Those of a dynamic one's, as RADIUS tells. What the schema has no room for is left out. */
void session_describe(const struct access_session *a, struct session_iri *out);

#endif
