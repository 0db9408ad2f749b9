#include "tls/wire.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/door.h"

enum { RECORD_LEN = SSL3_RT_MAX_PLAIN_LENGTH };

static BIO *door_of(const struct tls_wire *w)
{
	return SSL_get_wbio(w->session);
}

static bool set_door(const struct tls_wire *w)
{
	BIO *door = door_new(w->fd);

	if (door)
		SSL_set_bio(w->session, door, door);
	return door != NULL;
}

int tls_wire_init(struct tls_wire *w, int fd, const struct tls *tls, bool is_server)
{
	*w = (struct tls_wire){.fd = fd, .is_server = is_server};
	w->session = tls ? tls_session_new(tls, is_server) : NULL;
	if (tls && !(w->session && set_door(w))) {
		tls_wire_fini(w);
		return ERR_NOMEM;
	}
	return 0;
}

void tls_wire_fini(struct tls_wire *w)
{
	if (w->session) {
		if (SSL_is_init_finished(w->session))
			(void)SSL_shutdown(w->session);
		ERR_clear_error();
		tls_session_free(&w->session);
	}
	if (w->fd > 0)
		close(w->fd);
	*w = (struct tls_wire){.fd = -1};
}

static int system_error(int errnum, struct why *why)
{
	return why_set(why, ERR_IO, "%s", strerror(errnum));
}

/* What OpenSSL will say of the next call is of that call. Mostly nothing is there, which is seen
 * for less than its sixteen places are emptied for. */
static void forget_errors(void)
{
	if (ERR_peek_error())
		ERR_clear_error();
	errno = 0;
}

/* What OpenSSL says of a call that yielded rc; *wants is what the call waits for. */
static int session_error(const struct tls_wire *w, int rc, unsigned *wants, struct why *why)
{
	int errnum = errno;
	char text[WHY_TEXT_LEN];

	switch (SSL_get_error(w->session, rc)) {
	case SSL_ERROR_WANT_READ:
		*wants = TLS_WIRE_READS;
		return ERR_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		*wants = TLS_WIRE_WRITES;
		return ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return ERR_END;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return errnum ? system_error(errnum, why)
			      : why_set(why, ERR_IO, "the peer ended the connection");
	default:
		tls_reason(w->session, text, sizeof text);
		return why_set(why, ERR_IO, "%s", text);
	}
}

/* Whether a connection that was begun stands. */
static int check_connected(struct tls_wire *w, struct why *why)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	int errnum = 0;
	socklen_t size = sizeof errnum;

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &errnum, &size))
		return system_error(errno, why);
	if (errnum)
		return system_error(errnum, why);
	if (getpeername(w->fd, (struct sockaddr *)&peer, &len) == 0)
		return 0;
	w->write_wants = TLS_WIRE_WRITES;
	return errno == ENOTCONN ? ERR_AGAIN : system_error(errno, why);
}

int tls_wire_shake(struct tls_wire *w, struct why *why)
{
	int rc;

	w->read_wants = w->write_wants = 0;
	rc = w->is_server ? 0 : check_connected(w, why);
	if (rc || !w->session)
		return rc;
	forget_errors();
	rc = SSL_do_handshake(w->session);
	return rc == 1 ? 0 : session_error(w, rc, &w->read_wants, why);
}

ssize_t tls_wire_read(struct tls_wire *w, void *bytes, size_t size, struct why *why)
{
	ssize_t n;

	w->read_wants = 0;
	if (w->session) {
		forget_errors();
		n = SSL_read(w->session, bytes, size > INT_MAX ? INT_MAX : (int)size);
		return n > 0 ? n : session_error(w, (int)n, &w->read_wants, why);
	}
	do {
		n = recv(w->fd, bytes, size, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (n == 0)
		return ERR_END;
	w->read_wants = TLS_WIRE_READS;
	return errno == EAGAIN ? ERR_AGAIN : system_error(errno, why);
}

/* A record was written whole. The peer hears of a new key with the next one. */
static void count_record(struct tls_wire *w)
{
	if (++w->n_records < TLS_WIRE_KEY_RECORDS)
		return;
	if (SSL_key_update(w->session, SSL_KEY_UPDATE_NOT_REQUESTED))
		w->n_records = 0;
	else
		ERR_clear_error();
}

ssize_t tls_wire_write(struct tls_wire *w, const void *bytes, size_t len, struct why *why)
{
	ssize_t n;

	w->write_wants = 0;
	if (w->session) {
		door_expect(door_of(w), w->has_more || len > RECORD_LEN);
		forget_errors();
		n = SSL_write(w->session, bytes, len > INT_MAX ? INT_MAX : (int)len);
		door_expect(door_of(w), false);
		if (n <= 0)
			return session_error(w, (int)n, &w->write_wants, why);
		count_record(w);
		return n;
	}
	do {
		n = send(w->fd, bytes, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	w->n_plain += n > 0 ? (uint64_t)n : 0;
	if (n >= 0)
		return n;
	w->write_wants = TLS_WIRE_WRITES;
	return errno == EAGAIN ? ERR_AGAIN : system_error(errno, why);
}

int tls_wire_flush(struct tls_wire *w, struct why *why)
{
	int rc = w->session ? door_flush(door_of(w)) : 0;

	return rc == ERR_IO ? system_error(errno, why) : rc;
}

size_t tls_wire_held(const struct tls_wire *w)
{
	return w->session ? door_held(door_of(w)) : 0;
}

uint64_t tls_wire_written(const struct tls_wire *w)
{
	return w->session ? BIO_number_written(SSL_get_wbio(w->session)) : w->n_plain;
}

void tls_wire_shut(struct tls_wire *w)
{
	if (w->session) {
		(void)SSL_shutdown(w->session);
		ERR_clear_error();
	} else if (w->fd > 0) {
		shutdown(w->fd, SHUT_WR);
	}
}

bool tls_wire_has_bytes(const struct tls_wire *w)
{
	return w->session && !w->read_wants &&
	       (SSL_has_pending(w->session) || door_has_bytes(door_of(w)));
}

unsigned tls_wire_wants(const struct tls_wire *w, bool would_read, bool would_write)
{
	unsigned wants = would_read || would_write ? 0 : w->read_wants | w->write_wants;

	if (would_read)
		wants |= w->read_wants ? w->read_wants : TLS_WIRE_READS;
	if (would_write)
		wants |= w->write_wants ? w->write_wants : TLS_WIRE_WRITES;
	return tls_wire_held(w) ? wants | TLS_WIRE_WRITES : wants;
}
