#include "pack/press.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PRESS_SPARE_SLOTS = 2,
	PRESS_MAX_THREADS = 64,
	PRESS_MEMORY = 40 << 20, /* that all slots and encoders may use together */
};

enum slot_state {
	SLOT_FILLING, /* the caller's */
	SLOT_FULL,
	SLOT_BUSY, /* a thread's */
	SLOT_DONE,
};

struct slot {
	enum slot_state state;
	uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct press {
	const struct codec *codec;
	int level;
	int fd;
	size_t block_len;
	size_t bound;

	pthread_mutex_t lock; /* of all that follows, but what a slot's holder owns */
	pthread_cond_t work;
	pthread_cond_t room;
	struct slot *slots;
	uint64_t n_slots;
	uint64_t n_filled; /* these three count blocks; slots are their remainders */
	uint64_t n_taken;
	uint64_t n_written;
	bool is_writing;
	bool is_closing;
	int failed;
	struct why why;

	int n_threads;
	pthread_t threads[PRESS_MAX_THREADS];
};

int fd_write(int fd, const uint8_t *bytes, size_t len, struct why *why)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = fd, .events = POLLOUT};

			poll(&wait, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return why_set(why, err_of_errno(errno), "cannot write: %s",
				       strerror(errno));
		}
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static struct slot *slot_of(const struct press *p, uint64_t number)
{
	return &p->slots[number % p->n_slots];
}

/* Under the lock. */
static void fail(struct press *p, int rc, const struct why *why)
{
	if (p->failed)
		return;
	p->failed = rc;
	if (why)
		p->why = *why;
	why_set(&p->why, rc, "%s", err_text(rc));
}

/* Under the lock, which is released while bytes are written: writes all blocks that are done and
 * have none before them that is not. */
static void write_done(struct press *p)
{
	p->is_writing = true;
	while (p->n_written < p->n_taken && slot_of(p, p->n_written)->state == SLOT_DONE) {
		struct slot *slot = slot_of(p, p->n_written);
		bool is_failed = p->failed;
		struct why why;
		int rc = 0;

		why_clear(&why);
		pthread_mutex_unlock(&p->lock);
		if (!is_failed)
			rc = fd_write(p->fd, slot->out, slot->out_len, &why);
		pthread_mutex_lock(&p->lock);
		if (rc)
			fail(p, rc, &why);
		slot->state = SLOT_FILLING;
		slot->in_len = 0;
		p->n_written++;
		pthread_cond_signal(&p->room);
	}
	p->is_writing = false;
}

static void *run(void *arg)
{
	struct press *p = arg;
	void *encoder = NULL;
	int rc = p->codec->encoder_new(&encoder, p->level);

	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct slot *slot;

		while (p->n_taken == p->n_filled && !p->is_closing)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->n_taken == p->n_filled)
			break;
		slot = slot_of(p, p->n_taken++);
		slot->state = SLOT_BUSY;
		pthread_mutex_unlock(&p->lock);
		slot->out_len = p->bound;
		if (!rc)
			rc = p->codec->encode(encoder, slot->in, slot->in_len, slot->out,
					      &slot->out_len);
		pthread_mutex_lock(&p->lock);
		if (rc)
			fail(p, rc, NULL);
		slot->state = SLOT_DONE;
		if (!p->is_writing)
			write_done(p);
	}
	pthread_mutex_unlock(&p->lock);
	if (encoder)
		p->codec->encoder_free(encoder);
	return NULL;
}

static int threads_wanted(const struct press *p, int asked)
{
	size_t slot = p->block_len + p->bound;
	size_t most =
		(PRESS_MEMORY - PRESS_SPARE_SLOTS * slot) / (p->codec->memory(p->level) + slot);
	cpu_set_t cpus;

	if (asked <= 0)
		asked = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
	if (asked > PRESS_MAX_THREADS)
		asked = PRESS_MAX_THREADS;
	return most < 1 ? 1 : (size_t)asked < most ? asked : (int)most;
}

static int slots_new(struct press *p)
{
	p->slots = calloc(p->n_slots, sizeof *p->slots);
	for (uint64_t i = 0; p->slots && i < p->n_slots; i++) {
		p->slots[i].in = malloc(p->block_len);
		p->slots[i].out = malloc(p->bound);
		if (!p->slots[i].in || !p->slots[i].out)
			return ERR_NOMEM;
	}
	return p->slots ? 0 : ERR_NOMEM;
}

/* Signals are for the program's own threads. */
static int threads_start(struct press *p, int n)
{
	sigset_t all;
	sigset_t before;
	int rc = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (!rc && p->n_threads < n) {
		rc = pthread_create(&p->threads[p->n_threads], NULL, run, p);
		p->n_threads += rc == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return p->n_threads ? 0 : ERR_NOMEM; /* fewer than wanted will do */
}

int press_new(struct press **out, const struct press_options *options)
{
	struct press *p = calloc(1, sizeof *p);
	int n;
	int rc;

	*out = NULL;
	if (!p)
		return ERR_NOMEM;
	p->codec = options->codec;
	p->level = codec_level(options->codec->id, options->level);
	p->fd = options->fd;
	p->block_len = p->codec->block_len(p->level);
	p->bound = p->codec->bound(p->block_len);
	why_clear(&p->why);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->room, NULL);
	n = threads_wanted(p, options->n_threads);
	p->n_slots = (uint64_t)n + PRESS_SPARE_SLOTS;
	rc = slots_new(p);
	if (!rc)
		rc = threads_start(p, n);
	if (rc)
		press_free(&p);
	*out = p;
	return rc;
}

void press_free(struct press **press)
{
	struct press *p = *press;

	*press = NULL;
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_closing = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	for (uint64_t i = 0; p->slots && i < p->n_slots; i++) {
		free(p->slots[i].in);
		free(p->slots[i].out);
	}
	free(p->slots);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->room);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Gives the block that is being filled to the threads. */
static void submit(struct press *p)
{
	pthread_mutex_lock(&p->lock);
	slot_of(p, p->n_filled)->state = SLOT_FULL;
	p->n_filled++;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

/* The slot to fill, when it is free; NULL after a failure. */
static struct slot *slot_wait(struct press *p)
{
	struct slot *slot;

	pthread_mutex_lock(&p->lock);
	slot = slot_of(p, p->n_filled);
	while (slot->state != SLOT_FILLING)
		pthread_cond_wait(&p->room, &p->lock);
	if (p->failed)
		slot = NULL;
	pthread_mutex_unlock(&p->lock);
	return slot;
}

int press_write(struct press *p, const uint8_t *bytes, size_t len)
{
	while (len) {
		struct slot *slot = slot_wait(p);
		size_t n;

		if (!slot)
			return p->failed;
		n = p->block_len - slot->in_len;
		if (n > len)
			n = len;
		memcpy(slot->in + slot->in_len, bytes, n);
		slot->in_len += n;
		bytes += n;
		len -= n;
		if (slot->in_len == p->block_len)
			submit(p);
	}
	return 0;
}

int press_flush(struct press *p)
{
	struct slot *slot = slot_wait(p);
	int rc;

	/* nothing at all is a member too: an empty file would be no gzip file */
	if (slot && (slot->in_len || p->n_filled == 0))
		submit(p);
	pthread_mutex_lock(&p->lock);
	while (p->n_written < p->n_filled)
		pthread_cond_wait(&p->room, &p->lock);
	rc = p->failed;
	pthread_mutex_unlock(&p->lock);
	return rc;
}

const struct why *press_why(const struct press *p)
{
	return &p->why;
}
