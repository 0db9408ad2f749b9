#include "lemf/lemf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "gauge/gauge.h"
#include "lemf/desk.h"
#include "lemf/inlet.h"
#include "lemf/replay.h"
#include "link/socket.h"
#include "tls/wire.h"

enum {
	TICKS_A_SECOND = 50,
	MAX_READS = 16,          /* before others have their turn */
	MAX_ANSWERS = 256 << 10, /* octets that wait; then nothing more is read */
	SLOW_BUFFER = 4096,      /* of the kernel, for one who reads slowly */
	SHAKE_TICKS = 10 * TICKS_A_SECOND,
	WHOM_LEN = CONF_ENDPOINT_TEXT_LEN + TLS_IDENTITY_TEXT_LEN + 4,
};

struct conn {
	struct conn *next, **at; /* at: what points to it */
	struct lemf *lemf;
	enum lemf_side side;
	uint32_t number;
	struct conf_endpoint from;
	struct tls_wire wire;
	struct loop_fd watch;
	struct loop_timer rest; /* what TLS has come to hold, the descriptor does not tell */
	struct lemf_inlet inlet;
	struct wr answers;
	size_t n_sent; /* of answers */
	bool is_shaken;
	bool is_given_up; /* what is left of its octets does not matter */
	int n_ticks;      /* until the handshake is given up */
	int64_t allowance;
	uint64_t n_pdus;
};

struct door {
	struct lemf *lemf;
	enum lemf_side side;
	struct loop_fd watch;
};

struct lemf {
	struct gauge *gauge;
	struct nanos started;
	struct loop *loop;
	const struct lemf_conf *conf;
	struct lemf_desk *desk;
	struct lemf_replay *replay; /* NULL: it listens */
	struct loop_timer again;
	struct tls *tls;
	struct door doors[LEMF_N_SIDES];
	struct conn *conns;
	int64_t n_conns;
	uint32_t n_numbers;
	struct loop_timer tick;
	uint64_t n_ticks;
	uint64_t summed_up; /* records when it last summed up */
	struct nanos began, latest_record;
	lemf_done_fn done;
	void *owner;
	bool is_done;
};

static const char *const side_texts[] = {"HI2", "HI3"};

static void finish_if_enough(struct lemf *l)
{
	const struct lemf_counts *c = lemf_desk_counts(l->desk);

	if (l->conf->count && c->n_records >= (uint64_t)l->conf->count)
		l->is_done = true;
}

/* ---- a connection ---- */

static void end_conn(struct conn *c)
{
	struct lemf *l = c->lemf;
	char text[64];

	if (lemf_inlet_left(&c->inlet) && !l->is_done && !c->is_given_up) {
		snprintf(text, sizeof text, "%zu octets are left", lemf_inlet_left(&c->inlet));
		lemf_desk_broken(l->desk, LEMF_CUT, c->side, text);
	}
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	l->n_conns--;
	loop_fd_fini(&c->watch);
	loop_timer_fini(&c->rest);
	tls_wire_fini(&c->wire);
	lemf_inlet_fini(&c->inlet);
	wr_fini(&c->answers);
	free(c);
}

static void log_end(const struct conn *c, const char *reason)
{
	char whom[CONF_ENDPOINT_TEXT_LEN];

	conf_endpoint_print(&c->from, whom);
	log_info("%s: connection from %s ended: %s", side_texts[c->side], whom, reason);
}

static bool is_resetting(const struct conn *c)
{
	const struct lemf_conf *conf = c->lemf->conf;

	return conf->misbehave == LEMF_RESETS && c->n_pdus >= (uint64_t)conf->reset_after;
}

static bool answers(const struct lemf_conf *conf)
{
	return conf->misbehave != LEMF_IS_SILENT && conf->misbehave != LEMF_HALF_CLOSES;
}

static size_t n_waiting(const struct conn *c)
{
	return c->answers.len - c->n_sent;
}

/* All whole PDUs that came, now by the wall's clock. False: it is no stream, or shall be reset. */
static bool take_pdus(struct conn *c, struct nanos now)
{
	struct lemf *l = c->lemf;
	struct lemf_delivery delivery = {
		.side = c->side,
		.conn = c->number,
		.now = now,
		.answer = answers(l->conf) ? &c->answers : NULL,
		.added = l->conf->misbehave == LEMF_ANSWERS_WRONGLY,
	};
	struct why why;
	int rc = 0;

	why_clear(&why);
	while (!l->is_done && !is_resetting(c) && n_waiting(c) < MAX_ANSWERS) {
		rc = lemf_inlet_next(&c->inlet, &delivery.pdu, &delivery.len, &why);
		if (rc <= 0)
			break;
		c->n_pdus++;
		lemf_desk_take(l->desk, &delivery);
		finish_if_enough(l);
	}
	if (rc < 0)
		lemf_desk_broken(l->desk, LEMF_NOT_A_STREAM, c->side, why.text);
	c->is_given_up = rc < 0 || is_resetting(c);
	return !c->is_given_up;
}

static int write_answers(struct conn *c, struct why *why)
{
	while (n_waiting(c)) {
		ssize_t n =
			tls_wire_write(&c->wire, c->answers.bytes + c->n_sent, n_waiting(c), why);

		if (n < 0)
			return n == ERR_AGAIN ? 0 : (int)n;
		c->n_sent += (size_t)n;
	}
	wr_reset(&c->answers);
	c->n_sent = 0;
	return 0;
}

/* How much may be read now: a slow one takes its share of each tick. */
static size_t room_for(const struct conn *c, size_t size)
{
	if (c->lemf->conf->misbehave != LEMF_IS_SLOW)
		return size;
	return c->allowance < (int64_t)size ? (size_t)c->allowance : size;
}

static bool may_read(const struct conn *c)
{
	return n_waiting(c) < MAX_ANSWERS &&
	       (c->lemf->conf->misbehave != LEMF_IS_SLOW || c->allowance > 0);
}

/* ERR_AGAIN: nothing now; ERR_END, or an error: it is over. */
static int read_some(struct conn *c, struct nanos now, struct why *why)
{
	for (int i = 0; i < MAX_READS && may_read(c) && !c->lemf->is_done; i++) {
		size_t size;
		uint8_t *room = lemf_inlet_room(&c->inlet, &size);
		ssize_t n;

		if (!room)
			return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		n = tls_wire_read(&c->wire, room, room_for(c, size), why);
		if (n < 0)
			return n == ERR_END ? why_set(why, ERR_END, "the peer ended it") : (int)n;
		c->allowance -= n;
		lemf_inlet_fed(&c->inlet, (size_t)n);
		if (!take_pdus(c, now))
			return why_set(why, ERR_STOPPED, "%s",
				       is_resetting(c) ? "it was reset on purpose"
						       : "it is no stream of PS-PDUs");
	}
	return 0;
}

static void reset(struct conn *c)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(c->wire.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* The peer is known: a mediator's certificate, or plain TCP. */
static int greet(struct conn *c, struct why *why)
{
	const struct lemf_conf *conf = c->lemf->conf;
	char whom[WHOM_LEN];
	char name[TLS_IDENTITY_TEXT_LEN];
	struct tls_identity peer;
	int rc = 0;

	conf_endpoint_print(&c->from, whom);
	if (c->wire.session) {
		rc = tls_peer(c->wire.session, &peer, why);
		if (!rc) {
			tls_identity_print(&peer, name);
			snprintf(whom + strlen(whom), sizeof whom - strlen(whom), " (%s)", name);
		}
		if (!rc && peer.role != TLS_MEDIATOR)
			rc = why_set(why, ERR_ACCESS, "wrong role: %s is no mediator", name);
	}
	if (rc)
		return rc;
	lemf_desk_connected(c->lemf->desk, c->side, whom);
	log_info("%s: connection from %s", side_texts[c->side], whom);
	if (conf->misbehave == LEMF_HALF_CLOSES)
		tls_wire_shut(&c->wire);
	return is_resetting(c) ? why_set(why, ERR_STOPPED, "it was reset on purpose") : 0;
}

static int drive(struct conn *c, struct why *why)
{
	const struct lemf_counts *counts = lemf_desk_counts(c->lemf->desk);
	uint64_t before = counts->n_records;
	struct nanos now = loop_wall();
	int rc = 0;

	if (!c->is_shaken) {
		rc = tls_wire_shake(&c->wire, why);
		if (rc)
			return rc == ERR_AGAIN ? 0 : rc;
		c->is_shaken = true;
		rc = greet(c, why);
	}
	/* what waited for room among the answers goes first */
	if (!rc && !take_pdus(c, now))
		rc = why_set(why, ERR_STOPPED, "it is no stream of PS-PDUs");
	if (!rc)
		rc = read_some(c, now, why);
	if (counts->n_records != before)
		c->lemf->latest_record = loop_now();
	if (rc == ERR_AGAIN)
		rc = 0;
	return rc ? rc : write_answers(c, why);
}

static void step(struct conn *c)
{
	struct lemf *l = c->lemf;
	unsigned wanted;
	struct why why;
	int rc;

	why_clear(&why);
	rc = drive(c, &why);
	if (!rc) {
		wanted = c->is_shaken ? tls_wire_wants(&c->wire, may_read(c), n_waiting(c) > 0)
				      : tls_wire_wants(&c->wire, false, false);
		/* one who neither may read nor has to write waits for the next tick */
		if (c->is_shaken && !may_read(c) && !n_waiting(c))
			wanted = 0;
		rc = loop_fd_want(&c->watch, wanted);
	}
	if (!rc && c->is_shaken && may_read(c) && !l->is_done && tls_wire_has_bytes(&c->wire))
		loop_timer_after(&c->rest, (struct nanos){1});
	if (rc) {
		if (is_resetting(c))
			reset(c);
		log_end(c, why.text[0] ? why.text : err_text(rc));
		end_conn(c);
	}
	if (l->is_done && l->done) {
		lemf_done_fn done = l->done;

		l->done = NULL;
		done(l->owner);
	}
}

static void on_ready(void *owner, unsigned ready)
{
	(void)ready;
	step(owner);
}

static void on_rest(void *owner)
{
	step(owner);
}

/* ---- doors ---- */

static int add_conn(struct door *door, int fd, const struct conf_endpoint *from)
{
	struct lemf *l = door->lemf;
	struct conn *c = calloc(1, sizeof *c);
	int small = SLOW_BUFFER;
	int rc;

	if (!c) {
		close(fd);
		return ERR_NOMEM;
	}
	if (l->conf->misbehave == LEMF_IS_SLOW)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	rc = tls_wire_init(&c->wire, fd, l->tls, true);
	if (rc) {
		free(c);
		return rc;
	}
	c->lemf = l;
	c->side = door->side;
	c->number = ++l->n_numbers;
	c->from = *from;
	c->answers = wr_init(2 * MAX_ANSWERS);
	lemf_inlet_init(&c->inlet, (size_t)l->conf->max_pdu);
	c->next = l->conns;
	c->at = &l->conns;
	if (c->next)
		c->next->at = &c->next;
	l->conns = c;
	l->n_conns++;
	loop_fd_init(&c->watch, l->loop, fd, on_ready, c);
	loop_timer_init(&c->rest, l->loop, on_rest, c);
	step(c);
	return 0;
}

static void on_knock(void *owner, unsigned ready)
{
	struct door *door = owner;
	struct conf_endpoint from;
	int fd = 0;

	(void)ready;
	for (int i = 0; i < MAX_READS && fd >= 0; i++) {
		fd = link_socket_accept(door->watch.fd, &from);
		if (fd < 0)
			break;
		if (door->lemf->n_conns >= door->lemf->conf->max_connections) {
			log_warn("%s: a connection is closed: as many are open as may be",
				 side_texts[door->side]);
			close(fd);
		} else if (add_conn(door, fd, &from)) {
			log_error("%s: a connection is closed: %s", side_texts[door->side],
				  err_text(ERR_NOMEM));
		}
	}
}

static int open_door(struct lemf *l, enum lemf_side side, const struct conf_endpoint *at,
		     struct why *why)
{
	struct door *door = &l->doors[side];
	struct conf_endpoint real = *at;
	char text[CONF_ENDPOINT_TEXT_LEN];
	int fd = link_socket_listen(at, why);

	if (fd < 0)
		return fd;
	*door = (struct door){.lemf = l, .side = side};
	loop_fd_init(&door->watch, l->loop, fd, on_knock, door);
	real.port = link_socket_port(fd);
	conf_endpoint_print(&real, text);
	log_info("%s: listens at %s, %s", side_texts[side], text, l->tls ? "TLS" : "plain");
	return loop_fd_want(&door->watch, LOOP_READ);
}

/* ---- time ---- */

static bool has_passed(struct nanos span, struct nanos since)
{
	return span.ns && loop_now().ns - since.ns >= span.ns;
}

static void tick_conns(struct lemf *l)
{
	for (struct conn *c = l->conns, *next; c; c = next) {
		bool was_stopped = !may_read(c);

		next = c->next;
		c->allowance = l->conf->slow_rate / TICKS_A_SECOND + 1;
		if (!c->is_shaken && ++c->n_ticks > SHAKE_TICKS) {
			log_end(c, "no handshake in time");
			end_conn(c);
		} else if (c->is_shaken && (was_stopped || tls_wire_has_bytes(&c->wire))) {
			step(c);
		}
		if (l->is_done)
			return;
	}
}

static void on_tick(void *owner)
{
	struct lemf *l = owner;
	const struct lemf_counts *counts = lemf_desk_counts(l->desk);
	int64_t interval = l->conf->interval.ns / (NANOS_PER_S / TICKS_A_SECOND);

	l->n_ticks++;
	tick_conns(l);
	if (l->is_done)
		return;
	if (l->n_ticks % TICKS_A_SECOND == 0)
		lemf_desk_flush(l->desk);
	if (interval && l->n_ticks % (uint64_t)interval == 0 && counts->n_records != l->summed_up) {
		l->summed_up = counts->n_records;
		lemf_desk_sum_up(l->desk);
	}
	if (has_passed(l->conf->max_time, l->began) ||
	    (counts->n_records && has_passed(l->conf->until_idle, l->latest_record)))
		l->is_done = true;
	if (l->is_done && l->done)
		l->done(l->owner);
}

/* As much as does not keep a signal waiting. */
static void on_again(void *owner)
{
	struct lemf *l = owner;

	if (lemf_replay_some(l->replay, l->desk, loop_wall())) {
		loop_timer_after(&l->again, (struct nanos){1});
		return;
	}
	l->is_done = true;
	if (l->done)
		l->done(l->owner);
}

/* ---- status ---- */

static void print_status(void *owner, struct json *j)
{
	static const char *const sides[] = {"hi2", "hi3"};
	const struct lemf *l = owner;
	const struct lemf_counts *c = lemf_desk_counts(l->desk);

	json_key(j, "name"), json_text(j, l->conf->name);
	json_key(j, "started"), json_time(j, l->started);
	json_key(j, "kinds"), json_open(j, '{');
	for (int i = 0; i < LEMF_N_KINDS; i++)
		json_key(j, lemf_kind_word((enum lemf_kind)i)), json_u64(j, c->records[i]);
	json_close(j, '}');
	json_key(j, "interfaces"), json_open(j, '{');
	for (int i = 0; i < LEMF_N_SIDES; i++) {
		json_key(j, sides[i]), json_open(j, '{');
		json_key(j, "connections"), json_u64(j, c->n_connections[i]);
		json_key(j, "octets"), json_u64(j, c->octets[i]);
		json_close(j, '}');
	}
	json_close(j, '}');
	json_key(j, "questions"), json_u64(j, c->n_questions);
	json_key(j, "answers"), json_u64(j, c->n_answers);
	json_key(j, "packets"), json_u64(j, c->n_packets);
	json_key(j, "findings"), json_open(j, '{');
	for (int i = 0; i < LEMF_N_FINDINGS; i++)
		json_key(j, lemf_findings[i].word), json_u64(j, c->findings[i]);
	json_close(j, '}');
}

static int open_gauge(struct lemf *l, struct why *why)
{
	const struct gauge_options options = {.loop = l->loop,
					      .listen = l->conf->metrics,
					      .table = &gauge_agency,
					      .status = print_status,
					      .owner = l};

	return gauge_new(&l->gauge, &options, why);
}

/* ---- making one ---- */

static int open_doors(struct lemf *l, struct why *why)
{
	const struct lemf_conf *conf = l->conf;
	const struct tls_files files = {conf->certificate, conf->key, conf->authority};
	int rc = conf->transport == DAEMON_TLS ? tls_new(&l->tls, &files, why) : 0;

	if (!rc && l->tls && tls_self(l->tls)->role != TLS_AGENCY)
		rc = why_set(why, ERR_USAGE, "%s: this certificate is no agency's",
			     conf->certificate);
	if (!rc)
		rc = open_door(l, LEMF_HI2, &conf->hi2, why);
	if (!rc)
		rc = open_door(l, LEMF_HI3, &conf->hi3, why);
	return rc;
}

int lemf_new(struct lemf **out, struct loop *loop, const struct lemf_conf *conf, struct why *why)
{
	struct lemf *l = calloc(1, sizeof *l);
	int rc = l ? 0 : ERR_NOMEM;

	if (l) {
		l->loop = loop;
		l->conf = conf;
		l->began = l->latest_record = loop_now();
		l->started = loop_wall();
		rc = conf->from ? lemf_replay_new(&l->replay, conf, why) : 0;
	}
	if (!rc)
		rc = lemf_desk_new(&l->desk, conf, stdout, why);
	if (!rc && !conf->from)
		rc = open_doors(l, why);
	if (!rc) {
		loop_timer_init(&l->again, loop, on_again, l);
		if (conf->from)
			loop_timer_after(&l->again, (struct nanos){1});
		loop_timer_init(&l->tick, loop, on_tick, l);
		loop_timer_every(&l->tick, (struct nanos){NANOS_PER_S / TICKS_A_SECOND});
	}
	if (!rc)
		rc = open_gauge(l, why);
	if (rc)
		lemf_free(&l);
	*out = l;
	return rc;
}

void lemf_on_done(struct lemf *l, lemf_done_fn done, void *owner)
{
	l->done = done;
	l->owner = owner;
}

static void close_all(struct lemf *l)
{
	l->is_done = true;
	l->done = NULL;
	while (l->conns)
		end_conn(l->conns);
	for (int i = 0; i < LEMF_N_SIDES; i++) {
		bool is_open = l->doors[i].watch.loop != NULL;

		loop_fd_fini(&l->doors[i].watch);
		if (is_open)
			close(l->doors[i].watch.fd);
	}
	loop_timer_fini(&l->tick);
	loop_timer_fini(&l->again);
}

bool lemf_finish(struct lemf *l)
{
	bool is_enough =
		!l->conf->count || lemf_desk_counts(l->desk)->n_records >= (uint64_t)l->conf->count;

	close_all(l);
	return lemf_desk_finish(l->desk) && is_enough;
}

void lemf_free(struct lemf **out)
{
	struct lemf *l = *out;

	*out = NULL;
	if (!l)
		return;
	close_all(l);
	gauge_free(&l->gauge);
	lemf_replay_free(&l->replay);
	lemf_desk_free(&l->desk);
	tls_free(&l->tls);
	free(l);
}
