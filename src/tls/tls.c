#include "tls/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gcm/gcm.h"

/* In the order of preference: who sends or receives many records spends a quarter less on AES
 * with 128 bits than with 256, and both are far from being broken. */
static const char suites[] =
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

struct tls {
	SSL_CTX *openssl;
	struct tls_identity self;
};

/* ---- reasons ---- */

/* Alerts and errors that people meet, in plain words. */
static const struct {
	int reason;
	const char *text;
} reasons[] = {
	{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the peer does not believe our certificate's authority"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "our certificate has run out, says the peer"},
	{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the peer refuses our certificate"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the peer refuses our certificate"},
	{SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "our certificate is not for this use"},
	{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the peer asks for a certificate"},
	{SSL_R_TLSV1_ALERT_DECRYPT_ERROR, "the peer could not check our signature"},
	{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the peer does not speak TLS 1.3"},
	{SSL_R_UNSUPPORTED_PROTOCOL, "the peer does not speak TLS 1.3"},
	{SSL_R_WRONG_VERSION_NUMBER, "the peer does not speak TLS"},
	{SSL_R_HTTP_REQUEST, "the peer speaks HTTP, not TLS"},
	{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the peer shows no certificate"},
	{SSL_R_UNEXPECTED_EOF_WHILE_READING, "the peer ended the connection in mid-stream"},
};

static const char *reason_text(unsigned long code)
{
	if (ERR_GET_LIB(code) != ERR_LIB_SSL)
		return NULL;
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (ERR_GET_REASON(code) == reasons[i].reason)
			return reasons[i].text;
	return NULL;
}

void tls_reason(const struct ssl_st *verify, char *out, int size)
{
	unsigned long code = ERR_peek_error();
	const char *text = reason_text(code);
	long result = verify ? SSL_get_verify_result(verify) : X509_V_OK;
	const char *own = ERR_reason_error_string(code);

	if (result != X509_V_OK)
		snprintf(out, (size_t)size, "the peer's certificate is refused: %s",
			 X509_verify_cert_error_string(result));
	else if (text || own)
		snprintf(out, (size_t)size, "%s", text ? text : own);
	else if (ERR_SYSTEM_ERROR(code))
		snprintf(out, (size_t)size, "%s", strerror(ERR_GET_REASON(code)));
	else
		snprintf(out, (size_t)size, "TLS failed");
	ERR_clear_error();
}

/* ---- who a certificate names ---- */

/* The identity in one URI of a certificate; false where it is another kind of URI. */
static bool uri_identity(const GENERAL_NAME *name, struct tls_identity *out)
{
	static const char prefix[] = "weir:";
	const ASN1_STRING *uri = name->type == GEN_URI ? name->d.uniformResourceIdentifier : NULL;
	char text[TLS_IDENTITY_TEXT_LEN];
	int len = uri ? ASN1_STRING_length(uri) : 0;

	if (!uri || len >= (int)sizeof text || memchr(ASN1_STRING_get0_data(uri), 0, (size_t)len))
		return false;
	snprintf(text, sizeof text, "%.*s", len, (const char *)ASN1_STRING_get0_data(uri));
	return !strncmp(text, prefix, sizeof prefix - 1) &&
	       tls_identity_parse(text + sizeof prefix - 1, out, NULL) == 0;
}

static int identity_of(X509 *x509, struct tls_identity *out, struct why *why)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	int n = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		struct tls_identity id;

		if (!uri_identity(sk_GENERAL_NAME_value(names, i), &id))
			continue;
		*out = id;
		n++;
	}
	GENERAL_NAMES_free(names);
	if (n == 1)
		return 0;
	return why_set(why, ERR_ACCESS,
		       n ? "the certificate names more than one weir:ROLE:NAME"
			 : "the certificate names no weir:ROLE:NAME");
}

/* ---- reading the files ---- */

static int fail(struct why *why, const char *path, const char *what)
{
	char text[WHY_TEXT_LEN / 2];
	struct stat st;
	int rc = ERR_BAD;

	if (!path) {
		rc = why_set(why, ERR_USAGE, "%s is not named", what);
	} else if (stat(path, &st)) {
		rc = why_set(why, err_of_errno(errno), "%s: %s", what, strerror(errno));
	} else {
		tls_reason(NULL, text, sizeof text);
		why_set(why, rc, "%s: %s", what, text);
	}
	if (path)
		why_place(why, path);
	ERR_clear_error();
	return rc;
}

static int read_files(SSL_CTX *openssl, const struct tls_files *files, struct why *why)
{
	if (!files->authority || !SSL_CTX_load_verify_file(openssl, files->authority))
		return fail(why, files->authority, "the authority's certificate");
	if (!files->certificate ||
	    SSL_CTX_use_certificate_chain_file(openssl, files->certificate) != 1)
		return fail(why, files->certificate, "the certificate");
	if (!files->key || SSL_CTX_use_PrivateKey_file(openssl, files->key, SSL_FILETYPE_PEM) != 1)
		return fail(why, files->key, "the key");
	return 0;
}

/* A certificate that no peer would take is refused here, where somebody sees it. */
static int check_own(struct tls *tls, const struct tls_files *files, struct why *why)
{
	X509 *own = SSL_CTX_get0_certificate(tls->openssl);
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = NULL;
	int rc = check ? identity_of(own, &tls->self, why) : ERR_NOMEM;

	SSL_CTX_get0_chain_certs(tls->openssl, &chain);
	if (!rc && !X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(tls->openssl), own, chain))
		rc = ERR_NOMEM;
	if (!rc && X509_verify_cert(check) != 1)
		rc = why_set(why, ERR_BAD, "the certificate is not good: %s",
			     X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
	if (rc)
		why_place(why, files->certificate);
	X509_STORE_CTX_free(check);
	ERR_clear_error();
	return rc;
}

int tls_new(struct tls **out, const struct tls_files *files, struct why *why)
{
	struct gcm_place place = gcm_place();
	struct tls *tls = calloc(1, sizeof *tls);
	int rc = tls ? 0 : ERR_NOMEM;

	ERR_clear_error();
	if (!rc) {
		tls->openssl = SSL_CTX_new_ex(place.lib, place.query, TLS_method());
		rc = tls->openssl ? 0 : ERR_NOMEM;
	}
	if (!rc) {
		SSL_CTX_set_min_proto_version(tls->openssl, TLS1_3_VERSION);
		SSL_CTX_set_verify(tls->openssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
		/* a connection keeps its buffers, 34 KB: who carries much needs them always */
		SSL_CTX_set_mode(tls->openssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
						       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
						       SSL_MODE_NO_AUTO_CHAIN);
		/* a record and what has come of the next are read in one call */
		SSL_CTX_set_read_ahead(tls->openssl, 1);
		/* no session is resumed: each connection shows its certificate */
		SSL_CTX_set_session_cache_mode(tls->openssl, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_num_tickets(tls->openssl, 0);
		rc = SSL_CTX_set_ciphersuites(tls->openssl, suites) == 1 ? 0 : ERR_NOMEM;
	}
	if (!rc)
		rc = read_files(tls->openssl, files, why);
	if (!rc)
		rc = check_own(tls, files, why);
	if (rc == ERR_NOMEM)
		why_set(why, rc, "%s", err_text(rc));
	if (rc)
		tls_free(&tls);
	*out = tls;
	return rc;
}

void tls_free(struct tls **out)
{
	struct tls *tls = *out;

	*out = NULL;
	if (!tls)
		return;
	SSL_CTX_free(tls->openssl);
	free(tls);
}

const struct tls_identity *tls_self(const struct tls *tls)
{
	return &tls->self;
}

/* ---- sessions ---- */

struct ssl_st *tls_session_new(const struct tls *tls, bool is_server)
{
	SSL *session = SSL_new(tls->openssl);

	if (!session)
		return NULL;
	if (is_server)
		SSL_set_accept_state(session);
	else
		SSL_set_connect_state(session);
	return session;
}

void tls_session_free(struct ssl_st **session)
{
	SSL_free(*session);
	*session = NULL;
}

int tls_peer(const struct ssl_st *session, struct tls_identity *out, struct why *why)
{
	X509 *x509 = SSL_get1_peer_certificate(session);
	int rc;

	memset(out, 0, sizeof *out);
	if (!x509)
		return why_set(why, ERR_ACCESS, "the peer shows no certificate");
	rc = identity_of(x509, out, why);
	X509_free(x509);
	return rc;
}
