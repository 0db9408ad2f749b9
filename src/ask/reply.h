/* What a server of HTTP/1.1 replies (RFC 9112) to one request that asked for no more: its status,
 * and where its body is. */
#ifndef ASK_REPLY_H
#define ASK_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

struct ask_reply {
	int status;      /* 100 to 599 */
	size_t body_at;  /* in the octets */
	size_t body_len; /* the octets' rest, or as many as the reply says */
};

/* Reads all that came until the connection ended. ERR_BAD: it is no such reply; ERR_CUT: its body
 * is shorter than it says. */
MUST_CHECK int ask_reply_read(const uint8_t *octets, size_t len, struct ask_reply *out,
			      struct why *why);

/* host and port of "https://HOST[:PORT]" or "http://…"; ERR_USAGE with the reason. */
struct ask_url {
	char host[256];
	char port[6];
	int is_plain;
};
MUST_CHECK int ask_url_parse(const char *text, struct ask_url *out, struct why *why);

#endif
