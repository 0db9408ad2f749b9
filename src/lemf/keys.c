#include "lemf/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PEM = 64 << 10 };

struct lemf_keys {
	const struct lemf_conf *conf;
	struct sealer *sealer;
	struct seal_key *seals;  /* as conf->decryption */
	struct signer **signers; /* as conf->signers */
};

static bool is_of(const char *name, const struct etsi_octets *octets)
{
	return strlen(name) == octets->len && !memcmp(name, octets->bytes, octets->len);
}

static int read_signer(struct signer **out, const char *path, struct why *why)
{
	char *text = malloc(MAX_PEM);
	FILE *f = text ? fopen(path, "re") : NULL;
	size_t len = f ? fread(text, 1, MAX_PEM, f) : 0;
	int rc = !text ? ERR_NOMEM
		 : !f  ? why_set(why, err_of_errno(errno), "%s", strerror(errno))
		       : signer_parse(out, text, len, false, why);

	if (f)
		fclose(f);
	if (rc)
		why_place(why, path);
	free(text);
	return rc;
}

static int init_seals(struct lemf_keys *k, struct why *why)
{
	size_t n = k->conf->decryption.n;
	int rc = 0;

	k->seals = calloc(n ? n : 1, sizeof *k->seals);
	if (!k->seals)
		return ERR_NOMEM;
	for (size_t i = 0; !rc && i < n; i++) {
		const struct lemf_decryption *d = &k->conf->decryption.items[i];

		rc = seal_key_init(&k->seals[i], (enum seal_cipher)d->encryption, d->key.bytes,
				   d->key.len, why);
	}
	return rc;
}

int lemf_keys_new(struct lemf_keys **out, const struct lemf_conf *conf, struct why *why)
{
	struct lemf_keys *k = calloc(1, sizeof *k);
	int rc = k ? sealer_new(&k->sealer) : ERR_NOMEM;

	if (k)
		k->conf = conf;
	if (!rc)
		rc = init_seals(k, why);
	if (!rc) {
		k->signers = calloc(conf->signers.n ? conf->signers.n : 1, sizeof *k->signers);
		rc = k->signers ? 0 : ERR_NOMEM;
	}
	for (size_t i = 0; !rc && i < conf->signers.n; i++)
		rc = read_signer(&k->signers[i], conf->signers.items[i].key, why);
	if (rc)
		lemf_keys_free(&k);
	*out = k;
	return rc == ERR_NOMEM ? why_set(why, rc, "%s", err_text(rc)) : rc;
}

void lemf_keys_free(struct lemf_keys **out)
{
	struct lemf_keys *k = *out;

	*out = NULL;
	if (!k)
		return;
	for (size_t i = 0; k->seals && i < k->conf->decryption.n; i++)
		seal_key_fini(&k->seals[i]);
	for (size_t i = 0; k->signers && i < k->conf->signers.n; i++)
		signer_free(&k->signers[i]);
	free(k->seals);
	free(k->signers);
	sealer_free(&k->sealer);
	free(k);
}

const struct seal_key *lemf_keys_seal(const struct lemf_keys *k, const struct etsi_octets *liid,
				      unsigned cipher)
{
	const struct seal_key *found = NULL;

	for (size_t i = 0; i < k->conf->decryption.n; i++) {
		const struct lemf_decryption *d = &k->conf->decryption.items[i];

		if ((unsigned)d->encryption != cipher)
			continue;
		if (d->liid && is_of(d->liid, liid))
			return &k->seals[i];
		found = d->liid || found ? found : &k->seals[i];
	}
	return found;
}

const struct signer *lemf_keys_signer(const struct lemf_keys *k, const struct etsi_octets *id)
{
	const struct signer *found = NULL;

	for (size_t i = 0; i < k->conf->signers.n; i++) {
		const char *name = k->conf->signers.items[i].operator_id;

		if (name && is_of(name, id))
			return k->signers[i];
		found = name || found ? found : k->signers[i];
	}
	return found;
}

struct sealer *lemf_keys_sealer(const struct lemf_keys *k)
{
	return k->sealer;
}
