/* Runs of octets in a message, and the few steps by which all of this room's grammar walks them.
 *
 * White space is SP, HT, CR and LF: inside a header a line end is white space, since a line that
 * begins with white space continues the one before it (RFC 3261 7.3.1). */
#ifndef SIP_TEXT_H
#define SIP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rd.h"

/* Borrows the message. bytes is NULL where there is none, which is not the same as an empty one. */
struct sip_text {
	const uint8_t *bytes;
	size_t len;
};

static inline struct sip_text sip_text_of(const void *bytes, size_t len)
{
	return (struct sip_text){bytes, len};
}

/* A string of our own as a text: for comparisons. */
static inline struct sip_text sip_word(const char *word)
{
	return (struct sip_text){(const uint8_t *)word, strlen(word)};
}

static inline struct rd sip_text_rd(struct sip_text t)
{
	return rd_of(t.bytes, t.len);
}

/* What is left of a reader, as a text. */
static inline struct sip_text sip_text_rest(const struct rd *r)
{
	return (struct sip_text){r->at, rd_left(r)};
}

static inline bool sip_text_is_there(struct sip_text t)
{
	return t.bytes != NULL;
}

/* Octet for octet, then with ASCII letters of either case alike. Texts that are not there equal
 * nothing. */
bool sip_text_same(struct sip_text a, struct sip_text b);
bool sip_text_alike(struct sip_text a, struct sip_text b);
bool sip_text_is(struct sip_text t, const char *word); /* alike */

/* Without white space on either side. */
struct sip_text sip_text_trim(struct sip_text t);

/* Decimal digits and nothing else, up to max; false otherwise. */
bool sip_text_number(struct sip_text t, uint64_t max, uint64_t *out);

/* A host: an address, or a name, which is never looked up. */
struct sip_host {
	struct sip_text text; /* without the brackets of an IPv6 address */
	uint8_t version;      /* 4, 6, or 0: a name */
	uint8_t bytes[16];    /* of the address; IPv4 uses the first four, the rest is zero */
};

/* "192.0.2.7", "2001:db8::1", "[2001:db8::1]" or a name. False: it can be none of them. */
bool sip_host_read(struct sip_text t, struct sip_host *out);

/* "host" or "host:port", port_out 0 where there is none; false where the port is not 1..65535 or
 * the host can be none. An IPv6 address should have brackets; without, what may be an address as a
 * whole is one, and has no port. */
bool sip_host_port_read(struct sip_text t, struct sip_host *out, uint16_t *port_out);

/* Copies t with "%41" as 'A', then a quoted string's "\"" as '"', then folds as one space. What
 * does not fit is cut. Returns the length of all of it, so that more than size means: cut. */
size_t sip_text_unescape(struct sip_text t, uint8_t *out, size_t size);
size_t sip_text_unquote(struct sip_text t, uint8_t *out, size_t size);
size_t sip_text_unfold(struct sip_text t, uint8_t *out, size_t size);

/* Steps of the grammar. Each goes on from where r stands, and never fails: what is not there is
 * an empty text. */

void sip_skip_space(struct rd *r);
/* Whether the next octet is this one, and steps over it if so. */
bool sip_skip(struct rd *r, char octet);
/* A token of RFC 3261 25.1. */
struct sip_text sip_token(struct rd *r);
/* Up to the first octet that is one of stops, or to the end. */
struct sip_text sip_until(struct rd *r, const char *stops);
/* As sip_until, but what stands in quotes or in angle brackets is passed over whole, and so is
 * an octet behind a backslash; a quote or a bracket that is never closed is an octet like
 * others. */
struct sip_text sip_until_bare(struct rd *r, const char *stops);
/* The rest of a quoted string whose first quote has been passed: what is inside, with its
 * backslashes. False where it is not closed: *out is the rest. */
bool sip_quoted(struct rd *r, struct sip_text *out);

/* One parameter of ";name=value;flag;name="quoted"": value is not there for a flag; what is
 * quoted is without its quotes, and sip_text_unquote takes its backslashes. */
struct sip_param {
	struct sip_text name;
	struct sip_text value;
	bool is_quoted;
};

/* The next of a reader over parameters; with or without its first semicolon. False: no more. */
bool sip_param_next(struct rd *params, struct sip_param *out);
/* The first of that name, whatever the case of its letters; an empty value for a flag. */
bool sip_param_find(struct sip_text params, const char *name, struct sip_text *value);

#endif
