#include "gcm/lanes.h"

#include <intel-ipsec-mb.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE_LEN = 12, TAG_LEN = 16, KEY_LEN_MAX = 32, BOUND_MAX = 1 << 30 };

/* NIST SP 800-38D, 5.2.1.1: 2^39 - 256 bits */
static const uint64_t message_max = (1ULL << 36) - 32;

/* ---- the library's steps ---- */

struct steps {
	size_t key_len;
	aes_gcm_pre_t key;
	aes_gcm_init_t begin;
	aes_gcm_enc_dec_update_t seal, open;
	aes_gcm_enc_dec_finalize_t sealed, opened;
};

static struct steps steps_128, steps_256; /* written once, by lanes_provider */

static void take_steps(const IMB_MGR *m)
{
	steps_128 = (struct steps){16,
				   m->gcm128_pre,
				   m->gcm128_init,
				   m->gcm128_enc_update,
				   m->gcm128_dec_update,
				   m->gcm128_enc_finalize,
				   m->gcm128_dec_finalize};
	steps_256 = (struct steps){32,
				   m->gcm256_pre,
				   m->gcm256_init,
				   m->gcm256_enc_update,
				   m->gcm256_dec_update,
				   m->gcm256_enc_finalize,
				   m->gcm256_dec_finalize};
}

/* ---- one use of a cipher ---- */

enum stage { NO_NONCE, HAS_NONCE, HAS_BEGUN };

struct cipher {
	struct gcm_key_data key;
	struct gcm_context_data message;
	const struct steps *steps;
	uint8_t *bound; /* AAD, which the library wants whole */
	size_t bound_len, bound_room;
	uint64_t len; /* of the message, so far */
	enum stage stage;
	bool is_sealing, has_key, has_tag;
	uint8_t nonce[NONCE_LEN];
	uint8_t tag[TAG_LEN];
};

static void *cipher_new(const struct steps *steps)
{
	struct cipher *c = aligned_alloc(_Alignof(struct cipher), sizeof *c);

	if (c) {
		memset(c, 0, sizeof *c);
		c->steps = steps;
	}
	return c;
}

static void *new_128(void *provider)
{
	(void)provider;
	return cipher_new(&steps_128);
}

static void *new_256(void *provider)
{
	(void)provider;
	return cipher_new(&steps_256);
}

static void cipher_free(void *cipher)
{
	struct cipher *c = cipher;

	if (!c)
		return;
	free(c->bound);
	OPENSSL_cleanse(c, sizeof *c);
	free(c);
}

static bool set_key(struct cipher *c, const uint8_t *key, size_t len)
{
	_Alignas(16) uint8_t copy[KEY_LEN_MAX];

	if (len != c->steps->key_len)
		return false;
	memcpy(copy, key, len);
	c->steps->key(copy, &c->key);
	OPENSSL_cleanse(copy, sizeof copy);
	c->has_key = true;
	return true;
}

static bool set_nonce(struct cipher *c, const uint8_t *nonce, size_t len)
{
	if (len != NONCE_LEN)
		return false;
	memcpy(c->nonce, nonce, NONCE_LEN);
	c->stage = HAS_NONCE;
	c->len = c->bound_len = 0;
	c->has_tag = c->has_tag && !c->is_sealing;
	return true;
}

static int set_params(void *cipher, const OSSL_PARAM params[]);

/* Any of key and nonce may be NULL: it stays what it was. But a nonce goes with its direction, and
 * with its key once a message has begun. */
static void turn(struct cipher *c, bool is_sealing, bool has_new_key)
{
	if (c->is_sealing != is_sealing)
		c->has_tag = false;
	if (c->is_sealing != is_sealing || (has_new_key && c->stage == HAS_BEGUN))
		c->stage = NO_NONCE;
	c->is_sealing = is_sealing;
}

static int init_sealing(void *cipher, const unsigned char *key, size_t key_len,
			const unsigned char *nonce, size_t nonce_len, const OSSL_PARAM params[])
{
	turn(cipher, true, key != NULL);
	return (!key || set_key(cipher, key, key_len)) &&
	       (!nonce || set_nonce(cipher, nonce, nonce_len)) && set_params(cipher, params);
}

static int init_opening(void *cipher, const unsigned char *key, size_t key_len,
			const unsigned char *nonce, size_t nonce_len, const OSSL_PARAM params[])
{
	turn(cipher, false, key != NULL);
	return (!key || set_key(cipher, key, key_len)) &&
	       (!nonce || set_nonce(cipher, nonce, nonce_len)) && set_params(cipher, params);
}

/* ---- a message ---- */

static bool bind(struct cipher *c, const uint8_t *bytes, size_t len)
{
	size_t room = c->bound_room ? c->bound_room : 64;
	uint8_t *more;

	if (c->stage != HAS_NONCE || len > BOUND_MAX - c->bound_len)
		return false;
	while (room < c->bound_len + len)
		room *= 2;
	if (room > c->bound_room) {
		more = realloc(c->bound, room);
		if (!more)
			return false;
		c->bound = more;
		c->bound_room = room;
	}
	if (len)
		memcpy(c->bound + c->bound_len, bytes, len);
	c->bound_len += len;
	return true;
}

static bool begin(struct cipher *c)
{
	static const uint8_t nothing[1];

	if (c->stage == HAS_NONCE && c->has_key) {
		c->steps->begin(&c->key, &c->message, c->nonce, c->bound ? c->bound : nothing,
				c->bound_len);
		c->stage = HAS_BEGUN;
	}
	return c->stage == HAS_BEGUN;
}

/* out NULL: in is only bound. out has room for len octets at least, and is in or lies apart. */
static int update(void *cipher, unsigned char *out, size_t *out_len, size_t room,
		  const unsigned char *in, size_t len)
{
	struct cipher *c = cipher;

	*out_len = 0;
	if (!out)
		return bind(c, in, len);
	if (len > room || !begin(c) || len > message_max - c->len)
		return 0;
	if (len && c->is_sealing)
		c->steps->seal(&c->key, &c->message, out, in, len);
	else if (len)
		c->steps->open(&c->key, &c->message, out, in, len);
	c->len += len;
	*out_len = len;
	return 1;
}

/* Sealing makes the tag, opening compares it; the nonce is used up by both. */
static int final(void *cipher, unsigned char *out, size_t *out_len, size_t room)
{
	struct cipher *c = cipher;
	uint8_t tag[TAG_LEN];
	bool is_good = begin(c) && (c->is_sealing || c->has_tag);

	(void)out;
	(void)room;
	*out_len = 0;
	c->stage = NO_NONCE;
	if (!is_good)
		return 0;
	if (c->is_sealing) {
		c->steps->sealed(&c->key, &c->message, c->tag, TAG_LEN);
	} else {
		c->steps->opened(&c->key, &c->message, tag, TAG_LEN);
		is_good = !CRYPTO_memcmp(tag, c->tag, TAG_LEN);
		OPENSSL_cleanse(tag, sizeof tag);
	}
	c->has_tag = c->is_sealing;
	return is_good;
}

/* ---- what OpenSSL asks for by name ---- */

static int get_constants(OSSL_PARAM params[], size_t key_len)
{
	const struct {
		const char *name;
		size_t value;
	} constants[] = {
		{OSSL_CIPHER_PARAM_MODE, EVP_CIPH_GCM_MODE},
		{OSSL_CIPHER_PARAM_KEYLEN, key_len},
		{OSSL_CIPHER_PARAM_IVLEN, NONCE_LEN},
		{OSSL_CIPHER_PARAM_BLOCK_SIZE, 1},
		{OSSL_CIPHER_PARAM_AEAD, 1},
		{OSSL_CIPHER_PARAM_CUSTOM_IV, 1},
	};

	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
		OSSL_PARAM *p = OSSL_PARAM_locate(params, constants[i].name);

		if (p && !OSSL_PARAM_set_size_t(p, constants[i].value))
			return 0;
	}
	return 1;
}

static int get_constants_128(OSSL_PARAM params[])
{
	return get_constants(params, steps_128.key_len);
}

static int get_constants_256(OSSL_PARAM params[])
{
	return get_constants(params, steps_256.key_len);
}

static bool get_tag(const struct cipher *c, OSSL_PARAM *p)
{
	return c->is_sealing && c->has_tag && p->data && p->data_size == TAG_LEN &&
	       OSSL_PARAM_set_octet_string(p, c->tag, TAG_LEN);
}

static int get_params(void *cipher, OSSL_PARAM params[])
{
	const struct cipher *c = cipher;
	int is_good = 1;

	for (OSSL_PARAM *p = params; p->key && is_good; p++) {
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN))
			is_good = OSSL_PARAM_set_size_t(p, NONCE_LEN);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN))
			is_good = OSSL_PARAM_set_size_t(p, c->steps->key_len);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAGLEN))
			is_good = OSSL_PARAM_set_size_t(p, TAG_LEN);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG))
			is_good = get_tag(c, p);
	}
	return is_good;
}

/* Without octets it only says how long it will be. */
static bool set_tag(struct cipher *c, const OSSL_PARAM *p)
{
	if (p->data_type != OSSL_PARAM_OCTET_STRING || p->data_size != TAG_LEN)
		return false;
	if (!p->data)
		return true;
	if (c->is_sealing)
		return false;
	memcpy(c->tag, p->data, TAG_LEN);
	c->has_tag = true;
	return true;
}

static int set_params(void *cipher, const OSSL_PARAM params[])
{
	struct cipher *c = cipher;
	bool is_good = true;
	size_t len;

	for (const OSSL_PARAM *p = params; p && p->key && is_good; p++) {
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG))
			is_good = set_tag(c, p);
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN))
			is_good = OSSL_PARAM_get_size_t(p, &len) && len == NONCE_LEN;
		else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN))
			is_good = OSSL_PARAM_get_size_t(p, &len) && len == c->steps->key_len;
		else
			is_good = false;
	}
	return is_good;
}

/* ---- the provider ---- */

#define FN(name) (void (*)(void))(name)
#define CIPHER(bits)                                                                               \
	{                                                                                          \
		{OSSL_FUNC_CIPHER_NEWCTX, FN(new_##bits)},                                         \
			{OSSL_FUNC_CIPHER_FREECTX, FN(cipher_free)},                               \
			{OSSL_FUNC_CIPHER_ENCRYPT_INIT, FN(init_sealing)},                         \
			{OSSL_FUNC_CIPHER_DECRYPT_INIT, FN(init_opening)},                         \
			{OSSL_FUNC_CIPHER_UPDATE, FN(update)},                                     \
			{OSSL_FUNC_CIPHER_FINAL, FN(final)},                                       \
			{OSSL_FUNC_CIPHER_GET_PARAMS, FN(get_constants_##bits)},                   \
			{OSSL_FUNC_CIPHER_GET_CTX_PARAMS, FN(get_params)},                         \
			{OSSL_FUNC_CIPHER_SET_CTX_PARAMS, FN(set_params)}, {0, NULL},              \
	}

static const OSSL_DISPATCH cipher_128[] = CIPHER(128);
static const OSSL_DISPATCH cipher_256[] = CIPHER(256);

/* Names and numbers: NIST's CSOR, aes 6 and 46. */
static const OSSL_ALGORITHM ciphers[] = {
	{"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", "provider=" LANES_NAME, cipher_128,
	 "AES-128-GCM by libipsec-mb"},
	{"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", "provider=" LANES_NAME, cipher_256,
	 "AES-256-GCM by libipsec-mb"},
	{NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *may_not_keep)
{
	(void)provider;
	*may_not_keep = 0;
	return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
			 const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, FN(query)},
		{0, NULL},
	};

	(void)handle;
	(void)core;
	*out = functions;
	*provider = NULL;
	return 1;
}

OSSL_provider_init_fn *lanes_provider(void)
{
	static const uint64_t needs = IMB_FEATURE_AVX512_SKX | IMB_FEATURE_VAES |
				      IMB_FEATURE_VPCLMULQDQ | IMB_FEATURE_SAFE_DATA |
				      IMB_FEATURE_SELF_TEST_PASS;
	/* of the processor's registers only those are of use that the kernel keeps, too */
	bool is_good = __builtin_cpu_supports("avx512vl");
	IMB_MGR *library = is_good ? alloc_mb_mgr(0) : NULL;
	IMB_ARCH kind = IMB_ARCH_NONE;

	if (!library)
		return NULL;
	init_mb_mgr_auto(library, &kind);
	is_good = kind == IMB_ARCH_AVX512 && (library->features & needs) == needs;
	if (is_good)
		take_steps(library);
	free_mb_mgr(library);
	return is_good ? provider_init : NULL;
}
