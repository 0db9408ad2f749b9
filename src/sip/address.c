#include "sip/address.h"

/* "<sip:…>;params"; what stood before it is the display name. */
static int read_bracketed(struct rd *r, struct sip_address *out)
{
	struct sip_text inside;

	if (!sip_skip(r, '<'))
		return ERR_BAD;
	inside = sip_until(r, ">");
	if (!sip_skip(r, '>'))
		return ERR_BAD;
	out->text = sip_text_trim(inside);
	out->has_fault |= out->text.len != inside.len;
	(void)sip_until(r, ";");
	out->params = sip_text_rest(r);
	return sip_uri_read(out->text, &out->uri);
}

/* Without brackets, all from the first semicolon on is the field's (RFC 3261 20), so such a URI
 * has no parameters of its own; one with a question mark must have brackets. */
static int read_bare(struct rd *r, struct sip_address *out)
{
	out->text = sip_text_trim(sip_until(r, ";"));
	out->params = sip_text_rest(r);
	out->is_star = sip_text_is(out->text, "*");
	if (out->is_star)
		return 0;
	out->has_fault |= out->text.len && memchr(out->text.bytes, '?', out->text.len);
	return sip_uri_read(out->text, &out->uri);
}

/* A display name without quotes: tokens and white space, or nothing. */
static bool is_name(struct sip_text t)
{
	struct rd r = sip_text_rd(t);

	do
		sip_skip_space(&r);
	while (sip_token(&r).len);
	return rd_left(&r) == 0;
}

int sip_address_read(struct sip_text value, struct sip_address *out)
{
	struct rd r = sip_text_rd(sip_text_trim(value)), before = r;
	struct sip_text name;

	*out = (struct sip_address){0};
	if (sip_skip(&r, '"')) {
		out->is_quoted = sip_quoted(&r, &out->display);
		if (!out->is_quoted) {
			r = before;
			out->has_fault = true;
			out->display = sip_text_trim(sip_until(&r, "<"));
		}
		sip_skip_space(&r);
		return read_bracketed(&r, out);
	}
	name = sip_text_trim(sip_until(&r, "<"));
	if (rd_left(&r) == 0 || (name.len && memchr(name.bytes, ';', name.len)))
		return read_bare(&before, out);
	out->display = name;
	out->has_fault = !is_name(name);
	return read_bracketed(&r, out);
}

int sip_message_address(const struct sip_message *m, enum sip_field field, struct sip_address *out)
{
	struct sip_text value;

	return sip_message_value(m, field, &value) ? sip_address_read(value, out) : ERR_ABSENT;
}

bool sip_message_tag(const struct sip_message *m, enum sip_field field, struct sip_text *out)
{
	struct sip_text value;
	struct rd r;

	if (!sip_message_value(m, field, &value))
		return false;
	r = sip_text_rd(value);
	(void)sip_until_bare(&r, ";");
	return sip_param_find(sip_text_rest(&r), "tag", out) && out->len;
}
