/* The ring is a run of bytes between the thread that undoes (it moves head) and the reader (it
 * moves tail); both only grow. Bytes are moved without the lock, which guards the two numbers and
 * the sleeping.
 *
 *	|.......#########......|     # written and not read yet
 *	        ^tail    ^head
 */
#include "pack/stream.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	STREAM_RING = 1 << 20,
	STREAM_STEP = 1 << 18, /* handed over at once, at most; divides the ring */
	STREAM_IN = 1 << 17,   /* read from the input at once, at most */
	STREAM_NAP =
		20 * NANOS_PER_MS, /* how often a sleeping reader looks whether it shall stop */
};

struct stream {
	struct input *in;
	int (*enter)(void);
	struct unpacker unpacker;
	struct why why;
	pthread_t thread;
	bool is_started;
	pthread_mutex_t lock;
	pthread_cond_t more; /* head moved, or ended was set */
	pthread_cond_t room; /* tail moved, or is_closing was set */
	uint64_t head;
	uint64_t tail;
	int ended; /* 0, or what the reader gets after the last byte */
	bool is_closing;
	uint8_t from[STREAM_IN];
	uint8_t ring[STREAM_RING];
};

/* Room to write into, in one piece; 0 when the stream is being closed. How much does not depend on
 * the reader, for that would show where data is damaged: some decoders lose what they have put out
 * in the call that meets the damage. */
static size_t room_wait(struct stream *s, uint8_t **at)
{
	size_t room = STREAM_STEP - s->head % STREAM_STEP;

	pthread_mutex_lock(&s->lock);
	while (s->head - s->tail + room > STREAM_RING && !s->is_closing)
		pthread_cond_wait(&s->room, &s->lock);
	if (s->is_closing)
		room = 0;
	pthread_mutex_unlock(&s->lock);
	*at = s->ring + s->head % STREAM_RING;
	return room;
}

static void publish(struct stream *s, size_t len, int ended)
{
	pthread_mutex_lock(&s->lock);
	s->head += len;
	s->ended = ended;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

/* Undoes len bytes of from; all that comes out of them is handed over. */
static int undo(struct stream *s, size_t len)
{
	struct codec_step step = {.in = s->from, .in_len = len};
	int rc = 0;

	while (!rc) {
		uint8_t *at;
		size_t room = room_wait(s, &at);

		if (!room)
			return ERR_STOPPED;
		step.out = at;
		step.out_len = room;
		rc = unpacker_step(&s->unpacker, &step, &s->why);
		publish(s, room - step.out_len, 0);
		if (step.out_len)
			break;
	}
	return rc;
}

static void *run(void *arg)
{
	struct stream *s = arg;
	struct nanos for_ever = {-1};
	int rc = s->enter ? s->enter() : 0;

	while (!rc) {
		size_t len;

		rc = input_read(s->in, s->from, sizeof s->from, for_ever, &len);
		if (rc == ERR_AGAIN)
			rc = 0;
		if (rc == ERR_IO)
			s->why = s->in->why;
		if (!rc && len)
			rc = undo(s, len);
	}
	if (rc == ERR_END) {
		int cut = unpacker_end(&s->unpacker, &s->why);

		rc = cut ? cut : ERR_END;
	}
	publish(s, 0, rc);
	return NULL;
}

/* Signals are for the program's own threads. */
static int thread_start(struct stream *s)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->is_started = rc == 0;
	return rc ? ERR_NOMEM : 0;
}

int stream_new(struct stream **out, struct input *in, const struct codec *codec, int (*enter)(void))
{
	struct stream *s = malloc(sizeof *s);
	pthread_condattr_t monotonic;
	int rc;

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	memset(s, 0, offsetof(struct stream, from));
	s->in = in;
	s->enter = enter;
	why_clear(&s->why);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, &monotonic);
	pthread_cond_init(&s->room, &monotonic);
	pthread_condattr_destroy(&monotonic);
	rc = unpacker_init(&s->unpacker, codec);
	if (!rc)
		rc = thread_start(s);
	if (rc)
		stream_free(&s);
	*out = s;
	return rc;
}

void stream_free(struct stream **stream)
{
	struct stream *s = *stream;

	*stream = NULL;
	if (!s)
		return;
	if (s->is_started) {
		input_stop(s->in);
		pthread_mutex_lock(&s->lock);
		s->is_closing = true;
		pthread_cond_broadcast(&s->room);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	unpacker_fini(&s->unpacker);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->room);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct timespec clock_after(struct nanos span)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_nsec + span.ns % NANOS_PER_S;
	now.tv_sec += span.ns / NANOS_PER_S + ns / NANOS_PER_S;
	now.tv_nsec = ns % NANOS_PER_S;
	return now;
}

/* Waits, under the lock, until more than `len` bytes lie in the ring or nothing more will come.
 * 0; ERR_AGAIN, ERR_STOPPED. A stop may come from a signal handler, which can wake nobody here:
 * so the sleep is taken in naps. */
static int more_wait(struct stream *s, size_t len, struct nanos wait)
{
	bool is_endless = wait.ns < 0;

	while (s->head - s->tail <= len && !s->ended) {
		int64_t nap = is_endless || wait.ns > STREAM_NAP ? STREAM_NAP : wait.ns;
		struct timespec until = clock_after((struct nanos){nap});

		if (atomic_load(&s->in->is_stopped))
			return ERR_STOPPED;
		if (!is_endless && wait.ns <= 0)
			return ERR_AGAIN;
		if (pthread_cond_timedwait(&s->more, &s->lock, &until) && !is_endless)
			wait.ns -= nap;
	}
	return 0;
}

int stream_peek(struct stream *s, uint8_t *to, size_t size, size_t *len)
{
	struct nanos for_ever = {-1};
	size_t n;
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = more_wait(s, *len, for_ever);
	n = s->head - s->tail < size ? (size_t)(s->head - s->tail) : size;
	if (!rc && n <= *len)
		rc = s->ended ? s->ended : ERR_END;
	pthread_mutex_unlock(&s->lock);
	memcpy(to, s->ring, n);
	*len = n;
	return rc;
}

int stream_read(struct stream *s, void *to, size_t size, struct nanos wait, size_t *got)
{
	size_t begin = s->tail % STREAM_RING;
	size_t first;
	int rc;

	*got = 0;
	pthread_mutex_lock(&s->lock);
	rc = more_wait(s, 0, wait);
	if (!rc && s->head == s->tail)
		rc = s->ended;
	if (!rc)
		*got = s->head - s->tail < size ? (size_t)(s->head - s->tail) : size;
	pthread_mutex_unlock(&s->lock);
	if (rc)
		return rc;
	first = *got < STREAM_RING - begin ? *got : STREAM_RING - begin;
	memcpy(to, s->ring + begin, first);
	memcpy((uint8_t *)to + first, s->ring, *got - first);
	pthread_mutex_lock(&s->lock);
	s->tail += *got;
	pthread_cond_signal(&s->room);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

bool stream_is_ready(struct stream *s, size_t size)
{
	bool is_ready;

	pthread_mutex_lock(&s->lock);
	is_ready = s->head - s->tail >= size || s->ended;
	pthread_mutex_unlock(&s->lock);
	return is_ready;
}

const struct why *stream_why(const struct stream *s)
{
	return &s->why;
}
