/* Tests only: keys in PEM form, made for the test. */
#ifndef INTEGRITY_KEYS_H
#define INTEGRITY_KEYS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <string.h>

enum { KEY_TEXT_SIZE = 4096 };

/* A new key ("ED25519", "ED448", "P-256", "RSA"): its private and its public form. */
static inline bool keys_make(const char *kind, char secret[KEY_TEXT_SIZE], char open[KEY_TEXT_SIZE])
{
	EVP_PKEY *key = strcmp(kind, "RSA") == 0
				? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
			: kind[0] == 'P' ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind)
					 : EVP_PKEY_Q_keygen(NULL, NULL, kind);
	BIO *bio = BIO_new(BIO_s_mem());
	int n = -1, m = -1;

	if (key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
		n = BIO_read(bio, secret, KEY_TEXT_SIZE - 1);
		m = PEM_write_bio_PUBKEY(bio, key) == 1 ? BIO_read(bio, open, KEY_TEXT_SIZE - 1)
							: -1;
	}
	secret[n > 0 ? n : 0] = 0;
	open[m > 0 ? m : 0] = 0;
	EVP_PKEY_free(key);
	BIO_free(bio);
	return n > 0 && m > 0;
}

#endif
