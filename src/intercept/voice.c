/* Media of calls: packets from and to where they are expected become records of HI3. */
#include <stdio.h>
#include <stdlib.h>

#include "intercept/party.h"
#include "voip/ways.h"

enum { STREAM_ID_LEN = 32 };

/* A packet of one call: the endpoints that it comes from and goes to, where they are the call's. */
struct share {
	const struct media_hit *from, *to;
};

static const struct media_hit *one_of(const struct share *share)
{
	return share->from ? share->from : share->to;
}

static int make_stream(struct intercept *i, const struct session *s, struct session_stream *made)
{
	struct ipmm_stream stream = {.frame = IPMM_IP_FRAME,
				     .protocol = (enum ipmm_protocol)made->protocol};
	char id[STREAM_ID_LEN];
	struct why why;
	int rc;

	why_clear(&why);
	snprintf(id, sizeof id, "%u.%u", made->leg, made->line);
	stream.id = id;
	rc = ipmm_tail_init(&made->tail, s->header, &stream, &why);
	return rc ? intercept_fail(i, rc, s->mandate->terms.liid, why.text) : 0;
}

/* The party that the target is, in the leg that an endpoint is of. */
static enum call_party target_in(const struct intercept *i, const struct session *s,
				 const struct media_hit *hit)
{
	const struct call *call = call_find(voip_calls(atomic_load(&i->voip)), hit->owner);
	const struct call_leg *leg = NULL;

	while (call && (leg = call_leg_next(call, leg)) && leg->ordinal != hit->party / 2)
		;
	return leg ? call_party_in(call, leg, s->mandate->slot) : CALL_NOBODY;
}

/* The records of the stream that a hit belongs to, made where there are none. Which
 * party the target is stays as it is known first. */
static int find_stream(struct intercept *i, struct session *s, const struct media_hit *hit,
		       struct session_stream **out)
{
	uint8_t protocol = hit->kind == MEDIA_UDPTL ? IPMM_UDPTL : IPMM_RTP;
	struct session_stream *at = s->call->streams, made;
	uint8_t leg = hit->party / 2;
	int rc;

	while (at && (at->line != hit->line || at->leg != leg || at->protocol != protocol))
		at = at->next;
	*out = at;
	if (at && at->party == CALL_NOBODY)
		at->party = (uint8_t)target_in(i, s, hit);
	if (at)
		return 0;
	made = (struct session_stream){.line = hit->line,
				       .leg = leg,
				       .protocol = protocol,
				       .party = (uint8_t)target_in(i, s, hit)};
	rc = make_stream(i, s, &made);
	if (rc)
		return rc;
	*out = session_call_add(s->call, &made);
	return *out ? 0 : ERR_NOMEM;
}

/* Who sent it: from an endpoint of the target's, or to one of the other party's, it is from it. */
static uint8_t direction_of(const struct session_stream *stream, const struct share *share)
{
	const struct media_hit *hit = one_of(share);
	bool is_targets = (hit->party & 1) == (stream->party == CALL_CALLED);

	if (stream->party == CALL_NOBODY)
		return WATCH_BOTH;
	return is_targets == hit->is_source ? WATCH_FROM : WATCH_TO;
}

static bool is_to_called(const struct media_hit *hit)
{
	return (hit->party & 1) != hit->is_source;
}

/* One pending record for each session of the call. */
static int take_share(struct intercept *i, struct tray *tray, const struct sound *sound,
		      const struct share *share)
{
	uint64_t id = SESSION_OF_CALL | one_of(share)->owner;
	uint64_t hash = lookup_spread(id);
	struct lookup_walk walk = lookup_first(&i->by_access, hash);
	uint32_t slot;
	int rc = 0;

	while (!rc && lookup_next(&i->by_access, hash, &walk, &slot)) {
		struct session *s = i->sessions[slot];
		struct session_stream *stream;

		if (s->access_id != id || (sound->is_comfort && !s->mandate->has_comfort))
			continue;
		rc = find_stream(i, s, one_of(share), &stream);
		if (!rc && !sound->is_control) {
			s->call->heard_ns = i->latest_ns;
			session_stream_hear(stream, is_to_called(one_of(share)));
		}
		if (!rc)
			rc = tray_add(tray, &(struct pending){
						    .piece = sound->piece,
						    .session = slot,
						    .tail = &stream->tail,
						    .direction = direction_of(stream, share),
					    });
	}
	return rc;
}

/* What of a packet's hits belongs to the owner of the k-th; false: an earlier hit's is. */
static bool share_of(const struct media_hit *hits, int n, int k, struct share *out)
{
	*out = (struct share){0};
	for (int at = 0; at < n; at++) {
		const struct media_hit *hit = &hits[at];

		if (hit->owner != hits[k].owner)
			continue;
		if (at < k)
			return false;
		if (hit->is_source && !out->from)
			out->from = hit;
		if (!hit->is_source && !out->to)
			out->to = hit;
	}
	return true;
}

/* The hits as they are now: those that its worker found, unless media have changed since. */
static const struct media_hit *hits_of(const struct intercept *i, const struct sound *sound,
				       struct media_hit room[MEDIA_MAX_HITS], int *n)
{
	const struct voip *voip = atomic_load(&i->voip);

	*n = sound->n_hits;
	if (!(sound->serial & 1) && sound->serial == voip_serial(voip) && *n <= SOUND_HITS)
		return sound->hits;
	*n = media_match(voip_media(voip), &sound->src, &sound->dst, room);
	return room;
}

int voice_take(struct intercept *i, struct tray *tray, const struct sound *sound)
{
	const struct piece *piece = &tray->pieces[sound->piece];
	struct voip *voip = atomic_load(&i->voip);
	const struct nanos time = {piece->has_time ? piece->time_ns : i->latest_ns};
	struct media_hit room[MEDIA_MAX_HITS];
	size_t from = tray->n_pending;
	int n, rc = 0;
	const struct media_hit *hits = hits_of(i, sound, room, &n);

	for (int k = 0; k < n && !rc; k++) {
		struct share share;

		if (share_of(hits, n, k, &share))
			rc = take_share(i, tray, sound, &share);
	}
	if (!rc)
		rc = accept_from(i, tray, from);
	for (int k = 0; k < n; k++)
		voip_heard(voip, &hits[k], hits[k].is_source ? &sound->dst : &sound->src, time);
	return rc;
}

static struct sound *sound_at(struct tray *tray, size_t note, size_t n_notes)
{
	bool is_one = note < n_notes && tray->notes[note].kind == NOTE_MEDIA;

	return is_one ? &tray->notes[note].sound : NULL;
}

static const struct session *session_at(const struct intercept *i, const struct sound *sound)
{
	return sound && sound->slot < i->n_sessions ? i->sessions[sound->slot] : NULL;
}

/* Each step reads only what an earlier one has asked for, some packets ago. */
void voice_ahead(const struct intercept *i, struct tray *tray, size_t note, size_t n_notes)
{
	enum { LOOK = 20, FIND = 14, OPEN = 10, COUNT = 4 };
	struct sound *look = sound_at(tray, note + LOOK, n_notes);
	struct sound *find = sound_at(tray, note + FIND, n_notes);
	const struct session *s = session_at(i, sound_at(tray, note + OPEN, n_notes));
	struct lookup_walk walk;
	uint64_t hash;

	if (look) {
		lookup_prefetch(&i->by_access,
				lookup_spread(SESSION_OF_CALL | look->hits[0].owner));
		call_prefetch(voip_calls(atomic_load(&i->voip)), look->hits[0].owner);
	}
	if (find) {
		hash = lookup_spread(SESSION_OF_CALL | find->hits[0].owner);
		walk = lookup_first(&i->by_access, hash);
		if (!lookup_next(&i->by_access, hash, &walk, &find->slot))
			find->slot = TRAY_NONE;
		else
			__builtin_prefetch(&i->sessions[find->slot]);
	}
	if (s)
		session_prefetch(s);
	s = i->options.ledger ? session_at(i, sound_at(tray, note + COUNT, n_notes)) : NULL;
	if (s && s->rows[LEDGER_CC]) {
		__builtin_prefetch(&s->rows[LEDGER_CC]->last_seq);
		__builtin_prefetch(s->rows[LEDGER_CC]->counts);
	}
}

/* Each way on which nothing ever came: who has been heard may be silent for long. */
static void look_at_ways(const struct call *call, const struct session *s,
			 const struct intercept_silence *what)
{
	struct way way;
	size_t n;

	(void)call_media_of(call, &n);
	for (size_t k = 0; k < n; k++) {
		if (ways_of_rtp(call, k, &way) &&
		    !session_call_heard(s->call, way.to->at.line, way.to->at.party & 1) &&
		    what->now.ns - way.since.ns >= what->wait.ns)
			what->tell(what->arg, &(struct intercept_unheard){
						      .key = s->mandate->key,
						      .cin = s->cin,
						      .since = way.since,
						      .at = {way.from->at.at, way.to->at.at},
						      .is_one_way = true});
	}
}

static void look_at(const struct intercept *i, const struct session *s,
		    const struct intercept_silence *what)
{
	const struct call *call =
		call_find(voip_calls(atomic_load(&i->voip)), (uint32_t)s->access_id);
	struct ways_call ways;

	if (!ways_of_call(call, &ways))
		return;
	if (s->call->heard_ns > ways.since.ns)
		ways.since.ns = s->call->heard_ns;
	if (what->now.ns - ways.since.ns < what->wait.ns)
		look_at_ways(call, s, what);
	else
		what->tell(what->arg, &(struct intercept_unheard){s->mandate->key,
								  s->cin,
								  ways.since,
								  {ways.at[0], ways.at[1]},
								  false});
}

static void look_at_all(struct intercept *i, struct mandate *m, void *what)
{
	for (const struct session *s = m->dynamics; s && m->delivers_cc; s = s->next) {
		if (s->call && s->state == SESSION_BEGUN)
			look_at(i, s, what);
	}
}

void intercept_each_unheard(struct intercept *i, const struct intercept_silence *what)
{
	struct intercept_silence copy = *what;

	mandates_each(i, look_at_all, &copy);
}
