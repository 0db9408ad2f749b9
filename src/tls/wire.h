/* Bytes over a connected socket, plain or through TLS, without ever waiting: whoever drives it
 * watches the descriptor for what `wants` says and calls again. It knows no loop and no clock.
 *
 *	rc = tls_wire_shake(&w, &why);       first, until it is no longer ERR_AGAIN
 *	n = tls_wire_read(&w, bytes, size, &why);
 *	n = tls_wire_write(&w, bytes, len, &why);   may take less than len
 *
 * After an error (not ERR_AGAIN) only fini is left. Programs that use it ignore SIGPIPE. */
#ifndef TLS_WIRE_H
#define TLS_WIRE_H

#include <stdint.h>
#include <sys/types.h>

#include "tls/tls.h"

enum { TLS_WIRE_READS = 1, TLS_WIRE_WRITES = 2 }; /* the same bits as LOOP_READ, LOOP_WRITE */

/* After so many records (64 GB, if they are whole) an end takes a new key for what it sends. RFC
 * 8446, 5.5, allows AES-GCM about 2^24.5 of them with one. */
enum { TLS_WIRE_KEY_RECORDS = 1 << 22 };

struct tls_wire {
	int fd; /* -1: none */
	bool is_server;
	struct ssl_st *session; /* NULL: plain */
	unsigned read_wants;    /* what the last read, or write, waits for; 0: for nothing */
	unsigned write_wants;
	uint32_t n_records; /* written with the key of now */
	bool has_more;      /* the caller's: more is written right behind the next bytes */
	uint64_t n_plain;   /* octets written where session is NULL */
};

/* Takes fd (non-blocking, connected or connecting), also when it fails. tls NULL: plain. */
MUST_CHECK int tls_wire_init(struct tls_wire *w, int fd, const struct tls *tls, bool is_server);

/* Closes the descriptor, after an attempt to say so in TLS. An all-zero wire is not init. */
void tls_wire_fini(struct tls_wire *w);

/* Carries the connection and the handshake on: 0 when bytes may flow, ERR_AGAIN, or why not. */
MUST_CHECK int tls_wire_shake(struct tls_wire *w, struct why *why);

/* Bytes that came (at least 1); ERR_AGAIN: none now; ERR_END: the peer ended in good order;
 * ERR_IO and the reason otherwise. */
MUST_CHECK ssize_t tls_wire_read(struct tls_wire *w, void *bytes, size_t size, struct why *why);

/* Bytes that went (at least 1), ERR_AGAIN, or ERR_IO and the reason. len is at least 1. Of many
 * bytes TLS takes a record's at a time: call again at once, for records behind which more was said
 * to follow (len, has_more) are held, and go to the kernel together with the last of them. */
MUST_CHECK ssize_t tls_wire_write(struct tls_wire *w, const void *bytes, size_t len,
				  struct why *why);

/* Hands over what is still held, because the socket took no more: whoever may write calls it first
 * when the descriptor is ready. 0: nothing is held; ERR_AGAIN: something still is; ERR_IO and the
 * reason. */
MUST_CHECK int tls_wire_flush(struct tls_wire *w, struct why *why);

/* Octets of what was written that are held here: the kernel has not got them. */
size_t tls_wire_held(const struct tls_wire *w);

/* Octets that were written, held ones among them: with TLS, those of the cipher text, also of a
 * record of which the kernel took only a part. */
uint64_t tls_wire_written(const struct tls_wire *w);

/* Says to the peer that nothing more will be sent; reading goes on. */
void tls_wire_shut(struct tls_wire *w);

/* Whether bytes lie in TLS that the descriptor will not tell of: read before waiting. Never after
 * a read that said ERR_AGAIN. */
bool tls_wire_has_bytes(const struct tls_wire *w);

/* What to watch the descriptor for, of one who would read, write or both; of one who would do
 * neither: what tls_wire_shake waits for. While something is held, for writing in any case. */
unsigned tls_wire_wants(const struct tls_wire *w, bool would_read, bool would_write);

#endif
