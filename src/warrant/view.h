/* Views: what one daemon may know of the orders, and digests by which both sides agree on it.
 *
 * A collector's view has no addresses of agencies and nothing of authorities; a mediator's has the
 * agencies that it serves and their warrants, without targets and keys. A view is orders too:
 * what was cut is absent, or has its default. */
#ifndef WARRANT_VIEW_H
#define WARRANT_VIEW_H

#include "base/json.h"
#include "conf/value.h"
#include "warrant/orders.h"

enum {
	ORDERS_MAX_MESSAGE = CONF_MAX_LEN, /* bytes of a view, or of a change, in a message */
	ORDERS_DIGEST_LEN = 65,            /* SHA-256 in hex digits, terminated */
	/* Seconds after its end that a warrant stays in a view: a collector has its last records to
	 * send, a mediator those that an agency could not be given. */
	ORDERS_GRACE_COLLECTOR_S = 3600,
	ORDERS_GRACE_MEDIATOR_S = 31 * 86400,
};

/* Who a view is for, and when. */
struct orders_daemon {
	unsigned role;    /* ORDERS_FOR_COLLECTOR or ORDERS_FOR_MEDIATOR */
	const char *name; /* as in its certificate; views of collectors are all the same */
	struct nanos now;
};

/* Cuts a view, which owns itself; orders_fini gives it back. Its lists are in order of keys. */
MUST_CHECK int orders_view(const struct orders *orders, const struct orders_daemon *daemon,
			   struct orders *out);

/* The view as one value of *j: canonical (items in order of their keys, fields in order of the
 * table, defaults too), so that equal views are equal octets. Secrets are in it. */
MUST_CHECK int orders_view_print(const struct orders *view, unsigned role, struct json *j);

/* Reads what orders_view_print wrote, with all checks that the view allows. */
MUST_CHECK int orders_view_read(struct orders *out, const struct conf_value *root, unsigned role,
				struct why *why);

/* SHA-256 of octets, as a digest is written; and of what orders_view_print writes. */
MUST_CHECK int orders_digest_of(const void *octets, size_t len, char out[ORDERS_DIGEST_LEN]);
MUST_CHECK int orders_digest(const struct orders *view, unsigned role, char out[ORDERS_DIGEST_LEN]);

#endif
