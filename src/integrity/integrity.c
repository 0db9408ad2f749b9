#include "integrity/integrity.h"

#include <openssl/evp.h>
#include <string.h>

enum {
	MAX_HASHES = 16 << 20, /* octets of hash PDUs until they are signed */
	MAX_SIGNED = 1 << 16,
	MAX_SIGNATURE = 1024,
};

static int start_digest(struct integrity *i)
{
	EVP_MD *md = EVP_MD_fetch(NULL, signer_hash_name(i->plan->hash), NULL);
	int rc = md && EVP_DigestInit_ex2(i->digest, md, NULL) == 1 ? 0 : ERR_IO;

	EVP_MD_free(md);
	i->n = 0;
	return rc;
}

int integrity_init(struct integrity *i, const struct integrity_plan *plan, enum etsi_check_of of,
		   struct why *why)
{
	int rc;

	memset(i, 0, sizeof *i);
	if (!signer_hash_name(plan->hash))
		return why_set(why, ERR_USAGE, "no hash algorithm has the number %u", plan->hash);
	if (!plan->count || plan->count > ETSI_MAX_COVERED)
		return why_set(why, ERR_USAGE, "a hash covers 1 to %d PDUs, not %u",
			       ETSI_MAX_COVERED, plan->count);
	if (plan->sign_count > MAX_SIGNED)
		return why_set(why, ERR_USAGE, "a signature covers up to %d hashes, not %u",
			       MAX_SIGNED, plan->sign_count);
	i->plan = plan;
	i->of = of;
	i->hashes = wr_init(MAX_HASHES);
	i->digest = EVP_MD_CTX_new();
	if (!i->digest)
		return ERR_NOMEM;
	rc = start_digest(i);
	if (rc)
		integrity_fini(i);
	return rc;
}

void integrity_fini(struct integrity *i)
{
	if (!i->plan)
		return;
	EVP_MD_CTX_free(i->digest);
	wr_fini(&i->hashes);
	memset(i, 0, sizeof *i);
}

int integrity_add(struct integrity *i, const uint8_t *pdu, size_t len, uint32_t seq,
		  struct nanos time)
{
	if (i->n && (seq != i->first + i->n || i->n >= i->plan->count))
		return ERR_USAGE;
	if (EVP_DigestUpdate(i->digest, pdu, len) != 1)
		return ERR_IO;
	if (!i->n++) {
		i->first = seq;
		i->since = time;
	}
	return 0;
}

bool integrity_deadline(const struct integrity *i, struct nanos *out)
{
	if (!i->n || i->plan->span.ns <= 0)
		return false;
	out->ns = i->since.ns + i->plan->span.ns;
	return true;
}

bool integrity_is_due(const struct integrity *i, struct nanos time)
{
	struct nanos deadline;

	if (i->n >= i->plan->count)
		return true;
	return integrity_deadline(i, &deadline) && time.ns >= deadline.ns;
}

static bool is_signed(const struct integrity *i)
{
	return i->plan->signer && i->plan->sign_count;
}

/* The digest so far. The library's own goes on: nothing is lost where the PDU does not fit. */
static int take_digest(const struct integrity *i, uint8_t *out, unsigned *len)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool ok = copy && EVP_MD_CTX_copy_ex(copy, i->digest) == 1 &&
		  EVP_DigestFinal_ex(copy, out, len) == 1;

	EVP_MD_CTX_free(copy);
	return ok ? 0 : ERR_IO;
}

static int put_hash(struct integrity *i, const struct etsi_header *h, struct nanos time,
		    struct wr *w)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	size_t start = w->len;
	int rc = take_digest(i, digest, &len);
	const struct tri tri = {.kind = ETSI_TRI_INTEGRITY_CHECK,
				.seq = i->hash_seq,
				.time = time,
				.octets = {digest, len},
				.check_type = ETSI_CHECK_HASH,
				.check_of = i->of,
				.hash = i->plan->hash,
				.first_covered = i->first,
				.n_covered = i->n};

	if (!rc)
		rc = tri_encode(h, &tri, w, NULL);
	if (rc)
		return rc;
	if (is_signed(i)) {
		wr_bytes(&i->hashes, w->bytes + start, w->len - start);
		i->n_hashes++;
	}
	i->hash_seq++;
	return i->hashes.ok ? start_digest(i) : ERR_NOMEM;
}

static int put_signature(struct integrity *i, const struct etsi_header *h, struct nanos time,
			 struct wr *w)
{
	const struct etsi_octets message = {i->hashes.bytes, i->hashes.len};
	uint8_t room[MAX_SIGNATURE];
	struct wr signature = wr_of(room, sizeof room);
	int rc = signer_sign(i->plan->signer, i->plan->hash, &message, &signature);
	const struct tri tri = {.kind = ETSI_TRI_INTEGRITY_CHECK,
				.seq = i->sign_seq,
				.time = time,
				.octets = {room, signature.len},
				.check_type = ETSI_CHECK_SIGNATURE,
				.check_of = i->of,
				.signature = signer_algorithm(i->plan->signer),
				.first_covered = i->hash_seq - i->n_hashes,
				.n_covered = i->n_hashes};

	if (!rc)
		rc = tri_encode(h, &tri, w, NULL);
	if (rc)
		return rc;
	wr_reset(&i->hashes);
	i->n_hashes = 0;
	i->sign_seq++;
	return 0;
}

static bool is_signature_due(const struct integrity *i, bool is_last)
{
	return is_signed(i) && i->n_hashes &&
	       (is_last || i->n_hashes >= i->plan->sign_count || i->hashes.len > MAX_HASHES / 2);
}

int integrity_encode(struct integrity *i, const struct etsi_header *h, struct nanos time,
		     bool is_last, struct wr *w)
{
	int rc = i->n ? put_hash(i, h, time, w) : 0;

	if (!rc && is_signature_due(i, is_last))
		rc = put_signature(i, h, time, w);
	return rc;
}
