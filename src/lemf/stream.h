/* The streams that a receiver follows: one for each (operator, network element, LIID, CIN, kind),
 * since a CIN is its network element's (TS 102 232-1 clause 5.2.4), with its numbers, its order,
 * and its integrity checks. Bounded: what is beyond is counted, not followed. */
#ifndef LEMF_STREAM_H
#define LEMF_STREAM_H

#include "base/err.h"
#include "base/nanos.h"
#include "etsi/ipiri.h"
#include "etsi/record.h"
#include "integrity/verify.h"
#include "lemf/number.h"

#define LEMF_KINDS(X)                                                                              \
	X(IRI, "iri", "IRIs")                                                                      \
	X(CC, "cc", "CCs")                                                                         \
	X(HI1, "hi1", "HI1 notifications")                                                         \
	X(HASH_IRI, "hash-of-iri", "hashes of IRIs")                                               \
	X(HASH_CC, "hash-of-cc", "hashes of CCs")                                                  \
	X(SIGNATURE_IRI, "signature-of-iri", "signatures of IRIs")                                 \
	X(SIGNATURE_CC, "signature-of-cc", "signatures of CCs")

enum lemf_kind {
#define X(name, word, text) LEMF_KIND_##name,
	LEMF_KINDS(X)
#undef X
		LEMF_N_KINDS
};

const char *lemf_kind_word(enum lemf_kind kind);
const char *lemf_kind_text(enum lemf_kind kind);

enum { LEMF_MAX_LIID = 25, LEMF_MAX_PLACE = 16 };

/* A name in the header; what is longer is cut. */
struct lemf_place_name {
	uint8_t octets[LEMF_MAX_PLACE];
	uint8_t len;
};

struct lemf_key {
	uint8_t liid[LEMF_MAX_LIID];
	uint8_t liid_len;
	struct lemf_place_name operator_id;
	struct lemf_place_name network_element; /* empty: none is told */
	bool has_cin;
	uint8_t kind; /* enum lemf_kind */
	uint32_t cin;
};

enum lemf_iri_state { LEMF_IRI_NONE, LEMF_IRI_OPEN, LEMF_IRI_ENDED, LEMF_IRI_ANY };

struct lemf_stream {
	struct lemf_stream *next; /* in the order in which they began */
	struct lemf_key key;
	struct lemf_numbers numbers;
	uint64_t n_records;
	uint64_t n_octets;
	struct nanos first, latest;
	uint8_t iri_state; /* enum lemf_iri_state; of the IRI stream */
	/* of IRI and CC: what waits for its integrity check; NULL: nobody checks it */
	struct verifier *verifier;
	size_t n_kept;   /* octets in it, at most */
	bool has_checks; /* an integrity check has come */
};

struct lemf_streams;

/* At most max streams; their verifiers keep at most max_kept octets in all. */
MUST_CHECK int lemf_streams_new(struct lemf_streams **out, size_t max, size_t max_kept);
void lemf_streams_free(struct lemf_streams **s);

/* The stream of the key, new where there was none; NULL when there are too many, or no memory. */
struct lemf_stream *lemf_streams_get(struct lemf_streams *s, const struct lemf_key *key);

/* The stream of the key, or NULL. */
struct lemf_stream *lemf_streams_find(const struct lemf_streams *s, const struct lemf_key *key);

struct lemf_stream *lemf_streams_first(const struct lemf_streams *s);
size_t lemf_streams_n(const struct lemf_streams *s);

/* Whether so many octets more may be kept for a stream's integrity check; gives its verifier. A
 * stream that fills its share without a single check is taken for one without checks: what it
 * kept is given up. */
struct verifier *lemf_streams_keep(struct lemf_streams *s, struct lemf_stream *stream, size_t len);

/* A check covered what the stream kept. */
void lemf_streams_kept(struct lemf_streams *s, struct lemf_stream *stream);

/* Whether an IRI of this type may come now, and the state after it. */
bool lemf_iri_may_come(struct lemf_stream *stream, enum etsi_iri_type type);

#endif
