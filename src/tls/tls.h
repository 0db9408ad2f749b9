/* TLS 1.3 between those who have a certificate of the same authority, and no others: both ends
 * show theirs, both check. What a certificate says of its owner is in identity.h; wire.h carries
 * bytes, plain or through TLS. No name is looked up, no host name is checked: who the peer is,
 * is its role and name. */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include "base/err.h"
#include "base/why.h"
#include "tls/identity.h"

struct ssl_st;
struct tls;

/* Paths of PEM files. */
struct tls_files {
	const char *certificate; /* one's own, with those between it and the authority, if any */
	const char *key;
	const char *authority; /* whose certificates are believed */
};

/* Reads the files. The reason names the file, and what is wrong with it: not there, not PEM, key
 * of another certificate, without role and name, not by the authority, run out. */
MUST_CHECK int tls_new(struct tls **out, const struct tls_files *files, struct why *why);
void tls_free(struct tls **tls);

/* Whom one's own certificate names. */
const struct tls_identity *tls_self(const struct tls *tls);

/* A session for a connection, to be freed by tls_session_free; NULL when there is no memory. */
struct ssl_st *tls_session_new(const struct tls *tls, bool is_server);
void tls_session_free(struct ssl_st **session);

/* Whom the peer's certificate names, after the handshake. ERR_ACCESS with a reason where it shows
 * none, or one without a role and name. */
MUST_CHECK int tls_peer(const struct ssl_st *session, struct tls_identity *out, struct why *why);

/* Why the last call of OpenSSL on this thread failed, in words; empties its queue. verify is
 * the session whose verification may say more, or NULL. */
void tls_reason(const struct ssl_st *verify, char *out, int size);

#endif
