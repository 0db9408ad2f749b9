#include "lemf/stream.h"

#include <stdlib.h>
#include <string.h>

#include "lemf/hash.h"

enum { FIRST_SLOTS = 64, MAX_SHARE = 8 << 20 };

struct lemf_streams {
	struct lemf_stream **slots; /* open addressing, at most half full */
	size_t n_slots;
	size_t n, max;
	size_t n_kept, max_kept;
	struct lemf_stream *first, *last;
};

static const struct {
	const char *word, *text;
} kinds[] = {
#define X(name, word, text) {word, text},
	LEMF_KINDS(X)
#undef X
};

const char *lemf_kind_word(enum lemf_kind kind)
{
	return kinds[kind].word;
}

const char *lemf_kind_text(enum lemf_kind kind)
{
	return kinds[kind].text;
}

static bool is_same_name(const struct lemf_place_name *a, const struct lemf_place_name *b)
{
	return a->len == b->len && !memcmp(a->octets, b->octets, a->len);
}

static bool is_equal(const struct lemf_key *a, const struct lemf_key *b)
{
	return a->cin == b->cin && a->has_cin == b->has_cin && a->kind == b->kind &&
	       a->liid_len == b->liid_len && !memcmp(a->liid, b->liid, a->liid_len) &&
	       is_same_name(&a->network_element, &b->network_element) &&
	       is_same_name(&a->operator_id, &b->operator_id);
}

static size_t slot_of(const struct lemf_streams *s, const struct lemf_key *key)
{
	uint64_t hash = lemf_hash(key->liid, key->liid_len);
	size_t i;

	hash = hash * 31 + lemf_hash(key->network_element.octets, key->network_element.len);
	hash = hash * 31 + lemf_hash(key->operator_id.octets, key->operator_id.len);
	hash ^= ((uint64_t)key->cin << 8 | key->kind << 1 | key->has_cin) * 0x9e3779b97f4a7c15u;
	for (i = (hash ^ hash >> 32) & (s->n_slots - 1); s->slots[i];
	     i = (i + 1) & (s->n_slots - 1))
		if (is_equal(&s->slots[i]->key, key))
			break;
	return i;
}

static bool grow(struct lemf_streams *s)
{
	struct lemf_stream **slots = calloc(2 * s->n_slots, sizeof *slots);

	if (!slots)
		return false;
	free(s->slots);
	s->slots = slots;
	s->n_slots *= 2;
	for (struct lemf_stream *at = s->first; at; at = at->next)
		s->slots[slot_of(s, &at->key)] = at;
	return true;
}

int lemf_streams_new(struct lemf_streams **out, size_t max, size_t max_kept)
{
	struct lemf_streams *s = calloc(1, sizeof *s);
	int rc = s ? 0 : ERR_NOMEM;

	if (s) {
		s->max = max;
		s->max_kept = max_kept;
		s->n_slots = FIRST_SLOTS;
		s->slots = calloc(s->n_slots, sizeof *s->slots);
		rc = s->slots ? 0 : ERR_NOMEM;
	}
	if (rc)
		lemf_streams_free(&s);
	*out = s;
	return rc;
}

void lemf_streams_free(struct lemf_streams **out)
{
	struct lemf_streams *s = *out;

	*out = NULL;
	if (!s)
		return;
	while (s->first) {
		struct lemf_stream *stream = s->first;

		s->first = stream->next;
		verifier_free(&stream->verifier);
		free(stream);
	}
	free(s->slots);
	free(s);
}

struct lemf_stream *lemf_streams_find(const struct lemf_streams *s, const struct lemf_key *key)
{
	return s->slots[slot_of(s, key)];
}

struct lemf_stream *lemf_streams_get(struct lemf_streams *s, const struct lemf_key *key)
{
	struct lemf_stream *stream = lemf_streams_find(s, key);

	if (stream || s->n == s->max || (2 * s->n >= s->n_slots && !grow(s)))
		return stream;
	stream = calloc(1, sizeof *stream);
	if (!stream)
		return NULL;
	stream->key = *key;
	s->slots[slot_of(s, key)] = stream;
	if (s->last)
		s->last->next = stream;
	else
		s->first = stream;
	s->last = stream;
	s->n++;
	return stream;
}

struct lemf_stream *lemf_streams_first(const struct lemf_streams *s)
{
	return s->first;
}

size_t lemf_streams_n(const struct lemf_streams *s)
{
	return s->n;
}

struct verifier *lemf_streams_keep(struct lemf_streams *s, struct lemf_stream *stream, size_t len)
{
	bool is_new = !stream->verifier && stream->n_records == 0;

	if (!stream->verifier && !is_new && !stream->has_checks)
		return NULL;
	if (stream->n_kept + len > MAX_SHARE || s->n_kept + len > s->max_kept) {
		if (!stream->has_checks) {
			verifier_free(&stream->verifier);
			lemf_streams_kept(s, stream);
		}
		return stream->verifier; /* the oldest give way */
	}
	if (!stream->verifier && verifier_new(&stream->verifier, MAX_SHARE))
		return NULL;
	stream->n_kept += len;
	s->n_kept += len;
	return stream->verifier;
}

void lemf_streams_kept(struct lemf_streams *s, struct lemf_stream *stream)
{
	s->n_kept -= stream->n_kept;
	stream->n_kept = 0;
}

/* TS 102 232-1 clause 5.2.10: Begin opens, Continue lies between, End closes, Report anywhere. */
bool lemf_iri_may_come(struct lemf_stream *stream, enum etsi_iri_type type)
{
	enum lemf_iri_state was = (enum lemf_iri_state)stream->iri_state;

	switch (type) {
	case ETSI_IRI_BEGIN:
		stream->iri_state = LEMF_IRI_OPEN;
		return was != LEMF_IRI_OPEN;
	case ETSI_IRI_CONTINUE:
		return was == LEMF_IRI_OPEN || was == LEMF_IRI_ANY;
	case ETSI_IRI_END:
		stream->iri_state = LEMF_IRI_ENDED;
		return was == LEMF_IRI_OPEN || was == LEMF_IRI_ANY;
	case ETSI_IRI_REPORT:
		return true;
	}
	return false;
}
