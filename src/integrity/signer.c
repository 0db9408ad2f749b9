#include "integrity/signer.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct signer {
	EVP_PKEY *key;
	enum etsi_signature algorithm;
};

const char *signer_hash_name(enum etsi_hash hash)
{
	switch (hash) {
	case ETSI_SHA_1:
		return "SHA1";
	case ETSI_SHA_256:
		return "SHA2-256";
	case ETSI_SHA_384:
		return "SHA2-384";
	case ETSI_SHA_512:
		return "SHA2-512";
	}
	return NULL;
}

/* No terminal is asked for a passphrase. */
static int no_passphrase(char *text, int size, int is_writing, void *arg)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

static EVP_PKEY *read_certificate(BIO *pem)
{
	X509 *certificate = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
	EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	return key;
}

static EVP_PKEY *read_key(BIO *pem, bool is_private)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);

	if (key || is_private)
		return key;
	(void)BIO_reset(pem);
	key = PEM_read_bio_PUBKEY(pem, NULL, no_passphrase, NULL);
	if (key)
		return key;
	(void)BIO_reset(pem);
	return read_certificate(pem);
}

/* 0 where the key is of no kind that signs integrity checks. */
static unsigned algorithm_of(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		return ETSI_EDDSA;
	return EVP_PKEY_is_a(key, "EC") ? ETSI_ECDSA : 0;
}

int signer_parse(struct signer **out, const char *pem, size_t len, bool is_private, struct why *why)
{
	BIO *bio = len <= INT32_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	EVP_PKEY *key = bio ? read_key(bio, is_private) : NULL;
	unsigned algorithm = key ? algorithm_of(key) : 0;
	struct signer *s = NULL;

	BIO_free(bio);
	*out = NULL;
	if (algorithm)
		s = OPENSSL_zalloc(sizeof *s);
	if (s) {
		*s = (struct signer){key, (enum etsi_signature)algorithm};
		*out = s;
		return 0;
	}
	EVP_PKEY_free(key);
	if (!key)
		return why_set(why, ERR_USAGE, "no %s key in PEM form, without passphrase",
			       is_private ? "private" : "public or private");
	if (!algorithm)
		return why_set(why, ERR_USAGE,
			       "a key that is neither Ed25519, Ed448 nor of an elliptic curve");
	return ERR_NOMEM;
}

void signer_free(struct signer **signer)
{
	if (!*signer)
		return;
	EVP_PKEY_free((*signer)->key);
	OPENSSL_free(*signer);
	*signer = NULL;
}

enum etsi_signature signer_algorithm(const struct signer *signer)
{
	return signer->algorithm;
}

static const char *digest_of(const struct signer *signer, enum etsi_hash hash)
{
	return signer->algorithm == ETSI_EDDSA ? NULL : signer_hash_name(hash);
}

int signer_sign(const struct signer *signer, enum etsi_hash hash, const struct etsi_octets *message,
		struct wr *w)
{
	EVP_MD_CTX *evp = EVP_MD_CTX_new();
	size_t start = w->len, len = 0;
	uint8_t *at = NULL;
	int rc = ERR_IO;

	if (evp &&
	    EVP_DigestSignInit_ex(evp, NULL, digest_of(signer, hash), NULL, NULL, signer->key,
				  NULL) == 1 &&
	    EVP_DigestSign(evp, NULL, &len, message->bytes, message->len) == 1) {
		at = wr_room(w, len);
		rc = at ? 0 : ERR_FULL;
	}
	/* an eCDSA signature may be shorter than its room */
	if (!rc && EVP_DigestSign(evp, at, &len, message->bytes, message->len) != 1)
		rc = ERR_IO;
	if (rc != ERR_FULL)
		w->len = rc ? start : start + len;
	EVP_MD_CTX_free(evp);
	return rc;
}

bool signer_is_right(const struct signer *signer, enum etsi_hash hash,
		     const struct etsi_octets *message, const struct etsi_octets *signature)
{
	EVP_MD_CTX *evp = EVP_MD_CTX_new();
	bool ok = evp &&
		  EVP_DigestVerifyInit_ex(evp, NULL, digest_of(signer, hash), NULL, NULL,
					  signer->key, NULL) == 1 &&
		  EVP_DigestVerify(evp, signature->bytes, signature->len, message->bytes,
				   message->len) == 1;

	EVP_MD_CTX_free(evp);
	return ok;
}
