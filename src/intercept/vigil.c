/* A vigil: the interception of somebody who has no session. Where a warrant's interception begins
 * and none of its subscribers is logged in, a BEGIN with the event
 * startOfInterceptionWithoutNetworkSession tells so; its END comes when the first of their sessions
 * begins, or the interception ends. It has a CIN of its own, and stands among the dynamic sessions
 * under a number that is no subscriber's, so that it survives a restart as they do. */
#include <string.h>

#include "etsi/text.h"
#include "intercept/inside.h"

static struct session *find(const struct mandate *m)
{
	struct session *s = m->dynamics;

	while (s && s->access_id != VIGIL_ID)
		s = s->next;
	return s;
}

static bool has_session(const struct mandate *m)
{
	for (const struct session *s = m->dynamics; s; s = s->next) {
		if (s->state == SESSION_BEGUN && !s->call)
			return true;
	}
	return false;
}

/* Whom it waits for is the first that the warrant names. Nothing is known of his access: iPVersion,
 * which has no "unknown", is both. */
static void describe(const struct mandate *m, struct ipiri *iri)
{
	enum { VERSION_BOTH = 3, SHORT = 20 };
	const struct identity *id = m->identities;
	struct etsi_text text = {id->text, strlen(id->text)};
	size_t n_chars;

	iri->ip_version = VERSION_BOTH;
	if (id->kind == TARGET_RADIUS_USER)
		iri->username = text;
	else if (etsi_is_utf8(text.bytes, text.len, &n_chars) && n_chars <= SHORT)
		iri->network_id = text;
}

static int say(struct intercept *i, struct session *s, enum ipiri_event event, int64_t ns)
{
	struct ipiri iri = {.event = event, .time = {ns}};
	enum ipiri_event known = event;

	if (!ipiri_event_known(s->header, &known))
		return 0; /* the agency has another version by now */
	if (s->mandate->n_identities)
		describe(s->mandate, &iri);
	else
		iri.ip_version = 3;
	return tell_facts(i, s, &iri);
}

static int begin(struct intercept *i, struct mandate *m)
{
	enum ipiri_event event = IPIRI_START_IDLE;
	struct etsi_header header;
	struct session *s;
	struct why why;
	uint32_t cin;
	int rc;

	why_clear(&why);
	rc = mandate_header(m, 0, &header, &why);
	if (rc)
		return intercept_fail(i, rc, m->terms.liid, why.text);
	if (!ipiri_event_known(&header, &event))
		return 0;
	rc = mandate_take_cin(m, lookup_hash(VIGIL_ID, m->key, strlen(m->key)), &cin);
	if (!rc)
		rc = subscriber_restore(i, m, VIGIL_ID, cin, &s);
	if (rc)
		return rc;
	s->state = SESSION_BEGUN;
	return say(i, s, event, m->from_ns);
}

int vigil_begin(struct intercept *i, struct mandate *m)
{
	bool is_on = m->is_started && !m->is_over && m->end_ns > m->from_ns;

	if (!is_on || !m->n_identities || !m->delivers_iri || has_session(m) || find(m))
		return 0;
	return begin(i, m);
}

int vigil_end(struct intercept *i, struct mandate *m, int64_t ns)
{
	struct session *s = find(m);
	int rc = 0, failed;

	if (!s)
		return 0;
	if (s->state == SESSION_BEGUN)
		rc = say(i, s, IPIRI_END_IDLE, ns);
	failed = subscriber_drop(i, s);
	return rc ? rc : failed;
}
