#include "mandate/call.h"

#include <stdlib.h>
#include <string.h>

#include "ipmm/iri.h"

void session_call_init(struct session_call *c)
{
	*c = (struct session_call){.session_direction = IPMM_NO_DIRECTION,
				   .payload_direction = IPMM_NO_DIRECTION};
}

struct session_stream *session_call_add(struct session_call *c, const struct session_stream *s)
{
	struct session_stream *at = c->has_first ? malloc(sizeof *at) : &c->first;

	if (!at)
		return NULL;
	*at = *s;
	at->next = c->streams;
	c->streams = at;
	c->has_first = true;
	return at;
}

bool session_call_heard(const struct session_call *c, uint16_t line, bool is_called)
{
	for (const struct session_stream *at = c->streams; at; at = at->next) {
		if (at->line == line && (at->heard & (is_called ? 2 : 1)))
			return true;
	}
	return false;
}

/* The first, where it is in use, is the last of the list. */
struct session_stream *session_call_clear(struct session_call *c)
{
	struct session_stream *all = c->streams, **link = &all;

	c->streams = NULL;
	while (*link && *link != &c->first)
		link = &(*link)->next;
	*link = NULL;
	return all;
}

void session_call_free_streams(void *streams)
{
	struct session_stream *next;

	for (struct session_stream *s = streams; s; s = next) {
		next = s->next;
		free(s);
	}
}

void session_call_fini(struct session_call *c)
{
	session_call_free_streams(session_call_clear(c));
	free(c->message);
}

void session_call_keep(struct session_call *c, const void *message, size_t len, bool is_masked)
{
	uint8_t *copy = realloc(c->message, len);

	if (!copy)
		return;
	memcpy(copy, message, len);
	c->message = copy;
	c->message_len = (uint32_t)len;
	c->is_masked = is_masked;
}

static void put_ip(struct wr *w, const struct net_ip *ip)
{
	wr_u8(w, ip->version);
	wr_bytes(w, ip->bytes, sizeof ip->bytes);
}

static void take_ip(struct rd *r, struct net_ip *ip)
{
	const uint8_t *octets;

	ip->version = rd_u8(r);
	octets = rd_take(r, sizeof ip->bytes);
	if (octets)
		memcpy(ip->bytes, octets, sizeof ip->bytes);
}

void session_call_put(const struct session_call *c, struct wr *w)
{
	wr_u64(w, c->wanted);
	wr_u8(w, c->session_direction);
	wr_u8(w, c->payload_direction);
	put_ip(w, &c->source);
	put_ip(w, &c->destination);
	wr_u8(w, c->is_masked);
	wr_u32(w, c->message_len);
	wr_bytes(w, c->message, c->message_len);
}

static bool has_version(const struct net_ip *ip)
{
	return ip->version == 4 || ip->version == 6;
}

static bool is_sound(const struct session_call *c)
{
	if (c->session_direction > IPMM_NO_DIRECTION || c->payload_direction > IPMM_NO_DIRECTION)
		return false;
	return !c->message_len || (has_version(&c->source) && has_version(&c->destination));
}

int session_call_take(struct session_call *out, struct rd *r)
{
	struct session_call c = {.wanted = rd_u64(r)};
	const uint8_t *octets;

	c.session_direction = rd_u8(r);
	c.payload_direction = rd_u8(r);
	take_ip(r, &c.source);
	take_ip(r, &c.destination);
	c.is_masked = rd_u8(r) != 0;
	c.message_len = rd_u32(r);
	octets = rd_take(r, c.message_len);
	if (!r->ok)
		return ERR_CUT;
	if (!is_sound(&c))
		return ERR_BAD;
	if (c.message_len) {
		c.message = malloc(c.message_len);
		if (!c.message)
			return ERR_NOMEM;
		memcpy(c.message, octets, c.message_len);
	}
	*out = c;
	return 0;
}
