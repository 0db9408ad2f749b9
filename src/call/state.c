#include "call/table.h"

static struct dialog *find_dialog(struct leg *leg, uint64_t tag)
{
	for (uint8_t i = 0; i < leg->shown.n_dialogs; i++) {
		if (leg->dialogs[i].tag == tag)
			return &leg->dialogs[i];
	}
	return NULL;
}

/* Room for one more: where there are too many, the first that is over goes, else the first that
 * only rings: a call to many telephones must not end because the one that answers is not known. */
static struct dialog *room_for_dialog(struct calls *c, struct leg *leg)
{
	uint8_t at = CALL_MAX_DIALOGS;

	if (leg->shown.n_dialogs < CALL_MAX_DIALOGS)
		return &leg->dialogs[leg->shown.n_dialogs++];
	call_add_count(c, CALL_COUNT_TOO_MANY_DIALOGS);
	for (uint8_t i = CALL_MAX_DIALOGS; i-- > 0;) {
		const struct dialog *best = at < CALL_MAX_DIALOGS ? &leg->dialogs[at] : NULL;

		if (leg->dialogs[i].state == DIALOG_OVER ||
		    (leg->dialogs[i].state == DIALOG_EARLY &&
		     (!best || best->state != DIALOG_OVER)))
			at = i;
	}
	if (at == CALL_MAX_DIALOGS)
		return NULL;
	for (uint8_t i = at; i + 1 < CALL_MAX_DIALOGS; i++)
		leg->dialogs[i] = leg->dialogs[i + 1];
	return &leg->dialogs[CALL_MAX_DIALOGS - 1];
}

/* The dialog of this tag, made where it is new; NULL: there are too many that are up. */
static struct dialog *dialog(struct calls *c, struct leg *leg, uint64_t tag)
{
	struct dialog *d = tag ? find_dialog(leg, tag) : NULL;

	if (d || !tag)
		return d;
	d = room_for_dialog(c, leg);
	if (d)
		*d = (struct dialog){.tag = tag};
	return d;
}

/* The tag of the message's dialog: that of the party which did not begin the leg. */
static uint64_t dialog_tag(const struct leg *leg, const struct facts *f)
{
	return f->from_tag == leg->caller_tag ? f->to_tag : f->from_tag;
}

struct transaction *state_transaction(struct leg *leg, const struct facts *f)
{
	for (uint8_t i = 0; i < leg->n_transactions; i++) {
		struct transaction *t = &leg->transactions[i];

		if (t->branch == f->branch && t->cseq == f->cseq && t->method == f->method)
			return t;
	}
	return NULL;
}

/* The first that is done makes room, else the first. */
static struct transaction *room_for_transaction(struct leg *leg)
{
	uint8_t at = 0;

	if (leg->n_transactions < MAX_TRANSACTIONS)
		return &leg->transactions[leg->n_transactions++];
	for (uint8_t i = MAX_TRANSACTIONS; i-- > 0;) {
		if (leg->transactions[i].state != WAITS)
			at = i;
	}
	for (uint8_t i = at; i + 1 < MAX_TRANSACTIONS; i++)
		leg->transactions[i] = leg->transactions[i + 1];
	return &leg->transactions[MAX_TRANSACTIONS - 1];
}

static void begin_transaction(struct leg *leg, const struct facts *f)
{
	if (state_transaction(leg, f))
		return;
	*room_for_transaction(leg) = (struct transaction){
		.branch = f->branch,
		.tag = f->to_tag,
		.cseq = f->cseq,
		.method = f->method,
		.has_offer = f->has_sdp,
	};
}

static bool waits_for(const struct leg *leg, enum sip_method method)
{
	for (uint8_t i = 0; i < leg->n_transactions; i++) {
		if (leg->transactions[i].method == method && leg->transactions[i].state == WAITS)
			return true;
	}
	return false;
}

static bool has_dialog(const struct leg *leg, enum dialog_state state)
{
	for (uint8_t i = 0; i < leg->shown.n_dialogs; i++) {
		if (leg->dialogs[i].state == state)
			return true;
	}
	return false;
}

static void take_request(struct calls *c, struct leg *leg, const struct facts *f)
{
	struct dialog *d = f->to_tag ? dialog(c, leg, dialog_tag(leg, f)) : NULL;

	switch (f->method) {
	case SIP_INVITE:
		begin_transaction(leg, f);
		if (leg->is_redirected)
			leg->shown.status = 0; /* it was followed: what comes of it is the answer */
		leg->is_retrying = false;
		leg->is_redirected = false;
		break;
	case SIP_BYE:
		begin_transaction(leg, f);
		break;
	case SIP_CANCEL:
		leg->is_cancelled = leg->shown.state == CALL_RINGING;
		break;
	case SIP_REFER:
		join_note_refer(c, leg, f);
		break;
	case SIP_ACK: /* of a 2xx that was not seen */
		if (d && leg->shown.is_midway && d->state == DIALOG_EARLY && !leg->shown.status)
			d->state = DIALOG_LIVE;
		break;
	default:
		break;
	}
	/* met midway: whoever talks within a dialog has one */
	if (d && leg->shown.is_midway && !leg->n_transactions && d->state == DIALOG_EARLY)
		d->state = DIALOG_LIVE;
}

/* An answer after which the same INVITE comes again, with what was missing. */
static bool is_challenge(uint16_t status)
{
	return status == 401 || status == 407 || status == 422 || status == 421 || status == 420 ||
	       status == 494 || status == 428 || status == 491;
}

static void take_invite_2xx(struct calls *c, struct leg *leg, const struct facts *f)
{
	struct dialog *d = dialog(c, leg, dialog_tag(leg, f));

	if (d && d->state != DIALOG_OVER)
		d->state = DIALOG_LIVE;
	leg->is_cancelled = false;
	leg->is_retrying = false;
	if (!leg->shown.status)
		leg->shown.status = f->status;
	if (!leg->call->shown.answered.ns)
		leg->call->shown.answered = c->now;
}

/* Refused: of a call that is up, only 481 and 408 say that there is none (RFC 3261 12.2.1.2). */
static void take_invite_failure(struct leg *leg, const struct facts *f, bool is_again)
{
	struct dialog *d = find_dialog(leg, dialog_tag(leg, f));

	if (is_again) {
		if (d && (f->status == 481 || f->status == 408))
			d->state = DIALOG_OVER;
		return;
	}
	if (d && d->state == DIALOG_EARLY)
		d->state = DIALOG_OVER;
	if (is_challenge(f->status) && !leg->is_cancelled) {
		leg->is_retrying = true;
	} else if (f->status < 400) {
		leg->is_retrying = true;
		leg->is_redirected = true;
	} else {
		leg->is_retrying = false;
	}
	if (!is_challenge(f->status))
		leg->shown.status = f->status;
}

static void take_answer(struct calls *c, struct leg *leg, const struct facts *f)
{
	struct transaction *t = state_transaction(leg, f);
	bool is_final = f->status >= 200;

	if (f->method == SIP_INVITE && f->status > 100 && f->status < 200 && f->to_tag)
		dialog(c, leg, dialog_tag(leg, f));
	if (!is_final)
		return;
	if (f->method == SIP_INVITE && f->status < 300)
		take_invite_2xx(c, leg, f);
	else if (f->method == SIP_INVITE)
		take_invite_failure(leg, f, t && t->tag);
	if (f->method == SIP_BYE && !is_challenge(f->status)) {
		struct dialog *d = dialog(c, leg, dialog_tag(leg, f));

		if (d)
			d->state = DIALOG_OVER;
	}
	if (t)
		t->state = IS_DONE;
}

static enum call_cause cause_of(const struct leg *leg, const struct facts *f)
{
	if (f->method == SIP_BYE)
		return CALL_BY_BYE;
	if (leg->is_cancelled || f->status == 487)
		return CALL_BY_CANCELLED;
	if (leg->call->shown.answered.ns)
		return CALL_BY_GONE;
	return CALL_BY_REFUSED;
}

/* A call is live while one of its dialogs is, rings while an INVITE waits for its answer, and is
 * over when there is neither, and nobody waits for the answer to a BYE on another stretch of the
 * way. */
static void advance(struct calls *c, struct leg *leg, const struct facts *f)
{
	if (has_dialog(leg, DIALOG_LIVE)) {
		leg->shown.state = CALL_LIVE;
		return;
	}
	if (waits_for(leg, SIP_BYE) || leg->is_retrying)
		return;
	if (waits_for(leg, SIP_INVITE) || f->is_request || f->status < 200)
		return;
	if (f->method == SIP_INVITE || f->method == SIP_BYE)
		call_end_leg(c, leg, cause_of(leg, f));
}

void state_take(struct calls *c, struct leg *leg, const struct facts *f)
{
	if (f->is_request)
		take_request(c, leg, f);
	else
		take_answer(c, leg, f);
	if (leg->shown.state == CALL_RINGING || leg->shown.state == CALL_LIVE)
		advance(c, leg, f);
}

enum call_cause state_timeout(const struct leg *leg)
{
	if (waits_for(leg, SIP_BYE))
		return CALL_BY_BYE;
	if (leg->is_cancelled)
		return CALL_BY_CANCELLED;
	if (leg->is_redirected)
		return CALL_BY_REDIRECTED;
	if (leg->is_retrying)
		return CALL_BY_REFUSED;
	return leg->shown.state == CALL_RINGING ? CALL_BY_TIMEOUT : CALL_BY_EXPIRED;
}
