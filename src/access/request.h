/* Requests that wait for an answer, and those that were answered a moment ago, so that one sent
 * again is known; and answers that came before their request. */
#ifndef ACCESS_REQUEST_H
#define ACCESS_REQUEST_H

#include "access/message.h"
#include "base/list.h"

enum request_state {
	REQUEST_WAITING,    /* Access-Request: its facts are kept */
	REQUEST_ANSWERED,   /* … answered */
	REQUEST_CHALLENGED, /* who must ask again: found by the State that he brings */
	REQUEST_ACCOUNTING, /* Accounting-Request of a session */
	REQUEST_EARLY,      /* an answer whose request is not here yet: its octets are kept */
};

struct request {
	struct index_entry by_key;
	struct list in_age;
	struct nanos heard;
	uint64_t session; /* id of the session that it is about, or will be; 0: none */
	enum request_state state;
	struct nas_key nas_key;
	struct net_ip nas;
	struct net_ip client;
	struct net_ip server;
	uint16_t client_port;
	uint16_t server_port;
	uint8_t identifier;
	bool is_accounting;
	uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN];
	uint8_t answer[RADIUS_AUTHENTICATOR_LEN]; /* authenticator of what answered it */
	uint8_t *bytes; /* facts of the one who asks; or the early answer */
	size_t len;
	uint8_t *sent_state; /* by a challenge */
	size_t sent_state_len;
};

struct requests {
	struct index by_key;
	struct list age;   /* heard of longest ago first */
	struct list spare; /* of no use now, kept for the next */
	uint32_t n;
	uint32_t max;
	uint64_t seed;
};

MUST_CHECK int requests_init(struct requests *r, uint32_t max, uint64_t seed);
void requests_fini(struct requests *r);

/* What was heard of a datagram's addresses, ports, identifier and kind (access or accounting),
 * whichever way it goes. A challenge that waits is not found so. */
struct request *requests_find(const struct requests *r, const struct message *m);
/* The challenge that sent this message's State to this client. */
struct request *requests_find_challenge(const struct requests *r, const struct message *m);

/* Notes a message; bytes are copied. NULL: out of memory. The caller has made room. */
struct request *requests_add(struct requests *r, const struct message *m, enum request_state state,
			     struct rd bytes);
/* Notes that who sent the request must ask again, with the State of m, which answered it. NULL: out
 * of memory. */
struct request *requests_add_challenge(struct requests *r, const struct request *request,
				       const struct message *m);
void requests_drop(struct requests *r, struct request *request);

/* It was heard of again. */
void requests_touch(struct requests *r, struct request *request, struct nanos now);
struct request *requests_oldest(const struct requests *r);

#endif
