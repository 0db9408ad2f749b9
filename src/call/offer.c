/* Offers and answers (RFC 3264): who will receive media where.
 *
 *	offer ──► in force at once, beside what it would replace (RFC 3264 5.1)
 *	  answer ──► what it would have replaced is gone; the answer is in force
 *	  refusal ──► the offer is gone
 *
 * What is expected of a call is made of its legs' descriptions, anew whenever one of them changes;
 * what differs from before is told. So no path through the rules can leave an endpoint behind. */
#include <string.h>

#include "base/lookup.h"
#include "call/table.h"

enum {
	MAX_PORTS = 4,
	DISCARD_PORT = 9,
	OUST_AFTER_S = 15, /* a call of which nothing is heard for so long */
};

/* Endpoints of one description as they are read. */
struct rows {
	struct call_media at[MAX_ROWS];
	uint16_t n;
	bool is_held;
	bool names_host;
};

static void add_row(struct calls *c, struct rows *rows, const struct sip_host *host,
		    struct media_expected e, uint8_t direction)
{
	static const uint8_t nowhere[16];
	struct call_media *row;

	if (!host->version) {
		c->counts[CALL_COUNT_NAMED_HOSTS] += host->text.len != 0;
		rows->names_host |= host->text.len != 0;
		return;
	}
	if (!e.at.port || !memcmp(host->bytes, nowhere, sizeof nowhere))
		return;
	if (rows->n == MAX_ROWS) {
		call_add_count(c, CALL_COUNT_TOO_MANY_MEDIA);
		return;
	}
	e.at.ip.version = host->version;
	memcpy(e.at.ip.bytes, host->bytes, sizeof e.at.ip.bytes);
	row = &rows->at[rows->n++];
	*row = (struct call_media){.at = e, .direction = direction, .since = c->now};
}

static enum media_kind kind_of(const struct sdp_media *m)
{
	if (m->is_udptl)
		return MEDIA_UDPTL;
	if (!m->is_rtp)
		return MEDIA_OTHER;
	return m->is_rtcp_mux || m->is_rtcp_mux_only ? MEDIA_MUXED : MEDIA_RTP;
}

static void add_ports(struct calls *c, struct rows *rows, const struct sdp_media *m,
		      struct media_expected e)
{
	uint16_t n = m->n_ports > MAX_PORTS ? MAX_PORTS : m->n_ports;
	uint16_t step = m->is_rtp ? 2 : 1;

	e.kind = kind_of(m);
	for (uint16_t i = 0; i < n && m->port + i * step <= UINT16_MAX; i++) {
		e.at.port = (uint16_t)(m->port + i * step);
		add_row(c, rows, &m->address, e, m->direction);
	}
	if (!m->is_rtp || m->is_rtcp_mux_only || m->rtcp_port == m->port)
		return;
	e.kind = MEDIA_RTCP;
	e.at.port = m->rtcp_port;
	add_row(c, rows, &m->rtcp_address, e, m->direction);
}

static void add_candidates(struct calls *c, struct rows *rows, const struct sdp_media *m,
			   struct media_expected e)
{
	struct rd r = sip_text_rd(m->attributes);
	struct sdp_candidate candidate;

	e.origin = MEDIA_CANDIDATE;
	while (sdp_candidate_next(&r, &candidate)) {
		if (!candidate.is_udp || candidate.component > 2)
			continue;
		e.kind = candidate.component == 2 ? MEDIA_RTCP : kind_of(m);
		e.at.port = candidate.port;
		add_row(c, rows, &candidate.address, e, m->direction);
	}
}

static void read_rows(struct calls *c, const struct sdp *sdp, uint8_t party, struct rows *rows)
{
	rows->n = 0;
	rows->is_held = false;
	rows->names_host = false;
	for (uint16_t i = 0; i < sdp->n_media; i++) {
		const struct sdp_media *m = &sdp->media[i];
		struct media_expected e = {.line = i, .party = party};

		if (!m->port || (!m->is_rtp && !m->is_udptl && m->kind == SDP_KIND_MESSAGE))
			continue;
		rows->is_held |= m->direction == SDP_SENDONLY || m->direction == SDP_INACTIVE ||
				 sdp_is_held(m);
		if (m->port != DISCARD_PORT)
			add_ports(c, rows, m, e);
		if (m->n_candidates)
			add_candidates(c, rows, m, e);
	}
}

static void set_rows(struct calls *c, struct call_media **at, uint16_t *n, const struct rows *rows)
{
	struct call_media *fresh = NULL;

	if (rows->n) {
		fresh = malloc(rows->n * sizeof *fresh);
		if (!fresh) {
			call_add_count(c, CALL_COUNT_NO_MEMORY);
			return;
		}
		memcpy(fresh, rows->at, rows->n * sizeof *fresh);
	}
	free(*at);
	*at = fresh;
	*n = rows->n;
}

static void drop_offer(struct view *v)
{
	free(v->offer);
	v->offer = NULL;
	v->n_offer = 0;
	v->has_offer = false;
}

/* The offer was answered: it is what counts now. */
static void commit(struct view *v)
{
	if (!v->has_offer)
		return;
	free(v->now);
	v->now = v->offer;
	v->n_now = v->n_offer;
	v->now_of = v->offer_of;
	v->offer = NULL;
	drop_offer(v);
}

void offer_fini(struct leg *leg)
{
	for (uint8_t i = 0; i < leg->n_views; i++) {
		free(leg->views[i].now);
		free(leg->views[i].offer);
	}
	free(leg->views);
	leg->views = NULL;
	leg->n_views = 0;
}

static void drop_view(struct leg *leg, uint8_t at)
{
	free(leg->views[at].now);
	free(leg->views[at].offer);
	leg->n_views--;
	memmove(&leg->views[at], &leg->views[at + 1],
		(size_t)(leg->n_views - at) * sizeof *leg->views);
}

/* Whether the tag is that of a dialog that goes on. */
static bool is_known(const struct leg *leg, uint64_t tag)
{
	for (uint8_t i = 0; i < leg->shown.n_dialogs; i++) {
		if (leg->dialogs[i].tag == tag)
			return leg->dialogs[i].state != DIALOG_OVER;
	}
	return false;
}

static bool is_same(const struct call_media *a, const struct call_media *b)
{
	return a->at.kind == b->at.kind && media_endpoint_is(&a->at.at, &b->at.at);
}

/* The two hosts between which the message went, in no order. */
static void ends_of(const struct facts *f, struct net_ip out[2])
{
	bool is_less = memcmp(&f->m->src, &f->m->dst, sizeof f->m->src) < 0;

	out[!is_less] = f->m->src;
	out[is_less] = f->m->dst;
}

/* The one that is missed least: of a dialog that has ended or is not known any more, else of one of
 * those who were called, since the caller's are in force in all dialogs. */
static uint8_t least_view(const struct leg *leg)
{
	uint8_t at = 0;

	for (uint8_t i = leg->n_views; i-- > 0;) {
		if (leg->views[i].tag && is_known(leg, leg->views[i].tag))
			at = i;
	}
	for (uint8_t i = leg->n_views; i-- > 0;) {
		if (leg->views[i].tag && !is_known(leg, leg->views[i].tag))
			at = i;
	}
	return at;
}

/* The view of a party on this stretch, made where it is new; when there are too many one of them is
 * taken anew. NULL: no memory. */
static struct view *view_of(struct calls *c, struct leg *leg, const struct net_ip ends[2],
			    uint8_t party, uint64_t tag)
{
	struct view *v;

	for (uint8_t i = 0; i < leg->n_views; i++) {
		v = &leg->views[i];
		if (v->party == party && v->tag == tag && !memcmp(v->ends, ends, sizeof v->ends))
			return v;
	}
	if (leg->n_views == MAX_VIEWS) {
		drop_view(leg, least_view(leg));
		call_add_count(c, CALL_COUNT_TOO_MANY_MEDIA);
	} else {
		v = realloc(leg->views, (leg->n_views + 1u) * sizeof *v);
		if (!v) {
			call_add_count(c, CALL_COUNT_NO_MEMORY);
			return NULL;
		}
		leg->views = v;
	}
	v = &leg->views[leg->n_views++];
	*v = (struct view){.tag = tag, .party = party};
	memcpy(v->ends, ends, sizeof v->ends);
	return v;
}

static uint64_t mid_of(const struct sdp_media *m)
{
	return m->mid.len ? lookup_hash(0, m->mid.bytes, m->mid.len) : 0;
}

static void note_mids(struct view *v, const struct sdp *sdp)
{
	memset(v->mids, 0, sizeof v->mids);
	for (uint16_t i = 0; i < sdp->n_media; i++)
		v->mids[i] = mid_of(&sdp->media[i]);
}

/* The line of the description that a fragment's i-th stands for. */
static uint16_t line_of(const struct view *v, const struct sdp_media *m, uint16_t i)
{
	uint64_t mid = mid_of(m);

	for (uint16_t k = 0; mid && k < SDP_MAX_MEDIA; k++) {
		if (v->mids[k] == mid)
			return k;
	}
	return i;
}

/* Offers of the other party on this stretch, which an answer makes final. */
static void commit_others(struct leg *leg, const struct net_ip ends[2], uint8_t party)
{
	for (uint8_t i = 0; i < leg->n_views; i++) {
		struct view *v = &leg->views[i];

		if (v->party != party && !memcmp(v->ends, ends, sizeof v->ends))
			commit(v);
	}
}

static bool other_offers(const struct leg *leg, const struct net_ip ends[2], uint8_t party)
{
	for (uint8_t i = 0; i < leg->n_views; i++) {
		const struct view *v = &leg->views[i];

		if (v->party != party && v->has_offer && !memcmp(v->ends, ends, sizeof v->ends))
			return true;
	}
	return false;
}

/* RFC 3261 13.2.1, RFC 3262 5, RFC 3311 5.1: which messages may carry which. */
static bool is_offer(struct leg *leg, const struct facts *f, const struct net_ip ends[2],
		     uint8_t party)
{
	const struct transaction *t;

	if (f->is_request)
		return f->method != SIP_ACK &&
		       !(f->method == SIP_PRACK && other_offers(leg, ends, party));
	t = state_transaction(leg, f);
	return f->method == SIP_INVITE && t && !t->has_offer;
}

static void refuse(struct leg *leg, const struct facts *f, const struct net_ip ends[2])
{
	for (uint8_t i = 0; i < leg->n_views; i++) {
		struct view *v = &leg->views[i];

		if (v->has_offer && v->offer_of.cseq == f->cseq && v->offer_of.by == f->from_tag &&
		    !memcmp(v->ends, ends, sizeof v->ends))
			drop_offer(v);
	}
}

static void set_held(struct leg *leg)
{
	leg->shown.is_held = false;
	for (uint8_t i = 0; i < leg->n_views; i++)
		leg->shown.is_held |= leg->views[i].is_held;
}

/* Servers that share an address may each write another endpoint into one and the same description:
 * what this round said on another stretch stays beside what it says here. */
static void keep_rows(struct rows *rows, const struct round *before, const struct round *now,
		      const struct call_media *at, uint16_t n)
{
	if (before->by != now->by || before->cseq != now->cseq || before->branch == now->branch)
		return;
	for (uint16_t i = 0; i < n && rows->n < MAX_ROWS; i++)
		rows->at[rows->n++] = at[i];
}

/* Whether its end may have been missed: a packet of media is noted within a few seconds. */
static bool is_long_silent(const struct calls *c, const struct whole *call)
{
	return call && call->shown.state == CALL_LIVE && call->shown.answered.ns &&
	       c->now.ns - call->shown.heard.ns >= nanos_from_s(OUST_AFTER_S).ns;
}

/* Calls that have long been silent, and whose endpoints these rows are now. */
static void oust(struct calls *c, const struct whole *call, const struct rows *rows)
{
	uint32_t owners[MEDIA_MAX_OWNERS];

	for (uint16_t i = 0; c->options.whose && i < rows->n; i++) {
		size_t n = c->options.whose(c->options.arg, &rows->at[i].at.at, owners);

		for (size_t k = 0; k < n; k++) {
			struct whole *other = legs_call(c, owners[k]);

			if (other == call || !is_long_silent(c, other))
				continue;
			call_add_count(c, CALL_COUNT_OUSTED);
			call_end_all(c, other, CALL_BY_OUSTED);
		}
	}
}

static void describe(struct calls *c, struct leg *leg, const struct facts *f, uint8_t party,
		     const struct net_ip ends[2])
{
	uint64_t tag = party == CALL_CALLER             ? 0
		       : f->from_tag == leg->caller_tag ? f->to_tag
							: f->from_tag;
	bool offers = is_offer(leg, f, ends, party);
	struct view *v = view_of(c, leg, ends, party, tag);
	struct round round = {f->from_tag, f->branch, f->cseq};
	struct rows rows;

	if (!v)
		return;
	read_rows(c, &f->sdp, (uint8_t)(2 * leg->shown.ordinal + party), &rows);
	note_mids(v, &f->sdp);
	v->is_held = rows.is_held;
	v->names_host = rows.names_host;
	oust(c, leg->call, &rows);
	if (offers) {
		keep_rows(&rows, &v->offer_of, &round, v->offer, v->n_offer);
		v->has_offer = true;
		v->offer_of = round;
		set_rows(c, &v->offer, &v->n_offer, &rows);
	} else {
		keep_rows(&rows, &v->now_of, &round, v->now, v->n_now);
		drop_offer(v);
		v->now_of = round;
		set_rows(c, &v->now, &v->n_now, &rows);
		commit_others(leg, ends, party);
	}
	set_held(leg);
	leg->call->n_learned = 0;
}

/* Those of the rows from the first new one on that are not among them before, so that a fragment
 * which repeats others, as RFC 8840 4.3 has it, adds what is new. */
static void drop_repeated(struct rows *rows, uint16_t from)
{
	uint16_t n = from;

	for (uint16_t i = from; i < rows->n; i++) {
		uint16_t k = 0;

		while (k < n && !is_same(&rows->at[k], &rows->at[i]))
			k++;
		if (k == n)
			rows->at[n++] = rows->at[i];
	}
	rows->n = n;
}

/* Candidates that come behind their description (RFC 8840) are expected with what it said last. */
static void add_later(struct calls *c, struct leg *leg, struct view *v, const struct sdp *sdp)
{
	struct call_media **at = v->has_offer ? &v->offer : &v->now;
	uint16_t *n = v->has_offer ? &v->n_offer : &v->n_now;
	struct rows rows = {.n = *n};

	if (*n)
		memcpy(rows.at, *at, *n * sizeof *rows.at);
	for (uint16_t i = 0; i < sdp->n_media; i++) {
		const struct sdp_media *m = &sdp->media[i];

		if (m->n_candidates)
			add_candidates(
				c, &rows, m,
				(struct media_expected){
					.line = line_of(v, m, i),
					.party = (uint8_t)(2 * leg->shown.ordinal + v->party)});
	}
	drop_repeated(&rows, *n);
	if (rows.n != *n)
		set_rows(c, at, n, &rows);
}

static void trickle(struct calls *c, struct leg *leg, const struct facts *f, enum call_party party)
{
	struct net_ip ends[2];

	ends_of(f, ends);
	for (uint8_t i = 0; i < leg->n_views; i++) {
		struct view *v = &leg->views[i];
		bool is_its = !v->tag || v->tag == f->from_tag || v->tag == f->to_tag;

		if (v->party == party && is_its && !memcmp(v->ends, ends, sizeof v->ends))
			add_later(c, leg, v, &f->sdp);
	}
}

void offer_take(struct calls *c, struct leg *leg, const struct facts *f, enum call_party party)
{
	struct net_ip ends[2];
	bool is_of_offers = f->method == SIP_INVITE || f->method == SIP_ACK ||
			    f->method == SIP_PRACK || f->method == SIP_UPDATE;

	if (f->method == SIP_BYE) /* of one dialog of several: its endpoints go */
		offer_settle(c, leg->call);
	if (f->has_fragment && f->is_request) {
		trickle(c, leg, f, party);
		offer_settle(c, leg->call);
	}
	if (!is_of_offers)
		return;
	ends_of(f, ends);
	if (!f->is_request && f->status >= 300)
		refuse(leg, f, ends);
	else if (f->has_sdp)
		describe(c, leg, f, (uint8_t)party, ends);
	else if (f->is_request || f->status < 200)
		return; /* no dialog came up by it */
	offer_settle(c, leg->call);
}

void offer_end(struct calls *c, struct leg *leg)
{
	if (!leg->n_views)
		return;
	offer_fini(leg);
	leg->call->n_learned = 0;
	offer_settle(c, leg->call);
}

/* Whether an endpoint of this dialog may still get media: once a dialog is up, what only rang in
 * others has been told to stop. */
static bool is_in_force(const struct leg *leg, uint64_t tag)
{
	bool is_up = false, is_early = false;

	for (uint8_t i = 0; i < leg->shown.n_dialogs; i++) {
		const struct dialog *d = &leg->dialogs[i];

		is_up |= d->state == DIALOG_LIVE;
		is_early |= d->tag == tag && d->state == DIALOG_EARLY;
		if (d->tag == tag && d->state == DIALOG_OVER)
			return false;
	}
	return !tag || !is_up || !is_early;
}

struct sum {
	struct call_media at[CALL_MAX_MEDIA];
	uint16_t n;
};

/* An endpoint that several name, on several stretches or in several legs, is the first's. */
static void add_all(struct calls *c, struct sum *sum, const struct call_media *rows, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint16_t k = 0;

		while (k < sum->n && !is_same(&sum->at[k], &rows[i]))
			k++;
		if (k == CALL_MAX_MEDIA)
			call_add_count(c, CALL_COUNT_TOO_MANY_MEDIA);
		else if (k == sum->n)
			sum->at[sum->n++] = rows[i];
	}
}

static void add_learned(struct calls *c, struct sum *sum, const struct whole *call)
{
	for (uint8_t i = 0; i < call->n_learned; i++) {
		const struct learned *l = &call->learned[i];
		struct call_media row = {.at = {.at = l->at,
						.line = l->line,
						.party = l->party,
						.kind = l->kind,
						.origin = MEDIA_LEARNED},
					 .since = l->since};

		if (l->n >= LEARN_AFTER)
			add_all(c, sum, &row, 1);
	}
}

static void add_up(struct calls *c, struct whole *call, struct sum *sum)
{
	sum->n = 0;
	for (struct list *l = call->legs.next; l != &call->legs; l = l->next) {
		const struct leg *leg = LIST_OWNER(l, struct leg, in_call);

		for (uint8_t i = 0; i < leg->n_views; i++) {
			const struct view *v = &leg->views[i];

			if (!is_in_force(leg, v->tag))
				continue;
			add_all(c, sum, v->now, v->n_now);
			add_all(c, sum, v->offer, v->n_offer);
		}
	}
	add_learned(c, sum, call);
}

static void tell(struct calls *c, const struct whole *call, const struct call_media *m,
		 enum call_media_news news)
{
	if (c->options.on_media)
		c->options.on_media(c->options.arg, &call->shown, m, news, c->now);
}

static const struct call_media *find(const struct call_media *rows, uint16_t n,
				     const struct call_media *row)
{
	for (uint16_t i = 0; i < n; i++) {
		if (is_same(&rows[i], row))
			return &rows[i];
	}
	return NULL;
}

/* What was told of stays as it was told. */
static void stay(struct call_media *m, const struct call_media *before)
{
	m->since = before->since;
	m->at = before->at;
}

/* Tells what goes before what comes. */
static void tell_changes(struct calls *c, struct whole *call, struct sum *sum)
{
	for (uint16_t i = 0; i < call->shown.n_media; i++) {
		if (!find(sum->at, sum->n, &call->media[i]))
			tell(c, call, &call->media[i], CALL_MEDIA_REMOVED);
	}
	for (uint16_t i = 0; i < sum->n; i++) {
		struct call_media *m = &sum->at[i];
		const struct call_media *before = find(call->media, call->shown.n_media, m);

		m->at.owner = call->shown.number;
		if (!before) {
			tell(c, call, m, CALL_MEDIA_ADDED);
			continue;
		}
		stay(m, before);
		if (before->direction != m->direction)
			tell(c, call, m, CALL_MEDIA_TURNED);
	}
}

/* Room for what the call's legs say; false: no memory, counted. */
static bool add_up_wanted(struct calls *c, struct whole *call, struct sum *sum,
			  struct call_media **fresh)
{
	if (call_is_wanted(c, call))
		add_up(c, call, sum);
	else
		sum->n = 0;
	*fresh = sum->n ? malloc(sum->n * sizeof **fresh) : NULL;
	if (sum->n && !*fresh)
		call_add_count(c, CALL_COUNT_NO_MEMORY);
	return !sum->n || *fresh;
}

static void keep_sum(struct whole *call, const struct sum *sum, struct call_media *fresh)
{
	if (fresh)
		memcpy(fresh, sum->at, sum->n * sizeof *fresh);
	free(call->media);
	call->media = fresh;
	call->shown.n_media = sum->n;
}

void offer_settle(struct calls *c, struct whole *call)
{
	struct call_media *fresh;
	struct sum sum;

	if (!add_up_wanted(c, call, &sum, &fresh))
		return;
	tell_changes(c, call, &sum);
	keep_sum(call, &sum, fresh);
}

void offer_recall(struct calls *c, struct whole *call)
{
	struct call_media *fresh;
	struct sum sum;

	if (!add_up_wanted(c, call, &sum, &fresh)) {
		sum.n = 0;
		keep_sum(call, &sum, NULL);
		return;
	}
	for (uint16_t i = 0; i < sum.n; i++) {
		struct call_media *m = &sum.at[i];
		const struct call_media *before = find(call->media, call->shown.n_media, m);

		if (before)
			stay(m, before);
		m->at.owner = call->shown.number;
		tell(c, call, m, CALL_MEDIA_ADDED);
	}
	keep_sum(call, &sum, fresh);
}
