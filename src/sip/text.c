#include "sip/text.h"

#include <arpa/inet.h>

enum { IS_TOKEN = 1, IS_SPACE = 2, IS_DIGIT = 4, IS_HOST = 8 };

/* What an octet may be part of: a token (RFC 3261 25.1), white space, a number, the name of a host.
 * Underscores are in no name by the letter, and in many on real networks. */
static uint8_t class_of(uint8_t c)
{
	static const uint8_t classes[256] = {
		['0' ... '9'] = IS_TOKEN | IS_DIGIT | IS_HOST,
		['A' ... 'Z'] = IS_TOKEN | IS_HOST,
		['a' ... 'z'] = IS_TOKEN | IS_HOST,
		['-'] = IS_TOKEN | IS_HOST,
		['.'] = IS_TOKEN | IS_HOST,
		['_'] = IS_TOKEN | IS_HOST,
		['!'] = IS_TOKEN,
		['%'] = IS_TOKEN,
		['*'] = IS_TOKEN,
		['+'] = IS_TOKEN,
		['`'] = IS_TOKEN,
		['\''] = IS_TOKEN,
		['~'] = IS_TOKEN,
		[' '] = IS_SPACE,
		['\t'] = IS_SPACE,
		['\r'] = IS_SPACE,
		['\n'] = IS_SPACE,
	};

	return classes[c];
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* A reader over a text that is not there stays where it is: nowhere. */
static struct sip_text take(struct rd *r, size_t n)
{
	return (struct sip_text){n ? rd_take(r, n) : r->at, n};
}

/* How many octets of this class come next. */
static size_t run(const struct rd *r, uint8_t class)
{
	size_t left = rd_left(r), n = 0;

	while (n < left && class_of(r->at[n]) & class)
		n++;
	return n;
}

bool sip_text_same(struct sip_text a, struct sip_text b)
{
	return a.bytes && b.bytes && a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

bool sip_text_alike(struct sip_text a, struct sip_text b)
{
	if (!a.bytes || !b.bytes || a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.bytes[i]) != lower(b.bytes[i]))
			return false;
	return true;
}

bool sip_text_is(struct sip_text t, const char *word)
{
	return sip_text_alike(t, sip_word(word));
}

struct sip_text sip_text_trim(struct sip_text t)
{
	struct rd r = sip_text_rd(t);

	sip_skip_space(&r);
	t = sip_text_rest(&r);
	while (t.len && class_of(t.bytes[t.len - 1]) & IS_SPACE)
		t.len--;
	return t;
}

bool sip_text_number(struct sip_text t, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < t.len; i++) {
		uint8_t digit = (uint8_t)(t.bytes[i] - '0');

		if (digit > 9 || v > (max - digit) / 10 || digit > max)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return t.len != 0;
}

bool sip_host_read(struct sip_text t, struct sip_host *out)
{
	char text[INET6_ADDRSTRLEN] = "";
	bool is_v6 = false;

	if (t.len > 2 && t.bytes[0] == '[' && t.bytes[t.len - 1] == ']') {
		struct rd r = sip_text_rd(t);

		is_v6 = sip_skip(&r, '[');
		t = take(&r, t.len - 2);
	} else if (t.len) {
		is_v6 = memchr(t.bytes, ':', t.len) != NULL;
	}
	*out = (struct sip_host){.text = t};
	if (t.len == 0)
		return false;
	if (t.len < sizeof text) {
		memcpy(text, t.bytes, t.len);
		if (is_v6 && inet_pton(AF_INET6, text, out->bytes) == 1)
			out->version = 6;
		else if (!is_v6 && class_of(t.bytes[0]) & IS_DIGIT &&
			 inet_pton(AF_INET, text, out->bytes) == 1)
			out->version = 4;
	}
	if (out->version)
		return memchr(t.bytes, 0, t.len) == NULL;
	return !is_v6 && run(&(struct rd){t.bytes, t.bytes + t.len, true}, IS_HOST) == t.len;
}

static bool read_port(struct sip_text t, uint16_t *port_out)
{
	uint64_t port;

	if (!sip_text_number(t, UINT16_MAX, &port) || port == 0)
		return false;
	*port_out = (uint16_t)port;
	return true;
}

/* An IPv6 address without the brackets that RFC 3261 25.1 wants: what is an address as a whole is
 * one; else what is behind the last colon is its port. */
static bool read_bare_ipv6(struct sip_text t, struct sip_host *out, uint16_t *port_out)
{
	size_t at = t.len;

	if (sip_host_read(t, out))
		return true;
	while (t.bytes[at - 1] != ':')
		at--;
	return read_port(sip_text_of(t.bytes + at, t.len - at), port_out) &&
	       sip_host_read(sip_text_of(t.bytes, at - 1), out) && out->version == 6;
}

bool sip_host_port_read(struct sip_text t, struct sip_host *out, uint16_t *port_out)
{
	struct rd r = sip_text_rd(t);
	struct sip_text host;

	*port_out = 0;
	if (rd_left(&r) && *r.at == '[') {
		host = sip_until(&r, "]");
		host.len += sip_skip(&r, ']');
	} else {
		host = sip_until(&r, ":");
		if (rd_left(&r) > 1 && memchr(r.at + 1, ':', rd_left(&r) - 1))
			return read_bare_ipv6(t, out, port_out);
	}
	if (!sip_host_read(sip_text_trim(host), out))
		return false;
	sip_skip_space(&r);
	if (rd_left(&r) == 0)
		return true;
	return sip_skip(&r, ':') && read_port(sip_text_trim(sip_text_rest(&r)), port_out);
}

static int hex_digit(uint8_t c)
{
	if (class_of(c) & IS_DIGIT)
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A text that is copied as far as there is room. */
struct copy {
	uint8_t *out;
	size_t size;
	size_t len;
};

static void copy_octet(struct copy *c, uint8_t octet)
{
	if (c->len < c->size)
		c->out[c->len] = octet;
	c->len++;
}

size_t sip_text_unescape(struct sip_text t, uint8_t *out, size_t size)
{
	struct copy c = {out, size, 0};

	for (size_t i = 0; i < t.len; i++) {
		int high = -1, low = -1;

		if (t.bytes[i] == '%' && t.len - i > 2) {
			high = hex_digit(t.bytes[i + 1]);
			low = hex_digit(t.bytes[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			copy_octet(&c, (uint8_t)(high << 4 | low));
			i += 2;
		} else {
			copy_octet(&c, t.bytes[i]);
		}
	}
	return c.len;
}

size_t sip_text_unquote(struct sip_text t, uint8_t *out, size_t size)
{
	struct copy c = {out, size, 0};

	for (size_t i = 0; i < t.len; i++) {
		if (t.bytes[i] == '\\' && i + 1 < t.len)
			i++;
		copy_octet(&c, t.bytes[i]);
	}
	return c.len;
}

size_t sip_text_unfold(struct sip_text t, uint8_t *out, size_t size)
{
	struct copy c = {out, size, 0};
	struct rd r = sip_text_rd(t);

	while (rd_left(&r)) {
		size_t n = run(&r, IS_SPACE);

		if (n && (memchr(r.at, '\n', n) || memchr(r.at, '\r', n))) {
			copy_octet(&c, ' ');
			rd_skip(&r, n);
		} else if (n) {
			for (; n; n--)
				copy_octet(&c, rd_u8(&r));
		} else {
			copy_octet(&c, rd_u8(&r));
		}
	}
	return c.len;
}

void sip_skip_space(struct rd *r)
{
	(void)take(r, run(r, IS_SPACE));
}

bool sip_skip(struct rd *r, char octet)
{
	if (rd_left(r) == 0 || *r->at != (uint8_t)octet)
		return false;
	rd_skip(r, 1);
	return true;
}

struct sip_text sip_token(struct rd *r)
{
	return take(r, run(r, IS_TOKEN));
}

static bool is_one_of(uint8_t c, const char *stops)
{
	for (; *stops; stops++)
		if (c == (uint8_t)*stops)
			return true;
	return false;
}

struct sip_text sip_until(struct rd *r, const char *stops)
{
	size_t left = rd_left(r), n = 0;

	while (n < left && !is_one_of(r->at[n], stops))
		n++;
	return take(r, n);
}

/* Linear over all calls on one line: a quote is not closed only where no quote follows that is not
 * escaped, and the search for a bracket's end goes no further than to the next bracket. */
struct sip_text sip_until_bare(struct rd *r, const char *stops)
{
	struct rd start = *r;
	struct sip_text inside;

	while (rd_left(r) && !is_one_of(*r->at, stops)) {
		uint8_t octet = rd_u8(r);
		struct rd ahead = *r;
		bool is_closed = false;

		if (octet == '\\')
			is_closed = rd_left(&ahead) && rd_take(&ahead, 1);
		else if (octet == '"')
			is_closed = sip_quoted(&ahead, &inside);
		else if (octet == '<')
			is_closed = sip_until(&ahead, "<>").bytes && sip_skip(&ahead, '>');
		if (is_closed)
			*r = ahead;
	}
	return take(&start, rd_left(&start) - rd_left(r));
}

bool sip_quoted(struct rd *r, struct sip_text *out)
{
	size_t left = rd_left(r), n = 0;

	while (n < left && r->at[n] != '"')
		n += r->at[n] == '\\' && left - n > 1 ? 2 : 1;
	*out = take(r, n);
	return sip_skip(r, '"');
}

bool sip_param_next(struct rd *params, struct sip_param *out)
{
	bool has_value;

	do {
		sip_skip_space(params);
		while (sip_skip(params, ';'))
			sip_skip_space(params);
		if (rd_left(params) == 0)
			return false;
		out->name = sip_text_trim(sip_until(params, "=;"));
		has_value = sip_skip(params, '=');
	} while (!has_value && out->name.len == 0);
	out->value = (struct sip_text){NULL, 0};
	out->is_quoted = false;
	if (!has_value)
		return true;
	sip_skip_space(params);
	out->is_quoted = sip_skip(params, '"');
	if (out->is_quoted) {
		(void)sip_quoted(params, &out->value);
		(void)sip_until(params, ";");
	} else {
		out->value = sip_text_trim(sip_until(params, ";"));
	}
	return true;
}

bool sip_param_find(struct sip_text params, const char *name, struct sip_text *value)
{
	struct rd r = sip_text_rd(params);
	struct sip_text wanted = sip_word(name);
	struct sip_param p;

	while (sip_param_next(&r, &p)) {
		if (!sip_text_alike(p.name, wanted))
			continue;
		*value = p.value.bytes ? p.value : sip_word("");
		return true;
	}
	return false;
}
