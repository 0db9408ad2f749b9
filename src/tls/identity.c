#include "tls/identity.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static const char *const roles[] = {
#define X(name, text) text,
	TLS_ROLES(X)
#undef X
};

const char *tls_role_text(enum tls_role role)
{
	return roles[role];
}

bool tls_role_of(const char *text, enum tls_role *out)
{
	for (int i = 0; i < TLS_N_ROLES; i++) {
		if (strcmp(text, roles[i]))
			continue;
		*out = (enum tls_role)i;
		return true;
	}
	return false;
}

bool tls_name_is_allowed(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++) {
		unsigned char c = (unsigned char)name[len];

		if (len == TLS_NAME_LEN - 1 || c >= 0x80 ||
		    (!isalnum(c) && (len == 0 || (c != '.' && c != '-' && c != '_'))))
			return false;
	}
	return len > 0;
}

bool tls_identity_is_equal(const struct tls_identity *a, const struct tls_identity *b)
{
	return a->role == b->role && !strcmp(a->name, b->name);
}

int tls_identity_parse(const char *text, struct tls_identity *out, struct why *why)
{
	const char *colon = strchr(text, ':');
	char role[16];

	memset(out, 0, sizeof *out);
	if (!colon)
		return why_set(why, ERR_USAGE, "\"%.60s\" is no ROLE:NAME", text);
	snprintf(role, sizeof role, "%.*s", (int)(colon - text), text);
	if ((size_t)(colon - text) >= sizeof role || !tls_role_of(role, &out->role))
		return why_set(why, ERR_USAGE,
			       "\"%.*s\" is no role (provisioner, collector, mediator, agency, "
			       "operator)",
			       (int)(colon - text < 40 ? colon - text : 40), text);
	if (!tls_name_is_allowed(colon + 1))
		return why_set(why, ERR_USAGE,
			       "\"%.70s\" is no name (1 to 63 letters, digits, '.', '-', '_')",
			       colon + 1);
	snprintf(out->name, sizeof out->name, "%s", colon + 1);
	return 0;
}

void tls_identity_print(const struct tls_identity *id, char out[TLS_IDENTITY_TEXT_LEN])
{
	snprintf(out, TLS_IDENTITY_TEXT_LEN, "%s:%s", roles[id->role], id->name);
}
