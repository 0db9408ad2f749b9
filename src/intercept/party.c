/* Signalling of calls: what SIP tells of a target becomes sessions and records of HI2. */
#include "intercept/party.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "identity/match.h"
#include "intercept/count.h"
#include "ipmm/iri.h"
#include "ipmm/location.h"
#include "ipmm/mask.h"
#include "net/decode.h"

/* What a record of HI2 tells. */
struct report {
	enum etsi_iri_type type;
	struct sip_text message;
	bool is_masked;
	const struct sip_message *from_target; /* it says where the target is; NULL: nothing does */
	int64_t ns;
};

static uint64_t call_id(const struct call *call)
{
	return SESSION_OF_CALL | call->number;
}

/* ---- whom messages are looked through for ---- */

bool party_is_wanted(const struct intercept *i, const struct session *s)
{
	const struct voip *voip = atomic_load(&i->voip);

	return voip && call_find(voip_calls(voip), (uint32_t)s->access_id) &&
	       wanted_has(&i->wanted, s->mandate->slot, s->call->wanted);
}

static void hear(void *arg, const struct call_event *e);
static void learn(void *arg, const struct call *call, const struct call_media *media,
		  enum call_media_news news, struct nanos time);
static void forget(void *arg, const struct call *call);

static void release_media(void *thing)
{
	struct media *media = thing;

	media_free(&media);
}

static void retire_media(void *arg, struct media *old)
{
	retire(arg, old, release_media);
}

/* Packets that were looked at before may be a connection's that is followed now. */
static void turn_stale(void *arg)
{
	struct intercept *i = arg;

	atomic_fetch_add(&i->version, 1);
}

static int make_voip(struct intercept *i)
{
	const struct voip_options options = {.joins = CALL_JOINS_USUAL,
					     .max_legs = i->options.max_legs,
					     .seed = i->options.seed,
					     .on_event = hear,
					     .on_media = learn,
					     .on_gone = forget,
					     .on_retire = retire_media,
					     .on_follow = turn_stale,
					     .arg = i};
	struct voip *voip;
	int rc = voip_new(&voip, &options);

	if (!rc)
		atomic_store(&i->voip, voip);
	return rc;
}

static uint32_t joins_of(const struct operator* o)
{
	return (uint32_t)o->join_by_call_id << CALL_JOIN_CALL_ID |
	       (uint32_t)o->join_by_session_id << CALL_JOIN_SESSION_ID |
	       (uint32_t)o->join_by_origin << CALL_JOIN_ORIGIN |
	       (uint32_t)o->join_by_any_origin << CALL_JOIN_ANY_ORIGIN |
	       (uint32_t)o->join_by_replaces << CALL_JOIN_REPLACES |
	       (uint32_t)o->join_by_refer << CALL_JOIN_REFER;
}

int party_set(struct intercept *i, const struct orders *orders)
{
	struct identity_set *set = NULL;
	struct orders_plan plan;
	struct wanted w;
	struct why why;
	int rc = 0;

	if (!atomic_load(&i->voip) && orders_n_call_targets(orders))
		rc = make_voip(i);
	if (rc || !atomic_load(&i->voip))
		return rc;
	why_clear(&why);
	orders_plan_of(&orders->operator, & plan);
	rc = wanted_init(&w, orders, i->ordered);
	if (!rc)
		rc = identity_set_new(&set, &plan.plan, &(struct identity_targets){w.at, w.n},
				      i->options.seed, &why);
	if (rc) {
		wanted_fini(&w);
		return rc;
	}
	voip_set_rules(atomic_load(&i->voip), joins_of(&orders->operator),
		       orders->operator.call_silence);
	voip_set_targets(atomic_load(&i->voip), set, w.slots, orders->operator.trust_from);
	w.slots = NULL; /* voip's now */
	free(w.at);
	w.at = NULL; /* it borrowed the orders */
	wanted_fini(&i->wanted);
	i->wanted = w;
	return 0;
}

/* ---- what survives ---- */

void party_save(const struct intercept *i, struct wr *w)
{
	const struct voip *voip = atomic_load(&i->voip);

	wr_u8(w, voip != NULL);
	if (voip)
		voip_save(voip, w);
}

int party_load(struct intercept *i, struct rd *r, call_renumber_fn renumber, void *arg)
{
	struct voip *voip = atomic_load(&i->voip);
	bool has_calls = rd_u8(r);

	if (!r->ok)
		return ERR_CUT;
	return has_calls && voip ? voip_load(voip, r, renumber, arg) : 0;
}

/* ---- records ---- */

static struct etsi_address address_of(const struct net_ip *ip)
{
	struct etsi_address a = {.version = ip->version, .prefix_len = ETSI_NO_MASK};

	if (ip->version == 6)
		a.prefix_len = 128;
	memcpy(a.bits, ip->bytes, sizeof a.bits);
	return a;
}

/* The form of a record that is a message. */
struct message_form {
	struct iri_form form;
	const struct report *report;
};

static int encode_message(const struct iri_form *form, const struct session *s, uint32_t seq,
			  struct wr *w, struct why *why)
{
	const struct report *r = ((const struct message_form *)form)->report;
	const struct session_call *c = s->call;
	struct ipmm_iri iri = {
		.type = r->type,
		.form = r->is_masked ? IPMM_SIP_IRI_ONLY : IPMM_SIP,
		.seq = seq,
		.time = form->time,
		.source = address_of(&c->source),
		.destination = address_of(&c->destination),
		.message = {r->message.bytes, r->message.len},
		.session_direction = c->session_direction,
		.payload_direction = c->payload_direction,
	};
	struct ipmm_place place;

	if (r->from_target && ipmm_place_in(&place, r->from_target))
		iri.location = place.location;
	return ipmm_iri_encode(s->header, &iri, w, why);
}

static int say(struct intercept *i, struct session *s, const struct report *r)
{
	const struct message_form m = {{encode_message, {r->ns}}, r};
	int rc = r->type == ETSI_IRI_BEGIN ? flag_begin(i, s, IPIRI_ACCEPT, r->ns) : 0;

	if (!rc && s->mandate->delivers_iri)
		rc = tell_record(i, s, &m.form);
	if (!rc && r->type == ETSI_IRI_END)
		rc = flag_end(i, s, r->ns);
	return rc;
}

int party_end(struct intercept *i, struct session *s, int64_t ns)
{
	const struct session_call *c = s->call;
	struct report r = {.type = ETSI_IRI_END,
			   .message = {c->message, c->message_len},
			   .is_masked = c->is_masked,
			   .ns = ns};

	if (s->state != SESSION_BEGUN)
		return 0;
	s->state = SESSION_IDLE;
	return c->message ? say(i, s, &r) : 0;
}

/* ---- what is heard ---- */

static int add(struct intercept *i, struct mandate *m, const struct call_event *e,
	       struct session **out)
{
	int64_t nth = voip_named_by(atomic_load(&i->voip), m->slot);
	uint64_t hash = lookup_hash(0, e->leg->call_id, strlen(e->leg->call_id));
	uint32_t cin;
	int rc;

	if (nth < 0)
		return 0; /* not any more */
	rc = mandate_take_cin(m, hash, &cin);
	if (!rc)
		rc = subscriber_restore_call(i, m, e->call->number, cin, out);
	if (!rc)
		(*out)->call->wanted = i->wanted.hashes[nth];
	return rc;
}

static uint8_t way(enum call_party from, enum call_party target)
{
	if (from == CALL_NOBODY || target == CALL_NOBODY)
		return IPMM_NO_DIRECTION;
	return from == target ? ETSI_FROM_TARGET : ETSI_TO_TARGET;
}

static void set_ways(struct session_call *c, const struct call_event *e)
{
	c->source = e->message->src;
	c->destination = e->message->dst;
	c->session_direction = way(CALL_CALLER, e->target_is);
	c->payload_direction = way(e->from, e->target_is);
}

/* The message as the warrant lets it be told. */
static int see(struct intercept *i, const struct mandate *m, const struct sip_message *sip,
	       struct report *r)
{
	int rc;

	r->message = sip->whole;
	if (m->delivers_cc)
		return 0;
	wr_reset(&i->masked);
	rc = ipmm_mask(sip, &i->masked, &r->is_masked);
	r->message = sip_text_of(i->masked.bytes, i->masked.len);
	return rc;
}

static int report(struct intercept *i, struct session *s, const struct call_event *e,
		  enum etsi_iri_type type)
{
	struct report r = {.type = type, .ns = e->time.ns};
	int rc = see(i, s->mandate, e->message->sip, &r);

	if (rc)
		return rc;
	set_ways(s->call, e);
	session_call_keep(s->call, r.message.bytes, r.message.len, r.is_masked);
	if (s->call->payload_direction == ETSI_FROM_TARGET)
		r.from_target = e->message->sip;
	return say(i, s, &r);
}

/* Why two legs are one call, where the second begins. Strangers may call a target as often as they
 * like: of a minute, so many joins are told. */
static void log_join(struct intercept *i, const struct session *s, const struct call_event *e)
{
	enum { MAX_A_MINUTE = 60 };
	const struct call_leg *leg = e->leg;
	int64_t minute = e->time.ns / nanos_from_s(60).ns;

	if (leg->joined_by == CALL_JOIN_FIRST || e->is_repeated || !e->message ||
	    !e->message->sip->is_request || leg->n_requests[SIP_INVITE] != 1 ||
	    e->message->sip->method != SIP_INVITE)
		return;
	i->n_joins_told = minute == i->join_minute ? i->n_joins_told : 0;
	i->join_minute = minute;
	if (i->n_joins_told++ < MAX_A_MINUTE)
		log_info("LIID %s, CIN %u: leg %u is of one call with leg %u, by %s",
			 s->mandate->terms.liid, s->cin, leg->ordinal, leg->joined_to,
			 call_join_key(leg->joined_by));
}

/* An event of a session within its warrant's time. */
static int tell_event(struct intercept *i, struct session *s, const struct call_event *e)
{
	bool is_end = e->kind == CALL_END;
	enum etsi_iri_type type = is_end ? ETSI_IRI_END : ETSI_IRI_CONTINUE;
	int rc;

	if (!e->message)
		return is_end ? party_end(i, s, e->time.ns) : 0;
	if (e->kind == CALL_REPORT)
		return report(i, s, e, ETSI_IRI_REPORT);
	if (s->state != SESSION_BEGUN) {
		s->state = SESSION_BEGUN;
		s->mandate->counts.sessions++;
		rc = report(i, s, e, ETSI_IRI_BEGIN);
		return rc || !is_end ? rc : party_end(i, s, e->time.ns);
	}
	if (is_end)
		s->state = SESSION_IDLE;
	return report(i, s, e, type);
}

static int hear_one(struct intercept *i, struct mandate *m, const struct call_event *e)
{
	struct session *s = subscriber_find(i, m, call_id(e->call));
	int rc = 0;

	if (!m->is_ordered || m->is_over || e->time.ns >= m->end_ns)
		return 0;
	/* the caller tries again after its END: a session of its own, since one begins but once */
	if (s && e->kind == CALL_BEGIN) {
		rc = subscriber_drop(i, s);
		s = NULL;
	}
	if (!rc && !s)
		rc = add(i, m, e, &s);
	if (rc || !s)
		return rc;
	/* what came before the warrant's time is known, and told to nobody */
	if (!m->is_started || !mandate_covers(m, e->time.ns))
		return 0;
	log_join(i, s, e);
	return tell_event(i, s, e);
}

static void note_failure(struct intercept *i, int rc)
{
	i->event_rc = i->event_rc ? i->event_rc : rc;
}

static void hear(void *arg, const struct call_event *e)
{
	struct intercept *i = arg;

	note_failure(i, hear_one(i, i->mandates[e->target], e));
}

/* Packets that were looked at before may be media. */
static void learn(void *arg, const struct call *call, const struct call_media *media,
		  enum call_media_news news, struct nanos time)
{
	(void)call, (void)media, (void)time;
	if (news == CALL_MEDIA_ADDED)
		turn_stale(arg);
}

static struct session *find_any(const struct intercept *i, uint64_t id)
{
	uint64_t hash = lookup_spread(id);
	struct lookup_walk walk = lookup_first(&i->by_access, hash);
	uint32_t slot;

	while (lookup_next(&i->by_access, hash, &walk, &slot)) {
		if (i->sessions[slot]->access_id == id)
			return i->sessions[slot];
	}
	return NULL;
}

static void forget(void *arg, const struct call *call)
{
	struct intercept *i = arg;
	struct session *s;

	while ((s = find_any(i, call_id(call)))) {
		int64_t ns = s->mandate->end_ns < i->latest_ns ? s->mandate->end_ns : i->latest_ns;

		note_failure(i, party_end(i, s, ns));
		note_failure(i, subscriber_drop(i, s));
	}
}

/* ---- packets and time ---- */

static int settle(struct intercept *i, struct voip *voip)
{
	int rc = voip_failed(voip);

	return i->event_rc ? i->event_rc : rc;
}

int party_take(struct intercept *i, struct tray *tray, const struct weir_frame *f, bool has_time)
{
	struct voip *voip = atomic_load(&i->voip);
	const struct nanos time = {has_time ? f->time_ns : i->latest_ns};
	const struct outlook out = outlook_of(i);
	struct weir_packet p;
	struct sound sound;
	bool is_sure;
	int rc;

	if (!voip)
		return 0;
	net_decode(&p, f);
	if (p.transport == WEIR_NO_LAYER)
		return 0;
	if (tray_sees_sip(&out, &p, &is_sure)) {
		i->event_rc = 0;
		voip_take(voip, &p, time, is_sure);
		return settle(i, voip);
	}
	rc = tray_take_sound(tray, &out, &p, has_time, &sound);
	return rc == 1 ? voice_take(i, tray, &sound) : rc;
}

int party_tick(struct intercept *i, struct nanos now)
{
	struct voip *voip = atomic_load(&i->voip);

	if (!voip)
		return 0;
	i->event_rc = 0;
	voip_tick(voip, now);
	return settle(i, voip);
}

int party_flush(struct intercept *i)
{
	struct voip *voip = atomic_load(&i->voip);

	if (!voip)
		return 0;
	i->event_rc = 0;
	voip_flush(voip);
	return settle(i, voip);
}

void party_restream(struct intercept *i, struct session *s)
{
	if (s->call)
		retire(i, session_call_clear(s->call), session_call_free_streams);
}

void party_report(const struct intercept *i, struct json *j)
{
	voip_report(atomic_load(&i->voip), j);
}
