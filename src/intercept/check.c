/* Integrity checks (TS 102 232-1 clause 7.2.3): records of agencies that ask for them are encoded
 * in the turn, one after the other, and hashed as they are delivered. */
#include <stdlib.h>

#include "integrity/integrity.h"
#include "intercept/count.h"

static int open_check(struct session *s, enum intercept_interface which)
{
	static const enum etsi_check_of of[] = {ETSI_CHECK_OF_IRI, ETSI_CHECK_OF_CC};
	struct integrity *c = calloc(1, sizeof *c);
	int rc = c ? integrity_init(c, s->mandate->plan, of[which], NULL) : ERR_NOMEM;

	if (rc) {
		free(c);
		return rc;
	}
	c->hash_seq = s->hash_seq[which];
	c->sign_seq = s->sign_seq[which];
	s->checks[which] = c;
	return 0;
}

static int flush(struct intercept *i, struct session *s, enum intercept_interface which,
		 struct nanos time, bool is_last)
{
	struct integrity *c = s->checks[which];
	struct outbox *box = &i->desks[s->mandate->desk]->boxes[which];
	int rc;

	wr_reset(&i->plain);
	rc = integrity_encode(c, s->header, time, is_last, &i->plain);
	s->hash_seq[which] = c->hash_seq;
	s->sign_seq[which] = c->sign_seq;
	if (rc)
		return intercept_fail(i, rc, box->name, err_text(rc));
	if (!i->plain.len)
		return 0;
	rc = outbox_append(box, i->plain.bytes, i->plain.len);
	count_checks(i, s, time.ns, rc != 0);
	if (rc && i->options.is_live) {
		i->n_checks_lost++;
		return 0;
	}
	return rc ? intercept_fail(i, rc, box->name, err_text(rc)) : 0;
}

int check_add(struct intercept *i, struct session *s, const struct delivered *d)
{
	struct nanos time = {d->time_ns};
	struct integrity *c = s->checks[d->which];
	int rc = 0;

	if (!s->mandate->plan)
		return 0;
	if (!c)
		rc = open_check(s, d->which);
	else if (c->n && d->seq != c->first + c->n)
		rc = flush(i, s, d->which, time, false); /* records between were lost */
	c = s->checks[d->which];
	if (!rc)
		rc = integrity_add(c, d->pdu, d->len, d->seq, time);
	if (!rc && integrity_is_due(c, time))
		rc = flush(i, s, d->which, time, false);
	return rc;
}

int check_end(struct intercept *i, struct session *s, int64_t ns)
{
	int rc = 0;

	for (int k = 0; k < INTERCEPT_N_INTERFACES; k++) {
		int failed = 0;

		if (!s->checks[k])
			continue;
		failed = flush(i, s, (enum intercept_interface)k, (struct nanos){ns}, true);
		rc = rc ? rc : failed;
		integrity_fini(s->checks[k]);
		free(s->checks[k]);
		s->checks[k] = NULL;
	}
	return rc;
}

static int tick_session(struct intercept *i, struct session *s, int64_t ns)
{
	struct nanos due;
	int rc = 0;

	for (int k = 0; k < INTERCEPT_N_INTERFACES && !rc; k++) {
		if (s->checks[k] && integrity_deadline(s->checks[k], &due) && due.ns <= ns)
			rc = flush(i, s, (enum intercept_interface)k, (struct nanos){ns}, false);
	}
	return rc;
}

int check_tick(struct intercept *i, int64_t ns)
{
	int rc = 0;

	for (size_t k = 0; k < i->n_ordered && !rc; k++) {
		struct mandate *m = i->ordered[k];

		if (!m->plan)
			continue;
		for (struct session *s = m->statics; s && !rc; s = s->next)
			rc = tick_session(i, s, ns);
		for (struct session *s = m->dynamics; s && !rc; s = s->next)
			rc = tick_session(i, s, ns);
	}
	return rc;
}

/* All that is open, of one mandate. */
int check_end_all(struct intercept *i, struct mandate *m, int64_t ns)
{
	int rc = 0;

	for (struct session *s = m->statics; s && !rc; s = s->next)
		rc = check_end(i, s, ns);
	for (struct session *s = m->dynamics; s && !rc; s = s->next)
		rc = check_end(i, s, ns);
	return rc;
}
