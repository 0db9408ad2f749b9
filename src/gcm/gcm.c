#include "gcm/gcm.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>

#include "gcm/lanes.h"

/* OpenSSL 3.1 has AES-GCM over vectors of 512 bits itself. */
static const unsigned long first_with_own = 0x30100000;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct gcm_place place;
static const EVP_CIPHER *aes256;

/* A library context with OpenSSL's own algorithms and with ours; NULL: without memory. */
static OSSL_LIB_CTX *make_library(OSSL_provider_init_fn *init)
{
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();

	if (library && OSSL_PROVIDER_add_builtin(library, LANES_NAME, init) &&
	    OSSL_PROVIDER_load(library, LANES_NAME) && OSSL_PROVIDER_load(library, "default"))
		return library;
	OSSL_LIB_CTX_free(library);
	return NULL;
}

static void choose(void)
{
	bool is_wanted = OpenSSL_version_num() < first_with_own &&
			 !EVP_default_properties_is_fips_enabled(NULL);
	OSSL_provider_init_fn *init = is_wanted ? lanes_provider() : NULL;
	OSSL_LIB_CTX *library = init ? make_library(init) : NULL;
	const EVP_CIPHER *cipher =
		library ? EVP_CIPHER_fetch(library, "AES-256-GCM", "provider=" LANES_NAME) : NULL;

	aes256 = cipher ? cipher : EVP_aes_256_gcm();
	if (cipher)
		place = (struct gcm_place){library, "?provider=" LANES_NAME};
	else
		OSSL_LIB_CTX_free(library);
	ERR_clear_error();
}

struct gcm_place gcm_place(void)
{
	pthread_once(&once, choose);
	return place;
}

const struct evp_cipher_st *gcm_aes256(void)
{
	pthread_once(&once, choose);
	return aes256;
}

bool gcm_is_by_lanes(void)
{
	return gcm_place().lib != NULL;
}
