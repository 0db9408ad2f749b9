#include "intercept/intercept.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etsi/ipcc.h"
#include "intercept/tray.h"
#include "intercept/outbox.h"
#include "intercept/session.h"
#include "net/decode.h"
#include "net/reassembly.h"

enum { WRITE_LEN = 1 << 20, IRI_LIMIT = 256 << 20 };

/* Both interfaces of an agency. */
struct desk {
	struct outbox hi2;
	struct outbox hi3;
};

struct intercept {
	const struct orders *orders;
	struct sessions sessions;
	struct desk *desks; /* as agencies in the orders */
	struct intercept_counts *counts;
	size_t next_begin; /* in sessions.by_start */
	uint64_t n_packets;
	int64_t first_ns; /* the stream's first time, and its latest */
	int64_t latest_ns;
	bool has_time;
	struct wr iri;
	struct net_reassembly *reassembly; /* touched in turns only */
	struct why why;                    /* guarded by lock until the engine is done */
	pthread_mutex_t lock;
};

/* The first reason stays. */
static int fail(struct intercept *i, int rc, const char *place, const char *text)
{
	pthread_mutex_lock(&i->lock);
	if (!i->why.text[0])
		why_place(&i->why, place);
	why_set(&i->why, rc, "%s", text);
	pthread_mutex_unlock(&i->lock);
	return rc;
}

/* One IRI into the agency's HI2, where the warrant allows it. */
static int send_iri(struct intercept *i, struct session *s, enum ipiri_event event,
		    struct nanos time)
{
	struct intercept_counts *counts = &i->counts[s->warrant_index];
	struct outbox *hi2 = &i->desks[s->agency].hi2;
	struct why why;
	int rc;

	if (!warrant_delivers_iri(s->warrant))
		return 0;
	why_clear(&why);
	wr_reset(&i->iri);
	rc = session_iri(s, event, time, &i->iri, &why);
	if (rc)
		return fail(i, rc, s->warrant->liid, why.text);
	rc = outbox_append(hi2, i->iri.bytes, i->iri.len);
	if (rc)
		return fail(i, rc, hi2->name, err_text(rc));
	counts->iri++;
	counts->iri_bytes += i->iri.len;
	return 0;
}

static int begin(struct intercept *i, struct session *s, int64_t time_ns)
{
	if (s->state != SESSION_IDLE)
		return 0;
	s->state = SESSION_BEGUN;
	return send_iri(i, s, IPIRI_START_ACTIVE, (struct nanos){time_ns});
}

/* The stream's time moves on: sessions whose warrant has started begin. One whose warrant was
 * over before the stream's first packet does not. */
static int advance(struct intercept *i, int64_t latest_ns)
{
	int rc = 0;

	if (latest_ns <= i->latest_ns)
		return 0;
	i->latest_ns = latest_ns;
	while (!rc && i->next_begin < i->sessions.n) {
		struct session *s = i->sessions.by_start[i->next_begin];
		int64_t start_ns = s->warrant->start.ns;

		if (start_ns > latest_ns)
			break;
		i->next_begin++;
		if (s->warrant->end.ns > i->first_ns)
			rc = begin(i, s, start_ns > i->first_ns ? start_ns : i->first_ns);
	}
	return rc;
}

/* Whether the warrant covers the packet; else the reason. */
static bool is_in_scope(const struct warrant *w, const struct piece *piece,
			enum intercept_refusal *refusal)
{
	if (!piece->has_time)
		*refusal = INTERCEPT_NO_TIME;
	else if (piece->time_ns < w->start.ns)
		*refusal = INTERCEPT_EARLY;
	else if (!warrant_is_live(w, (struct nanos){piece->time_ns}))
		*refusal = INTERCEPT_LATE;
	else if (!warrant_delivers_cc(w))
		*refusal = INTERCEPT_IRI_ONLY;
	else
		return true;
	return false;
}

static struct ipcc cc_of(const struct piece *piece, const struct pending *pending)
{
	static const uint8_t directions[] = {
		[WATCH_FROM] = ETSI_FROM_TARGET,
		[WATCH_TO] = ETSI_TO_TARGET,
		[WATCH_BOTH] = ETSI_INDETERMINATE,
	};

	return (struct ipcc){
		.bytes = piece->bytes,
		.len = piece->len,
		.original_len = piece->claim_len,
		.seq = pending->seq,
		.direction = directions[pending->direction],
		.time = {piece->time_ns},
	};
}

static void count_cc(struct intercept_counts *counts, const struct ipcc *cc, size_t len)
{
	counts->cc++;
	counts->cc_bytes += len;
	counts->truncated += cc->original_len > cc->len && cc->original_len != IPCC_LEN_UNKNOWN;
	counts->from += cc->direction == ETSI_FROM_TARGET;
	counts->to += cc->direction == ETSI_TO_TARGET;
	counts->both += cc->direction == ETSI_INDETERMINATE;
}

/* A packet of a target's, in the order of the data: numbered, or refused and counted. */
static int accept_packet(struct intercept *i, struct tray *tray, uint32_t k)
{
	struct pending *pending = &tray->pending[k];
	const struct piece *piece = &tray->pieces[pending->piece];
	struct session *s = &i->sessions.at[pending->session];
	struct intercept_counts *counts = &i->counts[s->warrant_index];
	enum intercept_refusal refusal;
	struct ipcc cc;
	size_t len;
	int rc = 0;

	counts->matched++;
	if (piece->has_time)
		rc = advance(i, piece->latest_ns);
	if (!rc && !is_in_scope(s->warrant, piece, &refusal)) {
		counts->refused[refusal]++;
		return 0;
	}
	if (!rc && s->state == SESSION_IDLE)
		rc = begin(i, s, piece->time_ns);
	if (!rc && s->next_cc > UINT32_MAX)
		rc = fail(i, ERR_FULL, s->warrant->liid, "the sequence numbers are used up");
	if (rc)
		return rc;
	pending->seq = (uint32_t)s->next_cc++;
	cc = cc_of(piece, pending);
	len = ipcc_len(&s->header, &cc);
	count_cc(counts, &cc, len);
	tray_put(tray, k, s->agency, len);
	return 0;
}

static int on_start(struct worker *w)
{
	struct intercept *i = engine_arg(w);
	struct tray *tray;
	int rc = tray_new(&tray, i->sessions.watch, (uint32_t)i->orders->agencies.n);

	if (!rc)
		engine_set_local(w, tray);
	return rc;
}

static int on_batch(struct worker *w, struct weir_frame *frames, int n)
{
	const struct intercept *i = engine_arg(w);

	return tray_take(engine_local(w), i->sessions.watch, frames, n);
}

/* The pending records from `from` on, which were just appended, in their turn. */
static int accept_from(struct intercept *i, struct tray *tray, size_t from)
{
	int rc = 0;

	for (size_t k = from; k < tray->n_pending && !rc; k++) {
		tray->pieces[tray->pending[k].piece].latest_ns = i->latest_ns;
		rc = accept_packet(i, tray, (uint32_t)k);
	}
	return rc;
}

/* Datagrams that will not be whole any more are delivered as far as they are known. */
static int accept_cut(struct intercept *i, struct tray *tray, int64_t now_ns)
{
	struct net_whole whole;
	int rc;

	while ((rc = net_reassembly_pop(i->reassembly, now_ns, &whole)) == 1) {
		size_t from = tray->n_pending;

		rc = tray_take_whole(tray, i->sessions.watch, &whole, NULL);
		if (!rc)
			rc = accept_from(i, tray, from);
		if (rc)
			break;
	}
	return rc;
}

static int accept_fragment(struct intercept *i, struct tray *tray, const struct fragment *f)
{
	struct net_whole whole;
	struct weir_packet p;
	size_t from;
	int rc;

	net_decode(&p, &f->frame);
	if (f->has_time)
		rc = accept_cut(i, tray, f->frame.time_ns);
	else
		rc = 0;
	if (!rc)
		rc = net_reassembly_take(i->reassembly, &p, net_reassembly_layer(&p), &whole);
	if (rc != 1)
		return rc;
	from = tray->n_pending;
	rc = f->has_time ? advance(i, f->latest_ns) : 0;
	if (!rc)
		rc = tray_take_whole(tray, i->sessions.watch, &whole, f);
	else
		free(whole.bytes);
	return rc ? rc : accept_from(i, tray, from);
}

/* What the batches noted, in the order of the data. */
static int accept_block(struct intercept *i, struct tray *tray)
{
	size_t n = tray->n_pending;
	size_t next = 0;
	int rc = 0;

	for (uint32_t k = 0; k <= n && !rc; k++) {
		while (!rc && next < tray->n_fragments && tray->fragments[next].before == k)
			rc = accept_fragment(i, tray, &tray->fragments[next++]);
		if (!rc && k < n)
			rc = accept_packet(i, tray, k);
	}
	return rc;
}

static void reserve_runs(struct intercept *i, struct tray *tray, int rc)
{
	for (uint32_t k = 0; k < tray->n_runs; k++) {
		struct run *run = &tray->runs[k];

		run->offset = outbox_reserve(&i->desks[run->agency].hi3, run->len);
		if (rc)
			outbox_cut(&i->desks[run->agency].hi3, rc, run->offset);
	}
}

static int on_turn(struct worker *w, uint64_t block)
{
	struct intercept *i = engine_arg(w);
	struct tray *tray = engine_local(w);
	int rc;

	(void)block;
	if (tray->has_time && !i->has_time) {
		i->has_time = true;
		i->first_ns = tray->first_ns;
	}
	rc = accept_block(i, tray);
	if (!rc && tray->has_time)
		rc = advance(i, tray->latest_ns);
	i->n_packets += tray->n_packets;
	reserve_runs(i, tray, rc);
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
	struct outbox *hi3 = &i->desks[run->agency].hi3;
	uint64_t offset = run->offset;
	int rc = 0;

	for (uint32_t k = run->first; k != TRAY_NONE && !rc; k = tray->pending[k].next) {
		const struct pending *pending = &tray->pending[k];
		struct ipcc cc = cc_of(&tray->pieces[pending->piece], pending);

		ipcc_encode(&i->sessions.at[pending->session].header, &cc, &tray->w);
		if (tray->w.len >= WRITE_LEN || !tray->w.ok)
			rc = write_records(tray, hi3, &offset);
	}
	if (!rc)
		rc = write_records(tray, hi3, &offset);
	return rc ? fail(i, rc, hi3->name, err_text(rc)) : 0;
}

/* All runs are tried, so that one full disk does not take another agency's records along. */
static int fill_runs(struct intercept *i, struct tray *tray)
{
	int rc = 0;

	for (uint32_t k = 0; k < tray->n_runs; k++) {
		int failed = fill_run(i, tray, &tray->runs[k]);

		rc = rc ? rc : failed;
	}
	tray_clear(tray);
	return rc;
}

static int on_fill(struct worker *w, uint64_t block)
{
	(void)block;
	return fill_runs(engine_arg(w), engine_local(w));
}

static int on_stop(struct worker *w)
{
	struct tray *tray = engine_local(w);

	tray_free(&tray);
	return 0;
}

const struct engine_callbacks intercept_callbacks = {
	.start = on_start,
	.batch = on_batch,
	.turn = on_turn,
	.fill = on_fill,
	.stop = on_stop,
};

static int open_desks(struct intercept *i, const char *dir, bool is_forced, struct why *why)
{
	size_t n = i->orders->agencies.n;
	size_t k = 0;
	int rc = 0;
	int fd;

	if (mkdir(dir, S_IRWXU) != 0 && errno != EEXIST)
		rc = err_of_errno(errno);
	fd = rc ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		why_place(why, dir);
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	}
	for (; k < n && !rc; k++) {
		const struct outbox_place place = {fd, i->orders->agencies.items[k].id, is_forced};

		rc = outbox_open(&i->desks[k].hi2, &place, "hi2.ber", why);
		if (!rc)
			rc = outbox_open(&i->desks[k].hi3, &place, "hi3.ber", why);
	}
	while (rc && k--) {
		outbox_abandon(&i->desks[k].hi2, fd);
		outbox_abandon(&i->desks[k].hi3, fd);
	}
	close(fd);
	return rc;
}

int intercept_new(struct intercept **out, const struct orders *orders, const char *dir,
		  bool is_forced, struct why *why)
{
	struct intercept *i = calloc(1, sizeof *i);
	int rc = i ? 0 : ERR_NOMEM;

	if (i) {
		*i = (struct intercept){.orders = orders,
					.latest_ns = INT64_MIN,
					.iri = wr_init(IRI_LIMIT),
					.lock = PTHREAD_MUTEX_INITIALIZER};
		why_clear(&i->why);
		i->desks = calloc(orders->agencies.n, sizeof *i->desks);
		i->counts = calloc(orders->warrants.n + 1, sizeof *i->counts);
		rc = i->desks && i->counts ? 0 : ERR_NOMEM;
	}
	for (size_t k = 0; i && i->desks && k < orders->agencies.n; k++)
		i->desks[k].hi2.fd = i->desks[k].hi3.fd = -1;
	if (!rc)
		rc = net_reassembly_new(&i->reassembly);
	if (!rc)
		rc = sessions_init(&i->sessions, orders, why);
	if (!rc)
		rc = open_desks(i, dir, is_forced, why);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		intercept_free(&i);
	}
	*out = i;
	return rc;
}

static int64_t end_of(const struct intercept *i, const struct session *s)
{
	int64_t end_ns = s->warrant->end.ns;

	return end_ns < i->latest_ns ? end_ns : i->latest_ns;
}

static int end_order(const void *a, const void *b, void *arg)
{
	const struct session *x = *(const struct session *const *)a;
	const struct session *y = *(const struct session *const *)b;
	int64_t x_ns = end_of(arg, x);
	int64_t y_ns = end_of(arg, y);

	if (x_ns != y_ns)
		return x_ns < y_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Records that end come in the order of their times, as all others do. */
static int end_sessions(struct intercept *i)
{
	struct session **order = i->sessions.by_start;
	int rc = 0;

	qsort_r(order, i->sessions.n, sizeof *order, end_order, i);
	for (size_t k = 0; k < i->sessions.n; k++) {
		int failed = 0;

		if (order[k]->state == SESSION_BEGUN)
			failed = send_iri(i, order[k], IPIRI_END_ACTIVE,
					  (struct nanos){end_of(i, order[k])});
		rc = rc ? rc : failed;
	}
	return rc;
}

/* Fragments that still wait for others are delivered as far as they are known. */
static int end_fragments(struct intercept *i)
{
	struct tray *tray;
	int rc = tray_new(&tray, i->sessions.watch, (uint32_t)i->orders->agencies.n);
	int failed = 0;

	if (!rc) {
		rc = accept_cut(i, tray, INT64_MAX);
		reserve_runs(i, tray, rc);
		failed = fill_runs(i, tray);
	}
	tray_free(&tray);
	return rc ? rc : failed;
}

int intercept_close(struct intercept *i, struct why *why)
{
	int rc = end_fragments(i);
	int failed = end_sessions(i);

	rc = rc ? rc : failed;
	if (rc && why && !why->text[0])
		*why = i->why;
	for (size_t k = 0; k < i->orders->agencies.n; k++) {
		int hi2 = outbox_close(&i->desks[k].hi2, why);
		int hi3 = outbox_close(&i->desks[k].hi3, why);

		rc = rc ? rc : hi2 ? hi2 : hi3;
	}
	return rc;
}

void intercept_free(struct intercept **ip)
{
	struct intercept *i = *ip;

	if (!i)
		return;
	for (size_t k = 0; i->desks && k < i->orders->agencies.n; k++) {
		int unheard = outbox_close(&i->desks[k].hi2, NULL);

		unheard |= outbox_close(&i->desks[k].hi3, NULL);
		(void)unheard;
	}
	sessions_fini(&i->sessions);
	net_reassembly_free(&i->reassembly);
	wr_fini(&i->iri);
	pthread_mutex_destroy(&i->lock);
	free(i->desks);
	free(i->counts);
	free(i);
	*ip = NULL;
}

const struct why *intercept_why(const struct intercept *i)
{
	return &i->why;
}

const struct intercept_counts *intercept_counts(const struct intercept *i, size_t warrant)
{
	return &i->counts[warrant];
}

uint64_t intercept_n_packets(const struct intercept *i)
{
	return i->n_packets;
}

bool intercept_times(const struct intercept *i, struct nanos *first, struct nanos *latest)
{
	first->ns = i->first_ns;
	latest->ns = i->latest_ns;
	return i->has_time;
}

const char *intercept_refusal_key(enum intercept_refusal refusal)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		INTERCEPT_REFUSALS(X)
#undef X
	};

	return keys[refusal];
}

const char *intercept_refusal_text(enum intercept_refusal refusal)
{
	static const char *const texts[] = {
#define X(name, key, text) text,
		INTERCEPT_REFUSALS(X)
#undef X
	};

	return texts[refusal];
}
