/* A warrant as it is executed, with all that is needed of the orders, so
 * that these may change or go. It stays when its warrant is gone: numbers are not used again. */
#ifndef MANDATE_MANDATE_H
#define MANDATE_MANDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "etsi/seal.h"
#include "integrity/integrity.h"
#include "mandate/counts.h"
#include "mandate/session.h"
#include "warrant/orders.h"

struct identity {
	enum target_kind kind; /* of those that RADIUS tells of */
	char *text;
};

/* What the records of a warrant have in common: a change of it is a change of their headers. */
struct terms {
	char liid[ETSI_MAX_LIID + 1];
	char authorization_country[ETSI_COUNTRY_LEN + 1];
	char delivery_country[ETSI_COUNTRY_LEN + 1];
	char operator_id[ETSI_MAX_OPERATOR + 1];
	char network_element[ETSI_MAX_NETWORK_ELEMENT + 1];
	char interception_point[ETSI_MAX_POINT + 1];
	uint32_t header_version;
	uint32_t service_version;
	uint32_t time_form;
};

struct mandate {
	char *key;
	struct terms terms;
	struct seal_key *key_of_payload; /* immutable: replaced as a whole; NULL: not encrypted */
	struct integrity_plan *plan;     /* NULL: no integrity checks */
	uint32_t slot;
	uint32_t desk;
	int64_t start_ns;
	int64_t end_ns;
	int64_t known_ns; /* since when it is in the orders; INT64_MIN: from the beginning */
	int64_t from_ns;  /* when its interception began */
	uint8_t access_type;
	bool delivers_iri;
	bool delivers_cc;
	bool has_flags;    /* segment flags go around the records of each communication */
	bool tells_resets; /* … and CIN resets are told */
	bool has_comfort;  /* comfort noise is delivered */
	bool is_ordered;   /* it is in the orders */
	bool is_started;   /* time has come to its start */
	bool is_over;      /* it was closed at its end */
	bool is_loaded;    /* from a state */
	bool has_news;     /* of its identities: subscribers must be looked through */
	struct identity *identities;
	size_t n_identities;
	struct session *statics; /* in the order of CINs; those that are gone too */
	struct session *dynamics;
	uint32_t *cins; /* given to dynamic sessions, sorted */
	size_t n_cins;
	size_t cins_size;
	struct intercept_counts counts;
	struct intercept_health health; /* of those who look at it */
};

MUST_CHECK int mandate_new(struct mandate **out, const char *key, uint32_t slot);
void mandate_free(struct mandate **m);
/* Overwrites and frees a key of payloads. */
void mandate_free_key(void *key);

/* What mandate_set has replaced. */
struct mandate_change {
	bool has_terms;       /* headers must be made anew */
	struct seal_key *key; /* the key of before, which workers may still use; NULL: none */
};

/* The integrity checks that the warrant's agency asks for; *out is NULL for none, else to be freed.
 * mandate_has_plan: whether they are those of the mandate. */
MUST_CHECK int mandate_plan(const struct agency *a, const struct signer *signer,
			    struct integrity_plan **out);
bool mandate_has_plan(const struct mandate *m, const struct integrity_plan *plan);

/* Takes over what the orders say, but for targets by prefix and of calls. place: the network
 * element of its records; NULL: the operator's. */
MUST_CHECK int mandate_set(struct mandate *m, const struct orders *orders, const struct warrant *w,
			   const char *place, struct mandate_change *change);

/* Whether its time has this moment. */
static inline bool mandate_covers(const struct mandate *m, int64_t ns)
{
	return ns >= m->start_ns && ns < m->end_ns;
}

/* Whether a RADIUS identity is one of its targets. */
bool mandate_names(const struct mandate *m, enum target_kind kind, const void *octets, size_t len);

/* A CIN for a dynamic session, from a hash of what it is: the first from there on that no other
 * session of the mandate has or had. It is taken then. */
MUST_CHECK int mandate_take_cin(struct mandate *m, uint64_t hash, uint32_t *cin);
/* Notes a CIN as taken; 0 also where it was. */
MUST_CHECK int mandate_note_cin(struct mandate *m, uint32_t cin);

/* The header of its records with this CIN. */
MUST_CHECK int mandate_header(const struct mandate *m, uint32_t cin, struct etsi_header *out,
			      struct why *why);

#endif
