/* The path of packets: batch, turn and fill of a block. */
#include "intercept/intercept.h"

#include <stdlib.h>

#include "intercept/content.h"
#include "intercept/count.h"
#include "intercept/party.h"
#include "net/decode.h"

enum { WRITE_LEN = 1 << 20, AHEAD = 6 };

int intercept_fail(struct intercept *i, int rc, const char *place, const char *text)
{
	pthread_mutex_lock(&i->lock);
	if (!i->why.text[0])
		why_place(&i->why, place);
	why_set(&i->why, rc, "%s", text);
	pthread_mutex_unlock(&i->lock);
	return rc;
}

/* Whether the packet is from before its session, although it comes behind its beginning: of several
 * inputs, one that came later than it was waited for. */
static bool is_ungiven(const struct tray *tray, const struct session *s, const struct piece *piece)
{
	return tray->has_points && piece->latest_ns < s->since_ns && tray->floor_ns < s->since_ns;
}

/* Whether the warrant covers the session's packet; else the reason. */
static bool is_in_scope(const struct tray *tray, const struct session *s, const struct piece *piece,
			enum intercept_refusal *refusal)
{
	const struct mandate *m = s->mandate;

	if (!piece->has_time)
		*refusal = INTERCEPT_NO_TIME;
	else if (is_ungiven(tray, s, piece))
		*refusal = INTERCEPT_UNGIVEN;
	else if (piece->time_ns < m->start_ns)
		*refusal = INTERCEPT_EARLY;
	else if (piece->time_ns >= m->end_ns || m->is_over)
		*refusal = INTERCEPT_LATE;
	else if (!m->delivers_cc)
		*refusal = INTERCEPT_IRI_ONLY;
	else
		return true;
	return false;
}

/* A packet of a target's, in the order of the data: numbered, or refused and counted. */
static int accept_packet(struct intercept *i, struct tray *tray, uint32_t k)
{
	struct pending *pending = &tray->pending[k];
	const struct piece *piece = &tray->pieces[pending->piece];
	struct session *s = i->sessions[pending->session];
	struct mandate *m = s->mandate;
	enum intercept_refusal refusal;
	size_t len;
	int rc = 0;

	m->counts.matched++;
	pending->row = count_matched(i, s, LEDGER_CC);
	if (piece->has_time)
		rc = term_advance(i, piece->latest_ns);
	if (rc)
		return rc;
	if (!is_in_scope(tray, s, piece, &refusal)) {
		m->counts.refused[refusal]++;
		count_refused(pending->row, (enum ledger_reason)refusal,
			      piece->has_time ? piece->time_ns : i->latest_ns);
		return 0;
	}
	if (s->next_cc > UINT32_MAX)
		rc = flag_wrap(i, s, piece->time_ns);
	if (rc)
		return rc;
	if (s->state == SESSION_IDLE && !s->call)
		rc = term_begin(i, s, piece->time_ns);
	if (rc)
		return rc;
	len = content_number(s, tray, pending);
	count_spooled(pending->row, pending->seq, piece->time_ns);
	if (content_is_ordered(m, pending))
		return content_deliver(i, tray, s, pending);
	tray_put(tray, k, m->desk, len);
	return 0;
}

int accept_from(struct intercept *i, struct tray *tray, size_t from)
{
	int rc = 0;

	for (size_t k = from; k < tray->n_pending && !rc; k++) {
		tray->pieces[tray->pending[k].piece].latest_ns = i->latest_ns;
		rc = accept_packet(i, tray, (uint32_t)k);
	}
	return rc;
}

/* What a core server says, or is told. */
static int accept_datagram(struct intercept *i, struct access_datagram *d, bool has_time)
{
	if (!has_time)
		d->time.ns = i->latest_ns;
	i->event_rc = 0;
	access_feed(i->access, d);
	return i->event_rc;
}

/* Whether this moment brings something about. */
static bool is_time_due(const struct intercept *i, int64_t ns)
{
	return ns - ns % NANOS_PER_S > i->ticked_ns ||
	       (i->next_start < i->n_by_start && i->by_start[i->next_start]->start_ns <= ns);
}

/* The stream's time: mandates start; sessions that were not heard of for too long end. */
static int accept_time(struct intercept *i, int64_t latest_ns)
{
	int64_t second = latest_ns - latest_ns % NANOS_PER_S;
	int rc = term_advance(i, latest_ns);

	if (rc || second <= i->ticked_ns)
		return rc;
	i->ticked_ns = second;
	i->event_rc = 0;
	access_tick(i->access, (struct nanos){second});
	rc = i->event_rc ? i->event_rc : party_tick(i, (struct nanos){second});
	return rc ? rc : check_tick(i, second);
}

static int accept_whole(struct intercept *i, struct tray *tray, struct net_whole *whole,
			const struct note *fragment)
{
	size_t from = tray->n_pending;
	struct tray_found found;
	const struct outlook out = outlook_of(i);
	int rc = tray_take_whole(tray, &out, whole, fragment, &found);

	if (!rc)
		rc = accept_from(i, tray, from);
	if (!rc && found.is_server)
		return accept_datagram(i, &found.datagram, !fragment || fragment->has_time);
	return rc ? rc : party_take(i, tray, &found.frame, !fragment || fragment->has_time);
}

/* Datagrams that will not be whole any more are delivered as far as they are known. */
static int accept_cut(struct intercept *i, struct tray *tray, int64_t now_ns)
{
	struct net_whole whole;
	int rc;

	while ((rc = net_reassembly_pop(i->reassembly, now_ns, &whole)) == 1) {
		rc = accept_whole(i, tray, &whole, NULL);
		if (rc)
			break;
	}
	return rc;
}

static int accept_fragment(struct intercept *i, struct tray *tray, const struct note *f)
{
	struct net_whole whole;
	struct weir_packet p;
	int rc;

	net_decode(&p, &f->frame);
	rc = f->has_time ? accept_cut(i, tray, f->frame.time_ns) : 0;
	if (!rc)
		rc = net_reassembly_take(i->reassembly, &p, net_reassembly_layer(&p), &whole);
	if (rc != 1)
		return rc;
	rc = f->has_time ? term_advance(i, f->latest_ns) : 0;
	if (!rc)
		return accept_whole(i, tray, &whole, f);
	free(whole.bytes);
	return rc;
}

static int accept_note(struct intercept *i, struct tray *tray, size_t k)
{
	struct note note = tray->notes[k];
	bool is_idle = note.kind == NOTE_MEDIA ||
		       (note.kind == NOTE_TIME && !is_time_due(i, note.latest_ns));
	int rc = 0;

	if (note.latest_ns > tray->limits.point_ns && !is_idle)
		rc = await_point(i, tray, note.latest_ns);
	if (!rc && note.has_time)
		rc = term_advance(i, note.latest_ns);
	if (rc)
		return rc;
	switch (note.kind) {
	case NOTE_FRAGMENT:
		return accept_fragment(i, tray, &note);
	case NOTE_SERVER:
		return accept_datagram(i, &note.datagram, note.has_time);
	case NOTE_SIP:
		return party_take(i, tray, &note.frame, note.has_time);
	case NOTE_MEDIA:
		return voice_take(i, tray, &note.sound);
	default:
		return accept_time(i, note.latest_ns);
	}
}

/* Whether, until this moment may pass, something has made the rest stale, from the cursor on. */
static inline bool must_reach(struct intercept *i, struct tray *tray, int64_t ns, size_t note,
			      int *rc)
{
	if (ns <= tray->limits.packet_ns)
		return false;
	*rc = await_reach(i, tray, ns, note);
	return tray_is_stale(i, tray);
}

/* Pending records and notes of one stretch of the block. */
struct stretch {
	size_t pending, n_pending;
	size_t note, n_notes;
};

/* In the order of the data, until all is done or something made the rest stale: then *again is
 * the number of the first frame that must be matched again. */
static int accept_stretch(struct intercept *i, struct tray *tray, struct stretch s, uint32_t *again)
{
	int rc = 0;

	*again = TRAY_NONE;
	for (size_t k = s.pending; k <= s.n_pending && !rc; k++) {
		const struct piece *piece;

		for (; !rc && s.note < s.n_notes && tray->notes[s.note].before == k; s.note++) {
			const struct note *note = &tray->notes[s.note];

			if (note->kind == NOTE_MEDIA)
				voice_ahead(i, tray, s.note, s.n_notes);
			if (must_reach(i, tray, note->latest_ns, s.note, &rc)) {
				*again = tray->cursor.number;
				return rc;
			}
			rc = rc ? rc : accept_note(i, tray, s.note);
			if (tray_is_stale(i, tray)) {
				*again = note->number + (note->kind != NOTE_TIME);
				return rc;
			}
		}
		if (rc || k == s.n_pending)
			continue;
		piece = &tray->pieces[tray->pending[k].piece];
		if (must_reach(i, tray, piece->latest_ns, s.note, &rc)) {
			*again = tray->cursor.number;
			return rc;
		}
		rc = rc ? rc : accept_packet(i, tray, (uint32_t)k);
	}
	return rc;
}

/* The frame's moment has come, and what it brings about. */
static int accept_moment(struct intercept *i, struct tray *tray, uint32_t number)
{
	int64_t ns = tray->latest_ns;
	size_t *next = &tray->next_note;

	while (*next < tray->n_points && tray->notes[*next].number < number)
		++*next;
	if (is_time_due(i, ns)) {
		int rc = ns > tray->limits.point_ns ? await_point(i, tray, ns) : 0;

		return rc ? rc : accept_time(i, ns);
	}
	return ns > tray->limits.packet_ns ? await_packet(i, tray, ns, *next) : 0;
}

/* A frame by itself, matched with what is watched now. */
static int accept_frame(struct intercept *i, struct tray *tray, const struct weir_frame *f,
			uint32_t number)
{
	struct stretch s = {.pending = tray->n_pending, .note = tray->n_notes};
	struct outlook out;
	uint32_t again;
	int rc = 0;

	if (tray_see_time(tray, f))
		rc = accept_moment(i, tray, number);
	tray->version = atomic_load(&i->version);
	out = outlook_of(i);
	if (!rc)
		rc = tray_take(tray, &out, f, number);
	s.n_pending = tray->n_pending;
	s.n_notes = tray->n_notes;
	return rc ? rc : accept_stretch(i, tray, s, &again);
}

/* The block's frames from this one on, one by one: what was noted of them before is passed over. */
static int accept_again(struct intercept *i, struct worker *w, struct tray *tray, uint32_t from)
{
	uint32_t number = 0;
	int rc = 0;

	tray->has_time = false;
	tray->latest_ns = INT64_MIN;
	tray->wake_ns = INT64_MIN;
	for (int k = 0; k < engine_n_kept(w) && !rc; k++) {
		struct weir_frame *frames;
		int n = engine_kept(w, k, &frames);

		for (int f = 0; f < n && !rc; f++, number++) {
			if (number < from)
				(void)tray_see_time(tray, &frames[f]);
			else
				rc = accept_frame(i, tray, &frames[f], number);
		}
	}
	return rc;
}

static int accept_block(struct intercept *i, struct worker *w, struct tray *tray)
{
	const struct stretch all = {.n_pending = tray->n_pending, .n_notes = tray->n_notes};
	uint32_t again = 0;
	int rc = tray_is_stale(i, tray) ? 0 : accept_stretch(i, tray, all, &again);

	if (!rc && again == TRAY_NONE && must_reach(i, tray, tray->block_ns, tray->n_points, &rc))
		again = tray->cursor.number;
	return rc || again == TRAY_NONE ? rc : accept_again(i, w, tray, again);
}

/* Records that were numbered and find no room: the agency sees the gap. */
static void lose_run(struct intercept *i, struct tray *tray, struct run *run)
{
	run->is_lost = true;
	for (uint32_t k = run->first; k != TRAY_NONE; k = tray->pending[k].next)
		content_lose(i, tray, &tray->pending[k]);
}

int runs_reserve(struct intercept *i, struct tray *tray, int rc)
{
	for (uint32_t k = 0; k < tray->n_runs; k++) {
		struct run *run = &tray->runs[k];
		struct outbox *hi3 = &i->desks[run->agency]->boxes[INTERCEPT_HI3];
		int failed = outbox_reserve(hi3, run->len, &run->claim);

		run->hi3 = hi3;
		if (failed && i->options.is_live)
			lose_run(i, tray, run);
		else if (failed && !rc)
			rc = intercept_fail(i, failed, hi3->name, err_text(failed));
		if (rc)
			outbox_cut(hi3, rc, run->claim.offset);
		else if (!failed)
			tray_tell(run);
	}
	return rc;
}

static int write_records(struct tray *tray, struct outbox *hi3, uint64_t *offset)
{
	int rc = tray->w.ok ? outbox_fill(hi3, tray->w.bytes, tray->w.len, *offset) : ERR_NOMEM;

	if (!tray->w.ok)
		outbox_cut(hi3, rc, *offset);
	*offset += tray->w.len;
	wr_reset(&tray->w);
	return rc;
}

static int fill_run(struct intercept *i, struct tray *tray, const struct run *run)
{
	struct outbox *hi3 = run->hi3;
	struct wr in_place = wr_of(run->claim.bytes, run->claim.len);
	struct wr *w = run->claim.bytes ? &in_place : &tray->w;
	uint64_t offset = run->claim.offset;
	uint32_t ahead = run->first;
	int rc = 0;

	for (int n = 0; n < AHEAD && ahead != TRAY_NONE; n++)
		ahead = tray->pending[ahead].next;
	for (uint32_t k = run->first; k != TRAY_NONE && !rc; k = tray->pending[k].next) {
		if (ahead != TRAY_NONE) {
			content_ahead(&tray->pending[ahead]);
			ahead = tray->pending[ahead].next;
		}
		rc = content_encode(tray, &tray->pending[k], w);
		if (!rc && w == &tray->w && (w->len >= WRITE_LEN || !w->ok))
			rc = write_records(tray, hi3, &offset);
	}
	if (!rc && w == &tray->w)
		rc = write_records(tray, hi3, &offset);
	else if (rc)
		outbox_cut(hi3, rc, run->claim.offset);
	outbox_done(hi3, &run->claim);
	return rc ? intercept_fail(i, rc, hi3->name, err_text(rc)) : 0;
}

/* All runs are tried, so that one full disk does not take another agency's records along. */
int runs_fill(struct intercept *i, struct tray *tray)
{
	int rc = 0;

	for (uint32_t k = 0; k < tray->n_runs; k++) {
		int failed = tray->runs[k].is_lost ? 0 : fill_run(i, tray, &tray->runs[k]);

		rc = rc ? rc : failed;
		tray->run_of[tray->runs[k].agency] = TRAY_NONE;
	}
	tray->n_runs = 0;
	return rc;
}

static int fill_block(struct intercept *i, struct tray *tray)
{
	int rc = runs_fill(i, tray);

	tray_clear(tray);
	tray_unpin(i, tray);
	return rc;
}

static int on_start(struct worker *w)
{
	const struct intercept_input *in = engine_arg(w);
	struct intercept *i = in->intercept;
	struct tray *tray;
	int rc;

	pthread_mutex_lock(&i->turn);
	rc = tray_new(&tray, atomic_load(&i->watch));
	pthread_mutex_unlock(&i->turn);
	if (rc)
		return rc;
	engine_set_local(w, tray);
	pthread_mutex_lock(&i->lock);
	tray->next_tray = i->trays;
	i->trays = tray;
	pthread_mutex_unlock(&i->lock);
	return 0;
}

/* The block begins: from here on what it looks at stays. */
static void open_block(struct intercept *i, struct tray *tray)
{
	if (tray->is_pinned)
		return;
	tray_pin(i, tray);
	tray->version = atomic_load(&i->version);
	tray->sight = atomic_load(&i->sight);
}

static int on_batch(struct worker *w, struct weir_frame *frames, int n)
{
	const struct intercept_input *in = engine_arg(w);
	struct intercept *i = in->intercept;
	struct tray *tray = engine_local(w);
	int rc = in->before ? in->before(in->arg, frames, n) : 0;
	struct outlook out;

	if (rc < 0)
		return rc;
	rc = 0;
	open_block(i, tray);
	out = outlook_of(i);
	rc = tray_take_many(tray, &out, frames, n, tray->n_packets);
	tray->n_packets += (uint32_t)n;
	return rc;
}

static int on_turn(struct worker *w, uint64_t block)
{
	struct intercept_input *in = engine_arg(w);
	struct intercept *i = in->intercept;
	struct tray *tray = engine_local(w);
	uint32_t n_packets = tray->n_packets;
	int rc;

	(void)block;
	pthread_mutex_lock(&i->turn);
	open_block(i, tray);
	await_open(i, w, tray);
	rc = tray_grow(tray, i->n_desks);
	if (tray->has_time && !i->has_time) {
		i->has_time = true;
		i->first_ns = tray->first_ns;
	}
	if (!rc)
		rc = accept_block(i, w, tray);
	if (!rc)
		await_end(tray);
	if (!rc && tray->has_time)
		rc = term_advance(i, tray->latest_ns);
	i->n_packets += n_packets;
	rc = runs_reserve(i, tray, rc);
	if (i->retired)
		retire_reap(i);
	pthread_mutex_unlock(&i->turn);
	return rc;
}

static int on_fill(struct worker *w, uint64_t block)
{
	const struct intercept_input *in = engine_arg(w);

	(void)block;
	return fill_block(in->intercept, engine_local(w));
}

static int on_stop(struct worker *w)
{
	const struct intercept_input *in = engine_arg(w);
	struct intercept *i = in->intercept;
	struct tray *tray = engine_local(w);
	struct tray **link = &i->trays;

	pthread_mutex_lock(&i->lock);
	while (*link != tray)
		link = &(*link)->next_tray;
	*link = tray->next_tray;
	pthread_mutex_unlock(&i->lock);
	tray_free(&tray);
	return 0;
}

static void on_idle(struct worker *w)
{
	const struct intercept_input *in = engine_arg(w);

	if (in->idle)
		in->idle(in->arg);
}

const struct engine_callbacks intercept_callbacks = {
	.start = on_start,
	.batch = on_batch,
	.turn = on_turn,
	.fill = on_fill,
	.stop = on_stop,
	.idle = on_idle,
};

struct ledger_book *intercept_ledger(const struct intercept *i)
{
	return i->options.ledger;
}

void intercept_hold(struct intercept *i, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&i->turn);
	fn(arg);
	pthread_mutex_unlock(&i->turn);
}

int intercept_pause(struct intercept *i)
{
	struct tray *tray;
	int rc = tray_new(&tray, atomic_load(&i->watch));
	int failed = 0;

	if (!rc)
		rc = tray_grow(tray, i->n_desks);
	if (!rc) {
		tray->version = atomic_load(&i->version);
		tray->limits = (struct junction_limits){INT64_MAX, INT64_MAX};
		rc = accept_cut(i, tray, INT64_MAX);
		if (!rc)
			rc = party_flush(i);
		rc = runs_reserve(i, tray, rc);
		failed = fill_block(i, tray);
	}
	/* a digest cannot be kept: what was hashed so far is told */
	for (size_t k = 0; k < i->n_ordered && !rc; k++)
		rc = check_end_all(i, i->ordered[k], i->latest_ns);
	tray_free(&tray);
	return rc ? rc : failed;
}
