/* Who a daemon is: a role and a name. A certificate carries both in its subjectAltName, as the
 * URI "weir:ROLE:NAME"; nothing else in a certificate says who somebody is. */
#ifndef TLS_IDENTITY_H
#define TLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

#define TLS_ROLES(X)                                                                               \
	X(PROVISIONER, "provisioner")                                                              \
	X(COLLECTOR, "collector")                                                                  \
	X(MEDIATOR, "mediator")                                                                    \
	X(AGENCY, "agency")                                                                        \
	X(OPERATOR, "operator")

enum tls_role {
#define X(name, text) TLS_##name,
	TLS_ROLES(X)
#undef X
		TLS_N_ROLES
};

enum { TLS_NAME_LEN = 64, TLS_IDENTITY_TEXT_LEN = 96 };

struct tls_identity {
	enum tls_role role;
	char name[TLS_NAME_LEN]; /* 1 to 63 letters, digits, '.', '-' or '_' */
};

const char *tls_role_text(enum tls_role role);
bool tls_role_of(const char *text, enum tls_role *out);

/* 1 to 63 letters, digits, '.', '-' or '_', of which the first is a letter or digit. */
bool tls_name_is_allowed(const char *name);

bool tls_identity_is_equal(const struct tls_identity *a, const struct tls_identity *b);

/* "collector:c1" to an identity; ERR_USAGE and a reason where it is none. */
int tls_identity_parse(const char *text, struct tls_identity *out, struct why *why);

/* The same text back; out holds TLS_IDENTITY_TEXT_LEN. */
void tls_identity_print(const struct tls_identity *id, char out[TLS_IDENTITY_TEXT_LEN]);

#endif
