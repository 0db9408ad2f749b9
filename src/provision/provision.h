/* The provisioner: keeps what must be intercepted (store), takes changes of it from people
 * (rest), and tells collectors and mediators what each of them must know (link).
 *
 *	request -> route -> change: checked, committed, audited -> memory -> peers: view, message */
#ifndef PROVISION_PROVISION_H
#define PROVISION_PROVISION_H

#include "base/why.h"
#include "conf/record.h"
#include "daemon/daemon.h"
#include "loop/loop.h"

/* How people reach the REST API. */
#define PROVISION_FIELDS(X)                                                                        \
	DAEMON_FIELDS(X)                                                                           \
	X(LISTEN, listen, .otherwise = "127.0.0.1:7600",                                           \
	  .doc = "where collectors and mediators reach it")                                        \
	X(LISTEN, rest_listen, .otherwise = "127.0.0.1:7680",                                      \
	  .doc = "where people reach its REST API")                                                \
	X(WORD, rest_transport, .otherwise = "tls", .names = daemon_transports,                    \
	  .doc = "how the REST API is reached; tls uses certificate and key")                      \
	X(PATH, store, .place = CONF_PLACE_FILE, .otherwise = "/var/lib/weir/provisioner.db",      \
	  .doc = "file (SQLite) in which it keeps everything")                                     \
	X(PATH, seal_key, .place = CONF_PLACE_MADE,                                                \
	  .doc = "file of the key under which secrets in the store are sealed, made at the "       \
		 "first start; STORE.key where it is not named")                                   \
	X(PATH, statement_key,                                                                     \
	  .doc = "file (PEM) of the operator's Ed25519 key, which signs statements of the "        \
		 "ledger; without it none are made")                                               \
	X(PATH, audit_key, .place = CONF_PLACE_MADE,                                               \
	  .doc = "file (PEM, Ed25519) of the key that signs the audit log, made at the first "     \
		 "start; STORE.audit-key where it is not named")                                   \
	X(PATH, orders, .doc = "file (weir-orders(5)) that is taken in at the first start")        \
	X(PATH, first_key, .place = CONF_PLACE_MADE,                                               \
	  .doc = "file to which the first key of the REST API is written at the first start; "     \
		 "printed once where it is not named")

struct provision_conf {
	CONF_STRUCT(PROVISION_FIELDS)
};

extern const struct conf_record provision_conf_record;

struct provision;

/* Opens the store, takes in what it is told to at the first start, and listens. conf is borrowed
 * for good. version is told to peers. */
MUST_CHECK int provision_new(struct provision **out, struct loop *loop,
			     const struct provision_conf *conf, const char *version,
			     struct why *why);
void provision_free(struct provision **p);

#endif
