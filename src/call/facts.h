/* What one message says of its place among calls: read once, before anything is looked up. */
#ifndef CALL_FACTS_H
#define CALL_FACTS_H

#include "call/call.h"

/* Texts by which things are found are kept as keyed hashes: nobody outside can make two alike. 0:
 * there is none. */
struct facts {
	const struct call_message *m;
	enum sip_method method; /* of CSeq */
	bool is_request;
	uint32_t cseq;
	uint16_t status;
	struct sip_text call_id;
	uint64_t id;          /* of the Call-ID */
	uint64_t from_tag;    /* never 0: an absent tag is an empty one */
	uint64_t to_tag;      /* 0: none */
	uint64_t branch;      /* of the top Via; without one of RFC 3261, of what RFC 2543 has */
	uint64_t whole;       /* of all octets and both addresses */
	uint64_t sessions[2]; /* Session-ID: local, remote; 0: none, or null */
	uint64_t origin;      /* of the description's o= line */
	bool has_sdp;
	bool has_fragment; /* sdp is one: candidates that come later */
	struct sdp sdp;
};

/* False: it has no Call-ID, CSeq, From or To. */
bool facts_read(struct facts *f, const struct call_message *m, uint64_t seed);

/* Hashes of the same kinds, of what another header names. */
uint64_t facts_hash_id(uint64_t seed, struct sip_text call_id);
uint64_t facts_hash_tag(uint64_t seed, struct sip_text tag);
/* Of a URI's user and host, which is how a referred call is found again. */
uint64_t facts_hash_uri(uint64_t seed, struct sip_text uri);
/* Two hashes as one. */
uint64_t facts_pair(uint64_t a, uint64_t b);

/* Seconds that a REGISTER's or SUBSCRIBE's 2xx grants; UINT32_MAX: not said. */
uint32_t facts_expires(const struct sip_message *m);

#endif
