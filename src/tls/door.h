/* Inside tls only: a socket as OpenSSL sees it, a BIO that gathers. A call of the kernel costs as
 * much for a record of 16 KB as for eight of them, and wakes the peer as often; OpenSSL makes one
 * for each. So records behind which more follow at once are held here and written together, and
 * where much comes it is read in one call and given out from here. Who sends little has no buffer
 * and no copy: a record behind which nothing follows goes out as it is. */
#ifndef TLS_DOOR_H
#define TLS_DOOR_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Records are held up to OUT octets: eight of the longest (RFC 8446, 5.2). */
enum { DOOR_OUT = 8 * (5 + 16384 + 256), DOOR_IN = 64 << 10 };

/* NULL: no memory. The descriptor stays the caller's; it does not block. */
BIO *door_new(int fd);

/* Whether more is written right behind what is written next. Without it all goes out at once. */
void door_expect(BIO *door, bool has_more);

/* Octets that were written and that the kernel does not have yet. */
size_t door_held(BIO *door);

/* Hands them over. 0: none is held any more; ERR_AGAIN: the socket takes no more now; ERR_IO: it is
 * broken, and errno says how. */
int door_flush(BIO *door);

/* Whether octets have come that OpenSSL has not read yet. */
bool door_has_bytes(BIO *door);

#endif
