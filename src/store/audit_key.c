#include "store/audit_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNATURE_LEN = 64, TEXT_LEN = 96 };

struct audit_key {
	EVP_PKEY *key;
};

/* What is signed: no other use of the key can yield the same octets. */
static int text_of(const char *hash, char out[TEXT_LEN])
{
	return snprintf(out, TEXT_LEN, "weir audit entry %.64s", hash);
}

bool audit_key_sign(const struct audit_key *key, const char *hash, char out[STORE_SIGNATURE_LEN])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t signature[SIGNATURE_LEN];
	size_t len = sizeof signature;
	char text[TEXT_LEN];
	int n = text_of(hash, text);
	bool is_done = md && EVP_DigestSignInit(md, NULL, NULL, NULL, key->key) == 1 &&
		       EVP_DigestSign(md, signature, &len, (const uint8_t *)text, (size_t)n) == 1 &&
		       len == SIGNATURE_LEN;

	EVP_MD_CTX_free(md);
	for (size_t i = 0; is_done && i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", signature[i]);
	return is_done;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool audit_key_is_right(const struct audit_key *key, const char *hash, const char *signature)
{
	uint8_t octets[SIGNATURE_LEN];
	char text[TEXT_LEN];
	int n = text_of(hash, text);
	EVP_MD_CTX *md;
	bool is_right;

	if (strlen(signature) != 2 * sizeof octets)
		return false;
	for (size_t i = 0; i < sizeof octets; i++) {
		int high = digit(signature[2 * i]);
		int low = digit(signature[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		octets[i] = (uint8_t)(high << 4 | low);
	}
	md = EVP_MD_CTX_new();
	is_right =
		md && EVP_DigestVerifyInit(md, NULL, NULL, NULL, key->key) == 1 &&
		EVP_DigestVerify(md, octets, sizeof octets, (const uint8_t *)text, (size_t)n) == 1;
	EVP_MD_CTX_free(md);
	return is_right;
}

static int make(EVP_PKEY **out, int fd, struct why *why)
{
	FILE *file = fdopen(fd, "wb");
	bool is_done;

	if (!file) {
		close(fd);
		return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	*out = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	is_done = *out && PEM_write_PrivateKey(file, *out, NULL, NULL, 0, NULL, NULL) == 1 &&
		  !fflush(file) && !fsync(fd);
	if (fclose(file) || !is_done)
		return why_set(why, ERR_IO, "the key cannot be written");
	return 0;
}

static int read_key(EVP_PKEY **out, const char *path, struct why *why)
{
	FILE *file = fopen(path, "rbe");

	if (!file)
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	*out = PEM_read_PrivateKey(file, NULL, NULL, (void *)(uintptr_t) "");
	fclose(file);
	if (!*out || !EVP_PKEY_is_a(*out, "ED25519"))
		return why_set(why, ERR_BAD, "it holds no private key (PEM) of the kind Ed25519");
	return 0;
}

int audit_key_open(struct audit_key **out, const char *path, bool may_make, struct why *why)
{
	struct audit_key *key = calloc(1, sizeof *key);
	int fd = -1;
	int rc = key ? 0 : ERR_NOMEM;

	if (!rc && may_make)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!rc && fd < 0 && may_make && errno != EEXIST)
		rc = why_set(why, err_of_errno(errno), "%s", strerror(errno));
	if (!rc)
		rc = fd >= 0 ? make(&key->key, fd, why) : read_key(&key->key, path, why);
	if (rc && fd >= 0)
		unlink(path);
	if (rc) {
		why_place(why, path);
		audit_key_free(&key);
	}
	*out = key;
	return rc;
}

void audit_key_free(struct audit_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->key);
	free(*key);
	*key = NULL;
}

char *audit_key_public(const struct audit_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	char *out = NULL;
	long len;

	if (bio && PEM_write_bio_PUBKEY(bio, key->key) == 1) {
		len = BIO_get_mem_data(bio, &bytes);
		out = strndup(bytes, (size_t)len);
	}
	BIO_free(bio);
	return out;
}
