#include "sip/uri.h"

static const char *const schemes[] = {
#define X(name, text) [SIP_SCHEME_##name] = text,
	SIP_SCHEMES(X)
#undef X
};

static enum sip_scheme scheme_of(struct sip_text name)
{
	for (size_t i = SIP_SCHEME_OTHER + 1; i < sizeof schemes / sizeof *schemes; i++)
		if (sip_text_is(name, schemes[i]))
			return (enum sip_scheme)i;
	return SIP_SCHEME_OTHER;
}

/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) (RFC 3986 3.1) */
static bool is_scheme(struct sip_text name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.bytes[i], letter = c | 0x20;

		if (letter >= 'a' && letter <= 'z')
			continue;
		if (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))
			return false;
	}
	return name.len != 0;
}

/* No white space, no controls, none of < > " */
static bool is_bare(struct sip_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		uint8_t c = t.bytes[i];

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"')
			return false;
	}
	return true;
}

/* Parameters and headers, if any follow. */
static void read_tail(struct rd *r, struct sip_uri *out)
{
	if (sip_skip(r, ';'))
		out->params = sip_until(r, "?");
	if (sip_skip(r, '?'))
		out->headers = sip_text_rest(r);
}

/* user[:password]@host[:port][;params][?headers]. A user may have ; and ? in it, so '@' is
 * looked for first; one in the headers must be escaped. */
static int read_sip(struct rd *r, struct sip_uri *out)
{
	struct rd before = *r;
	struct sip_text userinfo = sip_until(r, "@"), hostport;

	if (sip_skip(r, '@')) {
		struct rd user = sip_text_rd(userinfo);

		out->user = sip_until(&user, ":");
		if (sip_skip(&user, ':'))
			out->password = sip_text_rest(&user);
		if (out->user.len == 0)
			return ERR_BAD;
	} else {
		*r = before;
	}
	hostport = sip_until(r, ";?");
	if (!sip_host_port_read(hostport, &out->host, &out->port))
		return ERR_BAD;
	read_tail(r, out);
	return 0;
}

static int read_tel(struct rd *r, struct sip_uri *out)
{
	out->user = sip_until(r, ";?");
	read_tail(r, out);
	return out->user.len ? 0 : ERR_BAD;
}

int sip_uri_read(struct sip_text t, struct sip_uri *out)
{
	struct rd r = sip_text_rd(t);

	*out = (struct sip_uri){0};
	out->scheme_name = sip_until(&r, ":");
	if (!sip_skip(&r, ':') || !is_scheme(out->scheme_name) || !is_bare(t))
		return ERR_BAD;
	out->scheme = scheme_of(out->scheme_name);
	switch (out->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return read_sip(&r, out);
	case SIP_SCHEME_TEL:
		return read_tel(&r, out);
	default:
		out->opaque = sip_text_rest(&r);
		return 0;
	}
}

bool sip_uri_header(const struct sip_uri *uri, const char *name, struct sip_text *value)
{
	struct rd r = sip_text_rd(uri->headers);

	while (rd_left(&r)) {
		bool is_found = sip_text_is(sip_until(&r, "=&"), name);

		*value = sip_skip(&r, '=') ? sip_until(&r, "&") : sip_word("");
		(void)sip_skip(&r, '&');
		if (is_found)
			return true;
	}
	return false;
}

/* The octet at *i, unescaped, and *i behind it. */
static int octet_at(struct sip_text t, size_t *i)
{
	uint8_t octet = 0;
	size_t n = t.bytes[*i] == '%' && t.len - *i > 2 ? 3 : 1;
	struct sip_text one = sip_text_of(&t.bytes[*i], n);

	if (n == 3 && sip_text_unescape(one, &octet, 1) != 1)
		n = 1;
	if (n == 1)
		octet = *one.bytes;
	*i += n;
	return octet;
}

/* Whether they are the same once unescaped; with letters of either case alike where asked. */
static bool means_same(struct sip_text a, struct sip_text b, bool is_case_alike)
{
	size_t i = 0, j = 0;

	while (i < a.len && j < b.len) {
		int x = octet_at(a, &i), y = octet_at(b, &j);

		if (is_case_alike && x >= 'A' && x <= 'Z')
			x |= 0x20;
		if (is_case_alike && y >= 'A' && y <= 'Z')
			y |= 0x20;
		if (x != y)
			return false;
	}
	return i == a.len && j == b.len && !a.bytes == !b.bytes;
}

static int read_params(struct sip_text t, struct sip_param out[SIP_URI_PARAMS])
{
	struct rd r = sip_text_rd(t);
	int n = 0;

	while (n < SIP_URI_PARAMS && sip_param_next(&r, &out[n]))
		n++;
	sip_skip_space(&r);
	return rd_left(&r) ? -1 : n;
}

static bool must_be_in_both(struct sip_text name)
{
	static const char *const names[] = {"user", "ttl", "method", "maddr", "transport"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (sip_text_is(name, names[i]))
			return true;
	return false;
}

/* Whether no parameter of a speaks against b's. */
static bool params_fit(const struct sip_param *a, int n_a, const struct sip_param *b, int n_b)
{
	for (int i = 0; i < n_a; i++) {
		int j = 0;

		while (j < n_b && !means_same(a[i].name, b[j].name, true))
			j++;
		if (j == n_b ? must_be_in_both(a[i].name)
			     : !means_same(a[i].value, b[j].value, true))
			return false;
	}
	return true;
}

static bool params_same(struct sip_text a, struct sip_text b)
{
	struct sip_param first[SIP_URI_PARAMS], second[SIP_URI_PARAMS];
	int n = read_params(a, first), m = read_params(b, second);

	if (sip_text_same(a, b))
		return true;
	if (n < 0 || m < 0)
		return false;
	return params_fit(first, n, second, m) && params_fit(second, m, first, n);
}

/* Digits of a telephone number without its visual separators (RFC 3966 5). */
static bool numbers_same(struct sip_text a, struct sip_text b)
{
	size_t i = 0, j = 0;

	for (;; i++, j++) {
		while (i < a.len && memchr("-.()", a.bytes[i], 4))
			i++;
		while (j < b.len && memchr("-.()", b.bytes[j], 4))
			j++;
		if (i == a.len || j == b.len)
			return i == a.len && j == b.len;
		if (a.bytes[i] != b.bytes[j])
			return false;
	}
}

static bool hosts_same(const struct sip_host *a, const struct sip_host *b)
{
	if (a->version || b->version)
		return a->version == b->version && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
	return sip_text_alike(a->text, b->text);
}

bool sip_uri_same(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme || !sip_text_alike(a->scheme_name, b->scheme_name))
		return false;
	switch (a->scheme) {
	case SIP_SCHEME_OTHER:
		return sip_text_same(a->opaque, b->opaque);
	case SIP_SCHEME_TEL:
		return numbers_same(a->user, b->user) && params_same(a->params, b->params);
	default:
		return means_same(a->user, b->user, false) &&
		       means_same(a->password, b->password, false) &&
		       hosts_same(&a->host, &b->host) && a->port == b->port &&
		       params_same(a->params, b->params);
	}
}
