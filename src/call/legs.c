#include <string.h>

#include "call/table.h"
#include "sip/address.h"

static uint64_t number_hash(uint32_t number)
{
	return number * 0x9e3779b97f4a7c15;
}

struct whole *legs_call(const struct calls *c, uint32_t number)
{
	struct index_entry *e = index_first(&c->by_number, number_hash(number));

	return e ? LIST_OWNER(e, struct whole, by_number) : NULL;
}

struct leg *legs_find_by(struct calls *c, uint64_t id, uint64_t tag)
{
	struct index_entry *e;

	if (tag) {
		e = index_first(&c->by_dialog, facts_pair(id, tag));
		return e ? LIST_OWNER(e, struct leg, by_dialog) : NULL;
	}
	e = index_first(&c->by_call_id, id);
	return e ? LIST_OWNER(e, struct leg, by_call_id) : NULL;
}

struct leg *legs_find(struct calls *c, const struct facts *f, enum call_party *party)
{
	struct leg *leg = legs_find_by(c, f->id, f->from_tag);

	*party = f->is_request ? CALL_CALLER : CALL_CALLED;
	if (leg)
		return leg;
	leg = f->to_tag ? legs_find_by(c, f->id, f->to_tag) : NULL;
	if (leg)
		*party = f->is_request ? CALL_CALLED : CALL_CALLER;
	return leg;
}

struct leg *legs_oldest(const struct calls *c, enum group group)
{
	struct list *link = list_first(&c->groups[group]);

	return link ? LIST_OWNER(link, struct leg, in_group) : NULL;
}

static void drop(struct calls *c, struct leg *leg)
{
	list_drop(&leg->in_group);
	list_drop(&leg->in_call);
	index_drop(&leg->by_dialog);
	index_drop(&leg->by_call_id);
	index_drop(&leg->by_session[0].entry);
	index_drop(&leg->by_session[1].entry);
	index_drop(&leg->by_origin);
	index_drop(&leg->by_referred);
	offer_fini(leg);
	free(leg);
	c->n_legs--;
}

void legs_drop_call(struct calls *c, struct whole *call)
{
	for (struct list *l = call->legs.next; l != &call->legs; l = l->next)
		offer_end(c, LIST_OWNER(l, struct leg, in_call));
	if (c->options.on_gone)
		c->options.on_gone(c->options.arg, &call->shown);
	while (list_first(&call->legs))
		drop(c, LIST_OWNER(list_first(&call->legs), struct leg, in_call));
	index_drop(&call->by_number);
	free(call->targets);
	free(call->media);
	free(call->learned);
	free(call);
}

void legs_forget(struct calls *c, struct leg *leg)
{
	struct whole *call = leg->call;

	if (call->shown.state == CALL_OVER || call->shown.state == CALL_EXCHANGE) {
		legs_drop_call(c, call);
		return;
	}
	leg->heard = c->now;
	list_drop(&leg->in_group);
	list_push(&c->groups[leg->group], &leg->in_group);
}

static void evict(struct calls *c, struct whole *call)
{
	for (struct list *l = call->legs.next; l != &call->legs; l = l->next) {
		struct leg *leg = LIST_OWNER(l, struct leg, in_call);

		if (leg->shown.state != CALL_OVER) {
			call_add_count(c, CALL_COUNT_EVICTED);
			call_end_by_time(c, leg, CALL_BY_EVICTED);
		}
	}
	legs_drop_call(c, call);
}

bool legs_make_room(struct calls *c, bool is_mine)
{
	for (int i = 0; i < (is_mine ? N_GROUPS : N_OTHERS); i++) {
		struct leg *leg = legs_oldest(c, i);

		if (c->n_legs < c->options.max_legs)
			return true;
		if (leg)
			evict(c, leg->call);
	}
	return c->n_legs < c->options.max_legs;
}

struct whole *legs_add_call(struct calls *c, uint32_t number)
{
	struct whole *call = calloc(1, sizeof *call);

	if (!call)
		return NULL;
	call->shown.number = number;
	list_init(&call->legs);
	index_add(&c->by_number, &call->by_number, number_hash(number));
	return call;
}

static struct whole *begin_call(struct calls *c)
{
	struct whole *call;

	do {
		c->last_number++;
	} while (!c->last_number || legs_call(c, c->last_number));
	call = legs_add_call(c, c->last_number);
	if (call)
		call->shown.begin = c->now;
	return call;
}

/* The URI of From or To; what is none is kept as it stands. */
static struct sip_text uri_of(const struct sip_message *m, enum sip_field field)
{
	struct sip_address a;
	struct sip_text value = {0};

	if (sip_message_address(m, field, &a) == 0)
		return a.text;
	sip_message_value(m, field, &value);
	return value;
}

static size_t kept_len(struct sip_text t)
{
	return t.len > CALL_TEXT_LEN ? CALL_TEXT_LEN : t.len;
}

static char *keep(char *at, struct sip_text t)
{
	if (kept_len(t))
		memcpy(at, t.bytes, kept_len(t));
	at[kept_len(t)] = 0;
	return at + kept_len(t) + 1;
}

struct leg *legs_new(struct sip_text call_id, struct sip_text caller, struct sip_text called)
{
	size_t len = kept_len(call_id) + kept_len(caller) + kept_len(called) + 3;
	struct leg *leg = calloc(1, sizeof *leg + len);
	char *at;

	if (!leg)
		return NULL;
	leg->shown.call_id = leg->text;
	at = keep(leg->text, call_id);
	leg->shown.caller = at;
	at = keep(at, caller);
	leg->shown.called = at;
	keep(at, called);
	list_init(&leg->in_group);
	list_init(&leg->in_call);
	for (int i = 0; i < 2; i++)
		leg->by_session[i].leg = leg;
	return leg;
}

void legs_put(struct calls *c, struct leg *leg, struct whole *call, uint64_t id)
{
	leg->call = call;
	list_push(&call->legs, &leg->in_call);
	call->shown.n_legs++;
	c->n_legs++;
	index_add(&c->by_dialog, &leg->by_dialog, facts_pair(id, leg->caller_tag));
	index_add(&c->by_call_id, &leg->by_call_id, id);
}

/* Of a leg whose first message is an answer, or of its receiver, the From is its beginner's too:
 * the From of a request within a dialog may be either's, and nothing better is known. */
struct leg *legs_add(struct calls *c, const struct facts *f, struct whole *call)
{
	struct leg *leg = legs_new(f->call_id, uri_of(f->m->sip, SIP_FIELD_FROM),
				   uri_of(f->m->sip, SIP_FIELD_TO));

	if (leg && !call)
		call = begin_call(c);
	if (!leg || !call) {
		call_add_count(c, CALL_COUNT_NO_MEMORY);
		free(leg);
		return NULL;
	}
	leg->shown.ordinal = call->next_ordinal++;
	leg->caller_tag = f->from_tag;
	leg->asked = f->is_request ? f->m->dst : f->m->src;
	legs_put(c, leg, call, f->id);
	return leg;
}

/* What the leg says of itself that others may say too; the first counts. */
void legs_index(struct calls *c, struct leg *leg, const struct facts *f)
{
	for (int i = 0; i < 2; i++) {
		if (f->sessions[i] && !leg->by_session[i].entry.holder)
			index_add(&c->by_session, &leg->by_session[i].entry, f->sessions[i]);
	}
	if (f->origin && f->is_request && !leg->by_origin.holder)
		index_add(&c->by_origin, &leg->by_origin, f->origin);
}

static bool is_about_to_end(const struct leg *leg)
{
	if (leg->shown.state == CALL_EXCHANGE || leg->is_retrying || leg->is_cancelled)
		return true;
	for (uint8_t i = 0; i < leg->n_transactions; i++) {
		const struct transaction *t = &leg->transactions[i];

		if (t->method == SIP_BYE && t->state == WAITS)
			return true;
	}
	return false;
}

/* A leg that is over stays for as long as its call. */
static enum group group_of(const struct leg *leg)
{
	bool is_mine = leg->call->n_targets != 0;

	if (leg->call->shown.state == CALL_OVER)
		return is_mine ? GROUP_MINE_OVER : GROUP_OVER;
	if (leg->shown.state == CALL_OVER)
		return is_mine ? GROUP_MINE_LIVE : GROUP_LIVE;
	if (is_about_to_end(leg))
		return is_mine ? GROUP_MINE_SHORT : GROUP_SHORT;
	if (leg->shown.state == CALL_RINGING)
		return is_mine ? GROUP_MINE_RINGING : GROUP_RINGING;
	return is_mine ? GROUP_MINE_LIVE : GROUP_LIVE;
}

/* What has come furthest of all legs that go on; over when all are. */
static uint8_t state_of(const struct whole *call)
{
	uint8_t state = CALL_OVER;

	for (struct list *l = call->legs.next; l != &call->legs; l = l->next) {
		const struct leg *leg = LIST_OWNER(l, struct leg, in_call);

		if (leg->shown.state != CALL_OVER &&
		    (state == CALL_OVER || leg->shown.state > state))
			state = leg->shown.state;
	}
	return state;
}

void legs_sort(struct whole *call)
{
	call->shown.state = state_of(call);
	for (struct list *l = call->legs.next; l != &call->legs; l = l->next) {
		struct leg *leg = LIST_OWNER(l, struct leg, in_call);

		leg->group = group_of(leg);
	}
}

static void settle(struct calls *c, struct leg *leg)
{
	leg->heard = c->now;
	leg->group = group_of(leg);
	list_drop(&leg->in_group);
	list_push(&c->groups[leg->group], &leg->in_group);
}

void legs_settle(struct calls *c, struct whole *call)
{
	call->shown.state = state_of(call);
	call->shown.heard = c->now;
	for (struct list *l = call->legs.next; l != &call->legs; l = l->next)
		settle(c, LIST_OWNER(l, struct leg, in_call));
}

void legs_settle_ended(struct calls *c, struct leg *leg)
{
	leg->call->shown.state = state_of(leg->call);
	if (leg->call->shown.state == CALL_OVER)
		legs_settle(c, leg->call);
	else
		settle(c, leg);
}

const struct call_leg *call_leg_next(const struct call *shown, const struct call_leg *before)
{
	struct whole *call = LIST_OWNER((uintptr_t)shown, struct whole, shown);
	struct list *l = call->legs.next;

	if (before)
		l = ((struct leg *)(uintptr_t)before)->in_call.next;
	return l == &call->legs ? NULL : &LIST_OWNER(l, struct leg, in_call)->shown;
}

bool call_names_host(const struct call *shown)
{
	const struct call_leg *leg = NULL;
	bool is_named = false;

	while ((leg = call_leg_next(shown, leg))) {
		const struct leg *l = LIST_OWNER((uintptr_t)leg, struct leg, shown);

		for (uint8_t i = 0; leg->state == CALL_LIVE && !leg->is_held && i < l->n_views; i++)
			is_named |= l->views[i].names_host;
	}
	return is_named;
}

const struct call_media *call_media_of(const struct call *shown, size_t *n)
{
	struct whole *call = LIST_OWNER((uintptr_t)shown, struct whole, shown);

	*n = shown->n_media;
	return call->media;
}
