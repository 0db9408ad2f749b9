/* What orders say of an identity, and of each field of a message. */
#include "verdict/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "identity/match.h"

enum { SEED = 0x5eed };

/* The orders' targets of calls, and whose they are. */
struct verdict {
	const struct orders *orders;
	struct orders_plan plan;
	struct identity_set *set;
	struct identity_target *targets;
	const struct warrant **warrants; /* of each target */
	struct wr *text;
	struct json json;
	bool is_json;
	size_t n_hits; /* of the identity that is being told of */
};

static int compile(struct verdict *v, struct why *why)
{
	size_t n = orders_n_call_targets(v->orders), k = 0;

	orders_plan_of(&v->orders->operator, & v->plan);
	v->targets = calloc(n + 1, sizeof *v->targets);
	v->warrants = calloc(n + 1, sizeof *v->warrants);
	if (!v->targets || !v->warrants)
		return why_set(why, ERR_NOMEM, "no memory for %zu targets", n);
	for (size_t i = 0; i < v->orders->warrants.n; i++) {
		const struct warrant *w = &v->orders->warrants.items[i];

		for (size_t t = 0; t < w->targets.n; t++) {
			if (!target_is_of_calls(&w->targets.items[t]))
				continue;
			v->warrants[k] = w;
			v->targets[k++] = (struct identity_target){w->targets.items[t].sip_uri,
								   w->targets.items[t].phone};
		}
	}
	return identity_set_new(&v->set, &v->plan.plan, &(struct identity_targets){v->targets, n},
				SEED, why);
}

/* Text from anywhere: line ends and what does not show become blanks and question marks. */
static void put_plain(struct wr *w, const void *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);

	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);

		if (c == '\r')
			continue;
		wr_u8(w, c == '\n' || c == '\t' ? ' ' : c < ' ' || c == 0x7f ? '?' : c);
	}
}

static void put_name(struct verdict *v, const struct identity_name *name)
{
	put_plain(v->text, name->user, name->user_len);
	if (name->realm_len)
		wr_u8(v->text, '@');
	put_plain(v->text, name->realm, name->realm_len);
}

static void tell(void *arg, const struct identity_found *found)
{
	struct verdict *v = arg;
	const struct identity_target *t = &v->targets[found->target];
	const char *kind = t->sip_uri ? "sip_uri" : "phone";
	const char *value = t->sip_uri ? t->sip_uri : t->phone;
	char key[ORDERS_KEY_LEN];

	v->n_hits++;
	warrant_key(v->warrants[found->target], key);
	if (!v->is_json) {
		wr_text(v->text, "    %s  %s %s: %s%s%s\n", key, kind, value,
			found->rule == IDENTITY_ANY ? "" : "the user ",
			identity_rule_text(found->rule),
			found->is_in_realm ? ", in this realm" : ", in any realm");
		return;
	}
	json_open(&v->json, '{');
	json_key(&v->json, "warrant"), json_text(&v->json, key);
	json_key(&v->json, kind), json_text(&v->json, value);
	json_key(&v->json, "rule"), json_text(&v->json, identity_rule_text(found->rule));
	json_key(&v->json, "in_realm"), json_bool(&v->json, found->is_in_realm);
	json_close(&v->json, '}');
}

/* Whom the name matches; name NULL: it names nobody. */
static void tell_name(struct verdict *v, const struct identity_name *name)
{
	v->n_hits = 0;
	if (v->is_json) {
		json_key(&v->json, "user");
		json_text_of(&v->json, name ? (const char *)name->user : "",
			     name ? name->user_len : 0);
		json_key(&v->json, "realm");
		json_text_of(&v->json, name ? (const char *)name->realm : "",
			     name ? name->realm_len : 0);
		json_key(&v->json, "form");
		json_text(&v->json, name ? identity_form_text(name->form) : NULL);
		json_key(&v->json, "matches"), json_open(&v->json, '[');
		if (name)
			(void)identity_set_find(v->set, name, tell, v);
		json_close(&v->json, ']');
		return;
	}
	if (!name) {
		wr_text(v->text, "    names nobody\n");
		return;
	}
	wr_text(v->text, "    is ");
	put_name(v, name);
	wr_text(v->text, " (%s)\n", identity_form_doc(name->form));
	(void)identity_set_find(v->set, name, tell, v);
	if (!v->n_hits)
		wr_text(v->text, "    no target\n");
}

void verdict_word(struct verdict *v, const char *word)
{
	struct identity_name name;
	bool is_somebody = identity_name_of_word(&v->plan.plan, sip_word(word), &name);

	if (v->is_json) {
		json_open(&v->json, '{');
		json_key(&v->json, "identity"), json_text(&v->json, word);
		tell_name(v, is_somebody ? &name : NULL);
		json_close(&v->json, '}');
		json_line(&v->json);
		return;
	}
	put_plain(v->text, word, strlen(word));
	wr_text(v->text, "\n");
	tell_name(v, is_somebody ? &name : NULL);
}

/* One value of a message's field. */
static void tell_value(struct verdict *v, const struct identity_said *said)
{
	const char *field =
		said->field == SIP_NO_FIELD ? "request URI" : sip_field_name(said->field);
	bool counts = said->is_known || v->orders->operator.trust_from;

	if (v->is_json) {
		json_open(&v->json, '{');
		json_key(&v->json, "field"), json_text(&v->json, field);
		json_key(&v->json, "value");
		json_text_of(&v->json, said->value.bytes, said->value.len);
		json_key(&v->json, "counts"), json_bool(&v->json, counts);
		tell_name(v, said->is_readable ? &said->name : NULL);
		json_close(&v->json, '}');
		json_line(&v->json);
		return;
	}
	wr_text(v->text, "%s: ", field);
	put_plain(v->text, said->value.bytes, said->value.len);
	wr_text(v->text, "%s\n",
		counts ? ""
		       : "\n    does not count: the caller says it, and trust_from is not set");
	tell_name(v, said->is_readable ? &said->name : NULL);
}

int verdict_message(struct verdict *v, const void *bytes, size_t len, struct why *why)
{
	struct identity_walk walk;
	struct identity_said said;
	struct sip_message message;
	int rc = sip_message_read(bytes, len, &message);

	if (rc == ERR_CUT)
		return why_set(why, rc, "the message ends before its header or its body does");
	if (rc)
		return why_set(why, rc, "it is no SIP message");
	walk = identity_walk_of(&message);
	while (identity_walk_next(&walk, &v->plan.plan, &said))
		tell_value(v, &said);
	return 0;
}

int verdict_new(struct verdict **out, const struct orders *orders, bool is_json, struct wr *text,
		struct why *why)
{
	struct verdict *v = calloc(1, sizeof *v);
	int rc;

	*out = v;
	if (!v)
		return why_set(why, ERR_NOMEM, "no memory for a verdict");
	v->orders = orders;
	v->text = text;
	v->is_json = is_json;
	v->json = json_of(text);
	rc = compile(v, why);
	if (rc)
		verdict_free(out);
	return rc;
}

void verdict_free(struct verdict **verdict)
{
	struct verdict *v = *verdict;

	if (!v)
		return;
	identity_set_free(&v->set);
	free(v->targets);
	free(v->warrants);
	free(v);
	*verdict = NULL;
}
