/* The table as octets: a head, then a record for each call, those that matter most first, and of
 * equals the one that was heard of longest ago.
 *
 *	head     magic, version (16), reserved (16), seed (64), now (64), the last number given to a
 *	         call (32), number of records (32)
 *	record   its length (32), then call, targets, learned addresses, endpoints told of, legs; a
 *	         later version may append some
 *	leg      what is shown of it, how it is found, dialogs, transactions, last messages, views
 *
 * All numbers are big-endian. What is found by hashes is saved as hashes, and their seed with them:
 * the texts are not kept. */
#include <string.h>

#include "call/saved.h"

static void save_time(struct wr *w, struct nanos t)
{
	wr_u64(w, (uint64_t)t.ns);
}

static void save_ip(struct wr *w, const struct net_ip *ip)
{
	wr_u8(w, ip->version);
	wr_bytes(w, ip->bytes, saved_ip_len(ip->version));
}

static void save_endpoint(struct wr *w, const struct media_endpoint *at)
{
	save_ip(w, &at->ip);
	wr_u16(w, at->port);
}

static void save_text(struct wr *w, const char *text)
{
	wr_u8(w, (uint8_t)strlen(text));
	wr_bytes(w, text, strlen(text));
}

static void save_target(struct wr *w, const struct target *t)
{
	wr_u32(w, t->number);
	wr_bytes(w, t->parties, sizeof t->parties);
	wr_u8(w,
	      (uint8_t)((t->has_begun ? TARGET_HAS_BEGUN : 0) | (t->is_over ? TARGET_IS_OVER : 0)));
}

static void save_learned(struct wr *w, const struct learned *l)
{
	save_endpoint(w, &l->at);
	wr_u16(w, l->line);
	wr_u8(w, l->party);
	wr_u8(w, l->kind);
	wr_u8(w, l->n);
	save_time(w, l->since);
}

static void save_rows(struct wr *w, const struct call_media *rows, uint16_t n)
{
	wr_u16(w, n);
	for (uint16_t i = 0; i < n; i++) {
		save_endpoint(w, &rows[i].at.at);
		wr_u16(w, rows[i].at.line);
		wr_u8(w, rows[i].at.party);
		wr_u8(w, rows[i].at.kind);
		wr_u8(w, rows[i].at.origin);
		wr_u8(w, rows[i].direction);
		save_time(w, rows[i].since);
	}
}

static void save_round(struct wr *w, const struct round *round)
{
	wr_u64(w, round->by);
	wr_u64(w, round->branch);
	wr_u32(w, round->cseq);
}

static void save_view(struct wr *w, const struct view *v)
{
	save_ip(w, &v->ends[0]);
	save_ip(w, &v->ends[1]);
	wr_u64(w, v->tag);
	wr_u8(w, v->party);
	wr_u8(w, (uint8_t)((v->has_offer ? VIEW_HAS_OFFER : 0) | (v->is_held ? VIEW_IS_HELD : 0) |
			   (v->names_host ? VIEW_NAMES_HOST : 0)));
	save_round(w, &v->now_of);
	save_round(w, &v->offer_of);
	save_rows(w, v->now, v->n_now);
	save_rows(w, v->offer, v->n_offer);
}

static uint8_t flags_of(const struct leg *leg)
{
	return (uint8_t)((leg->shown.is_midway ? LEG_IS_MIDWAY : 0) |
			 (leg->shown.is_held ? LEG_IS_HELD : 0) |
			 (leg->is_cancelled ? LEG_IS_CANCELLED : 0) |
			 (leg->is_retrying ? LEG_IS_RETRYING : 0) |
			 (leg->is_redirected ? LEG_IS_REDIRECTED : 0));
}

static void save_shown(struct wr *w, const struct call_leg *shown)
{
	save_text(w, shown->call_id);
	save_text(w, shown->caller);
	save_text(w, shown->called);
	wr_u8(w, shown->joined_by);
	wr_u8(w, shown->joined_to);
	wr_u8(w, shown->state);
	wr_u8(w, shown->cause);
	wr_u16(w, shown->status);
	wr_u8(w, SIP_N_METHODS);
	for (int i = 0; i < SIP_N_METHODS; i++)
		wr_u32(w, shown->n_requests[i]);
	for (int i = 0; i < 7; i++)
		wr_u32(w, shown->n_answers[i]);
	wr_u32(w, shown->n_repeated);
}

/* 0: it is in no index. */
static void save_entry(struct wr *w, const struct index_entry *e)
{
	wr_u64(w, e->holder ? e->hash : 0);
}

static void save_leg(struct wr *w, const struct leg *leg)
{
	save_shown(w, &leg->shown);
	wr_u8(w, flags_of(leg));
	wr_u64(w, leg->by_call_id.hash);
	wr_u64(w, leg->caller_tag);
	save_entry(w, &leg->by_session[0].entry);
	save_entry(w, &leg->by_session[1].entry);
	save_entry(w, &leg->by_origin);
	save_entry(w, &leg->by_referred);
	save_time(w, leg->heard);
	save_time(w, leg->referred);
	save_ip(w, &leg->asked);
	wr_u8(w, leg->shown.n_dialogs);
	for (uint8_t i = 0; i < leg->shown.n_dialogs; i++) {
		wr_u64(w, leg->dialogs[i].tag);
		wr_u8(w, leg->dialogs[i].state);
	}
	wr_u8(w, leg->n_transactions);
	for (uint8_t i = 0; i < leg->n_transactions; i++) {
		const struct transaction *t = &leg->transactions[i];

		wr_u64(w, t->branch);
		wr_u64(w, t->tag);
		wr_u32(w, t->cseq);
		wr_u8(w, t->method);
		wr_u8(w, t->state);
		wr_u8(w, t->has_offer);
	}
	wr_u8(w, leg->n_seen);
	for (int i = 0; i < MAX_SEEN; i++)
		wr_u64(w, leg->seen[i]);
	wr_u8(w, leg->n_views);
	for (uint8_t i = 0; i < leg->n_views; i++)
		save_view(w, &leg->views[i]);
}

static void save_call(struct wr *w, const struct whole *call)
{
	wr_u32(w, call->shown.number);
	wr_u8(w, call->shown.cause);
	save_time(w, call->shown.begin);
	save_time(w, call->shown.answered);
	save_time(w, call->shown.end);
	save_time(w, call->shown.heard);
	wr_u8(w, call->n_targets);
	for (uint8_t i = 0; i < call->n_targets; i++)
		save_target(w, &call->targets[i]);
	wr_u8(w, call->n_learned);
	for (uint8_t i = 0; i < call->n_learned; i++)
		save_learned(w, &call->learned[i]);
	save_rows(w, call->media, call->shown.n_media);
	wr_u8(w, call->shown.n_legs);
	for (struct list *l = call->legs.next; l != &call->legs; l = l->next)
		save_leg(w, LIST_OWNER(l, struct leg, in_call));
}

static void save_record(struct wr *w, const struct whole *call)
{
	size_t mark = w->len;
	struct wr head;

	wr_u32(w, 0);
	save_call(w, call);
	if (!w->ok)
		return;
	head = wr_of(&w->bytes[mark], 4);
	wr_u32(&head, (uint32_t)(w->len - mark - 4));
}

static uint32_t save_group(const struct calls *c, enum group group, struct wr *w)
{
	const struct list *head = &c->groups[group];
	uint32_t n = 0;

	for (struct list *l = head->next; l != head; l = l->next) {
		const struct leg *leg = LIST_OWNER(l, struct leg, in_group);

		if (leg->shown.ordinal != 0 || !call_is_wanted(c, leg->call))
			continue;
		save_record(w, leg->call);
		n++;
	}
	return n;
}

void call_save(const struct calls *c, struct wr *w)
{
	uint32_t n = 0;
	size_t mark;
	struct wr head;

	wr_u32(w, SAVED_MAGIC);
	wr_u16(w, SAVED_VERSION);
	wr_u16(w, 0);
	wr_u64(w, c->options.seed);
	save_time(w, c->now);
	wr_u32(w, c->last_number);
	mark = w->len;
	wr_u32(w, 0);
	for (int i = N_GROUPS; i-- > 0;)
		n += save_group(c, i, w);
	if (!w->ok)
		return;
	head = wr_of(&w->bytes[mark], 4);
	wr_u32(&head, n);
}
