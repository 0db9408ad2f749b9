/* AES-GCM (NIST SP 800-38D) for those who encipher many octets. They use it through OpenSSL, by
 * EVP or by TLS, as any other cipher; here is only said whose code it is.
 *
 * It is libipsec-mb's where all of this is true, and OpenSSL's own where any is not:
 * - the build found libipsec-mb (amd64 only; meson's option ipsec_mb);
 * - the processor has AES and carry-less multiplication over vectors of 512 bits (AVX-512, VAES,
 *   VPCLMULQDQ), and the library has passed its own tests on it;
 * - OpenSSL is older than 3.1, which brought the same for itself;
 * - OpenSSL is not bound to its FIPS module by its configuration.
 *
 * libipsec-mb's stands behind OpenSSL as a provider in a library context of its own, so that
 * nobody else in the process gets it. In this it is stricter than OpenSSL's own:
 * - a nonce has 12 octets, is given to each message anew, and is used up by the message's end;
 * - a tag has 16 octets, and is compared in constant time;
 * - what is bound and not enciphered (AAD) comes before all else, and has 1 GiB at most;
 * - a use (EVP_CIPHER_CTX) cannot be copied, and knows no parameter but lengths and the tag;
 * - expanded keys and the state of a message are cleansed when the use is freed or reset; the
 *   library clears registers and stack itself.
 *
 * As with OpenSSL's own, nothing that was opened is good before EVP_DecryptFinal_ex says so: TLS
 * and room seal give nothing on before. A failure is 0 from the EVP function. A use is of one
 * thread at a time, different ones of any. */
#ifndef GCM_GCM_H
#define GCM_GCM_H

#include <stdbool.h>

struct evp_cipher_st;
struct ossl_lib_ctx_st;

/* Where to look for AES-GCM, as in SSL_CTX_new_ex(place.lib, place.query, ...). */
struct gcm_place {
	struct ossl_lib_ctx_st *lib; /* NULL: OpenSSL's default */
	const char *query;           /* properties; NULL: none */
};

/* The same for all who ask; made for the first. Any thread. */
struct gcm_place gcm_place(void);

/* AES-256-GCM from there, for EVP_CipherInit_ex; never NULL, not to be freed. Any thread. */
const struct evp_cipher_st *gcm_aes256(void);

/* Whether it is libipsec-mb's. Any thread. */
bool gcm_is_by_lanes(void);

#endif
