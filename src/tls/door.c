#include "tls/door.h"

#include <errno.h>
#include <openssl/bio.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"

struct door {
	int fd;
	bool has_more; /* behind what is written next */
	bool is_busy;  /* the last read brought all that was asked for: more may be there */
	uint8_t *out;  /* DOOR_OUT octets, held ones at out_from; NULL until there are any */
	size_t out_from, out_to;
	uint8_t *in; /* DOOR_IN octets, unread ones at in_from; NULL until much has come */
	size_t in_from, in_to;
};

static int make(BIO *bio)
{
	BIO_set_data(bio, calloc(1, sizeof(struct door)));
	BIO_set_init(bio, BIO_get_data(bio) != NULL);
	return BIO_get_init(bio);
}

static int destroy(BIO *bio)
{
	struct door *d = BIO_get_data(bio);

	if (d) {
		free(d->out);
		free(d->in);
	}
	free(d);
	BIO_set_data(bio, NULL);
	return 1;
}

/* A call that may be tried again is no error. */
static int end(BIO *bio, ssize_t n, int flag)
{
	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_flags(bio, flag | BIO_FLAGS_SHOULD_RETRY);
	return (int)n;
}

/* ---- writing ---- */

/* While more follows, the kernel waits with what fills no segment. */
static ssize_t hand_over(const struct door *d, const void *bytes, size_t len, bool has_more)
{
	return send(d->fd, bytes, len, MSG_NOSIGNAL | (has_more ? MSG_MORE : 0));
}

/* What is held, as far as the socket takes it: 0, or -1 and errno. */
static int flush(struct door *d, bool has_more)
{
	while (d->out_from < d->out_to) {
		ssize_t n = hand_over(d, d->out + d->out_from, d->out_to - d->out_from, has_more);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		d->out_from += (size_t)n;
	}
	d->out_from = d->out_to = 0;
	return 0;
}

static bool is_held(const struct door *d)
{
	return d->out_from < d->out_to;
}

/* Whether so many octets fit behind what is held. */
static bool has_room(struct door *d, size_t len)
{
	if (!d->out)
		d->out = malloc(DOOR_OUT);
	if (!d->out)
		return false;
	if (len > DOOR_OUT - d->out_to && d->out_from) {
		memmove(d->out, d->out + d->out_from, d->out_to - d->out_from);
		d->out_to -= d->out_from;
		d->out_from = 0;
	}
	return len <= DOOR_OUT - d->out_to;
}

/* Where something is held, all of this is taken or nothing is. */
static int write_out(BIO *bio, const char *bytes, int len)
{
	struct door *d = BIO_get_data(bio);
	size_t n = (size_t)len;

	if (is_held(d) && !has_room(d, n) && flush(d, true) && (errno != EAGAIN || !has_room(d, n)))
		return end(bio, -1, BIO_FLAGS_WRITE);
	if (!is_held(d) && !(d->has_more && has_room(d, n)))
		return end(bio, hand_over(d, bytes, n, d->has_more), BIO_FLAGS_WRITE);
	memcpy(d->out + d->out_to, bytes, n);
	d->out_to += n;
	if (!d->has_more && flush(d, false) && errno != EAGAIN)
		return end(bio, -1, BIO_FLAGS_WRITE);
	BIO_clear_retry_flags(bio);
	return len;
}

/* ---- reading ---- */

/* The first octets of what has come. */
static int give(struct door *d, char *bytes, size_t size)
{
	size_t n = d->in_to - d->in_from;

	n = n < size ? n : size;
	memcpy(bytes, d->in + d->in_from, n);
	d->in_from += n;
	return (int)n;
}

static int read_in(BIO *bio, char *bytes, int size)
{
	struct door *d = BIO_get_data(bio);
	size_t wanted = (size_t)size;
	bool is_gathered;
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (d->in_from < d->in_to)
		return give(d, bytes, wanted);
	if (d->is_busy && !d->in)
		d->in = malloc(DOOR_IN);
	is_gathered = d->is_busy && d->in && wanted < DOOR_IN;
	n = is_gathered ? recv(d->fd, d->in, DOOR_IN, 0) : recv(d->fd, bytes, wanted, 0);
	d->is_busy = n >= (ssize_t)wanted;
	if (!n)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	if (n <= 0 || !is_gathered)
		return end(bio, n, BIO_FLAGS_READ);
	d->in_from = 0;
	d->in_to = (size_t)n;
	return give(d, bytes, wanted);
}

/* ---- the kind of BIO ---- */

static long control(BIO *bio, int what, long number, void *thing)
{
	(void)number;
	(void)thing;
	if (what == BIO_CTRL_EOF)
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "door");

	if (m && BIO_meth_set_create(m, make) && BIO_meth_set_destroy(m, destroy) &&
	    BIO_meth_set_write(m, write_out) && BIO_meth_set_read(m, read_in) &&
	    BIO_meth_set_ctrl(m, control))
		method = m;
}

BIO *door_new(int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	BIO *bio;

	pthread_once(&once, make_method);
	bio = method ? BIO_new(method) : NULL;
	if (bio)
		((struct door *)BIO_get_data(bio))->fd = fd;
	return bio;
}

void door_expect(BIO *door, bool has_more)
{
	((struct door *)BIO_get_data(door))->has_more = has_more;
}

size_t door_held(BIO *door)
{
	const struct door *d = BIO_get_data(door);

	return d->out_to - d->out_from;
}

int door_flush(BIO *door)
{
	if (!flush(BIO_get_data(door), false))
		return 0;
	return errno == EAGAIN ? ERR_AGAIN : ERR_IO;
}

bool door_has_bytes(BIO *door)
{
	const struct door *d = BIO_get_data(door);

	return d->in_from < d->in_to;
}
