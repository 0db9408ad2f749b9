#include "mandate/mandate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mandate_new(struct mandate **out, const char *key, uint32_t slot)
{
	struct mandate *m = calloc(1, sizeof *m);

	*out = m;
	if (!m)
		return ERR_NOMEM;
	m->key = strdup(key);
	m->slot = slot;
	if (m->key)
		return 0;
	mandate_free(out);
	return ERR_NOMEM;
}

static void free_identities(struct mandate *m)
{
	for (size_t i = 0; i < m->n_identities; i++)
		free(m->identities[i].text);
	free(m->identities);
	m->identities = NULL;
	m->n_identities = 0;
}

static void free_sessions(struct session **first)
{
	while (*first) {
		struct session *next = (*first)->next;

		session_free(first);
		*first = next;
	}
}

void mandate_free_key(void *thing)
{
	struct seal_key *key = thing;

	if (key)
		seal_key_fini(key);
	free(key);
}

void mandate_free(struct mandate **m)
{
	if (!*m)
		return;
	free_identities(*m);
	mandate_free_key((*m)->key_of_payload);
	free_sessions(&(*m)->statics);
	free_sessions(&(*m)->dynamics);
	free((*m)->cins);
	free((*m)->plan);
	free((*m)->key);
	free(*m);
	*m = NULL;
}

#define COPY(to, from) snprintf((to), sizeof(to), "%s", (from) ? (from) : "")

static struct terms terms_of(const struct orders *orders, const struct warrant *w,
			     const struct agency *a, const char *place)
{
	struct terms t;

	memset(&t, 0, sizeof t);
	COPY(t.liid, w->liid);
	COPY(t.authorization_country, w->authorization_country);
	COPY(t.delivery_country, w->delivery_country);
	COPY(t.operator_id, a->operator_id ? a->operator_id : orders->operator.id);
	COPY(t.network_element, place ? place : orders->operator.network_element);
	COPY(t.interception_point, a->interception_point);
	t.header_version = (uint32_t)a->header_version;
	t.service_version = a->service_version == CONF_NO_INT ? 0 : (uint32_t)a->service_version;
	t.time_form = a->time_format == AGENCY_TIME_GENERALIZED ? ETSI_TIME_GENERALIZED
								: ETSI_TIME_MICROSECONDS;
	return t;
}

/* Whether the warrant names the same identities in the same order. */
static bool is_same(const struct mandate *m, const struct warrant *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->targets.n; i++) {
		const struct target *t = &w->targets.items[i];

		if (!target_is_of_radius(t))
			continue;
		if (n == m->n_identities || m->identities[n].kind != target_kind(t) ||
		    strcmp(m->identities[n].text, target_text(t)) != 0)
			return false;
		n++;
	}
	return n == m->n_identities;
}

static int set_identities(struct mandate *m, const struct warrant *w)
{
	if (is_same(m, w))
		return 0;
	free_identities(m);
	m->has_news = true;
	m->identities = calloc(w->targets.n, sizeof *m->identities);
	if (!m->identities)
		return ERR_NOMEM;
	for (size_t i = 0; i < w->targets.n; i++) {
		const struct target *t = &w->targets.items[i];
		char *text;

		if (!target_is_of_radius(t))
			continue;
		text = strdup(target_text(t));
		if (!text)
			return ERR_NOMEM;
		m->identities[m->n_identities++] = (struct identity){target_kind(t), text};
	}
	return 0;
}

int mandate_plan(const struct agency *a, const struct signer *signer, struct integrity_plan **out)
{
	struct integrity_plan *plan;

	*out = NULL;
	if (a->integrity == AGENCY_INTEGRITY_NONE)
		return 0;
	plan = calloc(1, sizeof *plan);
	if (!plan)
		return ERR_NOMEM;
	*plan = (struct integrity_plan){
		.hash = (enum etsi_hash)a->integrity,
		.count = (uint32_t)a->integrity_count,
		.span = a->integrity_time,
		.sign_count = signer ? (uint32_t)a->sign_count : 0,
		.signer = a->sign_count ? signer : NULL,
	};
	*out = plan;
	return 0;
}

bool mandate_has_plan(const struct mandate *m, const struct integrity_plan *plan)
{
	const struct integrity_plan *has = m->plan;

	if (!has || !plan)
		return has == plan;
	return has->hash == plan->hash && has->count == plan->count &&
	       has->span.ns == plan->span.ns && has->sign_count == plan->sign_count &&
	       has->signer == plan->signer;
}

static int set_key(struct mandate *m, const struct warrant *w, const struct agency *a,
		   struct mandate_change *change)
{
	const struct conf_key *octets = NULL;
	enum orders_cipher cipher = warrant_cipher(w, a, &octets);
	struct seal_key *key = NULL;
	int rc = 0;

	if (cipher != ORDERS_CIPHER_NONE && octets) {
		key = calloc(1, sizeof *key);
		rc = key ? seal_key_init(key, (enum seal_cipher)cipher, octets->bytes, octets->len,
					 NULL)
			 : ERR_NOMEM;
	}
	if (rc) {
		free(key);
		return rc;
	}
	change->key = m->key_of_payload;
	m->key_of_payload = key;
	return 0;
}

int mandate_set(struct mandate *m, const struct orders *orders, const struct warrant *w,
		const char *place, struct mandate_change *change)
{
	const struct agency *a = &orders->agencies.items[orders_agency(orders, w)];
	struct terms terms = terms_of(orders, w, a, place);
	int rc;

	*change =
		(struct mandate_change){.has_terms = memcmp(&terms, &m->terms, sizeof terms) != 0};
	m->terms = terms;
	rc = set_key(m, w, a, change);
	if (rc)
		return rc;
	m->start_ns = w->start.ns;
	m->end_ns = w->end.ns;
	m->access_type = (uint8_t)w->access_type;
	m->delivers_iri = warrant_delivers_iri(w);
	m->delivers_cc = warrant_delivers_cc(w);
	m->has_flags = a->segment_flags;
	m->tells_resets = a->cin_reset;
	m->has_comfort = a->comfort_noise;
	return set_identities(m, w);
}

bool mandate_names(const struct mandate *m, enum target_kind kind, const void *octets, size_t len)
{
	for (size_t i = 0; i < m->n_identities; i++) {
		if (m->identities[i].kind == kind &&
		    warrant_identity_fits(m->identities[i].text, octets, len))
			return true;
	}
	return false;
}

/* Where the CIN stands, or belongs. */
static size_t place_of(const struct mandate *m, uint32_t cin)
{
	size_t from = 0, to = m->n_cins;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (m->cins[middle] < cin)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

int mandate_note_cin(struct mandate *m, uint32_t cin)
{
	size_t at = place_of(m, cin);

	if (at < m->n_cins && m->cins[at] == cin)
		return 0;
	if (m->n_cins == m->cins_size) {
		size_t size = m->cins_size ? m->cins_size * 2 : 16;
		uint32_t *cins = reallocarray(m->cins, size, sizeof *cins);

		if (!cins)
			return ERR_NOMEM;
		m->cins = cins;
		m->cins_size = size;
	}
	memmove(m->cins + at + 1, m->cins + at, (m->n_cins - at) * sizeof *m->cins);
	m->cins[at] = cin;
	m->n_cins++;
	return 0;
}

static bool is_taken(const struct mandate *m, uint32_t cin)
{
	size_t at = place_of(m, cin);
	const struct session *s = m->statics;

	while (s && s->cin != cin)
		s = s->next;
	return s || (at < m->n_cins && m->cins[at] == cin);
}

int mandate_take_cin(struct mandate *m, uint64_t hash, uint32_t *cin)
{
	*cin = (uint32_t)hash;
	while (is_taken(m, *cin))
		++*cin;
	return mandate_note_cin(m, *cin);
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

int mandate_header(const struct mandate *m, uint32_t cin, struct etsi_header *out, struct why *why)
{
	const struct terms *t = &m->terms;
	const struct etsi_stream stream = {
		.liid = t->liid,
		.authorization_country = t->authorization_country,
		.operator_id = t->operator_id,
		.network_element = or_null(t->network_element),
		.delivery_country = or_null(t->delivery_country),
		.interception_point = or_null(t->interception_point),
		.cin = cin,
		.header_version = t->header_version,
		.service_version = t->service_version,
		.time_form = (enum etsi_time_form)t->time_form,
	};

	return etsi_header_init(out, &stream, why);
}
