#include "call/call.h"

#include <string.h>

#include "base/pages.h"
#include "call/table.h"

enum {
	MAX_LEGS = 100000,
	MAX_PULSES = 1 << 20,
	RING_WAIT_S = 200,
	SHORT_WAIT_S = 32, /* 64 * T1 (RFC 3261 17): what is not answered by then will not be */
	IDLE_LIMIT_S = 12 * 3600,
};

/* A table that all calls share by their numbers, which follow on each other: it is small, and a
 * packet that need not be looked at closely touches nothing else of its call. A beat is 4 s, or a
 * quarter of the silence that ends a call. */
static int new_pulses(struct calls *c)
{
	uint32_t n = 64;

	while (n < c->options.max_legs && n < MAX_PULSES)
		n *= 2;
	c->pulse_shift = 32;
	while (c->pulse_shift && c->options.idle_limit.ns / 4 >> c->pulse_shift == 0)
		c->pulse_shift--;
	c->pulse_mask = n - 1;
	c->pulses = pages_new(n * sizeof *c->pulses);
	return c->pulses ? 0 : ERR_NOMEM;
}

int call_new(struct calls **out, const struct call_options *options)
{
	struct calls *c = calloc(1, sizeof *c);
	uint32_t max;

	*out = c;
	if (!c)
		return ERR_NOMEM;
	c->options = *options;
	if (!c->options.max_legs)
		c->options.max_legs = MAX_LEGS;
	if (!c->options.ring_wait.ns)
		c->options.ring_wait = nanos_from_s(RING_WAIT_S);
	if (!c->options.idle_limit.ns)
		c->options.idle_limit = nanos_from_s(IDLE_LIMIT_S);
	max = c->options.max_legs;
	for (int i = 0; i < N_GROUPS; i++)
		list_init(&c->groups[i]);
	if (new_pulses(c) || index_init(&c->by_dialog, max) || index_init(&c->by_call_id, max) ||
	    index_init(&c->by_session, max) || index_init(&c->by_origin, max) ||
	    index_init(&c->by_referred, 4096) || index_init(&c->by_number, max)) {
		call_free(out);
		return ERR_NOMEM;
	}
	return 0;
}

void call_set_rules(struct calls *c, uint32_t joins, struct nanos idle_limit)
{
	c->options.joins = joins;
	c->options.idle_limit = idle_limit;
}

void call_free(struct calls **pc)
{
	struct calls *c = *pc;

	for (int i = 0; c && c->by_number.at && i < N_GROUPS; i++) {
		while (legs_oldest(c, i))
			legs_drop_call(c, legs_oldest(c, i)->call);
	}
	if (c) {
		index_fini(&c->by_dialog);
		index_fini(&c->by_call_id);
		index_fini(&c->by_session);
		index_fini(&c->by_origin);
		index_fini(&c->by_referred);
		index_fini(&c->by_number);
		free(c->pulses);
	}
	free(c);
	*pc = NULL;
}

bool call_is_wanted(const struct calls *c, const struct whole *call)
{
	return c->options.wants_all_media || call->n_targets;
}

static enum call_party party_in(const struct target *t, const struct call_leg *leg)
{
	bool is_turned = leg->joined_by == CALL_JOIN_REPLACES || leg->joined_by == CALL_JOIN_REFER;
	uint8_t party = t->parties[leg->ordinal % CALL_MAX_LEGS];

	for (int i = 0; i < CALL_MAX_LEGS && party == CALL_NOBODY && !is_turned; i++)
		party = t->parties[i];
	return (enum call_party)party;
}

/* Each of the call's targets hears of it, in its own state: what is its first message is a BEGIN,
 * whatever the others have heard. */
static void tell_target(struct calls *c, struct target *t, struct call_event *event, bool is_end)
{
	bool is_call = event->leg->state != CALL_EXCHANGE;

	event->target = t->number;
	if (!t->has_begun && !event->message)
		return; /* he has heard of nothing that could end */
	if (!is_call || t->is_over) {
		event->kind = CALL_REPORT;
	} else if (!t->has_begun) {
		event->kind = CALL_BEGIN;
		t->has_begun = true;
		if (is_end) { /* it begins with what ends it */
			if (c->options.on_event)
				c->options.on_event(c->options.arg, event);
			event->kind = CALL_END;
			event->message = NULL;
		}
	} else {
		event->kind = is_end ? CALL_END : CALL_CONTINUE;
	}
	t->is_over |= event->kind == CALL_END;
	if (c->options.on_event)
		c->options.on_event(c->options.arg, event);
}

static void tell(struct calls *c, const struct leg *leg, const struct call_event *news)
{
	struct whole *call = leg->call;
	bool is_end = call->shown.state == CALL_OVER && call->shown.end.ns;

	for (uint8_t i = 0; i < call->n_targets; i++) {
		struct target *t = &call->targets[i];
		struct call_event event = *news;

		event.call = &call->shown;
		event.leg = &leg->shown;
		event.cause = call->shown.cause;
		event.target_is = party_in(t, &leg->shown);
		tell_target(c, t, &event, is_end);
	}
}

/* The call is over with its last leg. */
static void settle_end(struct calls *c, struct leg *leg, enum call_cause cause)
{
	struct whole *call = leg->call;

	for (struct list *l = call->legs.next; l != &call->legs; l = l->next) {
		if (LIST_OWNER(l, struct leg, in_call)->shown.state != CALL_OVER)
			return;
	}
	call->shown.state = CALL_OVER;
	call->shown.cause = (uint8_t)cause;
	call->shown.end = c->now;
}

/* Its event follows. */
void call_end_leg(struct calls *c, struct leg *leg, enum call_cause cause)
{
	bool was_call = leg->shown.state != CALL_EXCHANGE;

	leg->shown.state = CALL_OVER;
	leg->shown.cause = (uint8_t)cause;
	for (uint8_t i = 0; i < leg->shown.n_dialogs; i++)
		leg->dialogs[i].state = DIALOG_OVER;
	offer_end(c, leg);
	if (was_call)
		settle_end(c, leg, cause);
}

void call_end_by_time(struct calls *c, struct leg *leg, enum call_cause cause)
{
	bool was_call = leg->shown.state != CALL_EXCHANGE;

	call_end_leg(c, leg, cause);
	if (was_call && leg->call->shown.state == CALL_OVER)
		tell(c, leg,
		     &(struct call_event){
			     .time = c->now, .from = CALL_NOBODY, .expires = UINT32_MAX});
}

void call_end_all(struct calls *c, struct whole *call, enum call_cause cause)
{
	for (struct list *l = call->legs.next; l != &call->legs; l = l->next) {
		struct leg *leg = LIST_OWNER(l, struct leg, in_call);

		if (leg->shown.state != CALL_OVER)
			call_end_by_time(c, leg, cause);
	}
	legs_settle(c, call);
}

static struct target *find_target(struct whole *call, uint32_t number)
{
	for (uint8_t i = 0; i < call->n_targets; i++) {
		if (call->targets[i].number == number)
			return &call->targets[i];
	}
	return NULL;
}

/* What the first message of a leg that names him says counts. */
static void place(struct target *t, const struct leg *leg, enum call_party party)
{
	uint8_t *at = &t->parties[leg->shown.ordinal % CALL_MAX_LEGS];

	if (*at == CALL_NOBODY)
		*at = (uint8_t)party;
}

/* The message names somebody: from now on the call is his. */
static void add_target(struct calls *c, struct leg *leg, const struct call_target *t,
		       enum call_party requester)
{
	struct whole *call = leg->call;
	enum call_party other = requester == CALL_CALLER ? CALL_CALLED : CALL_CALLER;
	enum call_party party = t->is_sender ? requester : other;
	struct target *at = find_target(call, t->number);

	if (at) {
		place(at, leg, party);
		return;
	}
	if (call->n_targets == CALL_MAX_TARGETS) {
		call_add_count(c, CALL_COUNT_TOO_MANY_TARGETS);
		return;
	}
	at = realloc(call->targets, (call->n_targets + 1u) * sizeof *at);
	if (!at) {
		call_add_count(c, CALL_COUNT_NO_MEMORY);
		return;
	}
	call->targets = at;
	at = &call->targets[call->n_targets++];
	*at = (struct target){.number = t->number};
	memset(at->parties, CALL_NOBODY, sizeof at->parties);
	place(at, leg, party);
}

static bool is_seen(struct leg *leg, uint64_t whole)
{
	for (int i = 0; i < MAX_SEEN; i++) {
		if (leg->seen[i] == whole)
			return true;
	}
	leg->seen[leg->n_seen] = whole;
	leg->n_seen = (uint8_t)((leg->n_seen + 1) % MAX_SEEN);
	return false;
}

static void count_message(struct leg *leg, const struct facts *f)
{
	if (f->is_request)
		leg->shown.n_requests[f->method]++;
	else if (f->status >= 100 && f->status < 700)
		leg->shown.n_answers[f->status / 100]++;
}

/* Methods that are of a call whenever they are within a dialog. */
static bool is_of_call(const struct facts *f)
{
	switch (f->method) {
	case SIP_INVITE:
	case SIP_ACK:
	case SIP_BYE:
	case SIP_CANCEL:
	case SIP_PRACK:
	case SIP_UPDATE:
	case SIP_INFO:
		return true;
	case SIP_REFER:
		return f->to_tag != 0;
	default:
		return false;
	}
}

static struct leg *begin_leg(struct calls *c, const struct facts *f)
{
	enum call_join by;
	uint8_t ordinal;
	struct whole *call;
	struct leg *leg;

	if (!legs_make_room(c, f->m->n_targets != 0)) {
		call_add_count(c, CALL_COUNT_REFUSED);
		return NULL;
	}
	call = join_find(c, f, &by, &ordinal);
	if (!f->is_request && !is_of_call(f))
		call_add_count(c, CALL_COUNT_STRAY);
	leg = legs_add(c, f, call);
	if (!leg)
		return NULL;
	leg->shown.joined_by = (uint8_t)by;
	leg->shown.joined_to = ordinal;
	leg->shown.state = is_of_call(f) ? CALL_RINGING : CALL_EXCHANGE;
	leg->shown.is_midway =
		is_of_call(f) && !(f->is_request && f->method == SIP_INVITE && !f->to_tag);
	return leg;
}

/* Ends what is too old, and forgets what ended a while ago. */
static void tick(struct calls *c)
{
	const struct nanos waits[N_GROUPS] = {
		[GROUP_OVER] = nanos_from_s(SHORT_WAIT_S),
		[GROUP_SHORT] = nanos_from_s(SHORT_WAIT_S),
		[GROUP_RINGING] = c->options.ring_wait,
		[GROUP_LIVE] = c->options.idle_limit,
		[GROUP_MINE_OVER] = nanos_from_s(SHORT_WAIT_S),
		[GROUP_MINE_SHORT] = nanos_from_s(SHORT_WAIT_S),
		[GROUP_MINE_RINGING] = c->options.ring_wait,
		[GROUP_MINE_LIVE] = c->options.idle_limit,
	};

	for (int i = 0; i < N_GROUPS; i++) {
		struct leg *leg = legs_oldest(c, i);

		for (; leg && c->now.ns - leg->heard.ns >= waits[i].ns; leg = legs_oldest(c, i)) {
			if (leg->shown.state == CALL_OVER || leg->shown.state == CALL_EXCHANGE) {
				legs_forget(c, leg);
				continue;
			}
			call_add_count(c, CALL_COUNT_EXPIRED);
			call_end_by_time(c, leg, state_timeout(leg));
			legs_settle_ended(c, leg);
		}
	}
}

void call_tick(struct calls *c, struct nanos now)
{
	if (now.ns > c->now.ns)
		c->now = now;
	tick(c);
}

static uint32_t expires_of(const struct facts *f)
{
	bool grants = !f->is_request && f->status >= 200 && f->status < 300 &&
		      (f->method == SIP_REGISTER || f->method == SIP_SUBSCRIBE);

	return grants ? facts_expires(f->m->sip) : UINT32_MAX;
}

/* The caller tries again under the same Call-ID: it is the same call, which begins once more. */
static void begin_anew(struct leg *leg)
{
	struct whole *call = leg->call;

	leg->shown.state = CALL_RINGING;
	leg->shown.cause = CALL_BY_NONE;
	leg->shown.status = 0;
	leg->shown.n_dialogs = 0;
	leg->n_transactions = 0;
	leg->is_cancelled = false;
	if (!call->shown.end.ns)
		return;
	call->shown.end = (struct nanos){0};
	call->shown.cause = CALL_BY_NONE;
	for (uint8_t i = 0; i < call->n_targets; i++)
		call->targets[i].has_begun = call->targets[i].is_over = false;
}

static void take(struct calls *c, struct leg *leg, const struct facts *f, enum call_party from)
{
	enum call_party requester = f->is_request ? from : (enum call_party)(1 - (int)from);
	struct call_event event = {
		.time = f->m->time, .from = from, .message = f->m, .expires = expires_of(f)};
	bool was_wanted = call_is_wanted(c, leg->call);

	for (size_t i = 0; i < f->m->n_targets; i++)
		add_target(c, leg, &f->m->targets[i], requester);
	event.is_repeated = is_seen(leg, f->whole);
	if (event.is_repeated) {
		leg->shown.n_repeated++;
		call_add_count(c, CALL_COUNT_REPEATED);
	} else {
		count_message(leg, f);
		legs_index(c, leg, f);
		if (leg->shown.state == CALL_EXCHANGE && is_of_call(f))
			leg->shown.state = CALL_RINGING;
		if (leg->shown.state == CALL_OVER && f->is_request && f->method == SIP_INVITE &&
		    !f->to_tag)
			begin_anew(leg);
		state_take(c, leg, f);
		if (leg->shown.state != CALL_OVER && leg->shown.state != CALL_EXCHANGE)
			offer_take(c, leg, f, from);
	}
	if (!was_wanted && call_is_wanted(c, leg->call))
		offer_settle(c, leg->call);
	legs_settle(c, leg->call);
	tell(c, leg, &event);
}

void call_feed(struct calls *c, const struct call_message *m)
{
	enum call_party from;
	struct leg *leg;

	call_add_count(c, CALL_COUNT_MESSAGES);
	call_tick(c, m->time);
	if (!facts_read(&c->facts, m, c->options.seed)) {
		call_add_count(c, CALL_COUNT_BAD);
		return;
	}
	leg = legs_find(c, &c->facts, &from);
	if (!leg) {
		leg = begin_leg(c, &c->facts);
		from = c->facts.is_request ? CALL_CALLER : CALL_CALLED;
	}
	if (leg)
		take(c, leg, &c->facts, from);
}

const struct call *call_find(const struct calls *c, uint32_t number)
{
	struct whole *call = legs_call(c, number);

	return call ? &call->shown : NULL;
}

enum call_party call_party_in(const struct call *shown, const struct call_leg *leg, uint32_t target)
{
	struct whole *call = LIST_OWNER((uintptr_t)shown, struct whole, shown);
	const struct target *t = find_target(call, target);

	return t ? party_in(t, leg) : CALL_NOBODY;
}

static bool is_described(const struct whole *call, const struct media_endpoint *at)
{
	for (uint16_t i = 0; i < call->shown.n_media; i++) {
		if (media_endpoint_is(&call->media[i].at.at, at))
			return true;
	}
	return false;
}

/* The place for an address: its own, a free one, or that of the one seen least. */
static struct learned *place_for(struct calls *c, struct whole *call,
				 const struct media_endpoint *at)
{
	struct learned *least;

	if (!call->learned)
		call->learned = calloc(MAX_LEARNED, sizeof *call->learned);
	if (!call->learned) {
		call_add_count(c, CALL_COUNT_NO_MEMORY);
		return NULL;
	}
	least = &call->learned[0];
	for (uint8_t i = 0; i < call->n_learned; i++) {
		struct learned *l = &call->learned[i];

		if (media_endpoint_is(&l->at, at))
			return l;
		least = l->n < least->n ? l : least;
	}
	if (call->n_learned < MAX_LEARNED)
		least = &call->learned[call->n_learned++];
	*least = (struct learned){.at = *at};
	return least;
}

static void learn(struct calls *c, struct whole *call, const struct media_hit *hit,
		  const struct media_endpoint *far)
{
	struct learned *l;

	if (hit->is_source || hit->has_peer || is_described(call, far))
		return;
	l = place_for(c, call, far);
	if (!l || l->n >= LEARN_AFTER)
		return;
	l->line = hit->line;
	l->party = hit->party ^ 1;
	l->kind = hit->kind;
	l->since = c->now;
	if (++l->n == LEARN_AFTER)
		offer_settle(c, call);
}

/* What need not be done for every packet. */
__attribute__((noinline)) static void hear(struct calls *c, const struct media_hit *hit,
					   const struct media_endpoint *far, struct nanos now,
					   bool is_first)
{
	struct whole *call = legs_call(c, hit->owner);

	if (!call || call->shown.state == CALL_OVER)
		return;
	if (now.ns > c->now.ns)
		c->now = now;
	learn(c, call, hit, far);
	if (is_first && call->shown.state == CALL_LIVE)
		legs_settle(c, call);
}

void call_prefetch(const struct calls *c, uint32_t owner)
{
	__builtin_prefetch(&c->pulses[owner & c->pulse_mask], 1);
	/* without this a compiler may think that nothing happens here, and leave calls out */
	__asm__ volatile("" ::: "memory");
}

void call_heard(struct calls *c, const struct media_hit *hit, const struct media_endpoint *far,
		struct nanos now)
{
	struct pulse *p = &c->pulses[hit->owner & c->pulse_mask];
	uint32_t beat = (uint32_t)((uint64_t)now.ns >> c->pulse_shift);

	bool is_first = p->number != hit->owner || p->beat != beat; /* in this beat */

	if (!is_first && (hit->is_source || hit->has_peer))
		return;
	*p = (struct pulse){hit->owner, beat};
	hear(c, hit, far, now, is_first);
}

uint64_t call_count(const struct calls *c, enum call_count which)
{
	return c->counts[which];
}

uint32_t call_n_legs(const struct calls *c)
{
	return c->n_legs;
}

const char *call_event_key(enum call_event_kind kind)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		CALL_EVENTS(X)
#undef X
	};

	return keys[kind];
}

const char *call_cause_key(enum call_cause cause)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		CALL_CAUSES(X)
#undef X
	};

	return keys[cause];
}

const char *call_join_key(enum call_join join)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		CALL_JOINS(X)
#undef X
	};

	return keys[join];
}

const char *call_count_key(enum call_count which)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		CALL_COUNTS(X)
#undef X
	};

	return keys[which];
}
