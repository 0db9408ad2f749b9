/* Two ends over loopback, each on a loop and thread of its own. */
#include "link/link.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/tap.h"
#include "link/socket.h"
#include "tls/folder.h"

enum { N_EACH = 10000, RECORD_LEN = 300, MANY_LEN = 120000, MANY_EVERY = 64 };
enum { PATIENCE_S = 120 }; /* for what a busy machine and a sanitizer may take */

/* One end: a mediator that listens, or a collector that dials. */
struct end {
	struct loop *loop;
	struct loop_timer deadline;
	struct link *link;
	struct link_port *port;
	pthread_t thread;
	int n_sent, n_messages, n_records, n_acks;
	uint64_t sent_to, got_to; /* of the stream */
	int n_up, n_down, stop_at_up;
	bool is_wrong, is_quiet, is_slow, stops_when_down;
	struct loop_timer wake;
	uint8_t bytes[MANY_LEN];
	char reason[WHY_TEXT_LEN];
	const char *unwelcome;
};

static struct folder folder;
static struct tls *collector, *mediator;

static void stop(void *owner)
{
	loop_stop(owner);
}

/* ---- what an end does: sends message, records, message, … until all went ---- */

/* Of the n-th records: now and then they are many. */
static size_t len_of(int n)
{
	return n % MANY_EVERY ? RECORD_LEN : MANY_LEN;
}

static uint64_t len_of_all(void)
{
	uint64_t len = 0;

	for (int n = 0; n < N_EACH; n++)
		len += len_of(n);
	return len;
}

/* From memory that is used again at once. */
static int send_next(struct end *e)
{
	size_t len = len_of(e->n_sent / 2);
	char text[64];
	int rc;

	if (e->n_sent % 2) {
		snprintf(text, sizeof text, "{\"type\":\"count\",\"n\":%d}", e->n_sent / 2);
		return link_send(e->link, text, strlen(text));
	}
	memset(e->bytes, e->n_sent & 0xff, len);
	rc = link_send_records(e->link, 5, e->sent_to, e->bytes, len);
	if (!rc)
		e->sent_to += len;
	return rc;
}

static void send_all(void *owner, struct link *link)
{
	struct end *e = owner;

	e->link = link;
	while (!e->is_quiet && e->n_sent < 2 * N_EACH && send_next(e) == 0)
		e->n_sent++;
}

static void check_done(struct end *e)
{
	if (e->n_messages == N_EACH && e->n_records == N_EACH && e->n_acks)
		loop_stop(e->loop);
}

static void on_up(void *owner, struct link *link)
{
	struct end *e = owner;

	e->n_up++;
	if (e->n_up == e->stop_at_up)
		loop_stop(e->loop);
	send_all(e, link);
}

static void on_message(void *owner, struct link *link, const char *type,
		       const struct conf_value *root)
{
	struct end *e = owner;
	uint64_t n;

	(void)link;
	e->is_wrong |= strcmp(type, "count") || !link_number(root, "n", &n) ||
		       n != (uint64_t)e->n_messages;
	e->n_messages++;
	if (e->is_quiet)
		loop_stop(e->loop);
	check_done(e);
}

static void on_wake(void *owner)
{
	struct end *e = owner;

	link_pause(e->link, false);
}

static void on_records(void *owner, struct link *link, const struct link_frame *f)
{
	struct end *e = owner;

	e->is_wrong |= f->channel != 5 || f->offset != e->got_to || f->len != len_of(e->n_records);
	for (size_t i = 0; i < f->len; i += RECORD_LEN / 3)
		e->is_wrong |= f->body[i] != (2 * e->n_records & 0xff);
	e->got_to += f->len;
	e->n_records++;
	e->is_wrong |= e->n_records == N_EACH && link_acknowledge(link, 5, e->got_to) != 0;
	if (e->is_slow && e->n_records % 1000 == 0) {
		link_pause(link, true);
		loop_timer_after(&e->wake, (struct nanos){5 * NANOS_PER_MS});
	}
	check_done(e);
}

static void on_acknowledge(void *owner, struct link *link, uint32_t channel, uint64_t offset)
{
	struct end *e = owner;

	(void)link;
	e->is_wrong |= channel != 5 || offset != len_of_all();
	e->n_acks++;
	check_done(e);
}

static void on_down(void *owner, struct link *link, const char *reason)
{
	struct end *e = owner;

	(void)link;
	e->n_down++;
	snprintf(e->reason, sizeof e->reason, "%s", reason);
	if (e->stops_when_down)
		loop_stop(e->loop);
}

static bool is_welcome(void *owner, const struct tls_identity *peer, struct why *why)
{
	const struct end *e = owner;

	if (!e->unwelcome || strcmp(peer->name, e->unwelcome))
		return true;
	why_set(why, ERR_ACCESS, "%s is not known here", peer->name);
	return false;
}

static const struct link_ops ops = {
	.is_welcome = is_welcome,
	.up = on_up,
	.message = on_message,
	.records = on_records,
	.acknowledge = on_acknowledge,
	.may_send = send_all,
	.down = on_down,
};

/* ---- two ends ---- */

static const struct conf_endpoint loopback = {.ip = {127, 0, 0, 1}, .version = 4};

static struct link_options options_of(struct end *e, const struct tls *tls, bool is_dialler)
{
	struct link_options o = {
		.self = {is_dialler ? TLS_COLLECTOR : TLS_MEDIATOR, ""},
		.software = "weir-test 1",
		.tls = tls,
		.address = loopback,
		.peer_roles = 1 << (is_dialler ? TLS_MEDIATOR : TLS_COLLECTOR),
		.ops = &ops,
		.owner = e,
		.redial = {10 * NANOS_PER_MS},
		.max_redial = {40 * NANOS_PER_MS},
		.max_queue = 64 << 10,
	};

	snprintf(o.self.name, sizeof o.self.name, "%s", is_dialler ? "c1" : "m1");
	return o;
}

static void end_init(struct end *e)
{
	*e = (struct end){.n_up = 0};
	if (loop_new(&e->loop))
		exit(2);
	loop_timer_init(&e->deadline, e->loop, stop, e->loop);
	loop_timer_init(&e->wake, e->loop, on_wake, e);
	loop_timer_after(&e->deadline, nanos_from_s(PATIENCE_S));
}

static void end_fini(struct end *e)
{
	if (e->port)
		link_port_free(&e->port);
	else
		link_free(&e->link);
	loop_timer_fini(&e->deadline);
	loop_timer_fini(&e->wake);
	loop_free(&e->loop);
}

static void listen_at(struct end *e, const struct tls *tls, uint16_t number)
{
	struct link_options o = options_of(e, tls, false);
	struct why why;

	why_clear(&why);
	o.address.port = number;
	if (link_listen(&e->port, e->loop, &o, &why)) {
		ok(false, "listening: %s %s", why.place, why.text);
		exit(1);
	}
}

static void dial_to(struct end *e, const struct tls *tls, uint16_t number)
{
	struct link_options o = options_of(e, tls, true);

	o.address.port = number;
	if (link_dial(&e->link, e->loop, &o, NULL))
		exit(2);
}

static void *run(void *arg)
{
	struct end *e = arg;

	return loop_run(e->loop) ? e : NULL;
}

/* Runs both, each on a thread, until each has all. */
static void run_both(struct end *a, struct end *b)
{
	pthread_create(&a->thread, NULL, run, a);
	pthread_create(&b->thread, NULL, run, b);
	pthread_join(a->thread, NULL);
	pthread_join(b->thread, NULL);
}

static void run_for(struct end *e, int64_t n_ms)
{
	loop_timer_after(&e->deadline, (struct nanos){n_ms * NANOS_PER_MS});
	if (loop_run(e->loop))
		exit(2);
}

static void test_bulk(bool is_plain, bool is_slow)
{
	struct end a, b;

	end_init(&a);
	end_init(&b);
	b.is_slow = is_slow;
	listen_at(&b, is_plain ? NULL : mediator, 0);
	dial_to(&a, is_plain ? NULL : collector, link_port_number(b.port));
	run_both(&a, &b);
	ok(a.n_messages == N_EACH && a.n_records == N_EACH && b.n_messages == N_EACH &&
		   b.n_records == N_EACH,
	   "%d messages and %d records each way, %s%s", N_EACH, N_EACH,
	   is_plain ? "plain" : "through TLS", is_slow ? ", to one who pauses" : "");
	ok(!a.is_wrong && !b.is_wrong && a.n_acks == 1 && b.n_acks == 1 && a.n_up == 1,
	   "each as it was sent, in order");
	end_fini(&a);
	end_fini(&b);
}

/* ---- lost and found ---- */

/* The listener goes and comes back at the same port. */
static void test_redial(void)
{
	struct end a, b;
	uint16_t number;

	end_init(&a);
	end_init(&b);
	a.is_quiet = b.is_quiet = true;
	listen_at(&b, mediator, 0);
	number = link_port_number(b.port);
	dial_to(&a, collector, number);
	a.stop_at_up = b.stop_at_up = 1;
	run_both(&a, &b);
	ok(a.n_up == 1 && b.n_up == 1 && link_is_up(a.link), "two are up");
	ok(link_peer(a.link)->role == TLS_MEDIATOR && !strcmp(link_software(a.link), "weir-test 1"),
	   "one knows whom it has");
	end_fini(&b);
	run_for(&a, 100);
	ok(a.n_down == 1 && !link_is_up(a.link), "one goes: %s", a.reason);
	ok(link_send(a.link, "{}", 2) == ERR_END, "nothing is sent to who is not there");
	end_init(&b);
	b.is_quiet = true;
	listen_at(&b, mediator, number);
	a.stop_at_up = 2;
	b.stop_at_up = 1;
	loop_timer_after(&a.deadline, nanos_from_s(PATIENCE_S));
	run_both(&a, &b);
	ok(a.n_up == 2 && b.n_up == 1, "it comes again, and the link is up again");
	link_close(b.link, "for this test");
	a.stop_at_up = 3;
	b.stop_at_up = 2;
	run_both(&a, &b);
	ok(a.n_up == 3 && a.n_down == 2 && b.n_down == 1, "also when only the connection went");
	end_fini(&a);
	end_fini(&b);
}

/* A second connection of the same name takes the place of the first. */
static void test_again(void)
{
	struct end a, twin, b;

	end_init(&a);
	end_init(&b);
	twin = (struct end){.loop = a.loop, .is_quiet = true};
	a.is_quiet = b.is_quiet = true;
	listen_at(&b, NULL, 0);
	dial_to(&a, NULL, link_port_number(b.port));
	a.stop_at_up = b.stop_at_up = 1;
	run_both(&a, &b);
	dial_to(&twin, NULL, link_port_number(b.port));
	twin.stop_at_up = 1;
	b.stop_at_up = 2;
	run_both(&a, &b);
	run_for(&b, 20);
	ok(b.n_up == 2 && b.n_down == 1 && strstr(b.reason, "come again"),
	   "the newer of two with one name stays");
	link_free(&twin.link);
	end_fini(&a);
	end_fini(&b);
}

/* Somebody of our name looks for another at the same address, by mistake. */
static void test_wrong_number(bool is_plain)
{
	const struct tls *of_c = is_plain ? NULL : collector;
	struct link_options o;
	struct end a, twin, b;

	end_init(&a);
	end_init(&b);
	twin = (struct end){.loop = a.loop, .is_quiet = true};
	a.is_quiet = b.is_quiet = true;
	listen_at(&b, is_plain ? NULL : mediator, 0);
	dial_to(&a, of_c, link_port_number(b.port));
	a.stop_at_up = b.stop_at_up = 1;
	run_both(&a, &b);
	o = options_of(&twin, of_c, true);
	o.address.port = link_port_number(b.port);
	o.peer_name = "m2";
	if (link_dial(&twin.link, a.loop, &o, NULL))
		exit(2);
	loop_timer_after(&a.deadline, (struct nanos){100 * NANOS_PER_MS});
	loop_timer_after(&b.deadline, (struct nanos){100 * NANOS_PER_MS});
	run_both(&a, &b);
	ok(twin.n_up == 0 && b.n_up == 1 && b.n_down == 0 && link_is_up(a.link),
	   "who looks for another name ends no link that is good%s", is_plain ? ", plain" : "");
	link_free(&twin.link);
	end_fini(&a);
	end_fini(&b);
}

/* ---- messages longer than a frame ---- */

enum { LONG_LEN = 40 << 20 };

static char *long_message(void)
{
	char *text = malloc(LONG_LEN + 1);
	int n;

	if (!text)
		exit(2);
	n = snprintf(text, LONG_LEN, "{\"type\":\"count\",\"n\":0,\"rest\":\"");
	memset(text + n, 'x', (size_t)(LONG_LEN - n));
	memcpy(text + LONG_LEN - 2, "\"}", 3);
	return text;
}

/* One end takes LONG_LEN octets, or one less. */
static void test_long(bool is_plain, bool is_taken)
{
	struct link_options o;
	struct end a, b;
	char *text = long_message();

	end_init(&a);
	end_init(&b);
	a.is_quiet = b.is_quiet = true;
	o = options_of(&b, is_plain ? NULL : mediator, false);
	o.silence = nanos_from_s(PATIENCE_S); /* who reads so much under a sanitizer answers late */
	o.max_message = is_taken ? LONG_LEN : LONG_LEN - 1;
	if (link_listen(&b.port, b.loop, &o, NULL))
		exit(2);
	o = options_of(&a, is_plain ? NULL : collector, true);
	o.address.port = link_port_number(b.port);
	o.silence = nanos_from_s(PATIENCE_S);
	o.max_message = LONG_LEN;
	if (link_dial(&a.link, a.loop, &o, NULL))
		exit(2);
	a.stop_at_up = b.stop_at_up = 1;
	run_both(&a, &b);
	a.stop_at_up = b.stop_at_up = 0;
	ok(link_send(a.link, text, LONG_LEN) == 0, "a message of %d octets can be sent", LONG_LEN);
	ok(link_send(a.link, "{\"type\":\"count\",\"n\":1}", 24) == ERR_FULL,
	   "then none until it has gone");
	a.stops_when_down = b.stops_when_down = true;
	pthread_create(&a.thread, NULL, run, &a);
	pthread_create(&b.thread, NULL, run, &b);
	pthread_join(b.thread, NULL);
	if (is_taken)
		loop_stop(a.loop);
	pthread_join(a.thread, NULL);
	if (is_taken)
		ok(b.n_messages == 1 && !b.is_wrong && b.n_down == 0, "and comes whole%s",
		   is_plain ? "" : " through TLS");
	else
		ok(b.n_messages == 0 && strstr(a.reason, "more than"),
		   "who takes less refuses it: %s", a.reason);
	free(text);
	end_fini(&a);
	end_fini(&b);
}

/* ---- refused, with the reason in both logs ---- */

static char said[1 << 16];

/* Runs both ends for a while with the log going to a pipe, and to what was said before. */
static void run_logged(struct end *a, struct end *b)
{
	int keep = dup(STDERR_FILENO);
	size_t so_far = strlen(said);
	int ends[2];
	ssize_t n;

	fflush(stdout);
	if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0)
		exit(2);
	loop_timer_after(&a->deadline, (struct nanos){150 * NANOS_PER_MS});
	loop_timer_after(&b->deadline, (struct nanos){150 * NANOS_PER_MS});
	run_both(a, b);
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(ends[1]);
	n = read(ends[0], said + so_far, sizeof said - 1 - so_far);
	said[so_far + (n > 0 ? (size_t)n : 0)] = 0;
	close(ends[0]);
}

static int count(const char *words)
{
	int n = 0;

	for (const char *at = said; (at = strstr(at, words)); at++)
		n++;
	return n;
}

static struct tls *tls_of(const char *base, struct folder *f)
{
	struct tls_files files = folder_files(f, base);
	struct tls *tls;

	if (tls_new(&tls, &files, NULL))
		exit(2);
	return tls;
}

/* Changes one thing of what fits, and looks for the words in the logs. */
static void refused(const char *name,
		    void (*change)(struct link_options *a, struct link_options *b, struct end *to),
		    const char *words_of_a, const char *words_of_b)
{
	enum { MAX_RUNS = 60 }; /* a busy machine may need a few to get that far */
	struct link_options oa, ob;
	struct end a, b;
	int n_runs = 0;

	end_init(&a);
	end_init(&b);
	oa = options_of(&a, collector, true);
	ob = options_of(&b, mediator, false);
	change(&oa, &ob, &b);
	if (link_listen(&b.port, b.loop, &ob, NULL))
		exit(2);
	oa.address.port = link_port_number(b.port);
	if (link_dial(&a.link, a.loop, &oa, NULL))
		exit(2);
	said[0] = 0;
	do {
		run_logged(&a, &b);
	} while (++n_runs < MAX_RUNS && !(strstr(said, words_of_a) && strstr(said, words_of_b)));
	ok(a.n_up == 0 && a.n_down == 0, "%s: not up", name);
	ok(strstr(said, words_of_a), "%s: the dialler's log: … %s", name, words_of_a);
	ok(strstr(said, words_of_b), "%s: the listener's log: … %s", name, words_of_b);
	/* a plain dialler sees now TLS, now a connection that ends: another reason each time */
	if (oa.tls)
		ok(count(words_of_a) == 1, "%s: the dialler says it once, though it tries again",
		   name);
	end_fini(&a);
	end_fini(&b);
}

static struct tls *other_tls;

static void change_role(struct link_options *a, struct link_options *b, struct end *to)
{
	(void)b, (void)to;
	a->self = (struct tls_identity){TLS_AGENCY, "a1"};
	a->tls = other_tls = tls_of("agency-a1", &folder);
}

static void change_name(struct link_options *a, struct link_options *b, struct end *to)
{
	(void)b, (void)to;
	a->peer_name = "m2";
}

static void change_welcome(struct link_options *a, struct link_options *b, struct end *to)
{
	(void)a, (void)b;
	to->unwelcome = "c1";
}

static struct folder strangers;

static void change_authority(struct link_options *a, struct link_options *b, struct end *to)
{
	(void)b, (void)to;
	a->tls = other_tls = tls_of("collector-c1", &strangers);
}

static void change_to_plain(struct link_options *a, struct link_options *b, struct end *to)
{
	(void)b, (void)to;
	a->tls = NULL;
}

static void change_from_plain(struct link_options *a, struct link_options *b, struct end *to)
{
	(void)a, (void)to;
	b->tls = NULL;
}

static void test_refusals(void)
{
	static const char *const them[] = {"collector:c1", NULL};

	refused("wrong role", change_role, "refused by the peer: wrong role: agency:a1",
		" refused: wrong role: agency:a1");
	tls_free(&other_tls);
	refused("wrong name", change_name, " refused: wrong name: this is mediator:m1, expected",
		"refused by the peer: wrong name: this is mediator:m1, expected");
	refused("not welcome", change_welcome, "refused by the peer: c1 is not known here",
		" refused: c1 is not known here");
	folder_init(&strangers);
	if (folder_make(&strangers, them, 10))
		exit(2);
	refused("another authority", change_authority, "certificate is refused: unable to get",
		"the peer does not believe our certificate's authority");
	tls_free(&other_tls);
	folder_fini(&strangers);
	refused("plain to TLS", change_to_plain, "speaks TLS", "does not speak TLS");
	refused("TLS to plain", change_from_plain, "does not speak TLS",
		"the peer speaks TLS, this end speaks plain");
}

static void test_mistakes(void)
{
	struct end e;
	struct link_options o;
	struct link_port *port = NULL;
	struct why why;

	end_init(&e);
	o = options_of(&e, mediator, true);
	why_clear(&why);
	ok(link_dial(&e.link, e.loop, &o, &why) == ERR_USAGE && !e.link, "refused at home: %s",
	   why.text);
	o = options_of(&e, NULL, false);
	listen_at(&e, NULL, 0);
	o.address.port = link_port_number(e.port);
	why_clear(&why);
	ok(link_listen(&port, e.loop, &o, &why) == ERR_IO && !port && why.place[0],
	   "a port that is taken: %s: %s", why.place, why.text);
	end_fini(&e);
}

static bool is_closed(int fd)
{
	char bytes[256];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		;
	return n == 0;
}

/* Strangers that connect and say nothing, or noise, cost a connection for a while, no more. */
static void test_strangers(void)
{
	struct end b;
	struct link_options o;
	struct conf_endpoint at = loopback;
	int fds[20];
	int n_closed = 0;

	end_init(&b);
	o = options_of(&b, NULL, false);
	o.max_links = 10;
	o.silence.ns = 60 * NANOS_PER_MS;
	o.ping.ns = 20 * NANOS_PER_MS;
	if (link_listen(&b.port, b.loop, &o, NULL))
		exit(2);
	at.port = link_port_number(b.port);
	for (int i = 0; i < 20; i++)
		fds[i] = link_socket_dial(&at, NULL);
	run_for(&b, 20);
	ok(send(fds[0], "noise and more noise", 20, MSG_NOSIGNAL) == 20, "one of them talks");
	for (int runs = 0; runs < 60 && n_closed < 20; runs++) { /* where the machine is busy */
		run_for(&b, 200);
		n_closed = 0;
		for (int i = 0; i < 20; i++)
			n_closed += is_closed(fds[i]);
	}
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	ok(n_closed == 20 && b.n_up == 0, "all strangers are closed (%d)", n_closed);
	end_fini(&b);
}

int main(void)
{
	static const char *const us[] = {"collector:c1", "mediator:m1", "agency:a1", NULL};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
	log_open("link-test", LOG_LEVEL_WARN);
	folder_init(&folder);
	if (!ok(folder_make(&folder, us, 10) == 0, "certificates"))
		return tap_end();
	collector = tls_of("collector-c1", &folder);
	mediator = tls_of("mediator-m1", &folder);
	test_bulk(true, false);
	test_bulk(false, false);
	test_bulk(true, true);
	test_bulk(false, true);
	test_redial();
	test_again();
	test_wrong_number(true);
	test_wrong_number(false);
	test_long(true, true);
	test_long(false, true);
	test_long(true, false);
	test_refusals();
	test_mistakes();
	test_strangers();
	tls_free(&collector);
	tls_free(&mediator);
	folder_fini(&folder);
	return tap_end();
}
