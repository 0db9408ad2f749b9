/* Inside provision only: what its files share. */
#ifndef PROVISION_OWN_H
#define PROVISION_OWN_H

#include "ledger/statement.h"
#include "provision/holding.h"
#include "provision/peers.h"
#include "provision/provision.h"
#include "rest/rest.h"
#include "gauge/gauge.h"
#include "rest/server.h"
#include "store/audit_key.h"
#include "store/seal.h"
#include "store/store.h"
#include "tls/tls.h"

struct provision {
	const struct provision_conf *conf;
	const char *version;
	char software[LINK_SOFTWARE_LEN]; /* what peers are told */
	struct loop *loop;
	struct tls *tls;
	struct store *store;
	struct seal *seal;
	struct ledger_signer *statement_signer; /* NULL: no statements are made */
	struct audit_key *audit_key;
	struct holding held;
	struct peers *peers;
	struct rest rest;
	struct rest_server *server;
	struct gauge *gauge;
	struct nanos started;
};

/* Why a change was refused, for REST and for the log. */
struct refusal {
	int status; /* of HTTP */
	char field[CONF_PATH_LEN];
	char text[WHY_TEXT_LEN];
};

/* Who makes a change: a key of the API, or the provisioner itself. */
struct actor {
	const char *name;
	const char *role;
	const char *address;
	bool may_drop; /* records that an agency is still owed, with the agency */
};

/* ---- change.c: each checks, commits with an audit entry, then changes what is held and lets
 * the peers know. 0 or ERR_*, and then the refusal. ---- */

/* Moves the item in. *is_new: there was none of its key. Nothing is changed, and no revision
 * made, where the same is held already. */
MUST_CHECK int change_put(struct provision *p, const struct actor *who, const struct kind *kind,
			  void *item, struct refusal *refusal);
MUST_CHECK int change_remove(struct provision *p, const struct actor *who, const struct kind *kind,
			     size_t i, struct refusal *refusal);

/* Takes whole orders in, in place of all that is held but collectors; *orders is empty afterwards
 * where that is done. */
struct change_count {
	size_t n_put, n_removed;
};
MUST_CHECK int change_replace(struct provision *p, const struct actor *who, struct orders *orders,
			      struct change_count *count, struct refusal *refusal);

/* Everything from the store. */
MUST_CHECK int change_load(struct provision *p, struct why *why);

/* Adds an entry about something that is no document, within a set of changes. */
MUST_CHECK int change_audit(struct provision *p, const struct actor *who,
			    const struct store_audit *entry, struct why *why);

int refuse(struct refusal *refusal, int status, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A reason of conf as a refusal: "targets[0].prefix: …" is a field and its reason. */
int refuse_why(struct refusal *refusal, int status, int rc, const struct why *why);

/* ---- backlog.c ---- */

enum backlog_place {
	BACKLOG_ANYWHERE,
	BACKLOG_AT_MEDIATORS, /* what collectors have goes to another mediator then */
};

/* Refused (409) where the agency is still owed records, as far as the daemons have told. */
MUST_CHECK int backlog_check(struct provision *p, const char *agency, enum backlog_place place,
			     struct refusal *refusal);

/* ---- heard.c: what daemons tell; owner is the provision ---- */

MUST_CHECK int heard_message(void *owner, const struct tls_identity *from,
			     const struct conf_value *message, struct why *why);

/* ---- ledger.c ---- */

/* What a daemon tells of its ledger is kept. */
MUST_CHECK int ledger_hear(struct provision *p, const struct tls_identity *from,
			   const struct conf_value *message, struct why *why);

/* ---- secret.c: secrets on their way into and out of the store and requests ---- */

/* Seals, opens the secrets of an item's tree in place. */
MUST_CHECK int secret_seal(const struct seal *seal, const struct kind *kind, const char *key,
			   struct conf_doc *doc, struct conf_value *item);
MUST_CHECK int secret_open(const struct seal *seal, const struct kind *kind, const char *key,
			   struct conf_doc *doc, struct conf_value *item);

/* Where an item from outside says "(secret)", what is held under its key is meant. */
MUST_CHECK int secret_keep(const struct holding *held, const struct kind *kind,
			   struct conf_doc *doc, struct conf_value *item, struct refusal *refusal);

/* ---- the routes ---- */

extern const struct rest_route provision_routes[];
extern const size_t provision_n_routes;

void item_list(void *owner, const struct rest_request *request, struct rest_answer *answer);
void item_get(void *owner, const struct rest_request *request, struct rest_answer *answer);
void item_post(void *owner, const struct rest_request *request, struct rest_answer *answer);
void item_put(void *owner, const struct rest_request *request, struct rest_answer *answer);
void item_remove(void *owner, const struct rest_request *request, struct rest_answer *answer);
void whole_get(void *owner, const struct rest_request *request, struct rest_answer *answer);
void whole_put(void *owner, const struct rest_request *request, struct rest_answer *answer);
void key_list(void *owner, const struct rest_request *request, struct rest_answer *answer);
void key_post(void *owner, const struct rest_request *request, struct rest_answer *answer);
void key_remove(void *owner, const struct rest_request *request, struct rest_answer *answer);
void audit_list(void *owner, const struct rest_request *request, struct rest_answer *answer);
void audit_check(void *owner, const struct rest_request *request, struct rest_answer *answer);
void ledger_get(void *owner, const struct rest_request *request, struct rest_answer *answer);
void statement_post(void *owner, const struct rest_request *request, struct rest_answer *answer);
void status_get(void *owner, const struct rest_request *request, struct rest_answer *answer);
void openapi_get(void *owner, const struct rest_request *request, struct rest_answer *answer);

/* ---- routes.c: the members of its status ---- */

void status_print(void *owner, struct json *j);

/* ---- what routes share ---- */

void answer_refusal(struct rest_answer *answer, const struct refusal *refusal);
struct actor actor_of(const struct rest_request *request);
const struct kind *kind_of(const struct rest_request *request);

/* The body as a tree; false with the answer. */
bool body_read(const struct rest_request *request, struct conf_doc **doc,
	       struct rest_answer *answer);

/* The body as an item of the kind, in memory of its own; NULL with the answer. */
void *item_read(const struct provision *p, const struct kind *kind,
		const struct rest_request *request, struct rest_answer *answer);

/* "limit" of the query, 1 to most; false with the answer. */
bool limit_read(const struct rest_request *request, int64_t most, int64_t *out,
		struct rest_answer *answer);

/* The record of a new key, as POST /keys takes it. */
struct key_order {
	char *name;
	int role;
};
extern const struct conf_record key_order_record;

/* Makes a key and its audit entry, in a set of changes that is committed when keep says 0. */
struct key_keeper {
	int (*keep)(void *arg, const char *token, struct why *why);
	void *arg;
};
MUST_CHECK int key_make(struct provision *p, const struct actor *who, const struct key_order *order,
			const struct key_keeper *keeper, struct why *why);

#endif
