#include "tls/make.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tls/tls.h"

enum {
	SLACK_S = 3600, /* valid since an hour ago: others' clocks differ */
	DAY_S = 86400,
	SERIAL_LEN = 16,
	NAMES_LEN = 8192,
};

/* A key and the certificate of it; either may be absent. */
struct pair {
	EVP_PKEY *key;
	X509 *x509;
};

static void pair_fini(struct pair *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->x509);
	*p = (struct pair){NULL, NULL};
}

static int fail(struct why *why, int rc, const char *path, const char *what)
{
	char text[WHY_TEXT_LEN / 2];

	tls_reason(NULL, text, sizeof text);
	why_set(why, rc, "%s: %s", what, rc == ERR_BAD ? text : strerror(errno));
	why_place(why, path);
	return rc;
}

static int path_of(const char *dir, const char *name, const char *suffix,
		   char out[TLS_MAKE_PATH_LEN], struct why *why)
{
	if (snprintf(out, TLS_MAKE_PATH_LEN, "%s/%s.%s", dir, name, suffix) < TLS_MAKE_PATH_LEN)
		return 0;
	return why_set(why, ERR_USAGE, "the folder's name is too long");
}

/* ---- files ---- */

/* A new file, whole on disk or not there. */
static int write_pem(const char *path, const struct pair *p, bool is_key, struct why *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_key ? 0600 : 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool is_ok;

	if (fd < 0 && errno == EEXIST) {
		why_place(why, path);
		return why_set(why, ERR_USAGE, "is there already; it is not overwritten");
	}
	if (!f) {
		if (fd >= 0)
			close(fd);
		return fail(why, err_of_errno(errno), path, "cannot be written");
	}
	is_ok = is_key ? PEM_write_PKCS8PrivateKey(f, p->key, NULL, NULL, 0, NULL, NULL) == 1
		       : PEM_write_X509(f, p->x509) == 1;
	is_ok = fflush(f) == 0 && is_ok && fsync(fd) == 0;
	is_ok = fclose(f) == 0 && is_ok;
	if (is_ok)
		return 0;
	unlink(path);
	return fail(why, err_of_errno(errno), path, "cannot be written");
}

/* Both files of a pair, or none. */
static int write_pair(const char *dir, const char *name, const struct pair *p, struct why *why)
{
	char key[TLS_MAKE_PATH_LEN];
	char certificate[TLS_MAKE_PATH_LEN];
	int rc = path_of(dir, name, "key", key, why);

	if (!rc)
		rc = path_of(dir, name, "pem", certificate, why);
	if (!rc)
		rc = write_pem(key, p, true, why);
	if (rc)
		return rc;
	rc = write_pem(certificate, p, false, why);
	if (rc)
		unlink(key);
	return rc;
}

static int read_pair(const char *dir, const char *name, struct pair *p, struct why *why)
{
	char path[TLS_MAKE_PATH_LEN];
	int rc = path_of(dir, name, "key", path, why);
	FILE *f = rc ? NULL : fopen(path, "re");

	if (rc)
		return rc;
	if (!f)
		return fail(why, err_of_errno(errno), path, "the authority's key");
	p->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (!p->key)
		return fail(why, ERR_BAD, path, "the authority's key");
	rc = path_of(dir, name, "pem", path, why);
	f = rc ? NULL : fopen(path, "re");
	if (rc)
		return rc;
	if (!f)
		return fail(why, err_of_errno(errno), path, "the authority's certificate");
	p->x509 = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	return p->x509 ? 0 : fail(why, ERR_BAD, path, "the authority's certificate");
}

/* ---- certificates ---- */

static bool add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX parties;
	X509_EXTENSION *extension;
	bool is_ok;

	X509V3_set_ctx(&parties, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &parties, nid, value);
	is_ok = extension && X509_add_ext(x509, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_ok;
}

static bool set_serial(X509 *x509)
{
	unsigned char bytes[SERIAL_LEN];
	BIGNUM *n;
	bool is_ok;

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x3f) | 0x40; /* positive, and of full length */
	n = BN_bin2bn(bytes, sizeof bytes, NULL);
	is_ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x509));
	BN_free(n);
	return is_ok;
}

static bool set_name(X509 *x509, const char *name)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
					  (const unsigned char *)name, -1, -1, 0) == 1;
}

/* From an hour ago for so many days, but not beyond the issuer's end. */
static bool set_times(X509 *x509, const X509 *issuer, int days)
{
	time_t end = time(NULL) + (time_t)days * DAY_S;

	if (!X509_gmtime_adj(X509_getm_notBefore(x509), -SLACK_S))
		return false;
	if (issuer != x509 && X509_cmp_time(X509_get0_notAfter(issuer), &end) < 0)
		return X509_set1_notAfter(x509, X509_get0_notAfter(issuer)) == 1;
	return ASN1_TIME_set(X509_getm_notAfter(x509), end) != NULL;
}

/* A fresh key and a certificate of it that only lacks its extensions and signature. */
static bool begin(struct pair *p, const char *name, const X509 *issuer, int days)
{
	p->key = EVP_EC_gen("P-256");
	p->x509 = X509_new();
	return p->key && p->x509 && X509_set_version(p->x509, X509_VERSION_3) == 1 &&
	       set_serial(p->x509) && set_name(p->x509, name) &&
	       X509_set_issuer_name(p->x509, X509_get_subject_name(issuer ? issuer : p->x509)) ==
		       1 &&
	       set_times(p->x509, issuer ? issuer : p->x509, days) &&
	       X509_set_pubkey(p->x509, p->key) == 1;
}

int tls_make_authority(const char *dir, int days, bool *was_made, struct why *why)
{
	char path[TLS_MAKE_PATH_LEN];
	struct pair p = {NULL, NULL};
	int rc = path_of(dir, "authority", "pem", path, why);

	*was_made = false;
	if (rc)
		return rc;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return fail(why, err_of_errno(errno), dir, "the folder cannot be made");
	if (access(path, F_OK) == 0)
		return 0;
	rc = begin(&p, "Weir authority", NULL, days) &&
			     add_extension(p.x509, p.x509, NID_basic_constraints,
					   "critical,CA:TRUE,pathlen:0") &&
			     add_extension(p.x509, p.x509, NID_key_usage,
					   "critical,keyCertSign,cRLSign") &&
			     add_extension(p.x509, p.x509, NID_subject_key_identifier, "hash") &&
			     X509_sign(p.x509, p.key, EVP_sha256())
		     ? 0
		     : fail(why, ERR_BAD, path, "the authority cannot be made");
	if (!rc)
		rc = write_pair(dir, "authority", &p, why);
	pair_fini(&p);
	*was_made = rc == 0;
	return rc;
}

/* ---- orders ---- */

static bool is_address(const char *text)
{
	unsigned char ip[16];

	return inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1;
}

static bool is_host_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < 254 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		       len;
}

int tls_order_parse(char *text, struct tls_order *out, struct why *why)
{
	char *at = strchr(text, '@');
	char *rest = NULL;

	memset(out, 0, sizeof *out);
	if (at)
		*at = 0;
	for (char *word = at ? strtok_r(at + 1, ",", &rest) : NULL; word;
	     word = strtok_r(NULL, ",", &rest)) {
		if (out->n_addresses == TLS_MAKE_MAX_ADDRESSES)
			return why_set(why, ERR_USAGE, "more than %d addresses",
				       TLS_MAKE_MAX_ADDRESSES);
		if (!is_address(word) && !is_host_name(word))
			return why_set(why, ERR_USAGE, "\"%.60s\" is no address or host name",
				       word);
		out->addresses[out->n_addresses++] = word;
	}
	if (at && out->n_addresses == 0)
		return why_set(why, ERR_USAGE, "an address must follow the @");
	return tls_identity_parse(text, &out->identity, why);
}

static void add_name(char names[NAMES_LEN], const char *address)
{
	size_t len = strlen(names);

	snprintf(names + len, NAMES_LEN - len, ",%s:%s", is_address(address) ? "IP" : "DNS",
		 address);
}

/* The subjectAltName: who it is, then where it is reached. */
static void print_names(const struct tls_order *order, char names[NAMES_LEN])
{
	static const char *const local[] = {"localhost", "127.0.0.1", "::1"};
	char id[TLS_IDENTITY_TEXT_LEN];

	tls_identity_print(&order->identity, id);
	snprintf(names, NAMES_LEN, "URI:weir:%s", id);
	for (size_t i = 0; order->identity.role == TLS_PROVISIONER && i < 3; i++)
		add_name(names, local[i]);
	for (int i = 0; i < order->n_addresses; i++)
		add_name(names, order->addresses[i]);
}

int tls_make(const char *dir, const struct tls_order *order, int days, struct why *why)
{
	struct pair authority = {NULL, NULL};
	struct pair p = {NULL, NULL};
	char file[TLS_IDENTITY_TEXT_LEN];
	char names[NAMES_LEN];
	int rc = read_pair(dir, "authority", &authority, why);

	print_names(order, names);
	snprintf(file, sizeof file, "%s-%s", tls_role_text(order->identity.role),
		 order->identity.name);
	if (!rc &&
	    !(begin(&p, order->identity.name, authority.x509, days) &&
	      add_extension(p.x509, authority.x509, NID_basic_constraints, "critical,CA:FALSE") &&
	      add_extension(p.x509, authority.x509, NID_key_usage, "critical,digitalSignature") &&
	      add_extension(p.x509, authority.x509, NID_ext_key_usage, "serverAuth,clientAuth") &&
	      add_extension(p.x509, authority.x509, NID_subject_key_identifier, "hash") &&
	      add_extension(p.x509, authority.x509, NID_authority_key_identifier, "keyid") &&
	      add_extension(p.x509, authority.x509, NID_subject_alt_name, names) &&
	      X509_sign(p.x509, authority.key, EVP_sha256())))
		rc = fail(why, ERR_BAD, file, "the certificate cannot be made");
	if (!rc)
		rc = write_pair(dir, file, &p, why);
	pair_fini(&p);
	pair_fini(&authority);
	return rc;
}
