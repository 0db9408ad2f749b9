#include "lemf/conf.h"

#include <stdio.h>

#include "etsi/seal.h"

const struct conf_name lemf_misbehaviours[] = {
	{"none", LEMF_BEHAVES, "it behaves"},
	{"slow", LEMF_IS_SLOW, "it reads slowly (slow_rate)"},
	{"silent", LEMF_IS_SILENT, "it answers nothing"},
	{"reset", LEMF_RESETS, "it resets connections (reset_after)"},
	{"wrong-keepalive", LEMF_ANSWERS_WRONGLY, "it answers with another number"},
	{"half-closed", LEMF_HALF_CLOSES, "it ends its own direction at once, and reads on"},
	{NULL},
};

const struct conf_name lemf_ciphers[] = {
#define X(name, value, key_len, text) {text, value, NULL},
	SEAL_CIPHERS(X){NULL},
#undef X
};

_Static_assert(offsetof(struct lemf_conf, log) == offsetof(struct daemon_settings, log),
	       "it begins as every daemon's configuration");

/* Who listens nowhere needs no certificate. */
static bool lemf_check(const void *record, struct conf_fault *fault)
{
	const struct lemf_conf *conf = record;

	return conf->from || daemon_check(record, fault);
}

static bool decryption_check(const void *record, struct conf_fault *fault)
{
	const struct lemf_decryption *d = record;
	struct seal_key key;
	struct why why;
	int rc;

	why_clear(&why);
	rc = seal_key_init(&key, (enum seal_cipher)d->encryption, d->key.bytes, d->key.len, &why);
	seal_key_fini(&key);
	if (rc == 0)
		return true;
	snprintf(fault->path, sizeof fault->path, "key");
	snprintf(fault->text, sizeof fault->text, "is not good: %.150s", why.text);
	return false;
}

#define X(...) CONF_ROW(lemf_decryption, __VA_ARGS__)
static const struct conf_field decryption_fields[] = {LEMF_DECRYPTION_FIELDS(X)};
#undef X
static const struct conf_record lemf_decryption_record =
	CONF_RECORD(lemf_decryption, decryption_fields, .doc = "A key of encrypted records.",
		    .check = decryption_check);

#define X(...) CONF_ROW(lemf_signer, __VA_ARGS__)
static const struct conf_field signer_fields[] = {LEMF_SIGNER_FIELDS(X)};
#undef X
static const struct conf_record lemf_signer_record =
	CONF_RECORD(lemf_signer, signer_fields, .doc = "A key of signatures.");

#define X(...) CONF_ROW(lemf_conf, __VA_ARGS__)
static const struct conf_field lemf_fields[] = {LEMF_FIELDS(X)};
#undef X
const struct conf_record lemf_record = CONF_RECORD(
	lemf_conf, lemf_fields, .doc = "What weir-agency takes in.", .check = lemf_check);
