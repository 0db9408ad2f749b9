/* TRIs of a communication: flags around the records of each, where its agency asks for them, and
 * the reset of a CIN that is used again from number 0
 * (docs/decisions/0131-flags-and-resets.md). */
#include "etsi/tri.h"
#include "intercept/count.h"

/* A flag that finds no room is lost, as a record is; it has no number of its own to tell so. */
static int put(struct intercept *i, struct session *s, enum intercept_interface which,
	       const struct tri *tri)
{
	struct outbox *box = &i->desks[s->mandate->desk]->boxes[which];
	struct why why;
	int rc;

	if (!tri_is_known(s->header, tri->kind))
		return 0;
	why_clear(&why);
	wr_reset(&i->plain);
	rc = tri_encode(s->header, tri, &i->plain, &why);
	if (rc)
		return intercept_fail(i, rc, s->mandate->terms.liid, why.text);
	rc = outbox_append(box, i->plain.bytes, i->plain.len);
	count_checks(i, s, tri->time.ns, rc != 0);
	if (rc && i->options.is_live)
		return 0;
	return rc ? intercept_fail(i, rc, box->name, err_text(rc)) : 0;
}

/* On each interface that the warrant lets us use: the number is that of the record next to it. */
static int put_flags(struct intercept *i, struct session *s, enum etsi_tri_kind kind, int64_t ns)
{
	const struct mandate *m = s->mandate;
	uint32_t less = kind == ETSI_TRI_LAST_SEGMENT ? 1 : 0;
	struct tri tri = {.kind = kind, .time = {ns}};
	int rc = 0;

	if (!m->has_flags)
		return 0;
	if (m->delivers_iri) {
		tri.seq = (uint32_t)s->next_iri - (s->next_iri ? less : 0);
		rc = put(i, s, INTERCEPT_HI2, &tri);
	}
	if (m->delivers_cc && !rc) {
		tri.seq = (uint32_t)s->next_cc - (s->next_cc ? less : 0);
		rc = put(i, s, INTERCEPT_HI3, &tri);
	}
	return rc;
}

static int reset(struct intercept *i, struct session *s, int64_t ns)
{
	const struct tri tri = {.kind = ETSI_TRI_CIN_RESET, .time = {ns}};

	count_turn(s);
	if (!s->mandate->tells_resets)
		return 0;
	return put(i, s, s->mandate->delivers_iri ? INTERCEPT_HI2 : INTERCEPT_HI3, &tri);
}

/* A collector that has lost its state, or never had one, cannot know what numbers were given to
 * what was there before it. */
static bool may_be_used(const struct intercept *i, const struct session *s)
{
	return i->options.is_live && !i->has_state && !s->next_iri && !s->next_cc &&
	       s->mandate->start_ns < i->options.now.ns;
}

int flag_begin(struct intercept *i, struct session *s, enum ipiri_event event, int64_t ns)
{
	int rc = event == IPIRI_START_ACTIVE && may_be_used(i, s) ? reset(i, s, ns) : 0;

	return rc ? rc : put_flags(i, s, ETSI_TRI_FIRST_SEGMENT, ns);
}

int flag_end(struct intercept *i, struct session *s, int64_t ns)
{
	return put_flags(i, s, ETSI_TRI_LAST_SEGMENT, ns);
}

int flag_wrap(struct intercept *i, struct session *s, int64_t ns)
{
	s->next_iri = s->next_cc = 0;
	return reset(i, s, ns);
}
