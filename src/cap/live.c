/* Live capture: "int:IFACE" by one TPACKET_V3 ring a queue.
 *
 * The rings of all queues are opened together, as one generation, bound to one interface. When
 * that is deleted they deliver what they hold, and when one of the same name is there and up, the
 * next generation is opened: by the first queue that notices; the others take theirs up as soon
 * as they have drained the old. An interface that is merely down keeps its rings. */
#include <errno.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cap/backend.h"
#include "cap/live_ring.h"

enum {
	DEFAULT_BLOCK_SIZE = 256 * 1024,
	DEFAULT_RING_SIZE = 64 * 1024 * 1024,
	MAX_BLOCK_SIZE = 64 * 1024 * 1024,
	MIN_BLOCKS = 2,
	MAX_KINDS = 8, /* link types that an interface may come back with */
	MAX_RINGS = 3, /* a queue: with more, whose blocks are still held, none is opened */
	LAST_MS = 20, /* beside twice its delay, until the kernel has closed a deaf ring's blocks */
	FINISH_MS = 5000, /* a source that is finished waits so long for blocks that are held */
	DRAIN_MS = 50,    /* after this long a ring whose interface is gone has shown all it has */
	LOOK_MS = 100,    /* how often to look whether the interface is back */
	AHEAD_MS = 2,     /* how often to look while polling would not wait */
	LINK_DIGITS = 9   /* of a time's fraction */
};

static const int64_t MAX_RING_SIZE = INT64_C(16) << 30;

/* The reader's but for counts and coming, which the lock guards; ring too, when it changes. */
struct live_queue {
	struct live_counts counts;
	struct live_ring *ring;   /* NULL: none at present */
	struct live_ring *coming; /* of the next generation, not taken up yet */
	uint64_t n_blocks;        /* handed out */
	int64_t gone_at;          /* when the ring's interface was found gone; 0: it was not */
	bool may_be_gone;
};

struct live {
	struct source *source;
	struct source_options options;
	char *filter;
	char *name;
	uint32_t block_size;
	uint32_t n_blocks;
	int64_t wait_ns;
	_Atomic bool is_stopped;
	_Atomic int64_t finished_at; /* when its rings were deaf; 0: they hear */
	_Atomic uint64_t n_returns;  /* of the interface */
	pthread_mutex_t lock;        /* generations, and the why of the source */
	int refusal;                 /* attended: what whoever has no ring is told; the lock's */
	struct weir_iface kinds[MAX_KINDS];
	_Atomic uint32_t n_kinds;
	struct live_queue queues[]; /* source->n_queues */
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NANOS_PER_S + t.tv_nsec;
}

static struct live *live_of(const struct source *s)
{
	return s->own;
}

/* Index of the source's interface of this link type, which is new when it comes first. */
static int find_kind(struct live *l, uint32_t link, uint32_t *out, struct why *why)
{
	uint32_t n = atomic_load(&l->n_kinds);

	for (*out = 0; *out < n; (*out)++) {
		if (l->kinds[*out].link == link)
			return 0;
	}
	if (n == MAX_KINDS)
		return why_set(why, ERR_FULL, "interface %s came back with too many link types",
			       l->name);
	l->kinds[n] = (struct weir_iface){
		.link = link,
		.snap_len = l->options.snap_len,
		.digits = LINK_DIGITS,
		.name = l->name,
	};
	atomic_store(&l->n_kinds, n + 1);
	return 0;
}

/* Index of the loopback interface where that is what link names, or may; else 0. */
static uint32_t loopback_of(const struct live_link *link)
{
	struct ifreq request = {.ifr_name = "lo"};
	uint32_t index = if_nametoindex("lo");
	bool is_loopback = false;
	int fd;

	if (!link->index)
		return index;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", link->name);
	if (ioctl(fd, SIOCGIFHWADDR, &request) == 0)
		is_loopback = request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	close(fd);
	return is_loopback ? (uint32_t)link->index : 0;
}

/* Opens a ring for every queue on the interface that link describes: all or none. */
static int open_rings(struct live *l, const struct live_link *link, struct why *why)
{
	int group = LIVE_FRESH_GROUP;
	struct live_ring_options o = {
		.link = link,
		.source = &l->options,
		.block_size = l->block_size,
		.n_blocks = l->n_blocks,
		.loopback_index = loopback_of(link),
		.group = l->source->n_queues > 1 ? &group : NULL,
	};
	int rc = find_kind(l, link->link, &o.iface, why);
	int n = 0;

	for (; !rc && n < l->source->n_queues; n++) {
		struct live_queue *q = &l->queues[n];

		rc = live_ring_new(&q->coming, &o, &q->counts, why);
		if (rc)
			break;
		q->coming->source = l->source;
		q->coming->queue = n;
	}
	for (int i = 0; !rc && i < n; i++)
		rc = live_ring_hear(l->queues[i].coming, link, why);
	for (int i = 0; rc && i < n; i++)
		live_ring_drop(&l->queues[i].coming);
	return rc;
}

static int open_generation(struct live *l, struct why *why)
{
	struct live_link link;
	int rc = live_link_init(&link, l->name, &l->options, why);

	if (rc)
		return rc;
	rc = open_rings(l, &link, why);
	live_link_fini(&link);
	return rc;
}

/* Whether every queue has taken up the last generation and has memory for the next. */
static bool may_open(const struct live *l)
{
	for (int i = 0; i < l->source->n_queues; i++) {
		const struct live_queue *q = &l->queues[i];

		if (q->coming || atomic_load(&q->counts.n_rings) >= MAX_RINGS)
			return false;
	}
	return true;
}

/* With the lock held: a next generation if the interface is there and up. What passes by itself
 * is no error: it may be going again just now. */
static int reopen(struct live *l)
{
	struct why why;
	int rc;

	if (!if_nametoindex(l->name) || !may_open(l))
		return ERR_AGAIN;
	why_clear(&why);
	rc = open_generation(l, &why);
	if (!rc)
		atomic_fetch_add(&l->n_returns, 1);
	if (rc != ERR_ACCESS && rc != ERR_FULL && rc != ERR_UNSUPPORTED)
		return rc ? ERR_AGAIN : 0;
	if (!l->source->why.text[0])
		l->source->why = why;
	why_place(&l->source->why, l->source->uri);
	return rc;
}

/* The queue has no ring: takes up the one that is ready, or has them opened. */
static int take_up(struct live *l, struct live_queue *q)
{
	int rc = 0;

	pthread_mutex_lock(&l->lock);
	if (!q->coming)
		rc = atomic_load(&l->finished_at) ? ERR_AGAIN
		     : l->options.is_attended     ? l->refusal
						  : reopen(l);
	if (!rc) {
		q->ring = q->coming;
		q->coming = NULL;
		q->gone_at = 0;
		q->may_be_gone = false;
	}
	pthread_mutex_unlock(&l->lock);
	return rc;
}

static void let_go(struct live *l, struct live_queue *q)
{
	pthread_mutex_lock(&l->lock);
	live_ring_count_drops(q->ring);
	live_ring_drop(&q->ring);
	pthread_mutex_unlock(&l->lock);
}

/* Reads the socket's error, which says that the interface went down, or away. */
static void take_error(struct live_queue *q)
{
	int error = 0;
	socklen_t len = sizeof error;

	(void)getsockopt(q->ring->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	q->may_be_gone = true;
}

/* How long to sleep where something has to be looked at now and then. */
static int64_t shorten(const struct live_queue *q, int64_t ns, bool is_finishing)
{
	int64_t most = ns;

	if (is_finishing)
		most = AHEAD_MS * NANOS_PER_MS;
	else if (!q->ring)
		most = LOOK_MS * NANOS_PER_MS;
	else if (q->gone_at)
		most = DRAIN_MS * NANOS_PER_MS;
	else if (live_ring_is_ahead(q->ring))
		most = AHEAD_MS * NANOS_PER_MS;
	return ns < most ? ns : most;
}

/* Sleeps until a block may be there, the source is stopped, or ns have passed. */
static void sleep_for(struct live_queue *q, int64_t ns, bool is_finishing)
{
	struct pollfd fds[2] = {{.fd = q->counts.wake, .events = POLLIN},
				{.fd = q->ring ? q->ring->fd : -1}}; /* for its errors at least */
	struct timespec t;
	uint64_t n_wakes;

	atomic_store(&q->counts.is_starving, true); /* before looking: no return is missed */
	if (!q->ring || !live_ring_is_starved(q->ring)) {
		atomic_store(&q->counts.is_starving, false);
		ns = shorten(q, ns, is_finishing);
		if (q->ring && !live_ring_is_ahead(q->ring))
			fds[1].events = POLLIN;
	}
	t = (struct timespec){ns / NANOS_PER_S, ns % NANOS_PER_S};
	(void)ppoll(fds, 2, &t, NULL);
	atomic_store(&q->counts.is_starving, false);
	if (fds[0].revents && read(q->counts.wake, &n_wakes, sizeof n_wakes) < 0)
		return; /* another has read it */
	if (fds[1].revents & POLLERR)
		take_error(q);
}

/* After nothing was found: notices that the interface is gone, and when all that its ring had
 * has been delivered, lets the ring go. */
static void look_around(struct live *l, struct live_queue *q)
{
	int64_t now;

	if (!q->ring || !q->may_be_gone || (!q->gone_at && live_ring_is_bound(q->ring)))
		return;
	now = now_ns();
	if (!q->gone_at)
		q->gone_at = now;
	if (live_ring_is_starved(q->ring) || now - q->gone_at > DRAIN_MS * NANOS_PER_MS)
		let_go(l, q);
}

/* Whether what lies in deaf rings now is all that they will ever have: the kernel has closed the
 * blocks that were begun. */
static bool is_final(const struct live *l)
{
	int64_t at = atomic_load(&l->finished_at);

	return at && now_ns() - at > 2 * l->options.delay.ns + LAST_MS * NANOS_PER_MS;
}

/* Nothing was found though it is_final: nothing is left, but in blocks that somebody holds too
 * long. */
static bool is_drained(const struct live *l, const struct live_queue *q)
{
	return !q->ring || !live_ring_is_starved(q->ring) ||
	       now_ns() - atomic_load(&l->finished_at) > FINISH_MS * (int64_t)NANOS_PER_MS;
}

static int live_block(struct source *s, int number, struct weir_block **out)
{
	struct live *l = live_of(s);
	struct live_queue *q = &l->queues[number];
	int64_t until = 0;
	int64_t left;
	bool is_last;
	int rc;

	for (;;) {
		if (atomic_load_explicit(&l->is_stopped, memory_order_relaxed))
			return ERR_STOPPED;
		is_last = is_final(l);
		rc = q->ring ? 0 : take_up(l, q);
		if (!rc)
			rc = live_ring_block(q->ring, out);
		if (!rc)
			break;
		if (rc != ERR_AGAIN)
			return rc;
		if (is_last && is_drained(l, q))
			return ERR_STOPPED;
		look_around(l, q);
		left = until ? until - now_ns() : l->wait_ns;
		if (left <= 0)
			return ERR_AGAIN;
		if (!until)
			until = now_ns() + l->wait_ns;
		sleep_for(q, left, atomic_load(&l->finished_at) != 0);
	}
	(*out)->number = q->n_blocks++;
	return 0;
}

/* What take_up leaves undone. */
static void live_attend(struct source *s)
{
	struct live *l = live_of(s);
	bool is_wanted = false;
	int rc;

	if (!l->options.is_attended || atomic_load(&l->finished_at))
		return;
	pthread_mutex_lock(&l->lock);
	for (int i = 0; i < s->n_queues; i++)
		is_wanted = is_wanted || !l->queues[i].ring;
	rc = is_wanted ? reopen(l) : ERR_AGAIN;
	if (rc && rc != ERR_AGAIN)
		l->refusal = rc;
	for (int i = 0; rc != ERR_AGAIN && i < s->n_queues; i++)
		live_counts_wake(&l->queues[i].counts);
	pthread_mutex_unlock(&l->lock);
}

static void live_finish(struct source *s)
{
	struct live *l = live_of(s);

	pthread_mutex_lock(&l->lock);
	for (int i = 0; i < s->n_queues; i++) {
		if (l->queues[i].ring)
			live_ring_deafen(l->queues[i].ring);
		if (l->queues[i].coming)
			live_ring_deafen(l->queues[i].coming);
	}
	atomic_store(&l->finished_at, now_ns());
	for (int i = 0; i < s->n_queues; i++)
		live_counts_wake(&l->queues[i].counts);
	pthread_mutex_unlock(&l->lock);
}

static void live_stop(struct source *s)
{
	struct live *l = live_of(s);

	atomic_store(&l->is_stopped, true);
	for (int i = 0; i < s->n_queues; i++)
		live_counts_wake(&l->queues[i].counts);
}

/* What a queue has counted until now; drops are asked of the kernel, which starts anew. */
static void add_counts(struct live *l, int i, struct source_stats *sum)
{
	struct live_queue *q = &l->queues[i];
	uint64_t filtered;
	uint64_t returned;
	uint64_t received;

	pthread_mutex_lock(&l->lock);
	if (q->ring)
		live_ring_count_drops(q->ring);
	if (q->coming)
		live_ring_count_drops(q->coming);
	pthread_mutex_unlock(&l->lock);
	filtered = atomic_load(&q->counts.filtered);
	returned = atomic_load(&q->counts.returned);
	received = atomic_load(&q->counts.received);
	sum->received += received;
	sum->filtered += filtered;
	sum->delivered += returned - filtered;
	sum->in_flight += received - returned;
	sum->dropped += atomic_load(&q->counts.dropped);
	sum->bytes += atomic_load(&q->counts.bytes);
}

static struct source_stats live_stats(const struct source *s, int q)
{
	struct source_stats sum = {0};

	for (int i = 0; i < s->n_queues; i++) {
		if (q < 0 || q == i)
			add_counts(live_of(s), i, &sum);
	}
	sum.returns = atomic_load(&live_of(s)->n_returns);
	return sum;
}

static const struct weir_iface *live_iface(const struct source *s, uint32_t i)
{
	const struct live *l = live_of(s);

	return i < atomic_load(&l->n_kinds) ? &l->kinds[i] : NULL;
}

static void live_close(struct source *s)
{
	struct live *l = live_of(s);

	if (!l)
		return;
	for (int i = 0; i < s->n_queues; i++) {
		live_ring_drop(&l->queues[i].ring);
		live_ring_drop(&l->queues[i].coming);
		if (l->queues[i].counts.wake >= 0)
			close(l->queues[i].counts.wake);
	}
	pthread_mutex_destroy(&l->lock);
	free(l->name);
	free(l->filter);
	free(l);
	s->own = NULL;
}

/* Sizes of a ring: whole pages, and no more memory than somebody can have meant. */
static int choose_sizes(struct live *l, struct why *why)
{
	const struct source_options *o = &l->options;
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	int64_t size = o->block_size ? o->block_size : DEFAULT_BLOCK_SIZE;

	if (size > MAX_BLOCK_SIZE)
		return why_set(why, ERR_USAGE, "a ring's blocks have %d bytes at most, not %u",
			       MAX_BLOCK_SIZE, o->block_size);
	l->block_size = (uint32_t)((size + page - 1) / page * page);
	l->n_blocks = o->n_blocks ? o->n_blocks : DEFAULT_RING_SIZE / l->block_size;
	if (l->n_blocks < MIN_BLOCKS)
		l->n_blocks = MIN_BLOCKS;
	if ((int64_t)l->n_blocks * l->block_size > MAX_RING_SIZE)
		return why_set(why, ERR_USAGE, "%u blocks of %u bytes are too much for a ring",
			       l->n_blocks, l->block_size);
	l->source->n_blocks = l->n_blocks;
	l->wait_ns = o->wait.ns > 0 ? o->wait.ns : 100 * NANOS_PER_MS;
	return 0;
}

static int init_queues(struct live *l, struct why *why)
{
	int rc = 0;

	for (int i = 0; i < l->source->n_queues; i++) {
		struct live_queue *q = &l->queues[i];

		q->counts.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (q->counts.wake < 0)
			rc = why_set(why, err_of_errno(errno), "eventfd: %s", strerror(errno));
	}
	return rc;
}

/* The first generation. */
static int start(struct live *l, struct why *why)
{
	int rc = choose_sizes(l, why);

	if (!rc)
		rc = open_generation(l, why);
	for (int i = 0; !rc && i < l->source->n_queues; i++) {
		l->queues[i].ring = l->queues[i].coming;
		l->queues[i].coming = NULL;
	}
	return rc;
}

static int live_open(struct source *s, const char *rest, const struct source_options *options,
		     struct why *why)
{
	static const struct source_options none;
	const struct source_options *o = options ? options : &none;
	int n = o->n_queues > 0 ? o->n_queues : 1;
	struct live *l;
	int rc;

	if (n > SOURCE_MAX_QUEUES)
		return why_set(why, ERR_USAGE, "%d queues are more than %d", n, SOURCE_MAX_QUEUES);
	l = calloc(1, sizeof *l + (size_t)n * sizeof l->queues[0]);
	if (!l)
		return ERR_NOMEM;
	s->own = l;
	s->n_queues = n;
	s->is_live = true;
	s->format = TRACE_UNKNOWN;
	l->source = s;
	l->options = *o;
	l->refusal = ERR_AGAIN;
	pthread_mutex_init(&l->lock, NULL);
	rc = init_queues(l, why);
	l->name = strdup(rest);
	l->filter = o->filter ? strdup(o->filter) : NULL;
	l->options.filter = l->filter;
	if (!l->name || (o->filter && !l->filter))
		rc = ERR_NOMEM;
	if (!rc)
		rc = start(l, why);
	if (rc)
		live_close(s);
	return rc;
}

const struct source_ops live_source = {
	.scheme = "int",
	.open = live_open,
	.block = live_block,
	.attend = live_attend,
	.finish = live_finish,
	.stop = live_stop,
	.stats = live_stats,
	.iface = live_iface,
	.close = live_close,
};
