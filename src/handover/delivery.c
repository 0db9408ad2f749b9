#include "handover/delivery.h"

#include <assert.h>
#include <string.h>

static const char *const state_texts[] = {
#define X(name, text) [DELIVERY_##name] = text,
	DELIVERY_STATES(X)
#undef X
};

static const char *const event_texts[] = {
#define X(name, text) [DELIVERY_ON_##name] = text,
	DELIVERY_EVENTS(X)
#undef X
};

const char *delivery_state_text(enum delivery_state state)
{
	return state_texts[state];
}

const char *delivery_event_text(enum delivery_event event)
{
	return event_texts[event];
}

static enum delivery_state next_state(enum delivery_state now, enum delivery_event event)
{
	switch (event) {
	case DELIVERY_ON_DIAL:
		return now == DELIVERY_DOWN ? DELIVERY_DIALLING : now;
	case DELIVERY_ON_CONNECTED:
		return now == DELIVERY_DIALLING ? DELIVERY_AGREEING : now;
	case DELIVERY_ON_AGREED:
		return now == DELIVERY_AGREEING ? DELIVERY_UP : now;
	case DELIVERY_ON_LOST:
		return DELIVERY_DOWN;
	}
	return now;
}

static void move(struct delivery *d, enum delivery_event event, struct nanos now)
{
	enum delivery_state next = next_state(d->state, event);

	if (next != d->state)
		d->moved_at = now;
	d->state = next;
}

static struct nanos after(struct nanos t, struct nanos span)
{
	return (struct nanos){t.ns + span.ns};
}

void delivery_init(struct delivery *d, const struct delivery_terms *terms, uint32_t number,
		   struct nanos now)
{
	*d = (struct delivery){.terms = *terms, .number = number, .dial_at = now, .moved_at = now};
}

void delivery_set_terms(struct delivery *d, const struct delivery_terms *terms, struct nanos now)
{
	struct nanos soonest = after(now, terms->keepalive_interval);

	d->terms = *terms;
	if (d->probe_at.ns > soonest.ns)
		d->probe_at = soonest;
	if (d->state == DELIVERY_DOWN && d->dial_at.ns > now.ns + terms->retry.ns)
		d->dial_at = after(now, terms->retry);
}

bool delivery_dials(struct delivery *d, struct nanos now)
{
	if (d->state != DELIVERY_DOWN || now.ns < d->dial_at.ns)
		return false;
	move(d, DELIVERY_ON_DIAL, now);
	return true;
}

void delivery_connected(struct delivery *d, uint64_t start, bool is_plain, struct nanos now)
{
	move(d, DELIVERY_ON_CONNECTED, now);
	if (!d->terms.acknowledge)
		move(d, DELIVERY_ON_AGREED, now);
	d->connected_at = now;
	d->probe_at = after(now, d->terms.keepalive_interval);
	d->progress_at = now;
	d->is_asked = d->is_complete_due = d->has_acknowledgement = false;
	d->n_questions = 0;
	d->wire_written = d->wire_acked = 0;
	d->first_mark = d->n_marks = 0;
	d->is_plain = is_plain;
	d->start = d->sent = d->asked = d->done = d->confirmed = d->settling = start;
	d->settle_at = after(now, nanos_from_s(DELIVERY_SETTLE_S));
	d->n_connections++;
}

void delivery_lost(struct delivery *d, struct nanos now)
{
	bool was_up = d->state == DELIVERY_AGREEING || d->state == DELIVERY_UP;
	bool was_brief = now.ns - d->connected_at.ns < nanos_from_s(DELIVERY_BRIEF_S).ns;

	/* at once where there was a connection (6.3.2), but not in a circle without a pause */
	d->dial_at = now;
	if (!was_up)
		d->dial_at = after(now, d->terms.retry);
	else if (was_brief)
		d->dial_at = after(now, d->terms.retry.ns < nanos_from_s(DELIVERY_BRIEF_S).ns
						? d->terms.retry
						: nanos_from_s(DELIVERY_BRIEF_S));
	move(d, DELIVERY_ON_LOST, now);
	d->n_questions = 0;
}

/* ---- questions and answers ---- */

static struct nanos answer_wait(const struct delivery *d)
{
	return d->terms.keepalive_wait.ns ? d->terms.keepalive_wait
					  : nanos_from_s(DELIVERY_ANSWER_WAIT_S);
}

/* When the first question's patience ends; INT64_MAX: nothing is asked. */
static struct nanos answer_due(const struct delivery *d)
{
	struct nanos due = {INT64_MAX};

	for (unsigned i = 0; i < d->n_questions; i++) {
		struct nanos end = after(d->questions[i].since, answer_wait(d));

		if (end.ns < due.ns)
			due = end;
	}
	return due;
}

static bool has_question(const struct delivery *d, uint8_t kind)
{
	for (unsigned i = 0; i < d->n_questions; i++)
		if (d->questions[i].kind == kind)
			return true;
	return false;
}

/* When a keep-alive that cannot go out, since nothing is taken, counts as not answered; INT64_MAX:
 * none is in that state. */
static struct nanos stall_due(const struct delivery *d, struct nanos now)
{
	const struct delivery_terms *t = &d->terms;
	struct nanos since = d->probe_at;

	if (!t->keepalive_interval.ns || !t->keepalive_wait.ns || now.ns < d->probe_at.ns ||
	    d->wire_acked == d->wire_written || has_question(d, ETSI_TRI_KEEP_ALIVE))
		return (struct nanos){INT64_MAX};
	if (since.ns < d->progress_at.ns)
		since = d->progress_at;
	return after(since, t->keepalive_wait);
}

bool delivery_expired(const struct delivery *d, struct nanos now, struct why *why)
{
	switch (d->state) {
	case DELIVERY_DOWN:
		return false;
	case DELIVERY_DIALLING:
		if (now.ns - d->moved_at.ns < nanos_from_s(DELIVERY_DIAL_WAIT_S).ns)
			return false;
		(void)why_set(why, ERR_AGAIN, "no connection came about within %d s",
			      DELIVERY_DIAL_WAIT_S);
		return true;
	case DELIVERY_AGREEING:
	case DELIVERY_UP:
		break;
	}
	if (now.ns >= stall_due(d, now).ns) {
		(void)why_set(why, ERR_AGAIN,
			      "the agency takes nothing: no keep-alive could be "
			      "sent within %lld ms",
			      (long long)(d->terms.keepalive_wait.ns / NANOS_PER_MS));
		return true;
	}
	if (now.ns < answer_due(d).ns)
		return false;
	(void)why_set(why, ERR_AGAIN, "%s %u was not answered within %lld ms",
		      etsi_tri_text(d->questions[0].kind), d->questions[0].number,
		      (long long)(answer_wait(d).ns / NANOS_PER_MS));
	return true;
}

static uint32_t ask(struct delivery *d, uint8_t kind, struct nanos now)
{
	assert(d->n_questions < DELIVERY_MAX_QUESTIONS);
	d->questions[d->n_questions++] = (struct delivery_question){.kind = kind,
								    .number = d->number,
								    .offset = d->sent,
								    .wire_end = UINT64_MAX,
								    .since = now};
	return d->number++;
}

static bool probe_is_due(const struct delivery *d, struct nanos now)
{
	return d->terms.keepalive_interval.ns && now.ns >= d->probe_at.ns &&
	       d->n_questions < DELIVERY_MAX_QUESTIONS && !has_question(d, ETSI_TRI_KEEP_ALIVE);
}

/* After so many octets, or where nothing follows that could carry the question along. One place is
 * kept for a keep-alive. */
static bool acknowledgement_is_due(const struct delivery *d, bool has_more)
{
	return d->has_acknowledgement && d->sent > d->asked &&
	       d->n_questions < DELIVERY_MAX_QUESTIONS - 1 &&
	       (!has_more || d->sent - d->asked >= DELIVERY_ACK_EVERY);
}

static void say_probe(struct delivery *d, struct nanos now, uint32_t *number)
{
	d->probe_at = after(now, d->terms.keepalive_interval);
	d->n_keepalives++;
	*number = d->terms.keepalive_wait.ns ? ask(d, ETSI_TRI_KEEP_ALIVE, now) : d->number++;
}

static bool says_when_up(struct delivery *d, bool has_more, struct nanos now, uint8_t *kind,
			 uint32_t *number)
{
	if (d->is_complete_due) {
		d->is_complete_due = false;
		*kind = ETSI_TRI_OPTION_COMPLETE;
		*number = d->number++;
		return true;
	}
	if (!acknowledgement_is_due(d, has_more))
		return false;
	d->asked = d->sent;
	*kind = ETSI_TRI_ACKNOWLEDGEMENT_REQUEST;
	*number = ask(d, *kind, now);
	return true;
}

bool delivery_says(struct delivery *d, bool has_more, struct nanos now, uint8_t *kind,
		   uint32_t *number)
{
	if (d->state != DELIVERY_AGREEING && d->state != DELIVERY_UP)
		return false;
	if (probe_is_due(d, now)) {
		*kind = ETSI_TRI_KEEP_ALIVE;
		say_probe(d, now, number);
		return true;
	}
	if (d->state == DELIVERY_UP)
		return says_when_up(d, has_more, now, kind, number);
	if (d->is_asked)
		return false;
	d->is_asked = true;
	*kind = ETSI_TRI_OPTION_REQUEST;
	*number = ask(d, *kind, now);
	return true;
}

/* ---- what was written, and what the agency's TCP has of it ---- */

/* Whether nobody will ever say that the agency's program has read something. */
static bool is_mute(const struct delivery *d)
{
	return !d->has_acknowledgement &&
	       (!d->terms.keepalive_interval.ns || !d->terms.keepalive_wait.ns);
}

static void settle(struct delivery *d, struct nanos now)
{
	if (now.ns < d->settle_at.ns)
		return;
	if (is_mute(d) && d->settling > d->confirmed)
		d->confirmed = d->settling;
	d->settling = d->done;
	d->settle_at = after(now, nanos_from_s(DELIVERY_SETTLE_S));
}

void delivery_wrote_tri(struct delivery *d, uint64_t wire, bool is_whole)
{
	d->wire_written += wire;
	for (unsigned i = 0; is_whole && i < d->n_questions; i++)
		if (d->questions[i].wire_end == UINT64_MAX)
			d->questions[i].wire_end = d->wire_written;
}

static struct delivery_mark *mark_at(struct delivery *d, unsigned i)
{
	return &d->marks[(d->first_mark + i) % DELIVERY_MAX_MARKS];
}

/* Where the ring is full the last mark stands for what follows it too: its part counts as had a
 * little later. */
static void add_mark(struct delivery *d, size_t n)
{
	struct delivery_mark *last = d->n_marks ? mark_at(d, d->n_marks - 1) : NULL;
	bool goes_on = last && d->is_plain && last->len && last->wire_end + n == d->wire_written;

	if (goes_on) {
		last->len += n;
	} else if (d->n_marks == DELIVERY_MAX_MARKS) {
		last->len = 0;
	} else {
		last = mark_at(d, d->n_marks++);
		last->len = d->is_plain ? n : 0;
	}
	last->wire_end = d->wire_written;
	last->offset = d->sent;
}

void delivery_wrote_records(struct delivery *d, size_t n, uint64_t wire)
{
	d->wire_written += wire;
	d->sent += n;
	if (n)
		add_mark(d, n);
}

/* Up to where the agency has the records, by the octets that its TCP has. */
static uint64_t had(struct delivery *d)
{
	uint64_t done = d->done, open;
	const struct delivery_mark *m;

	while (d->n_marks && mark_at(d, 0)->wire_end <= d->wire_acked) {
		done = mark_at(d, 0)->offset;
		d->first_mark = (d->first_mark + 1) % DELIVERY_MAX_MARKS;
		d->n_marks--;
	}
	if (!d->n_marks)
		return done;
	m = mark_at(d, 0);
	open = m->wire_end - d->wire_acked;
	return open < m->len ? m->offset - open : done;
}

void delivery_unacked(struct delivery *d, uint64_t n, struct nanos now)
{
	uint64_t acked = d->wire_written - (n < d->wire_written ? n : d->wire_written), done;

	if (acked > d->wire_acked) {
		for (unsigned i = 0; i < d->n_questions; i++)
			if (d->questions[i].wire_end > d->wire_acked)
				d->questions[i].since = now;
		d->wire_acked = acked;
		d->progress_at = now;
	}
	done = had(d);
	if (!d->has_acknowledgement && d->state == DELIVERY_UP && done > d->done)
		d->done = done;
	settle(d, now);
}

/* Who answers has read all that lies before the question. */
static void confirm(struct delivery *d, uint64_t offset, bool is_acknowledgement)
{
	if (offset > d->confirmed)
		d->confirmed = offset;
	if ((is_acknowledgement || !d->has_acknowledgement) && offset > d->done)
		d->done = offset;
}

static int heard_options(struct delivery *d, const struct answer *answer, struct nanos now)
{
	d->has_acknowledgement = answer->is_accepted;
	d->is_complete_due = true;
	move(d, DELIVERY_ON_AGREED, now);
	return 0;
}

int delivery_heard(struct delivery *d, const struct answer *answer, struct nanos now,
		   struct why *why)
{
	static const uint8_t answers_to[][2] = {
		{ETSI_TRI_KEEP_ALIVE_RESPONSE, ETSI_TRI_KEEP_ALIVE},
		{ETSI_TRI_OPTION_RESPONSE, ETSI_TRI_OPTION_REQUEST},
		{ETSI_TRI_ACKNOWLEDGEMENT_RESPONSE, ETSI_TRI_ACKNOWLEDGEMENT_REQUEST},
	};
	struct delivery_question *q = d->questions, *end = q + d->n_questions;
	const char *said = etsi_tri_text(answer->kind);
	uint64_t offset;
	size_t k = 0;

	while (k < 3 && answers_to[k][0] != answer->kind)
		k++;
	if (k == 3)
		return why_set(why, ERR_BAD, "%s is nothing that an agency says",
			       said ? said : "this");
	if (answer->kind == ETSI_TRI_KEEP_ALIVE_RESPONSE && !d->terms.keepalive_wait.ns)
		return 0;
	while (q < end && (q->kind != answers_to[k][1] || q->number != answer->number))
		q++;
	if (q == end)
		return why_set(why, ERR_BAD, "%s %u answers nothing that was asked", said,
			       answer->number);
	offset = q->offset;
	if (q->wire_end != UINT64_MAX && q->wire_end > d->wire_acked)
		d->wire_acked = q->wire_end; /* who answers has the question */
	memmove(q, q + 1, (size_t)(end - q - 1) * sizeof *q);
	d->n_questions--;
	d->n_answers += k == 0;
	if (k == 0)
		d->answered_at = now;
	d->n_acknowledgements += k == 2;
	if (k == 1)
		return heard_options(d, answer, now);
	confirm(d, offset, k == 2);
	return 0;
}

struct nanos delivery_wake(const struct delivery *d, bool is_blocked, struct nanos now)
{
	struct nanos wake = answer_due(d), stall = stall_due(d, now);

	switch (d->state) {
	case DELIVERY_DOWN:
		return d->dial_at;
	case DELIVERY_DIALLING:
		return after(d->moved_at, nanos_from_s(DELIVERY_DIAL_WAIT_S));
	case DELIVERY_AGREEING:
	case DELIVERY_UP:
		break;
	}
	if (stall.ns < wake.ns)
		wake = stall;
	if (is_mute(d) && d->done > d->confirmed && d->settle_at.ns < wake.ns)
		wake = d->settle_at;
	/* one that is due while nothing can be written goes out as soon as something can */
	if (probe_is_due(d, d->probe_at) && d->probe_at.ns < wake.ns &&
	    (!is_blocked || d->probe_at.ns > now.ns))
		wake = d->probe_at;
	return wake;
}
