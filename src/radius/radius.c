#include "radius/radius.h"

#include "radius/attribute.h"

static const char *const code_names[256] = {
#define X(value, name, text, rfc) [value] = text,
	RADIUS_CODES(X)
#undef X
};

const char *radius_code_name(uint8_t code)
{
	return code_names[code];
}

int radius_read(const void *bytes, size_t len, struct radius *out)
{
	struct rd r = rd_of(bytes, len);
	struct radius_attribute a;
	struct rd walk;

	out->code = rd_u8(&r);
	out->identifier = rd_u8(&r);
	out->len = rd_u16(&r);
	out->authenticator = rd_take(&r, RADIUS_AUTHENTICATOR_LEN);
	if (!r.ok)
		return ERR_CUT;
	if (out->len < RADIUS_HEADER_LEN || out->len > RADIUS_MAX_LEN)
		return ERR_BAD;
	out->attributes = rd_sub(&r, out->len - RADIUS_HEADER_LEN);
	if (!r.ok)
		return ERR_CUT;
	walk = out->attributes;
	while (radius_next(&walk, &a))
		;
	return walk.ok ? 0 : ERR_BAD;
}

size_t radius_open(struct wr *w, uint8_t code, uint8_t identifier,
		   const uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN])
{
	size_t mark = w->len;

	wr_u8(w, code);
	wr_u8(w, identifier);
	wr_u16(w, 0);
	wr_bytes(w, authenticator, RADIUS_AUTHENTICATOR_LEN);
	return mark;
}

void radius_close(struct wr *w, size_t mark)
{
	size_t len = w->len - mark;
	struct wr head;

	if (!w->ok || len > RADIUS_MAX_LEN) {
		w->ok = false;
		return;
	}
	head = wr_of(&w->bytes[mark + 2], 2);
	wr_u16(&head, (uint16_t)len);
}

void radius_print(const struct radius *r, struct wr *w)
{
	const char *name = radius_code_name(r->code);
	struct rd walk = r->attributes;
	struct radius_attribute a;

	if (name)
		wr_text(w, "%s", name);
	else
		wr_text(w, "Code %u", r->code);
	wr_text(w, ", identifier %u, %u bytes\n", r->identifier, r->len);
	while (radius_next(&walk, &a)) {
		wr_text(w, "\t");
		radius_attribute_print(&a, w);
		wr_text(w, "\n");
	}
}
