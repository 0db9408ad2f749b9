/* The river: bell or timer -> pump -> (dial | shake | one TRI | a piece of records) -> socket.
 * A piece ends where a record ends, so that a TRI can go between two pieces; each call of pump
 * writes a bounded number of octets and then lets others have the loop. */
#include "handover/sender.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "etsi/tri.h"
#include "handover/progress.h"
#include "tls/wire.h"

enum {
	PIECE = 128 << 10, /* octets of records between two places for a TRI */
	PUMP = 1 << 20,    /* octets written before others have the loop */
	TRI_MAX = 512,
	UNSENT = 256 << 10, /* octets that the kernel may hold unsent */
	LOOK_MS = 100,      /* between looks at what TCP has acknowledged */
	TICK_MS = 1,        /* the shortest timer */
};

struct sender {
	struct sender_place place;
	struct sender_terms terms;
	char peer[TLS_NAME_LEN];
	struct delivery delivery;
	struct tls_wire wire;
	bool has_wire, is_shaken;
	struct loop_fd fd, bell;
	struct loop_timer timer;
	struct nanos rings_at; /* the timer, where it is armed */
	struct answers answers;
	uint8_t tri[TRI_MAX];
	size_t tri_len, tri_at;
	struct progress progress;
	uint64_t wire_seen; /* octets that the connection's wire had taken when last asked */
	uint64_t piece_end; /* records are being written up to here */
	uint64_t most_sent; /* over all connections, … */
	uint64_t old_sent;  /* … and before this one */
	uint64_t told_sent; /* records of this connection were counted up to here */
	uint64_t acked;     /* what the agency has, over all connections */
	uint64_t told_acked;
	uint64_t octets, n_refused;
	uint64_t n_steps[3], again_octets; /* enum sender_step */
	bool is_damaged;                   /* the spool holds what is no record */
	bool has_told;                     /* why there is no connection was logged */
};

static void pump(struct sender *s);
static void read_answers(struct sender *s);

/* ---- the spool ---- */

/* Where the record at offset ends; 0: there is none, or the spool is damaged. */
static uint64_t record_end(struct sender *s, uint64_t offset)
{
	uint64_t end = ends_next(s->place.ends, offset);
	const uint8_t *bytes;

	if (end || s->is_damaged || !spool_peek(s->place.spool, offset, &bytes))
		return end;
	log_error("%s: octet %llu of the spool begins no record: nothing more is sent",
		  s->place.name, (unsigned long long)offset);
	s->is_damaged = true;
	return 0;
}

/* Tells of the records from *told on that end at or before limit, and moves it behind them. */
static void step(struct sender *s, enum sender_step what, uint64_t *told, uint64_t limit)
{
	uint64_t n, end = ends_last(s->place.ends, *told, limit, &n);

	if (!n)
		return;
	s->n_steps[what] += n;
	if (what == SENDER_SENT_AGAIN)
		s->again_octets += end - *told;
	if (s->place.on_step)
		s->place.on_step(s->place.owner, what, *told, end);
	*told = end;
}

/* Counts the records that are written whole by now, before any of them counts as had. One of which
 * an earlier connection had only a part is sent for the first time. */
static void count_sent(struct sender *s)
{
	uint64_t sent = s->delivery.sent;

	if (s->told_sent < s->old_sent)
		step(s, SENDER_SENT_AGAIN, &s->told_sent, sent < s->old_sent ? sent : s->old_sent);
	step(s, SENDER_SENT, &s->told_sent, sent);
}

/* Behind the hole at this offset, or in it, at the limit; 0: there is none. */
static uint64_t hole_end(const struct sender *s, uint64_t offset, uint64_t limit)
{
	uint64_t end = spool_hole(s->place.spool, offset);

	if (end > limit)
		end = limit;
	return end > offset ? end : 0;
}

/* Tells of the records that the agency has by now. One that cannot be read any more counts as lost,
 * for nobody can say whose it was. */
static void count_acked(struct sender *s)
{
	uint64_t end;

	do {
		step(s, SENDER_ACKNOWLEDGED, &s->told_acked, s->acked);
		end = hole_end(s, s->told_acked, s->acked);
		if (end && s->place.on_hole)
			s->place.on_hole(s->place.owner, end);
		if (end)
			s->told_acked = end;
	} while (end);
}

/* All before it may go. */
static void give_back(struct sender *s, uint64_t offset)
{
	spool_ack(s->place.spool, offset);
	ends_drop(s->place.ends, spool_acked(s->place.spool));
}

/* Gives back whole records that the agency has, but for the window, in which only those count
 * that its program has confirmed. */
static void release(struct sender *s)
{
	uint64_t kept = spool_acked(s->place.spool), end, goal, n;
	uint64_t window = s->terms.resend_window;

	if (s->delivery.done > s->acked)
		s->acked = s->delivery.done;
	count_acked(s);
	goal = s->acked > window ? s->acked - window : 0;
	if (s->delivery.confirmed > goal)
		goal = s->delivery.confirmed;
	if (kept < s->told_acked && s->told_acked <= goal)
		kept = s->told_acked; /* a record's end, and known: without a window all the way */
	do {
		kept = ends_last(s->place.ends, kept, goal, &n);
		end = hole_end(s, kept, goal);
		if (end)
			kept = end;
	} while (end);
	give_back(s, kept);
}

/* Whether there is a record to be sent: where it ends may be known of one that is in a hole. */
static bool has_record(struct sender *s)
{
	const uint8_t *bytes;

	return spool_peek(s->place.spool, s->delivery.sent, &bytes) &&
	       record_end(s, s->delivery.sent);
}

/* The next piece: as many whole records as fit, at least one. */
static bool next_piece(struct sender *s)
{
	uint64_t n, sent = s->delivery.sent;

	if (!has_record(s))
		return false;
	s->piece_end = ends_last(s->place.ends, sent, sent + PIECE, &n);
	if (!n)
		s->piece_end = record_end(s, sent);
	return true;
}

/* ---- the connection ---- */

static void look(struct sender *s)
{
	int unacked;

	if (!s->is_shaken)
		return;
	count_sent(s);
	/* also of a connection that was reset: what was acknowledged before, was */
	if (ioctl(s->wire.fd, SIOCOUTQ, &unacked))
		return;
	delivery_unacked(&s->delivery, (uint64_t)unacked + tls_wire_held(&s->wire), loop_now());
	release(s);
}

static void hang_up(struct sender *s)
{
	loop_fd_fini(&s->fd);
	if (s->has_wire)
		tls_wire_fini(&s->wire);
	s->has_wire = s->is_shaken = false;
	s->tri_len = s->tri_at = 0;
}

static void lose(struct sender *s, const char *reason)
{
	bool was_up = s->is_shaken;

	look(s);
	release(s);
	hang_up(s);
	delivery_lost(&s->delivery, loop_now());
	if (was_up)
		log_warn("%s: connection lost: %s", s->place.name, reason);
	else if (!s->has_told)
		log_warn("%s: no connection: %s; tried again every %lld ms", s->place.name, reason,
			 (long long)(s->terms.delivery.retry.ns / NANOS_PER_MS));
	else
		log_debug("%s: no connection: %s", s->place.name, reason);
	s->has_told = !was_up;
}

static void fd_ready(void *owner, unsigned ready)
{
	struct sender *s = owner;

	/* TLS may have to write before it can read on */
	if (s->is_shaken && ready & (s->wire.read_wants ? s->wire.read_wants : LOOP_READ))
		read_answers(s);
	pump(s);
}

static int open_socket(const struct conf_endpoint *to, struct why *why)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(to->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
	const struct sockaddr *at =
		to->version == 4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t len = to->version == 4 ? sizeof v4 : sizeof v6;
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, unsent = UNSENT, err;

	memcpy(&v4.sin_addr, to->ip, sizeof v4.sin_addr);
	memcpy(&v6.sin6_addr, to->ip, sizeof v6.sin6_addr);
	if (fd >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	}
	if (fd < 0 || (connect(fd, at, len) && errno != EINPROGRESS)) {
		err = errno;
		if (fd >= 0)
			close(fd);
		return why_set(why, err_of_errno(err), "%s", strerror(err));
	}
	return fd;
}

/* Whether it is the agency that the orders mean. */
static int check_peer(struct sender *s, struct why *why)
{
	struct tls_identity peer;
	char text[TLS_IDENTITY_TEXT_LEN];
	int rc;

	if (!s->wire.session)
		return 0;
	rc = tls_peer(s->wire.session, &peer, why);
	if (rc)
		return rc;
	if (peer.role == TLS_AGENCY && !strcmp(peer.name, s->peer))
		return 0;
	tls_identity_print(&peer, text);
	return why_set(why, ERR_ACCESS, "the other end is %s, not agency:%s", text, s->peer);
}

static void shake(struct sender *s)
{
	char address[CONF_ENDPOINT_TEXT_LEN];
	struct why why = {0};
	int rc = tls_wire_shake(&s->wire, &why);

	if (rc == ERR_AGAIN)
		return;
	if (!rc)
		rc = check_peer(s, &why);
	if (rc) {
		lose(s, *why.text ? why.text : err_text(rc));
		return;
	}
	s->is_shaken = true;
	s->has_told = false;
	answers_init(&s->answers);
	s->piece_end = s->told_sent = spool_acked(s->place.spool);
	s->old_sent = s->most_sent;
	s->wire_seen = tls_wire_written(&s->wire);
	delivery_connected(&s->delivery, s->piece_end, !s->wire.session, loop_now());
	conf_endpoint_print(&s->terms.address, address);
	log_info("%s: connected to %s, %llu octets wait, %llu were sent before", s->place.name,
		 address, (unsigned long long)(spool_end(s->place.spool) - s->piece_end),
		 (unsigned long long)(s->old_sent > s->piece_end ? s->old_sent - s->piece_end : 0));
}

/* Records that can not be read any more (their key is destroyed, the disk is damaged) are stepped
 * over once all before them is at the agency; a new connection then begins behind them. */
static bool pass_hole(struct sender *s)
{
	uint64_t at = s->is_shaken ? s->delivery.sent : spool_acked(s->place.spool);
	uint64_t next = spool_hole(s->place.spool, at);

	if (next == at || (s->is_shaken && s->acked < at))
		return false;
	log_error("%s: octets %llu to %llu of the spool can not be read any more: the agency does "
		  "not get them",
		  s->place.name, (unsigned long long)at, (unsigned long long)next);
	if (s->place.on_hole)
		s->place.on_hole(s->place.owner, next);
	give_back(s, next);
	if (s->acked < next)
		s->acked = next;
	if (s->told_acked < next)
		s->told_acked = next;
	return true;
}

static void dial(struct sender *s)
{
	const struct tls *tls = s->terms.is_plain ? NULL : s->place.tls;
	struct why why = {0};
	int fd = -1;

	(void)pass_hole(s);
	if (!s->terms.is_plain && !tls)
		(void)why_set(&why, ERR_ACCESS, "the mediator has no certificate for TLS");
	else
		fd = open_socket(&s->terms.address, &why);
	if (fd >= 0 && tls_wire_init(&s->wire, fd, tls, false))
		(void)why_set(&why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else
		s->has_wire = fd >= 0;
	if (!s->has_wire) {
		lose(s, why.text);
		return;
	}
	loop_fd_init(&s->fd, s->place.loop, fd, fd_ready, s);
}

/* ---- writing ---- */

/* 1: it took some, of TLS a record at a time; 0: the socket takes no more now; negative: lost. */
static int write_some(struct sender *s, const uint8_t *bytes, size_t len, size_t *n)
{
	struct why why = {0};
	ssize_t wrote = tls_wire_write(&s->wire, bytes, len, &why);

	*n = wrote > 0 ? (size_t)wrote : 0;
	if (wrote == ERR_AGAIN)
		return 0;
	if (wrote < 0) {
		lose(s, *why.text ? why.text : err_text((int)wrote));
		return ERR_IO;
	}
	return 1;
}

/* Octets of the connection since the last call. */
static uint64_t wire_taken(struct sender *s)
{
	uint64_t now = tls_wire_written(&s->wire), taken = now - s->wire_seen;

	s->wire_seen = now;
	return taken;
}

static int write_tri(struct sender *s)
{
	size_t n;
	int rc = write_some(s, s->tri + s->tri_at, s->tri_len - s->tri_at, &n);

	if (rc < 0)
		return rc;
	s->tri_at += n;
	delivery_wrote_tri(&s->delivery, wire_taken(s), s->tri_at == s->tri_len);
	if (s->tri_at == s->tri_len)
		s->tri_at = s->tri_len = 0;
	return rc;
}

static int write_records(struct sender *s)
{
	const uint8_t *bytes;
	uint64_t sent = s->delivery.sent;
	size_t n, here = spool_peek(s->place.spool, sent, &bytes);
	int rc;

	if (!here) { /* it can not be read any more: a piece ends here */
		s->piece_end = sent;
		return 1;
	}
	if (here > s->piece_end - sent)
		here = (size_t)(s->piece_end - sent);
	rc = write_some(s, bytes, here, &n);
	if (rc < 0)
		return rc;
	delivery_wrote_records(&s->delivery, n, wire_taken(s));
	s->octets += n;
	if (s->delivery.sent > s->most_sent) {
		s->most_sent = s->delivery.sent;
		if (s->progress.words)
			progress_set_sent(&s->progress, s->most_sent);
	}
	return rc;
}

static bool prepare_tri(struct sender *s, bool has_more)
{
	struct wr w = wr_of(s->tri, sizeof s->tri);
	struct why why = {0};
	struct tri tri = {.time = loop_wall()};
	uint8_t kind;

	if (!delivery_says(&s->delivery, has_more, loop_now(), &kind, &tri.seq))
		return false;
	if (s->progress.words)
		progress_set_number(&s->progress, s->delivery.number);
	tri.kind = kind;
	tri.is_requested = kind == ETSI_TRI_OPTION_REQUEST;
	if (tri_encode(&s->terms.header, &tri, &w, &why)) {
		log_error("%s: %s cannot be said: %s", s->place.name, etsi_tri_text(kind),
			  why.text);
		return false;
	}
	s->tri_len = w.len;
	s->tri_at = 0;
	return true;
}

/* What is next: a TRI or records are ready to be written; false: nothing is. */
static bool has_work(struct sender *s)
{
	bool has_more;

	if (s->tri_len || s->piece_end > s->delivery.sent)
		return true;
	has_more = delivery_is_up(&s->delivery) && has_record(s);
	if (prepare_tri(s, has_more))
		return true;
	return delivery_is_up(&s->delivery) && next_piece(s);
}

/* Whether something is left to be written when the socket takes more. */
static bool write_all(struct sender *s)
{
	uint64_t stop = s->delivery.wire_written + PUMP;
	struct why why = {0};

	if (tls_wire_flush(&s->wire, &why) == ERR_IO)
		lose(s, why.text);
	while (s->is_shaken && has_work(s)) {
		if (s->delivery.wire_written >= stop)
			return true;
		if ((s->tri_len ? write_tri(s) : write_records(s)) <= 0)
			return s->is_shaken;
	}
	return s->is_shaken && tls_wire_held(&s->wire);
}

/* ---- reading ---- */

static bool read_some(struct sender *s)
{
	struct answer answer;
	struct why why = {0};
	size_t size;
	uint8_t *at = answers_room(&s->answers, &size);
	ssize_t n = tls_wire_read(&s->wire, at, size, &why);
	int rc;

	if (n == ERR_AGAIN)
		return false;
	if (n < 0) {
		lose(s, n == ERR_END ? "the agency closed it"
			: *why.text  ? why.text
				     : err_text((int)n));
		return false;
	}
	answers_came(&s->answers, (size_t)n);
	while (!(rc = answers_next(&s->answers, &answer, &why)))
		if ((rc = delivery_heard(&s->delivery, &answer, loop_now(), &why)))
			break;
	if (rc != ERR_AGAIN) {
		s->n_refused++;
		lose(s, why.text);
	}
	return s->is_shaken;
}

/* What TLS has of them already the descriptor does not tell of. */
static void read_answers(struct sender *s)
{
	while (read_some(s) && tls_wire_has_bytes(&s->wire))
		;
}

/* ---- all of it ---- */

static void ring_at(struct sender *s, struct nanos at, struct nanos now)
{
	s->rings_at = at;
	loop_timer_after(&s->timer, (struct nanos){at.ns - now.ns});
}

static void arm(struct sender *s, bool has_work_left)
{
	const struct delivery *d = &s->delivery;
	struct nanos now = loop_now(), wake = delivery_wake(d, has_work_left, now);
	unsigned wants;
	if (s->has_wire) {
		wants = s->is_shaken ? tls_wire_wants(&s->wire, true, has_work_left)
				     : tls_wire_wants(&s->wire, false, false);
		if (loop_fd_want(&s->fd, wants))
			log_error("%s: the kernel does not watch its socket", s->place.name);
	}
	if (s->is_shaken && d->wire_acked < d->wire_written &&
	    wake.ns - now.ns > (int64_t)LOOK_MS * NANOS_PER_MS)
		wake.ns = now.ns + (int64_t)LOOK_MS * NANOS_PER_MS;
	if (wake.ns == INT64_MAX) {
		loop_timer_stop(&s->timer);
		return;
	}
	if (wake.ns < now.ns + (int64_t)TICK_MS * NANOS_PER_MS)
		wake.ns = now.ns + (int64_t)TICK_MS * NANOS_PER_MS;
	/* one that rings earlier arms it again: that is less work than to do so for every piece */
	if (!s->timer.is_armed || s->rings_at.ns > wake.ns)
		ring_at(s, wake, now);
}

static void pump(struct sender *s)
{
	struct why why = {0};
	bool has_work_left = false;

	if (delivery_expired(&s->delivery, loop_now(), &why))
		lose(s, why.text);
	if (delivery_dials(&s->delivery, loop_now()))
		dial(s);
	if (s->has_wire && !s->is_shaken) {
		shake(s); /* which also says what to wait for */
		if (s->is_shaken)
			read_answers(s);
	}
	if (s->is_shaken) {
		has_work_left = write_all(s);
		look(s);
		if (pass_hole(s))
			lose(s, "what comes next can not be read any more");
	}
	arm(s, has_work_left);
}

static void bell_rang(void *owner, unsigned ready)
{
	struct sender *s = owner;

	(void)ready;
	spool_hush(s->place.spool);
	if (s->is_shaken)
		pump(s);
}

static void timer_rang(void *owner)
{
	pump(owner);
}

static void take_terms(struct sender *s, const struct sender_terms *terms)
{
	struct wr w = wr_of(s->peer, sizeof s->peer - 1);

	s->terms = *terms;
	wr_text(&w, "%s", terms->peer ? terms->peer : "");
	s->peer[w.len] = '\0';
	s->terms.peer = s->peer;
}

/* What was sent when we were killed or ended; what the spool no longer has was sent. */
static int open_progress(struct sender *s, struct why *why)
{
	uint64_t acked = spool_acked(s->place.spool), end = spool_end(s->place.spool), sent;
	int rc;

	s->acked = s->told_acked = s->most_sent = acked;
	if (!s->place.progress)
		return 0;
	rc = progress_open(&s->progress, s->place.progress, spool_id(s->place.spool), why);
	s->place.progress = NULL; /* its owner's */
	if (rc)
		return rc;
	sent = progress_sent(&s->progress);
	if (sent > acked)
		s->most_sent = sent < end ? sent : end;
	s->delivery.number = progress_number(&s->progress);
	return 0;
}

int sender_new(struct sender **out, const struct sender_place *place,
	       const struct sender_terms *terms, struct why *why)
{
	struct sender *s = calloc(1, sizeof *s);
	int rc;

	*out = s;
	if (!s)
		return ERR_NOMEM;
	s->place = *place;
	take_terms(s, terms);
	delivery_init(&s->delivery, &terms->delivery, 0, loop_now());
	loop_timer_init(&s->timer, place->loop, timer_rang, s);
	loop_fd_init(&s->bell, place->loop, spool_bell(place->spool), bell_rang, s);
	loop_timer_after(&s->timer, (struct nanos){NANOS_PER_MS});
	rc = open_progress(s, why);
	if (!rc && loop_fd_want(&s->bell, LOOP_READ))
		rc = why_set(why, ERR_IO, "the kernel does not watch the spool");
	if (rc)
		sender_free(out);
	return rc;
}

void sender_free(struct sender **sender)
{
	struct sender *s = *sender;

	*sender = NULL;
	if (!s)
		return;
	if (s->is_shaken) {
		(void)write_all(s);
		if (s->is_shaken)
			tls_wire_shut(&s->wire);
		look(s);
	}
	hang_up(s);
	progress_close(&s->progress);
	loop_timer_fini(&s->timer);
	loop_fd_fini(&s->bell);
	free(s);
}

void sender_set_terms(struct sender *s, const struct sender_terms *terms)
{
	bool is_elsewhere = memcmp(&s->terms.address, &terms->address, sizeof terms->address) ||
			    s->terms.is_plain != terms->is_plain ||
			    strcmp(s->peer, terms->peer ? terms->peer : "") ||
			    s->terms.delivery.acknowledge != terms->delivery.acknowledge;

	take_terms(s, terms);
	delivery_set_terms(&s->delivery, &terms->delivery, loop_now());
	if (is_elsewhere && s->has_wire)
		lose(s, "the orders changed");
	loop_timer_after(&s->timer, (struct nanos){NANOS_PER_MS});
}

static struct nanos wall_of(struct nanos at)
{
	return (struct nanos){at.ns ? loop_wall().ns - (loop_now().ns - at.ns) : 0};
}

struct sender_stats sender_stats(const struct sender *s)
{
	const struct delivery *d = &s->delivery;

	return (struct sender_stats){.state = d->state,
				     .end = spool_end(s->place.spool),
				     .sent = s->most_sent,
				     .acked = s->acked,
				     .octets = s->octets,
				     .n_sent = s->n_steps[SENDER_SENT],
				     .n_again = s->n_steps[SENDER_SENT_AGAIN],
				     .n_acked = s->n_steps[SENDER_ACKNOWLEDGED],
				     .again_octets = s->again_octets,
				     .n_connections = d->n_connections,
				     .n_keepalives = d->n_keepalives,
				     .n_answers = d->n_answers,
				     .answered = wall_of(d->answered_at),
				     .n_acknowledgements = d->n_acknowledgements,
				     .n_refused = s->n_refused,
				     .has_acknowledgement = d->has_acknowledgement,
				     .is_begun_anew = s->progress.is_other};
}
