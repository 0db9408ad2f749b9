/* The keys with which a receiver opens records and checks signatures. */
#ifndef LEMF_KEYS_H
#define LEMF_KEYS_H

#include "etsi/seal.h"
#include "integrity/signer.h"
#include "lemf/conf.h"

struct lemf_keys;

/* Reads the files of signers. The reason names the one that is no good. */
MUST_CHECK int lemf_keys_new(struct lemf_keys **out, const struct lemf_conf *conf, struct why *why);
void lemf_keys_free(struct lemf_keys **keys);

/* The key for a LIID's records, or of an operator's signatures; NULL: there is none. */
const struct seal_key *lemf_keys_seal(const struct lemf_keys *k, const struct etsi_octets *liid,
				      unsigned cipher);
const struct signer *lemf_keys_signer(const struct lemf_keys *k, const struct etsi_octets *id);

struct sealer *lemf_keys_sealer(const struct lemf_keys *k);

#endif
