/* PDUs, and hashes over them that wait for a signature, are kept alike: a shelf of octets, and one
 * item for each PDU on it. Items that are covered go when they are the oldest. */
#include "integrity/verify.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct item {
	uint32_t seq;
	uint8_t hash; /* of a hash PDU: its algorithm */
	bool is_covered;
	bool has_clear; /* the clear form follows the octets */
	size_t at, len;
};

struct shelf {
	struct item *items;
	size_t n_items, items_size;
	size_t first; /* items before it are gone */
	struct wr octets;
	size_t limit;
	uint64_t n_given_up;
};

struct verifier {
	struct shelf pdus, hashes;
};

enum { MAX_HASH_OCTETS = 16 << 20 };

static const char *const verdict_texts[] = {
#define X(name, text, doc) [VERDICT_##name] = text,
	VERDICTS(X)
#undef X
};

const char *verdict_text(enum verdict verdict)
{
	return verdict_texts[verdict];
}

static struct shelf shelf_of(size_t limit)
{
	/* gone octets stay until they are half of all */
	return (struct shelf){.octets = wr_init(2 * limit), .limit = limit};
}

static void shelf_fini(struct shelf *s)
{
	free(s->items);
	wr_fini(&s->octets);
}

int verifier_new(struct verifier **out, size_t limit)
{
	struct verifier *v = calloc(1, sizeof *v);

	*out = v;
	if (!v)
		return ERR_NOMEM;
	v->pdus = shelf_of(limit);
	v->hashes = shelf_of(MAX_HASH_OCTETS);
	return 0;
}

void verifier_free(struct verifier **verifier)
{
	if (!*verifier)
		return;
	shelf_fini(&(*verifier)->pdus);
	shelf_fini(&(*verifier)->hashes);
	free(*verifier);
	*verifier = NULL;
}

static size_t kept(const struct shelf *s)
{
	return s->first < s->n_items ? s->octets.len - s->items[s->first].at : 0;
}

/* Takes what is gone off the shelf, when it is worth the moving. */
static void compact(struct shelf *s)
{
	size_t gone = s->octets.len - kept(s);

	if (s->first == 0 || (s->first < s->n_items && gone < s->octets.len / 2))
		return;
	memmove(s->octets.bytes, s->octets.bytes + gone, s->octets.len - gone);
	s->octets.len -= gone;
	s->n_items -= s->first;
	memmove(s->items, s->items + s->first, s->n_items * sizeof *s->items);
	for (size_t i = 0; i < s->n_items; i++)
		s->items[i].at -= gone;
	s->first = 0;
}

static void drop_covered(struct shelf *s)
{
	while (s->first < s->n_items && s->items[s->first].is_covered)
		s->first++;
	compact(s);
}

static void give_up_for(struct shelf *s, size_t len)
{
	while (s->first < s->n_items && kept(s) + len > s->limit) {
		s->n_given_up += !s->items[s->first].is_covered;
		s->first++;
	}
	compact(s);
}

static int add_item(struct shelf *s, const struct item *item)
{
	size_t size = s->items_size ? 2 * s->items_size : 64;
	struct item *items;

	if (s->n_items == s->items_size) {
		items = reallocarray(s->items, size, sizeof *items);
		if (!items)
			return ERR_NOMEM;
		s->items = items;
		s->items_size = size;
	}
	s->items[s->n_items++] = *item;
	return 0;
}

static int put(struct shelf *s, const struct etsi_octets *pdu, const uint8_t *clear,
	       const struct item *model)
{
	struct item item = *model;
	size_t len = clear ? 2 * pdu->len : pdu->len;

	give_up_for(s, len);
	if (len > s->limit) {
		s->n_given_up++;
		return 0;
	}
	item.at = s->octets.len;
	item.len = pdu->len;
	item.has_clear = clear != NULL;
	wr_bytes(&s->octets, pdu->bytes, pdu->len);
	if (clear)
		wr_bytes(&s->octets, clear, pdu->len);
	return s->octets.ok ? add_item(s, &item) : ERR_NOMEM;
}

int verifier_take(struct verifier *v, const struct etsi_octets *pdu, const uint8_t *clear,
		  uint32_t seq)
{
	return put(&v->pdus, pdu, clear, &(struct item){.seq = seq});
}

/* A search for covered items, which are expected in their order. */
struct search {
	struct shelf *shelf;
	struct etsi_octets left; /* numbers */
	size_t from;             /* where the next one should be */
	size_t steps;            /* that are left: numbers in a hostile order end it */
};

static struct search search_of(struct shelf *s, const struct etsi_tri_facts *tri)
{
	return (struct search){s, tri->numbers, 0, 8 * (s->n_items + tri->n_numbers)};
}

/* The item of the next number; false where there is no number left. */
static bool next_item(struct search *x, struct item **out)
{
	size_t n = x->shelf->n_items - x->shelf->first;
	uint32_t seq;

	if (!etsi_number_next(&x->left, &seq))
		return false;
	*out = NULL;
	for (size_t i = 0; i < n && x->steps; i++, x->steps--) {
		size_t at = (x->from + i) % n;

		if (x->shelf->items[x->shelf->first + at].seq != seq)
			continue;
		x->from = at + 1;
		*out = &x->shelf->items[x->shelf->first + at];
		break;
	}
	return true;
}

/* Whether all covered items are here. */
static bool has_all(struct shelf *s, const struct etsi_tri_facts *tri, bool *has_clear)
{
	struct search x = search_of(s, tri);
	struct item *item;

	*has_clear = true;
	while (next_item(&x, &item)) {
		if (!item)
			return false;
		*has_clear = *has_clear && item->has_clear;
	}
	return tri->n_numbers > 0;
}

static void cover(struct shelf *s, const struct etsi_tri_facts *tri)
{
	struct search x = search_of(s, tri);
	struct item *item;

	while (next_item(&x, &item))
		if (item)
			item->is_covered = true;
	drop_covered(s);
}

/* The octets of one form of an item. */
static struct etsi_octets form_of(const struct shelf *s, const struct item *item, bool is_clear)
{
	return (struct etsi_octets){s->octets.bytes + item->at + (is_clear ? item->len : 0),
				    item->len};
}

static bool is_hash_of(struct shelf *s, const struct etsi_tri_facts *tri, bool is_clear)
{
	EVP_MD *md = EVP_MD_fetch(NULL, signer_hash_name((enum etsi_hash)tri->hash), NULL);
	EVP_MD_CTX *evp = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct search x = search_of(s, tri);
	struct etsi_octets form;
	struct item *item;
	unsigned len = 0;
	bool ok = md && evp && EVP_DigestInit_ex2(evp, md, NULL) == 1;

	while (ok && next_item(&x, &item)) {
		form = form_of(s, item, is_clear);
		ok = EVP_DigestUpdate(evp, form.bytes, form.len) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(evp, digest, &len) == 1 && len == tri->value.len &&
	     memcmp(digest, tri->value.bytes, len) == 0;
	EVP_MD_CTX_free(evp);
	EVP_MD_free(md);
	return ok;
}

static int check_hash(struct verifier *v, const struct etsi_octets *pdu,
		      const struct etsi_record *record, enum verdict *out)
{
	const struct etsi_tri_facts *tri = &record->tri;
	struct shelf *s = &v->pdus;
	bool has_clear;
	int rc;

	/* before covered PDUs go: a signature may cover this one */
	rc = put(&v->hashes, pdu, NULL, &(struct item){.seq = record->seq, .hash = tri->hash});
	if (rc)
		return rc;
	if (!has_all(s, tri, &has_clear))
		*out = VERDICT_MISSING;
	else if (!signer_hash_name((enum etsi_hash)tri->hash))
		*out = VERDICT_UNKNOWN;
	else if (is_hash_of(s, tri, false) || (has_clear && is_hash_of(s, tri, true)))
		*out = VERDICT_RIGHT;
	else
		*out = VERDICT_WRONG;
	cover(s, tri);
	return 0;
}

/* The covered hash PDUs one behind the other, and the algorithm of the last. */
static int gather(struct shelf *s, const struct etsi_tri_facts *tri, struct wr *w, uint8_t *hash)
{
	struct search x = search_of(s, tri);
	struct etsi_octets form;
	struct item *item;

	while (next_item(&x, &item)) {
		form = form_of(s, item, false);
		wr_bytes(w, form.bytes, form.len);
		*hash = item->hash;
	}
	return w->ok ? 0 : ERR_NOMEM;
}

static int check_signature(struct verifier *v, const struct etsi_tri_facts *tri,
			   const struct signer *signer, enum verdict *out)
{
	struct wr w = wr_init(2 * (size_t)MAX_HASH_OCTETS);
	struct etsi_octets message;
	bool has_clear;
	uint8_t hash = 0;
	int rc = 0;

	if (!signer || (tri->signature && tri->signature != signer_algorithm(signer))) {
		*out = VERDICT_UNKNOWN;
	} else if (!has_all(&v->hashes, tri, &has_clear)) {
		*out = VERDICT_MISSING;
	} else {
		rc = gather(&v->hashes, tri, &w, &hash);
		message = (struct etsi_octets){w.bytes, w.len};
		*out = !rc && signer_is_right(signer, (enum etsi_hash)hash, &message, &tri->value)
			       ? VERDICT_RIGHT
			       : VERDICT_WRONG;
	}
	wr_fini(&w);
	cover(&v->hashes, tri);
	return rc;
}

int verifier_check(struct verifier *v, const struct etsi_octets *pdu,
		   const struct etsi_record *record, const struct signer *signer, enum verdict *out)
{
	switch (record->tri.check_type) {
	case ETSI_CHECK_HASH:
		return check_hash(v, pdu, record, out);
	case ETSI_CHECK_SIGNATURE:
		return check_signature(v, &record->tri, signer, out);
	}
	*out = VERDICT_UNKNOWN;
	return 0;
}

static size_t n_waiting(const struct shelf *s)
{
	size_t n = 0;

	for (size_t i = s->first; i < s->n_items; i++)
		n += !s->items[i].is_covered;
	return n;
}

size_t verifier_n_waiting(const struct verifier *v)
{
	return n_waiting(&v->pdus);
}

uint64_t verifier_n_given_up(const struct verifier *v)
{
	return v->pdus.n_given_up;
}
