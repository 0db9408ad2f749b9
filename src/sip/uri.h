/* URIs of SIP and of telephones (RFC 3261 19.1, RFC 3966), in place.
 *
 *	sip:alice:secret@example.org:5060;transport=tcp?subject=lunch
 *	tel:+31-20-555-1234;phone-context=…
 *
 * What is escaped by % stays so: sip_text_unescape resolves it. */
#ifndef SIP_URI_H
#define SIP_URI_H

#include "sip/text.h"

#define SIP_SCHEMES(X)                                                                             \
	X(SIP, "sip")                                                                              \
	X(SIPS, "sips")                                                                            \
	X(TEL, "tel")

enum sip_scheme {
	SIP_SCHEME_OTHER,
#define X(name, text) SIP_SCHEME_##name,
	SIP_SCHEMES(X)
#undef X
};

struct sip_uri {
	enum sip_scheme scheme;
	struct sip_text scheme_name;
	struct sip_text user;     /* not there where there is no '@'; tel: the number as written */
	struct sip_text password; /* not there: none */
	struct sip_host host;     /* sip and sips */
	uint16_t port;            /* 0: none */
	struct sip_text params;   /* behind the first ';', for sip_param_next */
	struct sip_text headers;  /* behind '?': "name=value&…", escaped */
	struct sip_text opaque;   /* another scheme: all behind the colon */
};

/* ERR_BAD: it is none by the grammar: no scheme, white space in it, no host, a port that is none,
 * a '%' before what is not two digits in host or port, angle brackets. */
MUST_CHECK int sip_uri_read(struct sip_text t, struct sip_uri *out);

/* A header that the URI carries, e.g. "Replaces" in a Refer-To; still escaped. */
bool sip_uri_header(const struct sip_uri *uri, const char *name, struct sip_text *value);

/* Whether they mean the same (RFC 3261 19.1.4; tel by RFC 3966 5): users with the same octets once
 * unescaped, hosts whatever their letters' case, ports, and the parameters that count: user, ttl,
 * method, maddr and transport must be in both or in none, others that are in both must be alike.
 * URIs with more than SIP_URI_PARAMS parameters are the same only octet for octet. */
enum { SIP_URI_PARAMS = 32 };
bool sip_uri_same(const struct sip_uri *a, const struct sip_uri *b);

#endif
