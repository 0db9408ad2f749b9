#include "tray/tray.h"

#include <stdlib.h>
#include <string.h>

#include "etsi/ipcc.h"
#include "media/rtp.h"
#include "net/decode.h"
#include "net/glance.h"
#include "net/reassembly.h"

enum { RECORDS_LIMIT = 64 << 20 };

__attribute__((noinline)) static void *grow_more(void *items, size_t *size, size_t item_len)
{
	size_t more = *size ? *size * 2 : 256;
	void *at = *size < UINT32_MAX / 4 ? reallocarray(items, more, item_len) : NULL;

	if (at)
		*size = more;
	return at;
}

/* Room for one more item in an array that doubles; NULL when there is no memory. */
static inline void *grow(void *items, size_t n, size_t *size, size_t item_len)
{
	return n < *size ? items : grow_more(items, size, item_len);
}

int tray_new(struct tray **out, const struct watch *watch)
{
	struct tray *tray = calloc(1, sizeof *tray);
	int rc = tray ? watch_hits_init(&tray->hits, watch) : ERR_NOMEM;

	if (!rc) {
		tray->w = wr_init(RECORDS_LIMIT);
		tray_clear(tray);
		rc = sealer_new(&tray->sealer);
	}
	if (rc)
		tray_free(&tray);
	*out = tray;
	return rc;
}

void tray_free(struct tray **tray)
{
	if (!*tray)
		return;
	watch_hits_fini(&(*tray)->hits);
	wr_fini(&(*tray)->w);
	sealer_free(&(*tray)->sealer);
	tray_clear(*tray);
	free((*tray)->notes);
	free((*tray)->owned);
	free((*tray)->pieces);
	free((*tray)->pending);
	free((*tray)->runs);
	free((*tray)->run_of);
	free(*tray);
	*tray = NULL;
}

void tray_clear(struct tray *tray)
{
	for (uint32_t i = 0; i < tray->n_runs; i++)
		tray->run_of[tray->runs[i].agency] = TRAY_NONE;
	for (size_t i = 0; i < tray->n_owned; i++)
		free(tray->owned[i]);
	tray->n_owned = 0;
	tray->n_notes = 0;
	tray->n_runs = 0;
	tray->n_pieces = 0;
	tray->n_pending = 0;
	tray->n_packets = 0;
	tray->has_time = false;
	tray->latest_ns = INT64_MIN;
	tray->wake_ns = INT64_MIN;
}

int tray_grow(struct tray *tray, uint32_t n_agencies)
{
	struct run *runs;
	uint32_t *run_of;

	if (n_agencies <= tray->n_agencies)
		return 0;
	runs = reallocarray(tray->runs, n_agencies, sizeof *runs);
	tray->runs = runs ? runs : tray->runs;
	run_of = reallocarray(tray->run_of, n_agencies, sizeof *run_of);
	tray->run_of = run_of ? run_of : tray->run_of;
	if (!runs || !run_of)
		return ERR_NOMEM;
	while (tray->n_agencies < n_agencies)
		run_of[tray->n_agencies++] = TRAY_NONE;
	return 0;
}

bool tray_see_time(struct tray *tray, const struct weir_frame *f)
{
	if (f->flags & WEIR_FRAME_NO_TIME)
		return false;
	if (!tray->has_time)
		tray->first_ns = tray->latest_ns = f->time_ns;
	if (f->time_ns > tray->latest_ns)
		tray->latest_ns = f->time_ns;
	tray->has_time = true;
	return true;
}

/* What the packet's header claims. An IPv4 header whose total length is 0 (its sender left
 * segmentation to the interface) claims nothing: whether all is here cannot be known. */
static uint32_t claim_of(const struct weir_packet *p, const struct weir_layer *l)
{
	const uint8_t *header = p->frame->bytes + l->offset;

	if (l->proto == WEIR_IPV4 && !header[2] && !header[3] && l->claim_len <= l->len)
		return IPCC_LEN_UNKNOWN;
	return l->claim_len;
}

/* A piece of the frame in hand, and a pending record, to be filled where they lie: a copy of what
 * was just written waits until it has been. NULL when there is no memory. */
static inline struct piece *new_piece(struct tray *tray)
{
	struct piece *piece = grow(tray->pieces, tray->n_pieces, &tray->pieces_size, sizeof *piece);

	if (!piece)
		return NULL;
	tray->pieces = piece;
	piece += tray->n_pieces++;
	piece->latest_ns = tray->latest_ns;
	piece->number = tray->number;
	return piece;
}

static inline struct pending *new_pending(struct tray *tray)
{
	struct pending *pending =
		grow(tray->pending, tray->n_pending, &tray->pending_size, sizeof *pending);

	if (!pending)
		return NULL;
	tray->pending = pending;
	return &pending[tray->n_pending++];
}

static int add_layer(struct tray *tray, const struct weir_packet *p, int layer, bool has_time)
{
	const struct weir_layer *l = &p->layers[layer];
	struct piece *piece = new_piece(tray);

	if (!piece)
		return ERR_NOMEM;
	piece->bytes = p->frame->bytes + l->offset;
	piece->len = l->len;
	piece->claim_len = claim_of(p, l);
	piece->time_ns = p->frame->time_ns;
	piece->has_time = has_time;
	return 0;
}

int tray_add(struct tray *tray, const struct pending *what)
{
	struct pending *pending = new_pending(tray);

	if (!pending)
		return ERR_NOMEM;
	*pending = *what;
	return 0;
}

static inline int add_pending(struct tray *tray, const struct watch_hit *hit)
{
	struct pending *pending = new_pending(tray);

	if (!pending)
		return ERR_NOMEM;
	memset(pending, 0, sizeof *pending);
	pending->piece = (uint32_t)tray->n_pieces - 1;
	pending->session = hit->session;
	pending->direction = hit->direction;
	return 0;
}

/* Hits come layer by layer: each layer that is hit becomes one piece. Layers beyond the last one
 * that counts have theirs when the datagram is whole. */
static int take_hits(struct tray *tray, const struct weir_packet *p, bool has_time, int last_layer)
{
	int rc = 0;

	for (size_t i = 0; i < tray->hits.n && !rc; i++) {
		const struct watch_hit *hit = &tray->hits.at[i];

		if (hit->layer > last_layer)
			break;
		if (i == 0 || hit->layer != hit[-1].layer)
			rc = add_layer(tray, p, hit->layer, has_time);
		if (!rc)
			rc = add_pending(tray, hit);
	}
	tray->hits.n = 0;
	return rc;
}

/* Room for a note; it is added by its caller. */
static struct note *new_note(struct tray *tray)
{
	struct note *notes = grow(tray->notes, tray->n_notes, &tray->notes_size, sizeof *notes);

	if (!notes)
		return NULL;
	tray->notes = notes;
	return &notes[tray->n_notes];
}

static int add_note(struct tray *tray, enum note_kind kind, const struct weir_frame *f,
		    uint32_t number, size_t hits_from)
{
	struct note *note = new_note(tray);

	if (!note)
		return ERR_NOMEM;
	note->frame = *f;
	note->kind = kind;
	note->number = number;
	note->hits_from = (uint32_t)hits_from;
	note->before = (uint32_t)tray->n_pending;
	note->has_time = !(f->flags & WEIR_FRAME_NO_TIME);
	note->latest_ns = tray->latest_ns;
	tray->n_notes++;
	return 0;
}

/* The first full second, or start of a mandate, behind this moment. */
static int64_t next_wake(const struct sight *sight, int64_t ns)
{
	int64_t wake = ns >= INT64_MAX - NANOS_PER_S ? INT64_MAX : ns + NANOS_PER_S;
	size_t from = 0, to = sight->n_starts;

	wake -= wake % NANOS_PER_S;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (sight->starts[middle] <= ns)
			from = middle + 1;
		else
			to = middle;
	}
	return from < sight->n_starts && sight->starts[from] < wake ? sight->starts[from] : wake;
}

/* Notes that the block's time has reached a moment at which something may be due: so that it
 * happens between the same two packets however the data is cut into blocks. */
static int note_wake(struct tray *tray, const struct sight *sight, const struct weir_frame *f,
		     uint32_t number)
{
	if (tray->latest_ns < tray->wake_ns)
		return 0;
	tray->wake_ns = next_wake(sight, tray->latest_ns);
	return add_note(tray, NOTE_TIME, f, number, tray->n_pending);
}

static struct media_ends ends_of(const struct net_glance *g)
{
	struct media_ends e = {.src.port = g->src_port, .dst.port = g->dst_port};
	size_t len = g->is_v6 ? 16 : 4;

	e.src.ip.version = e.dst.ip.version = g->is_v6 ? 6 : 4;
	memcpy(e.src.ip.bytes, g->ends, len);
	memcpy(e.dst.ip.bytes, g->ends + len, len);
	return e;
}

/* Whether a frame that a glance tells of may be signalling of calls, or their media. */
static bool may_be_call(const struct tray *tray, const struct outlook *out,
			const struct net_glance *g)
{
	struct media_hit hits[MEDIA_MAX_HITS];
	struct media_ends ends;

	if (out->sight->is_sip_anywhere ||
	    access_servers_have(out->sight->sip, g->src_port, g->dst_port))
		return true;
	if (!g->is_udp || !media_n(out->media))
		return false;
	if (tray->match)
		return tray->match->n > 0;
	ends = ends_of(g);
	return media_match(out->media, &ends.src, &ends.dst, hits) > 0;
}

/* What a glance tells of a frame. */
enum glimpse {
	GLIMPSE_NOBODYS,   /* nobody watches it, as nearly all */
	GLIMPSE_WATCHED,   /* one of its addresses may be watched, and no more is to be seen */
	GLIMPSE_SOMEBODYS, /* … and it may be of a core server, or of a call */
	GLIMPSE_UNCLEAR,
};

/* Whether it may be of a core server, or of a call. */
static inline bool may_be_more(const struct tray *tray, const struct outlook *out,
			       const struct net_glance *g)
{
	if (g->is_udp && access_servers_have(out->sight->servers, g->src_port, g->dst_port))
		return true;
	return out->voip && may_be_call(tray, out, g);
}

static inline enum glimpse glimpse_of(const struct tray *tray, const struct outlook *out,
				      const struct weir_frame *f, struct net_glance *g)
{
	if (!net_glance(g, f))
		return GLIMPSE_UNCLEAR;
	if (watch_may_match(out->watch, g->is_v6, g->ends))
		return may_be_more(tray, out, g) ? GLIMPSE_SOMEBODYS : GLIMPSE_WATCHED;
	return may_be_more(tray, out, g) ? GLIMPSE_UNCLEAR : GLIMPSE_NOBODYS;
}

bool tray_sees_sip(const struct outlook *out, const struct weir_packet *p, bool *is_sure)
{
	const struct access_servers *sip = out->sight->sip;
	struct net_ip src, dst;

	*is_sure = access_servers_have(sip, p->src_port, p->dst_port) &&
		   net_ip_src(p, p->inner_ip, &src) && net_ip_dst(p, p->inner_ip, &dst) &&
		   (access_servers_own(sip, &dst, p->dst_port) ||
		    access_servers_own(sip, &src, p->src_port));
	return *is_sure || (out->sight->is_sip_anywhere && voip_follows(out->voip, p));
}

int tray_take_sound(struct tray *tray, const struct outlook *out, const struct weir_packet *p,
		    bool has_time, struct sound *sound)
{
	struct media_found found;
	const struct media_found *match = tray->match;
	struct media_packet u;
	enum media_sort sort;
	int rc, n;

	if (!media_packet_of(p, &u))
		return 0;
	if (!match) {
		found.n = media_match(out->media, &u.src, &u.dst, found.hits);
		match = &found;
	}
	if (!match->n)
		return 0;
	sort = media_sort_of(u.bytes, u.len);
	rc = add_layer(tray, p, p->inner_ip, has_time);
	*sound = (struct sound){.serial = out->serial,
				.piece = (uint32_t)tray->n_pieces - 1,
				.slot = TRAY_NONE,
				.src = u.src,
				.dst = u.dst,
				.n_hits = (uint8_t)match->n,
				.is_control = sort == MEDIA_IS_RTCP,
				.is_comfort = sort == MEDIA_IS_RTP &&
					      rtp_type_of(u.bytes, u.len) == RTP_COMFORT_NOISE};
	n = match->n < SOUND_HITS ? match->n : SOUND_HITS;
	memcpy(sound->hits, match->hits, (size_t)n * sizeof *match->hits);
	return rc ? rc : 1;
}

/* Signalling of calls, or their media. */
static int take_call(struct tray *tray, const struct outlook *out, const struct weir_packet *p,
		     size_t hits_from)
{
	const struct weir_frame *f = p->frame;
	struct sound sound;
	bool is_sure;
	int rc;

	if (p->transport == WEIR_NO_LAYER)
		return 0;
	if (tray_sees_sip(out, p, &is_sure))
		return add_note(tray, NOTE_SIP, f, tray->number, hits_from);
	rc = tray_take_sound(tray, out, p, !(f->flags & WEIR_FRAME_NO_TIME), &sound);
	if (rc != 1)
		return rc;
	rc = add_note(tray, NOTE_MEDIA, f, tray->number, hits_from);
	if (!rc)
		tray->notes[tray->n_notes - 1].sound = sound;
	return rc;
}

/* Decodes a frame and takes what it finds. is_seen: its addresses may be watched. */
static int take_decoded(struct tray *tray, const struct outlook *out, const struct weir_frame *f,
			bool is_seen)
{
	uint32_t number = tray->number;
	bool has_time = !(f->flags & WEIR_FRAME_NO_TIME);
	size_t hits_from = tray->n_pending;
	struct access_datagram datagram;
	struct weir_packet p;
	int layer, rc;

	net_decode(&p, f);
	layer = net_reassembly_layer(&p);
	rc = is_seen ? watch_match_rest(out->watch, &p, &tray->hits)
		     : watch_match(out->watch, &p, &tray->hits);
	if (!rc && tray->hits.n)
		rc = take_hits(tray, &p, has_time, layer < 0 ? WEIR_MAX_LAYERS : layer);
	if (!rc && layer >= 0)
		return add_note(tray, NOTE_FRAGMENT, f, number, hits_from);
	if (!rc && access_servers_find(out->sight->servers, &p, &datagram)) {
		rc = add_note(tray, NOTE_SERVER, f, number, hits_from);
		if (!rc)
			tray->notes[tray->n_notes - 1].datagram = datagram;
		return rc;
	}
	return rc || !out->voip ? rc : take_call(tray, out, &p, hits_from);
}

/* A whole packet of which nothing but its addresses is asked. ERR_AGAIN: it must be decoded. */
static int take_watched(struct tray *tray, const struct outlook *out, const struct weir_frame *f,
			const struct net_glance *g)
{
	const uint8_t *bytes;
	uint32_t len = net_glance_packet(g, f, &bytes);
	int rc = len ? watch_match_ends(out->watch, g->is_v6, g->ends, &tray->hits) : ERR_AGAIN;
	struct piece *piece;

	if (rc || !tray->hits.n)
		return rc;
	piece = new_piece(tray);
	if (piece) {
		piece->bytes = bytes;
		piece->len = piece->claim_len = len;
		piece->time_ns = f->time_ns;
		piece->has_time = !(f->flags & WEIR_FRAME_NO_TIME);
	}
	rc = piece ? 0 : ERR_NOMEM;
	for (size_t i = 0; i < tray->hits.n && !rc; i++)
		rc = add_pending(tray, &tray->hits.at[i]);
	tray->hits.n = 0;
	return rc;
}

/* A frame that is not nobody's at first sight. */
__attribute__((noinline)) static int take_seen(struct tray *tray, const struct outlook *out,
					       const struct weir_frame *f, enum glimpse glimpse,
					       const struct net_glance *g)
{
	int rc = glimpse == GLIMPSE_WATCHED ? take_watched(tray, out, f, g) : ERR_AGAIN;

	return rc == ERR_AGAIN ? take_decoded(tray, out, f, glimpse != GLIMPSE_UNCLEAR) : rc;
}

int tray_take(struct tray *tray, const struct outlook *out, const struct weir_frame *f,
	      uint32_t number)
{
	int rc = tray_see_time(tray, f) ? note_wake(tray, out->sight, f, number) : 0;
	struct net_glance g;
	enum glimpse glimpse = rc ? GLIMPSE_NOBODYS : glimpse_of(tray, out, f, &g);

	tray->number = number;
	return glimpse == GLIMPSE_NOBODYS ? rc : take_seen(tray, out, f, glimpse, &g);
}

/* Whom the media of the next few frames belong to, looked for together. */
static void match_media(struct tray *tray, const struct outlook *out,
			const struct weir_frame *frames, int n)
{
	struct media_ends ends[MEDIA_BATCH];
	struct media_found found[MEDIA_BATCH];
	int of[MEDIA_BATCH];
	struct net_glance g;
	size_t n_ends = 0;

	for (int k = 0; k < n; k++) {
		tray->found[k].n = -1;
		if (!net_glance(&g, &frames[k]) || !g.is_udp)
			continue;
		ends[n_ends] = ends_of(&g);
		of[n_ends++] = k;
	}
	media_match_many(out->media, ends, n_ends, found);
	for (size_t k = 0; k < n_ends; k++)
		tray->found[of[k]] = found[k];
}

int tray_take_many(struct tray *tray, const struct outlook *out, const struct weir_frame *frames,
		   int n, uint32_t number)
{
	int rc = 0;

	if (!out->voip || !media_n(out->media)) {
		for (int k = 0; k < n && !rc; k++)
			rc = tray_take(tray, out, &frames[k], number++);
		return rc;
	}
	for (int from = 0; from < n && !rc; from += MEDIA_BATCH) {
		int some = n - from < MEDIA_BATCH ? n - from : MEDIA_BATCH;

		match_media(tray, out, frames + from, some);
		for (int k = 0; k < some && !rc; k++) {
			const struct media_found *found = &tray->found[k];

			tray->match = found->n >= 0 ? found : NULL;
			rc = tray_take(tray, out, &frames[from + k], number++);
		}
	}
	tray->match = NULL;
	return rc;
}

static int own(struct tray *tray, uint8_t *bytes)
{
	uint8_t **owned = grow(tray->owned, tray->n_owned, &tray->owned_size, sizeof *owned);

	if (!owned) {
		free(bytes);
		return ERR_NOMEM;
	}
	tray->owned = owned;
	owned[tray->n_owned++] = bytes;
	return 0;
}

/* Keeps the hits inside the datagram, of sessions that did not get the fragment itself. */
static void drop_known_hits(struct tray *tray, const struct note *f)
{
	size_t n = 0;

	for (size_t i = 0; i < tray->hits.n; i++) {
		const struct watch_hit *hit = &tray->hits.at[i];
		bool is_known = hit->layer == 0;

		for (uint32_t k = f ? f->hits_from : 0; f && k < f->before; k++)
			is_known |= tray->pending[k].session == hit->session;
		if (!is_known)
			tray->hits.at[n++] = *hit;
	}
	tray->hits.n = n;
}

int tray_take_whole(struct tray *tray, const struct outlook *out, struct net_whole *whole,
		    const struct note *fragment, struct tray_found *found)
{
	enum { LINKTYPE_RAW = 101 };
	struct weir_frame frame = {.bytes = whole->bytes,
				   .cap_len = whole->len,
				   .wire_len = whole->len,
				   .time_ns = whole->time_ns,
				   .link = LINKTYPE_RAW};
	struct weir_packet p;
	int rc = own(tray, whole->bytes);

	whole->bytes = NULL;
	*found = (struct tray_found){.frame = frame};
	if (rc)
		return rc;
	net_decode(&p, &frame);
	rc = watch_match(out->watch, &p, &tray->hits);
	if (rc)
		return rc;
	drop_known_hits(tray, fragment);
	found->is_server = access_servers_find(out->sight->servers, &p, &found->datagram);
	return take_hits(tray, &p, !fragment || fragment->has_time, WEIR_MAX_LAYERS);
}
