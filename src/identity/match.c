#include "identity/match.h"

#include <string.h>

#include "base/hash.h"
#include "sip/field.h"

enum { MAX_SEEN = 16 };

enum kind { KIND_ADDRESS, KIND_LOGIN };

static const struct source {
	enum sip_field field;
	enum kind kind;
	bool is_known;
} sources[] = {
#define KNOWN                 true
#define SAID                  false
#define X(name, kind, belief) {SIP_FIELD_##name, KIND_##kind, belief},
	IDENTITY_SOURCES(X)
#undef X
#undef KNOWN
#undef SAID
};

enum { N_SOURCES = sizeof sources / sizeof *sources };

struct identity_walk identity_walk_of(const struct sip_message *message)
{
	struct identity_walk walk = {.message = message};

	walk.values = sip_message_values(message, sources[0].field);
	return walk;
}

/* The URI of a request that opens a dialog, or stands in none, is whom it is for, since To stays
 * the same when a server turns it to somebody else. Within a dialog it is the other's Contact,
 * which that one made up. */
static bool is_for_somebody(const struct sip_message *m)
{
	struct sip_text tag;

	return m->is_request && m->method != SIP_REGISTER &&
	       !sip_message_tag(m, SIP_FIELD_TO, &tag);
}

static bool read_uri(const struct identity_plan *plan, struct sip_text text,
		     struct identity_name *out)
{
	struct sip_uri uri;

	return sip_uri_read(text, &uri) == 0 && identity_name_of_uri(plan, &uri, out);
}

static bool read_value(const struct identity_plan *plan, enum kind kind, struct sip_text value,
		       struct identity_name *out)
{
	struct sip_credentials login;
	struct sip_address address;

	if (kind == KIND_LOGIN)
		return sip_credentials_read(value, &login) == 0 &&
		       sip_text_is_there(login.username) &&
		       identity_name_of_login(plan, login.username, login.realm, out);
	return sip_address_read(value, &address) == 0 && !address.is_star &&
	       identity_name_of_uri(plan, &address.uri, out);
}

static void forget(struct identity_name *name)
{
	name->user_len = name->realm_len = 0;
	name->user[0] = name->realm[0] = 0;
	name->is_cut = false;
	name->form = IDENTITY_TEXT;
}

static bool say(struct identity_said *out, bool is_readable)
{
	out->is_readable = is_readable;
	if (!is_readable)
		forget(&out->name);
	return true;
}

bool identity_walk_next(struct identity_walk *w, const struct identity_plan *plan,
			struct identity_said *out)
{
	if (!w->has_begun) {
		w->has_begun = true;
		out->field = SIP_NO_FIELD;
		out->value = w->message->uri;
		out->is_known = true;
		if (is_for_somebody(w->message))
			return say(out, read_uri(plan, out->value, &out->name));
	}
	while (w->source < N_SOURCES) {
		const struct source *s = &sources[w->source];

		if (w->n_values < IDENTITY_MAX_VALUES && sip_values_next(&w->values, &out->value)) {
			w->n_values++;
			out->field = s->field;
			out->is_known = s->is_known;
			return say(out, read_value(plan, s->kind, out->value, &out->name));
		}
		w->n_values = 0;
		if (++w->source < N_SOURCES)
			w->values = sip_message_values(w->message, sources[w->source].field);
	}
	return false;
}

struct teller {
	identity_hit_fn fn;
	void *arg;
	enum sip_field field;
};

static void tell(void *arg, const struct identity_found *found)
{
	struct teller *t = arg;
	struct identity_hit hit = {t->field, *found};

	t->fn(t->arg, &hit);
}

/* Identities that were looked up already: a message names the same party many times. */
struct seen {
	uint64_t marks[MAX_SEEN];
	size_t n;
};

static bool is_new(struct seen *seen, const struct identity_name *name)
{
	uint64_t mark = keyed_hash(name->is_cut, name->user, name->user_len) ^
			keyed_hash(2, name->realm, name->realm_len) ^ (uint64_t)name->form;

	for (size_t i = 0; i < seen->n; i++) {
		if (seen->marks[i] == mark)
			return false;
	}
	if (seen->n < MAX_SEEN)
		seen->marks[seen->n++] = mark;
	return true;
}

size_t identity_match(const struct identity_set *set, const struct sip_message *message,
		      bool trust_from, identity_hit_fn fn, void *arg)
{
	struct identity_walk walk = identity_walk_of(message);
	struct teller teller = {fn, arg, SIP_NO_FIELD};
	struct seen seen = {.n = 0};
	struct identity_said said;
	size_t n_steps = 0;

	while (identity_walk_next(&walk, identity_set_plan(set), &said)) {
		n_steps++;
		if (!said.is_readable || (!said.is_known && !trust_from))
			continue;
		if (!is_new(&seen, &said.name))
			continue;
		teller.field = said.field;
		n_steps += identity_set_find(set, &said.name, tell, &teller);
	}
	return n_steps;
}
