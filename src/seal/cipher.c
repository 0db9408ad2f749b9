#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "gcm/gcm.h"
#include "seal/keys.h"
#include "seal/vault.h"

enum { NONCE_LEN = 12 };

struct vault_cipher {
	EVP_CIPHER_CTX *openssl;
	bool is_sealing;
};

/* The key of one stream. */
static bool derive(const uint8_t secret[KEY_LEN], uint64_t stream, uint8_t out[KEY_LEN])
{
	static const char purpose[] = "weir: a spool's stream";
	uint8_t bytes[sizeof purpose + sizeof stream];
	struct wr w = wr_of(bytes, sizeof bytes);
	unsigned len = KEY_LEN;

	wr_bytes(&w, purpose, sizeof purpose);
	wr_u64(&w, stream);
	return HMAC(EVP_sha256(), secret, KEY_LEN, bytes, w.len, out, &len) && len == KEY_LEN;
}

static int begin(struct vault_cipher *c, const uint8_t key[KEY_LEN], const struct vault_use *use)
{
	uint8_t nonce[NONCE_LEN];
	struct wr w = wr_of(nonce, sizeof nonce);

	wr_u32(&w, use->salt);
	wr_u64(&w, use->offset);
	c->is_sealing = use->is_sealing;
	c->openssl = EVP_CIPHER_CTX_new();
	if (!c->openssl ||
	    !EVP_CipherInit_ex(c->openssl, gcm_aes256(), NULL, key, nonce, use->is_sealing))
		return ERR_NOMEM;
	return 0;
}

int vault_begin(struct vault_cipher **out, struct vault *vault, const struct vault_use *use)
{
	uint8_t secret[KEY_LEN], key[KEY_LEN];
	struct vault_cipher *c = calloc(1, sizeof *c);
	int rc = c ? keys_secret(vault, use->key, secret) : ERR_NOMEM;

	*out = c;
	if (!rc && !derive(secret, use->stream, key))
		rc = ERR_NOMEM;
	if (!rc)
		rc = begin(c, key, use);
	OPENSSL_cleanse(secret, sizeof secret);
	OPENSSL_cleanse(key, sizeof key);
	if (rc)
		vault_drop(out);
	return rc;
}

int vault_bind(struct vault_cipher *c, const void *bytes, size_t len)
{
	int n;

	return EVP_CipherUpdate(c->openssl, NULL, &n, bytes, (int)len) ? 0 : ERR_NOMEM;
}

int vault_add(struct vault_cipher *c, const uint8_t *in, size_t len, uint8_t *out)
{
	int n;

	return EVP_CipherUpdate(c->openssl, out, &n, in, (int)len) && n == (int)len ? 0 : ERR_NOMEM;
}

int vault_end(struct vault_cipher **cipher, uint8_t tag[VAULT_TAG_LEN])
{
	EVP_CIPHER_CTX *openssl = (*cipher)->openssl;
	bool is_sealing = (*cipher)->is_sealing;
	uint8_t none[VAULT_TAG_LEN];
	int n, rc = 0;

	if (!is_sealing && !EVP_CIPHER_CTX_ctrl(openssl, EVP_CTRL_GCM_SET_TAG, VAULT_TAG_LEN, tag))
		rc = ERR_NOMEM;
	if (!rc && !EVP_CipherFinal_ex(openssl, none, &n))
		rc = is_sealing ? ERR_NOMEM : ERR_BAD;
	if (!rc && is_sealing &&
	    !EVP_CIPHER_CTX_ctrl(openssl, EVP_CTRL_GCM_GET_TAG, VAULT_TAG_LEN, tag))
		rc = ERR_NOMEM;
	vault_drop(cipher);
	return rc;
}

void vault_drop(struct vault_cipher **cipher)
{
	if (*cipher)
		EVP_CIPHER_CTX_free((*cipher)->openssl);
	free(*cipher);
	*cipher = NULL;
}
