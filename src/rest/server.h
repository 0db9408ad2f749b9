/* The REST API on a socket: HTTP/1.1 by libmicrohttpd, within the daemon's loop, so that answers
 * are made on the loop's thread like everything else. HTTPS is TLS 1.3 only. */
#ifndef REST_SERVER_H
#define REST_SERVER_H

#include "base/why.h"
#include "conf/field.h"
#include "loop/loop.h"
#include "rest/rest.h"

struct rest_server;

struct rest_options {
	struct conf_endpoint listen; /* port 0: one that is free */
	bool is_plain;               /* without TLS */
	const char *certificate;     /* paths of PEM files, where it is not */
	const char *key;
};

/* Serves rest, which it borrows, from the next turn of the loop on. */
MUST_CHECK int rest_server_new(struct rest_server **out, struct loop *loop, struct rest *rest,
			       const struct rest_options *options, struct why *why);
void rest_server_free(struct rest_server **server);

/* The port it listens on. */
uint16_t rest_server_port(const struct rest_server *server);

#endif
