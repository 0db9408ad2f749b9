#include "voip/voip.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "identity/match.h"
#include "sip/framer.h"
#include "sip/websocket.h"
#include "stream/stream.h"

enum {
	FRAMER_ROOM = 1 << 16,
	N_MARKS = 1 << 16, /* of connections that are followed, by their hash */
	MARK_FULL = UINT8_MAX,
};

struct voip {
	struct voip_options options;
	struct calls *calls;
	struct stream_table *streams;
	bool is_flushed; /* no packets follow */
	struct identity_set *set;
	uint32_t *numbers;
	bool trust_from;
	const struct named *named; /* by the message in hand; NULL: there is none */
	uint64_t n_messages;
	uint64_t n_refused; /* endpoints */
	int rc;
	_Atomic(struct media *) media;
	_Atomic uint64_t serial;        /* odd while the media change */
	_Atomic uint8_t marks[N_MARKS]; /* how many; that many or more: MARK_FULL, which stays */
};

/* Of one direction of a TCP connection: WebSocket until it is known to be none. */
struct side {
	struct sip_framer framer;
	struct websocket websocket;
	bool is_plain;
	uint32_t mark;
	uint8_t room[FRAMER_ROOM];
};

/* Those whom a message names. */
struct named {
	const struct voip *voip;
	const struct sip_message *sip;
	struct call_target at[CALL_MAX_TARGETS];
	uint32_t by[CALL_MAX_TARGETS]; /* places in the set */
	size_t n;
};

/* Fields that name who sends the request; in its answers only From does. */
static bool is_of_sender(const struct sip_message *m, enum sip_field field)
{
	switch (field) {
	case SIP_FIELD_FROM:
		return true;
	case SIP_FIELD_P_ASSERTED_IDENTITY:
	case SIP_FIELD_P_PREFERRED_IDENTITY:
	case SIP_FIELD_REMOTE_PARTY_ID:
	case SIP_FIELD_AUTHORIZATION:
	case SIP_FIELD_PROXY_AUTHORIZATION:
		return m->is_request;
	case SIP_FIELD_TO:
		return m->method == SIP_REGISTER; /* who registers, not with whom */
	default:
		return false;
	}
}

static void add_named(void *arg, const struct identity_hit *hit)
{
	struct named *named = arg;
	const struct call_target found = {named->voip->numbers[hit->found.target],
					  is_of_sender(named->sip, hit->field)};

	for (size_t i = 0; i < named->n; i++) {
		if (named->at[i].number == found.number)
			return;
	}
	if (named->n == CALL_MAX_TARGETS)
		return;
	named->by[named->n] = hit->found.target;
	named->at[named->n++] = found;
}

static void feed(struct voip *t, struct call_message *m, struct sip_text text)
{
	static const struct call_target everybody = {0, true};
	struct named named = {.voip = t};
	struct sip_message sip;
	int rc = sip_message_read(text.bytes, text.len, &sip);

	if (rc < 0 && rc != ERR_CUT)
		return;
	t->n_messages++;
	m->sip = named.sip = &sip;
	if (t->set)
		(void)identity_match(t->set, &sip, t->trust_from, add_named, &named);
	m->targets = t->options.is_everybodys ? &everybody : named.at;
	m->n_targets = t->options.is_everybodys ? 1 : named.n;
	t->named = &named;
	call_feed(t->calls, m);
	t->named = NULL;
}

int64_t voip_named_by(const struct voip *t, uint32_t number)
{
	for (size_t i = 0; t->named && i < t->named->n; i++) {
		if (t->named->at[i].number == number)
			return t->named->by[i];
	}
	return -1;
}

static uint32_t end_hash(const struct net_ip *ip, uint16_t port)
{
	uint64_t half[2];

	memcpy(half, ip->bytes, sizeof half);
	return (uint32_t)((half[0] * 31 + half[1] + port) * 0x9e3779b97f4a7c15 >> 40);
}

/* The same for both directions. */
static uint32_t mark_of(const struct net_ip *a, uint16_t a_port, const struct net_ip *b,
			uint16_t b_port)
{
	return (end_hash(a, a_port) + end_hash(b, b_port)) % N_MARKS;
}

static void follow(struct voip *t, uint32_t mark)
{
	uint8_t n = atomic_load(&t->marks[mark]);

	if (n < MARK_FULL)
		atomic_store(&t->marks[mark], (uint8_t)(n + 1));
	if (!n && t->options.on_follow)
		t->options.on_follow(t->options.arg);
}

static void unfollow(struct voip *t, struct side *side)
{
	uint8_t n = side ? atomic_load(&t->marks[side->mark]) : 0;

	if (n && n < MARK_FULL)
		atomic_store(&t->marks[side->mark], (uint8_t)(n - 1));
	free(side);
}

static struct side *side_of(struct voip *t, const struct stream_piece *p)
{
	struct side *side = *p->mark;

	if (side)
		return side;
	side = malloc(sizeof *side);
	if (!side) {
		t->rc = ERR_NOMEM;
		return NULL;
	}
	sip_framer_init(&side->framer, side->room, sizeof side->room);
	websocket_init(&side->websocket, side->room, sizeof side->room);
	side->is_plain = false;
	side->mark = mark_of(p->src, p->src_port, p->dst, p->dst_port);
	follow(t, side->mark);
	*p->mark = side;
	return side;
}

/* What came of a WebSocket, as long as it may be one: one that was met midway, in the middle of a
 * frame, is known by the next. */
static void take_frames(struct voip *t, struct side *side, struct call_message *m, struct rd *r)
{
	struct sip_text text;
	int rc;

	if (side->is_plain && !side->framer.n_messages && websocket_begins(r->at, rd_left(r))) {
		side->is_plain = false;
		websocket_init(&side->websocket, side->room, sizeof side->room);
	}
	while (!side->is_plain && rd_left(r)) {
		rc = websocket_next(&side->websocket, r, &text);
		if (rc == 1)
			feed(t, m, text);
		side->is_plain = rc < 0;
	}
}

static void on_piece(void *arg, const struct stream_piece *p)
{
	struct voip *t = arg;
	struct side *side = side_of(t, p);
	struct call_message m = {.src = *p->src,
				 .dst = *p->dst,
				 .src_port = p->src_port,
				 .dst_port = p->dst_port,
				 .time = p->time};
	struct rd r = rd_of(p->bytes, p->len);
	struct sip_text text;

	if (!side)
		return;
	*p->is_kept = true;
	if (p->lost && !side->is_plain)
		websocket_gap(&side->websocket);
	else if (p->lost && sip_framer_gap(&side->framer, &text) == 1)
		feed(t, &m, text);
	take_frames(t, side, &m, &r);
	while (sip_framer_next(&side->framer, &r, &text) == 1)
		feed(t, &m, text);
}

static void on_stream_end(void *arg, uint64_t id, enum stream_cause cause, void *marks[2])
{
	(void)id;
	(void)cause;
	unfollow(arg, marks[0]);
	unfollow(arg, marks[1]);
}

static void on_event(void *arg, const struct call_event *event)
{
	struct voip *t = arg;

	if (t->options.on_event)
		t->options.on_event(t->options.arg, event);
}

static void on_media(void *arg, const struct call *call, const struct call_media *m,
		     enum call_media_news news, struct nanos time)
{
	struct voip *t = arg;
	struct media *media = atomic_load(&t->media);
	struct media *retired = NULL;
	int rc = 0;

	atomic_fetch_add(&t->serial, 1);
	if (news == CALL_MEDIA_ADDED)
		rc = media_add(&media, &m->at, &retired);
	else if (news == CALL_MEDIA_REMOVED)
		media_remove(media, &m->at);
	atomic_store(&t->media, media);
	atomic_fetch_add(&t->serial, 1);
	if (retired && t->options.on_retire)
		t->options.on_retire(t->options.arg, retired);
	else
		media_free(&retired);
	t->n_refused += rc == ERR_FULL;
	if (rc < 0 && rc != ERR_FULL)
		t->rc = rc;
	if (t->options.on_media)
		t->options.on_media(t->options.arg, call, m, news, time);
}

static size_t whose(void *arg, const struct media_endpoint *at, uint32_t owners[MEDIA_MAX_OWNERS])
{
	static const struct media_endpoint nowhere;
	const struct voip *t = arg;
	struct media_hit hits[MEDIA_MAX_HITS];
	int n = media_match(voip_media(t), at, &nowhere, hits);

	for (int i = 0; i < n && i < MEDIA_MAX_OWNERS; i++)
		owners[i] = hits[i].owner;
	return (size_t)(n < MEDIA_MAX_OWNERS ? n : MEDIA_MAX_OWNERS);
}

static void on_gone(void *arg, const struct call *call)
{
	struct voip *t = arg;

	if (t->options.on_gone)
		t->options.on_gone(t->options.arg, call);
}

int voip_new(struct voip **out, const struct voip_options *options)
{
	struct voip *t = calloc(1, sizeof *t);
	const struct call_options calls = {.joins = options->joins,
					   .max_legs = options->max_legs,
					   .seed = options->seed,
					   .wants_all_media = options->is_everybodys,
					   .on_event = on_event,
					   .on_media = on_media,
					   .on_gone = on_gone,
					   .whose = whose,
					   .arg = t};
	const struct stream_options streams = {
		.seed = options->seed, .on_piece = on_piece, .on_end = on_stream_end, .arg = t};
	struct media *media = NULL;
	int rc;

	*out = t;
	if (!t)
		return ERR_NOMEM;
	t->options = *options;
	rc = media_new(&media, options->seed);
	atomic_store(&t->media, media);
	if (!rc)
		rc = call_new(&t->calls, &calls);
	if (!rc)
		rc = stream_table_new(&t->streams, &streams);
	if (rc)
		voip_free(out);
	return rc;
}

void voip_flush(struct voip *t)
{
	t->is_flushed = true;
	if (t->streams)
		stream_table_end(t->streams);
}

void voip_end(struct voip *t)
{
	voip_flush(t);
	if (t->streams)
		stream_table_free(&t->streams);
	if (t->calls)
		call_free(&t->calls);
}

void voip_free(struct voip **pt)
{
	struct voip *t = *pt;
	struct media *media;

	*pt = NULL;
	if (!t)
		return;
	t->options = (struct voip_options){0}; /* nobody listens any more */
	voip_end(t);
	media = atomic_load(&t->media);
	media_free(&media);
	identity_set_free(&t->set);
	free(t->numbers);
	free(t);
}

void voip_set_targets(struct voip *t, struct identity_set *set, uint32_t *numbers, bool trust_from)
{
	identity_set_free(&t->set);
	free(t->numbers);
	t->set = set;
	t->numbers = numbers;
	t->trust_from = trust_from;
}

void voip_set_rules(struct voip *t, uint32_t joins, struct nanos idle_limit)
{
	call_set_rules(t->calls, joins, idle_limit);
}

/* Whether a segment begins with a message of SIP, alone or in a frame. */
static bool begins_with_sip(const struct stream_segment *s)
{
	return sip_likeness(s->bytes, s->len) == SIP_IS_ONE || websocket_begins(s->bytes, s->len);
}

static bool take_segment(struct voip *t, const struct weir_packet *p, struct nanos time,
			 bool is_sure)
{
	struct stream_segment s;

	if (t->is_flushed || !stream_segment_of(p, &s))
		return false;
	if (!is_sure && !stream_knows(t->streams, &s) && !begins_with_sip(&s))
		return false;
	s.time = time;
	stream_feed(t->streams, &s);
	return true;
}

static bool take_datagram(struct voip *t, const struct weir_packet *p, struct nanos time)
{
	struct media_packet u;
	struct call_message m;

	if (!media_packet_of(p, &u) || sip_likeness(u.bytes, u.len) != SIP_IS_ONE)
		return false;
	m = (struct call_message){.src = u.src.ip,
				  .dst = u.dst.ip,
				  .src_port = u.src.port,
				  .dst_port = u.dst.port,
				  .time = time};
	feed(t, &m, (struct sip_text){u.bytes, u.len});
	return true;
}

bool voip_take(struct voip *t, const struct weir_packet *p, struct nanos time, bool is_sure)
{
	if (p->transport == WEIR_NO_LAYER)
		return false;
	if (p->layers[p->transport].proto == WEIR_TCP)
		return take_segment(t, p, time, is_sure);
	return p->layers[p->transport].proto == WEIR_UDP && take_datagram(t, p, time);
}

bool voip_follows(const struct voip *t, const struct weir_packet *p)
{
	struct stream_segment s;
	struct media_packet u;

	if (media_packet_of(p, &u))
		return sip_likeness(u.bytes, u.len) == SIP_IS_ONE;
	if (!stream_segment_of(p, &s))
		return false;
	return atomic_load_explicit(&t->marks[mark_of(&s.src, s.src_port, &s.dst, s.dst_port)],
				    memory_order_relaxed) ||
	       begins_with_sip(&s);
}

void voip_heard(struct voip *t, const struct media_hit *hit, const struct media_endpoint *far,
		struct nanos time)
{
	call_heard(t->calls, hit, far, time);
}

void voip_tick(struct voip *t, struct nanos now)
{
	if (t->streams)
		stream_tick(t->streams, now);
	call_tick(t->calls, now);
}

uint64_t voip_serial(const struct voip *t)
{
	return atomic_load_explicit(&t->serial, memory_order_acquire);
}

void voip_save(const struct voip *t, struct wr *w)
{
	call_save(t->calls, w);
}

int voip_load(struct voip *t, struct rd *r, call_renumber_fn renumber, void *arg)
{
	return call_load(t->calls, r, renumber, arg);
}

const struct media *voip_media(const struct voip *t)
{
	return atomic_load_explicit(&t->media, memory_order_acquire);
}

int voip_failed(struct voip *t)
{
	int rc = t->rc;

	t->rc = 0;
	return rc;
}

const struct calls *voip_calls(const struct voip *t)
{
	return t->calls;
}

uint64_t voip_n_messages(const struct voip *t)
{
	return t->n_messages;
}

uint64_t voip_n_refused(const struct voip *t)
{
	return t->n_refused;
}

static void report_number(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_u64(j, n);
}

void voip_report(const struct voip *t, struct json *j)
{
	json_key(j, "calls");
	json_open(j, '{');
	report_number(j, "legs", t ? call_n_legs(t->calls) : 0);
	report_number(j, "media_expected", t ? media_n(voip_media(t)) : 0);
	report_number(j, "media_refused", t ? t->n_refused : 0);
	json_close(j, '}');
	json_key(j, "sip");
	json_open(j, '{');
	for (int k = 0; k < CALL_N_COUNTS; k++)
		report_number(j, call_count_key((enum call_count)k),
			      t ? call_count(t->calls, (enum call_count)k) : 0);
	json_close(j, '}');
	json_key(j, "sip_tcp");
	json_open(j, '{');
	for (int k = 0; k < STREAM_N_COUNTS; k++)
		report_number(j, stream_count_key((enum stream_count)k),
			      t && t->streams ? stream_count(t->streams, (enum stream_count)k) : 0);
	json_close(j, '}');
}
