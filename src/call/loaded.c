/* The table read from what saved.c wrote. What the octets say is not believed: counts and kinds are
 * held against the table's limits, and what can be reckoned from the rest (groups, states of calls,
 * endpoints expected) is reckoned anew. */
#include <string.h>

#include "call/saved.h"

/* A table being read. */
struct loading {
	struct calls *c;
	struct rd r; /* of the record in hand */
	struct nanos now;
	call_renumber_fn renumber;
	void *arg;
};

/* Times from a file are bounded, so that they can be subtracted; not ok where one is not. */
static struct nanos load_time(struct rd *r)
{
	uint64_t v = rd_u64(r);

	if (v > INT64_MAX / 2)
		r->ok = false;
	return (struct nanos){r->ok ? (int64_t)v : 0};
}

/* A number below limit; not ok where it is not. */
static uint8_t load_below(struct rd *r, unsigned limit)
{
	uint8_t v = rd_u8(r);

	if (v >= limit)
		r->ok = false;
	return r->ok ? v : 0;
}

static struct net_ip load_ip(struct rd *r)
{
	struct net_ip ip = {.version = rd_u8(r)};
	const uint8_t *bytes = rd_take(r, saved_ip_len(ip.version));

	if (ip.version && !saved_ip_len(ip.version))
		r->ok = false;
	if (bytes)
		memcpy(ip.bytes, bytes, saved_ip_len(ip.version));
	return ip;
}

static struct media_endpoint load_endpoint(struct rd *r)
{
	struct media_endpoint at = {.ip = load_ip(r)};

	at.port = rd_u16(r);
	return at;
}

static struct sip_text load_text(struct rd *r)
{
	size_t len = rd_u8(r);
	const uint8_t *bytes = rd_take(r, len);

	if (bytes && memchr(bytes, 0, len))
		r->ok = false;
	return r->ok ? sip_text_of(bytes, len) : (struct sip_text){0};
}

/* Two targets that are one now are told of once: from the first that has begun. */
static void put_target(struct whole *call, const struct target *t)
{
	for (uint8_t i = 0; i < call->n_targets; i++) {
		struct target *other = &call->targets[i];

		if (other->number != t->number)
			continue;
		if (!other->has_begun)
			*other = *t;
		return;
	}
	call->targets[call->n_targets++] = *t;
}

static int load_targets(struct loading *l, struct whole *call)
{
	uint8_t n = load_below(&l->r, CALL_MAX_TARGETS + 1);

	call->targets = n ? calloc(n, sizeof *call->targets) : NULL;
	if (n && !call->targets)
		return ERR_NOMEM;
	for (uint8_t i = 0; i < n; i++) {
		uint32_t before = rd_u32(&l->r);
		struct target t = {.number = before};
		uint8_t flags;

		for (int k = 0; k < CALL_MAX_LEGS; k++)
			t.parties[k] = load_below(&l->r, CALL_NOBODY + 1);
		flags = rd_u8(&l->r);
		t.has_begun = flags & TARGET_HAS_BEGUN;
		t.is_over = t.has_begun && flags & TARGET_IS_OVER;
		if (l->r.ok && (!l->renumber || l->renumber(l->arg, before, &t.number)))
			put_target(call, &t);
	}
	return l->r.ok ? 0 : ERR_BAD;
}

static int load_learned(struct loading *l, struct whole *call)
{
	uint8_t n = load_below(&l->r, MAX_LEARNED + 1);

	call->learned = n ? calloc(MAX_LEARNED, sizeof *call->learned) : NULL;
	if (n && !call->learned)
		return ERR_NOMEM;
	for (uint8_t i = 0; i < n; i++) {
		struct learned *at = &call->learned[call->n_learned++];

		at->at = load_endpoint(&l->r);
		at->line = rd_u16(&l->r);
		at->party = load_below(&l->r, 2 * CALL_MAX_LEGS);
		at->kind = load_below(&l->r, MEDIA_N_KINDS);
		at->n = load_below(&l->r, LEARN_AFTER + 1);
		at->since = load_time(&l->r);
	}
	return l->r.ok ? 0 : ERR_BAD;
}

static int load_rows(struct loading *l, struct call_media **out, uint16_t *n, uint16_t max)
{
	uint16_t n_rows = rd_u16(&l->r);

	if (n_rows > max)
		return ERR_BAD;
	*out = n_rows ? calloc(n_rows, sizeof **out) : NULL;
	if (n_rows && !*out)
		return ERR_NOMEM;
	*n = n_rows;
	for (uint16_t i = 0; i < n_rows; i++) {
		struct call_media *row = &(*out)[i];

		row->at.at = load_endpoint(&l->r);
		row->at.line = rd_u16(&l->r);
		row->at.party = load_below(&l->r, 2 * CALL_MAX_LEGS);
		row->at.kind = load_below(&l->r, MEDIA_N_KINDS);
		row->at.origin = load_below(&l->r, MEDIA_N_ORIGINS);
		row->direction = load_below(&l->r, SDP_INACTIVE + 1);
		row->since = load_time(&l->r);
	}
	return l->r.ok ? 0 : ERR_BAD;
}

static struct round load_round(struct rd *r)
{
	struct round round = {.by = rd_u64(r)};

	round.branch = rd_u64(r);
	round.cseq = rd_u32(r);
	return round;
}

static int load_view(struct loading *l, struct view *v)
{
	uint8_t flags;
	int rc;

	v->ends[0] = load_ip(&l->r);
	v->ends[1] = load_ip(&l->r);
	v->tag = rd_u64(&l->r);
	v->party = load_below(&l->r, CALL_NOBODY);
	flags = rd_u8(&l->r);
	v->has_offer = flags & VIEW_HAS_OFFER;
	v->is_held = flags & VIEW_IS_HELD;
	v->names_host = flags & VIEW_NAMES_HOST;
	v->now_of = load_round(&l->r);
	v->offer_of = load_round(&l->r);
	rc = load_rows(l, &v->now, &v->n_now, MAX_ROWS);
	if (!rc)
		rc = load_rows(l, &v->offer, &v->n_offer, MAX_ROWS);
	if (!rc && v->n_offer && !v->has_offer)
		rc = ERR_BAD;
	return rc;
}

/* A leg that is over, or no call's, expects nothing. */
static int load_views(struct loading *l, struct leg *leg)
{
	uint8_t n = load_below(&l->r, MAX_VIEWS + 1);
	int rc = l->r.ok ? 0 : ERR_BAD;

	if (rc || !n)
		return rc;
	if (leg->shown.state == CALL_OVER || leg->shown.state == CALL_EXCHANGE)
		return ERR_BAD;
	leg->views = calloc(n, sizeof *leg->views);
	if (!leg->views)
		return ERR_NOMEM;
	while (!rc && leg->n_views < n)
		rc = load_view(l, &leg->views[leg->n_views++]);
	return rc;
}

static void load_dialogs(struct rd *r, struct leg *leg)
{
	uint8_t n = load_below(r, CALL_MAX_DIALOGS + 1);

	for (uint8_t i = 0; i < n; i++) {
		leg->dialogs[i].tag = rd_u64(r);
		leg->dialogs[i].state = load_below(r, DIALOG_OVER + 1);
	}
	leg->shown.n_dialogs = n;
}

static void load_transactions(struct rd *r, struct leg *leg)
{
	uint8_t n = load_below(r, MAX_TRANSACTIONS + 1);

	for (uint8_t i = 0; i < n; i++) {
		struct transaction *t = &leg->transactions[i];

		t->branch = rd_u64(r);
		t->tag = rd_u64(r);
		t->cseq = rd_u32(r);
		t->method = load_below(r, SIP_N_METHODS);
		t->state = load_below(r, IS_DONE + 1);
		t->has_offer = load_below(r, 2);
	}
	leg->n_transactions = n;
}

static void load_shown(struct rd *r, struct call_leg *shown, uint8_t ordinal)
{
	uint8_t n_methods;

	shown->ordinal = ordinal;
	shown->joined_by = load_below(r, CALL_N_JOINS);
	shown->joined_to = load_below(r, ordinal ? ordinal : 1);
	shown->state = load_below(r, CALL_OVER + 1);
	shown->cause = load_below(r, CALL_N_CAUSES);
	shown->status = rd_u16(r);
	n_methods = load_below(r, SIP_N_METHODS + 1);
	for (int i = 0; i < n_methods; i++)
		shown->n_requests[i] = rd_u32(r);
	for (int i = 0; i < 7; i++)
		shown->n_answers[i] = rd_u32(r);
	shown->n_repeated = rd_u32(r);
}

static void load_flags(struct rd *r, struct leg *leg)
{
	uint8_t flags = rd_u8(r);

	leg->shown.is_midway = flags & LEG_IS_MIDWAY;
	leg->shown.is_held = flags & LEG_IS_HELD;
	leg->is_cancelled = flags & LEG_IS_CANCELLED;
	leg->is_retrying = flags & LEG_IS_RETRYING;
	leg->is_redirected = flags & LEG_IS_REDIRECTED;
}

static void load_entry(struct rd *r, struct index *x, struct index_entry *e)
{
	uint64_t hash = rd_u64(r);

	if (hash && r->ok)
		index_add(x, e, hash);
}

/* Where the leg is found: in the table from now on, in the first group until all are sorted. */
static int load_names(struct loading *l, struct whole *call, struct leg *leg)
{
	struct calls *c = l->c;
	uint64_t id = rd_u64(&l->r);

	leg->caller_tag = rd_u64(&l->r);
	legs_put(c, leg, call, id);
	list_push(&c->groups[GROUP_OVER], &leg->in_group);
	load_entry(&l->r, &c->by_session, &leg->by_session[0].entry);
	load_entry(&l->r, &c->by_session, &leg->by_session[1].entry);
	load_entry(&l->r, &c->by_origin, &leg->by_origin);
	load_entry(&l->r, &c->by_referred, &leg->by_referred);
	leg->heard = load_time(&l->r);
	leg->referred = load_time(&l->r);
	leg->asked = load_ip(&l->r);
	return l->r.ok && leg->heard.ns <= l->now.ns ? 0 : ERR_BAD;
}

static int load_leg(struct loading *l, struct whole *call, uint8_t ordinal)
{
	struct sip_text call_id = load_text(&l->r), caller = load_text(&l->r);
	struct leg *leg = legs_new(call_id, caller, load_text(&l->r));
	int rc;

	if (!leg)
		return ERR_NOMEM;
	load_shown(&l->r, &leg->shown, ordinal);
	load_flags(&l->r, leg);
	rc = load_names(l, call, leg);
	load_dialogs(&l->r, leg);
	load_transactions(&l->r, leg);
	leg->n_seen = load_below(&l->r, MAX_SEEN);
	for (int i = 0; i < MAX_SEEN; i++)
		leg->seen[i] = rd_u64(&l->r);
	return rc ? rc : load_views(l, leg);
}

/* A call is of legs that are calls, or is one exchange; it is over when all of its legs are. */
static bool is_sound(const struct whole *call)
{
	bool has_exchange = false;

	for (struct list *l = call->legs.next; l != &call->legs; l = l->next)
		has_exchange |= LIST_OWNER(l, struct leg, in_call)->shown.state == CALL_EXCHANGE;
	return (!has_exchange || call->shown.n_legs == 1) &&
	       (call->shown.state == CALL_OVER) == (call->shown.end.ns != 0);
}

static int load_legs(struct loading *l, struct whole *call)
{
	uint8_t n = load_below(&l->r, CALL_MAX_LEGS + 1);
	int rc = l->r.ok && n ? 0 : ERR_BAD;

	if (!rc && n > l->c->options.max_legs - l->c->n_legs) {
		l->c->counts[CALL_COUNT_EVICTED] += n;
		return ERR_FULL;
	}
	while (!rc && call->next_ordinal < n)
		rc = load_leg(l, call, call->next_ordinal++);
	if (rc)
		return rc;
	legs_sort(call);
	return is_sound(call) ? 0 : ERR_BAD;
}

static int load_fields(struct loading *l, struct whole *call)
{
	int rc;

	call->shown.cause = load_below(&l->r, CALL_N_CAUSES);
	call->shown.begin = load_time(&l->r);
	call->shown.answered = load_time(&l->r);
	call->shown.end = load_time(&l->r);
	call->shown.heard = load_time(&l->r);
	rc = load_targets(l, call);
	if (!rc && !call_is_wanted(l->c, call))
		return ERR_FULL;
	if (!rc)
		rc = load_learned(l, call);
	if (!rc)
		rc = load_rows(l, &call->media, &call->shown.n_media, CALL_MAX_MEDIA);
	return rc ? rc : load_legs(l, call);
}

/* A call that was read in part, or of which nobody must hear. */
static void drop_quietly(struct calls *c, struct whole *call)
{
	struct call_options told = c->options;

	c->options.on_gone = NULL;
	c->options.on_media = NULL;
	legs_drop_call(c, call);
	c->options = told;
}

/* ERR_FULL of its fields: it is left out. */
static int load_call(struct loading *l)
{
	uint32_t number = rd_u32(&l->r);
	struct whole *call;
	int rc;

	if (!number || legs_call(l->c, number))
		return ERR_BAD;
	call = legs_add_call(l->c, number);
	if (!call)
		return ERR_NOMEM;
	rc = load_fields(l, call);
	if (rc)
		drop_quietly(l->c, call);
	return rc == ERR_FULL ? 0 : rc;
}

static int load_records(struct loading *l, struct rd *r)
{
	uint32_t n = rd_u32(r);
	int rc = r->ok ? 0 : ERR_CUT;

	for (uint32_t i = 0; !rc && i < n; i++) {
		l->r = rd_sub(r, rd_u32(r));
		rc = r->ok ? load_call(l) : ERR_CUT;
	}
	return rc;
}

struct place {
	struct leg *leg;
	uint32_t at;
};

static int by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->leg->heard.ns != y->leg->heard.ns)
		return x->leg->heard.ns < y->leg->heard.ns ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* All lie in the first group, as they were read: each goes to its own, the oldest first. */
static int sort_legs(struct calls *c)
{
	struct place *places = calloc(c->n_legs + 1u, sizeof *places);
	uint32_t n = 0;

	if (!places)
		return ERR_NOMEM;
	while (legs_oldest(c, GROUP_OVER)) {
		struct leg *leg = legs_oldest(c, GROUP_OVER);

		list_drop(&leg->in_group);
		places[n] = (struct place){leg, n};
		n++;
	}
	qsort(places, n, sizeof *places, by_time);
	for (uint32_t i = 0; i < n; i++)
		list_push(&c->groups[places[i].leg->group], &places[i].leg->in_group);
	free(places);
	return 0;
}

static void tell_media(struct calls *c)
{
	for (int i = 0; i < N_GROUPS; i++) {
		for (struct list *l = c->groups[i].next; l != &c->groups[i]; l = l->next) {
			struct leg *leg = LIST_OWNER(l, struct leg, in_group);

			if (leg->shown.ordinal == 0)
				offer_recall(c, leg->call);
		}
	}
}

static void clear(struct calls *c)
{
	for (int i = 0; i < N_GROUPS; i++) {
		while (legs_oldest(c, i))
			drop_quietly(c, legs_oldest(c, i)->call);
	}
}

static int load(struct loading *l, struct rd *r)
{
	struct calls *c = l->c;
	uint64_t seed = rd_u64(r);
	uint32_t last;
	int rc;

	l->now = load_time(r);
	last = rd_u32(r);
	if (!r->ok)
		return ERR_CUT;
	rc = load_records(l, r);
	if (!rc)
		rc = sort_legs(c);
	if (rc)
		return rc;
	c->options.seed = seed;
	c->last_number = last;
	c->now = l->now;
	tell_media(c);
	return 0;
}

int call_load(struct calls *c, struct rd *r, call_renumber_fn renumber, void *arg)
{
	struct loading l = {.c = c, .renumber = renumber, .arg = arg};
	uint32_t magic = rd_u32(r);
	uint16_t version = rd_u16(r);
	int rc;

	rd_skip(r, 2);
	if (c->n_legs)
		return ERR_USAGE;
	if (!r->ok)
		return ERR_CUT;
	if (magic != SAVED_MAGIC || !version)
		return ERR_BAD;
	if (version > SAVED_VERSION)
		return ERR_UNSUPPORTED;
	rc = load(&l, r);
	if (rc)
		clear(c);
	return rc;
}
