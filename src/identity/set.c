#include "identity/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/lookup.h"

enum {
	N_LENGTHS = IDENTITY_MAX_USER + 1,
	N_WORDS = N_LENGTHS / 64,
	NO_NEXT = UINT32_MAX,
	MAX_TARGETS = 1 << 24,
};

/* A pattern without its room to spare; its octets lie in the set's text: user, then realm. */
struct entry {
	uint32_t at;
	uint8_t user_len, realm_len;
	uint8_t rule;
	bool is_number;
	uint32_t target;
	uint32_t next; /* the same pattern of another target */
	uint32_t last; /* of the first of a chain: its end */
};

/* Which numbers of octets the patterns of one rule have, with a realm or without. */
struct lengths {
	uint64_t words[N_WORDS];
};

struct identity_set {
	uint64_t seed;
	struct lookup lookup;
	struct entry *entries;
	size_t n;
	uint8_t *text;
	size_t text_len, text_size;
	struct lengths lengths[IDENTITY_N_RULES][2];
	struct identity_plan plan;
	char *plan_text; /* of the plan's strings */
	const char **plan_lists;
};

static char *copy_text(char **at, const char *text)
{
	char *copy = *at;
	size_t size = strlen(text) + 1;

	memcpy(copy, text, size);
	*at += size;
	return copy;
}

static size_t list_size(const char *const *items, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += strlen(items[i]) + 1;
	return size;
}

static int copy_plan(struct identity_set *s, const struct identity_plan *from)
{
	const char *code = from->country_code ? from->country_code : "";
	const char *prefix = from->national_prefix ? from->national_prefix : "";
	size_t n = from->n_international_prefixes + from->n_phone_realms, k = 0;
	char *at;

	s->plan = *from;
	s->plan_lists = calloc(n + 1, sizeof *s->plan_lists);
	s->plan_text =
		malloc(strlen(code) + strlen(prefix) + 2 +
		       list_size(from->international_prefixes, from->n_international_prefixes) +
		       list_size(from->phone_realms, from->n_phone_realms));
	if (!s->plan_lists || !s->plan_text)
		return ERR_NOMEM;
	at = s->plan_text;
	s->plan.country_code = copy_text(&at, code);
	s->plan.national_prefix = copy_text(&at, prefix);
	s->plan.international_prefixes = s->plan_lists;
	for (size_t i = 0; i < from->n_international_prefixes; i++)
		s->plan_lists[k++] = copy_text(&at, from->international_prefixes[i]);
	s->plan.phone_realms = s->plan_lists + k;
	for (size_t i = 0; i < from->n_phone_realms; i++)
		s->plan_lists[k++] = copy_text(&at, from->phone_realms[i]);
	return 0;
}

/* The hash of a realm joins that of each part of the user that is compared. */
static uint64_t realm_hash(const struct identity_set *s, const uint8_t *realm, size_t len)
{
	return len ? keyed_hash(s->seed ^ IDENTITY_N_RULES, realm, len) : 0;
}

static uint64_t user_hash(const struct identity_set *s, unsigned rule, const uint8_t *user,
			  size_t len)
{
	return keyed_hash(s->seed ^ rule, user, len);
}

static bool is_same(const struct identity_set *s, const struct entry *e, const struct entry *f)
{
	return e->rule == f->rule && e->user_len == f->user_len && e->realm_len == f->realm_len &&
	       e->is_number == f->is_number &&
	       !memcmp(s->text + e->at, s->text + f->at, (size_t)e->user_len + e->realm_len);
}

static int add_text(struct identity_set *s, const uint8_t *bytes, size_t len)
{
	if (s->text_len + len > s->text_size) {
		size_t size = (s->text_len + len) * 2 + 1024;
		uint8_t *more = realloc(s->text, size);

		if (!more)
			return ERR_NOMEM;
		s->text = more;
		s->text_size = size;
	}
	if (len)
		memcpy(s->text + s->text_len, bytes, len);
	s->text_len += len;
	return 0;
}

/* Behind its equals, or as the first of its kind. */
static int enter(struct identity_set *s, struct entry *e)
{
	const uint8_t *user = s->text + e->at, *realm = user + e->user_len;
	uint64_t hash =
		user_hash(s, e->rule, user, e->user_len) ^ realm_hash(s, realm, e->realm_len);
	struct lookup_walk walk = lookup_first(&s->lookup, hash);
	uint32_t self = (uint32_t)(e - s->entries), k;

	e->next = NO_NEXT;
	e->last = self;
	while (lookup_next(&s->lookup, hash, &walk, &k)) {
		struct entry *first = &s->entries[k];

		if (!is_same(s, first, e))
			continue;
		s->entries[first->last].next = self;
		first->last = self;
		return 0;
	}
	s->lengths[e->rule][e->realm_len != 0].words[e->user_len / 64] |= 1ull << e->user_len % 64;
	return lookup_add(&s->lookup, hash, self);
}

static int add(struct identity_set *s, const struct identity_pattern *p, uint32_t target)
{
	struct entry *e = &s->entries[s->n];
	int rc;

	*e = (struct entry){.at = (uint32_t)s->text_len,
			    .user_len = (uint8_t)p->name.user_len,
			    .realm_len = (uint8_t)p->name.realm_len,
			    .rule = (uint8_t)p->rule,
			    .is_number = p->rule == IDENTITY_ENDS && p->name.form != IDENTITY_TEXT,
			    .target = target};
	rc = add_text(s, p->name.user, p->name.user_len);
	if (!rc)
		rc = add_text(s, p->name.realm, p->name.realm_len);
	if (!rc)
		rc = enter(s, e);
	s->n += !rc;
	return rc;
}

static int add_targets(struct identity_set *s, const struct identity_targets *targets,
		       struct why *why)
{
	struct identity_pattern p;
	int rc = 0;

	for (size_t i = 0; i < targets->n && !rc; i++) {
		const struct identity_target *t = &targets->items[i];

		rc = t->sip_uri ? identity_pattern_sip(&s->plan, t->sip_uri, &p, why)
				: identity_pattern_phone(t->phone, &p, why);
		if (!rc)
			rc = add(s, &p, (uint32_t)i);
	}
	return rc;
}

int identity_set_new(struct identity_set **out, const struct identity_plan *plan,
		     const struct identity_targets *targets, uint64_t seed, struct why *why)
{
	struct identity_set *s = targets->n <= MAX_TARGETS ? calloc(1, sizeof *s) : NULL;
	int rc = s ? copy_plan(s, plan) : ERR_NOMEM;

	*out = s;
	if (!rc) {
		s->seed = seed & ~(uint64_t)7; /* the rules' numbers join it */
		s->entries = calloc(targets->n + 1, sizeof *s->entries);
		rc = s->entries ? 0 : ERR_NOMEM;
	}
	if (!rc)
		rc = add_targets(s, targets, why);
	if (rc)
		identity_set_free(out);
	return rc;
}

void identity_set_free(struct identity_set **set)
{
	struct identity_set *s = *set;

	if (!s)
		return;
	lookup_fini(&s->lookup);
	free(s->entries);
	free(s->text);
	free(s->plan_text);
	free(s->plan_lists);
	free(s);
	*set = NULL;
}

const struct identity_plan *identity_set_plan(const struct identity_set *set)
{
	return &set->plan;
}

/* One identity that is looked up. */
struct search {
	const struct identity_set *set;
	const struct identity_name *name;
	identity_found_fn fn;
	void *arg;
	size_t n_steps;
};

static bool fits(const struct search *q, const struct entry *e, const uint8_t *user)
{
	const uint8_t *text = q->set->text + e->at;

	return !memcmp(text, user, e->user_len) &&
	       (!e->realm_len || (e->realm_len == q->name->realm_len &&
				  !memcmp(text + e->user_len, q->name->realm, e->realm_len)));
}

static void tell(struct search *q, const struct entry *e)
{
	for (;; e = &q->set->entries[e->next]) {
		struct identity_found found = {e->target, (enum identity_rule)e->rule,
					       e->realm_len != 0};

		q->n_steps++;
		q->fn(q->arg, &found);
		if (e->next == NO_NEXT)
			return;
	}
}

/* The patterns of one rule that compare these octets of the user. */
static void probe(struct search *q, unsigned rule, size_t from, size_t len, bool has_realm)
{
	const struct identity_name *name = q->name;
	const uint8_t *user = name->user + from;
	uint64_t hash = user_hash(q->set, rule, user, len) ^
			(has_realm ? realm_hash(q->set, name->realm, name->realm_len) : 0);
	struct lookup_walk walk = lookup_first(&q->set->lookup, hash);
	uint32_t k;

	q->n_steps++;
	while (lookup_next(&q->set->lookup, hash, &walk, &k)) {
		const struct entry *e = &q->set->entries[k];

		q->n_steps++;
		if (e->rule == rule && e->user_len == len && (e->realm_len != 0) == has_realm &&
		    (!e->is_number || name->form != IDENTITY_TEXT) && fits(q, e, user))
			tell(q, e);
	}
}

static void probe_lengths(struct search *q, unsigned rule, bool has_realm)
{
	const struct lengths *l = &q->set->lengths[rule][has_realm];
	const struct identity_name *name = q->name;

	for (size_t word = 0; word < N_WORDS; word++) {
		for (uint64_t left = l->words[word]; left; left &= left - 1) {
			size_t len = word * 64 + (size_t)__builtin_ctzll(left);

			if (len > name->user_len)
				return;
			if (rule == IDENTITY_IS && len != name->user_len)
				continue;
			probe(q, rule, rule == IDENTITY_ENDS ? name->user_len - len : 0, len,
			      has_realm);
		}
	}
}

size_t identity_set_find(const struct identity_set *set, const struct identity_name *name,
			 identity_found_fn fn, void *arg)
{
	struct search q = {set, name, fn, arg, 0};

	if (!name->user_len)
		return 0;
	for (unsigned rule = 0; rule < IDENTITY_N_RULES; rule++) {
		bool wants_end = rule == IDENTITY_IS || rule == IDENTITY_ENDS;

		if (wants_end && name->is_cut)
			continue;
		for (int has_realm = name->realm_len != 0; has_realm >= 0; has_realm--)
			probe_lengths(&q, rule, has_realm);
	}
	return q.n_steps;
}
