/* Collectors and mediators, as they connect. Each is sent its view of the orders, then what
 * changes in it, and says by a digest what it has: where that is not what it should have, it is
 * sent the whole again. A digest is SHA-256 of the view's canonical JSON.
 *
 *	provisioner                                        daemon
 *	    | -- {"type":"orders","orders":{…},"digest"} -> |
 *	    | <------------- {"type":"have","digest":…} --- |   agreed
 *	    | -- {"type":"change","put","remove","digest"}  |
 *	    | <------------- {"type":"have","digest":…} --- |   agreed, or the whole again
 *	    | <------------- {"type":"status",…} ---------- |   every few seconds
 *	    | <-- {"type":"report","number","report":{…}} - |   until
 *	    | -- {"type":"heard","number":…} -------------> |   this says that it was heard
 *	    | <------------- {"type":"ask","number":…} ---- |   are these the newest?
 *	    | -- {"type":"current","number","digest"} ----> |   yes: it was sent all there is */
#ifndef PROVISION_PEERS_H
#define PROVISION_PEERS_H

#include "base/json.h"
#include "conf/field.h"
#include "link/link.h"
#include "provision/holding.h"

struct peers;

struct peers_options {
	struct loop *loop;
	struct conf_endpoint listen;
	const char *name; /* the provisioner's own */
	const char *software;
	const struct tls *tls; /* NULL: plain */
	const struct holding *held;
	/* Anything else that one of them tells; NULL: is passed over. A report (type "report") is
	 * answered as heard where this returns 0. */
	int (*hear)(void *owner, const struct tls_identity *from, const struct conf_value *message,
		    struct why *why);
	void *owner;
	struct nanos again; /* 0: 5 s between two wholes for one who has something else */
};

/* Listens. held is borrowed for good. */
MUST_CHECK int peers_new(struct peers **out, const struct peers_options *options, struct why *why);
void peers_free(struct peers **peers);
uint16_t peers_port(const struct peers *peers);

/* Something that is held has changed: soon, all whom that concerns are told. Many changes that
 * follow closely are told at once. peers may be NULL. */
void peers_changed(struct peers *peers);

/* How many messages went out since the start: whole views, and changes. */
struct peers_count {
	uint64_t n_orders, n_changes, n_again, n_pushes;
	struct nanos last_push; /* what the last push took */
};
struct peers_count peers_count(const struct peers *peers);

/* Every registered collector and mediator, as one list of *j. */
void peers_print(const struct peers *peers, struct json *j);

#endif
