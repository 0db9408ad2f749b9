#include "radius/attribute.h"

#include <string.h>

struct row {
	const char *name; /* NULL: the type is not known */
	uint8_t kind;
};

static const struct row rows[256] = {
#define X(type, name, text, kind, rfc) [type] = {text, RADIUS_KIND_##kind},
	RADIUS_ATTRIBUTES(X)
#undef X
};

static const struct {
	uint8_t least;
	uint8_t most;
} sizes[] = {
#define X(name, least, most) {least, most},
	RADIUS_KINDS(X)
#undef X
};

const char *radius_type_name(uint8_t type)
{
	return rows[type].name;
}

static bool is_kind(uint8_t type, enum radius_kind kind)
{
	return rows[type].name && rows[type].kind == kind;
}

bool radius_next(struct rd *attributes, struct radius_attribute *out)
{
	uint8_t len;

	if (!rd_left(attributes))
		return false;
	out->type = rd_u8(attributes);
	len = rd_u8(attributes);
	if (len < 2)
		attributes->ok = false;
	if (!attributes->ok)
		return false;
	out->len = (uint8_t)(len - 2);
	out->value = rd_take(attributes, out->len);
	return attributes->ok;
}

bool radius_find(struct rd attributes, uint8_t type, struct radius_attribute *out)
{
	while (radius_next(&attributes, out)) {
		if (out->type == type)
			return true;
	}
	return false;
}

bool radius_integer(const struct radius_attribute *a, uint32_t *out)
{
	struct rd r = rd_of(a->value, a->len);

	if (!is_kind(a->type, RADIUS_KIND_INTEGER) && !is_kind(a->type, RADIUS_KIND_NAME) &&
	    !is_kind(a->type, RADIUS_KIND_TIME))
		return false;
	*out = rd_u32(&r);
	return r.ok && !rd_left(&r);
}

/* Clears what lies beyond the prefix's length. */
static void mask(struct net_prefix *p)
{
	size_t whole = p->bits / 8;

	if (p->bits % 8)
		p->ip.bytes[whole++] &= (uint8_t)(0xff00 >> p->bits % 8);
	memset(&p->ip.bytes[whole], 0, sizeof p->ip.bytes - whole);
}

/* RFC 3162, 2.3: no more octets than the prefix's 16, no fewer than its length needs. */
static bool prefix6(struct rd *r, struct net_prefix *out)
{
	size_t n;

	rd_skip(r, 1);
	out->ip.version = 6;
	out->bits = rd_u8(r);
	n = rd_left(r);
	if (!r->ok || out->bits > 128 || n > 16 || n * 8 < out->bits)
		return false;
	if (n)
		memcpy(out->ip.bytes, rd_take(r, n), n);
	mask(out);
	return true;
}

bool radius_prefix(const struct radius_attribute *a, struct net_prefix *out)
{
	struct rd r = rd_of(a->value, a->len);
	uint8_t size = is_kind(a->type, RADIUS_KIND_IPV4) ? 4 : 16;

	*out = (struct net_prefix){0};
	if (is_kind(a->type, RADIUS_KIND_PREFIX6))
		return prefix6(&r, out);
	if (!is_kind(a->type, RADIUS_KIND_IPV4) && !is_kind(a->type, RADIUS_KIND_IPV6))
		return false;
	if (a->len != size)
		return false;
	memcpy(out->ip.bytes, a->value, size);
	out->ip.version = size == 4 ? 4 : 6;
	out->bits = (uint8_t)(size * 8);
	return true;
}

bool radius_vendor(const struct radius_attribute *a, uint32_t *vendor, struct rd *out)
{
	struct rd r = rd_of(a->value, a->len);

	if (!is_kind(a->type, RADIUS_KIND_VENDOR))
		return false;
	*vendor = rd_u32(&r);
	*out = r;
	return r.ok && rd_left(&r);
}

bool radius_is_well_formed(const struct radius_attribute *a)
{
	const struct row *row = &rows[a->type];
	struct net_prefix prefix;

	if (!row->name)
		return true;
	if (a->len < sizes[row->kind].least || a->len > sizes[row->kind].most)
		return false;
	return row->kind != RADIUS_KIND_PREFIX6 || radius_prefix(a, &prefix);
}

void radius_put(struct wr *w, uint8_t type, const void *value, size_t len)
{
	if (!len || len > RADIUS_VALUE_LEN) {
		w->ok = false;
		return;
	}
	wr_u8(w, type);
	wr_u8(w, (uint8_t)(len + 2));
	wr_bytes(w, value, len);
}

void radius_put_text(struct wr *w, uint8_t type, const char *text)
{
	radius_put(w, type, text, strlen(text));
}

void radius_put_integer(struct wr *w, uint8_t type, uint32_t v)
{
	uint8_t value[4];
	struct wr r = wr_of(value, sizeof value);

	wr_u32(&r, v);
	radius_put(w, type, value, sizeof value);
}

void radius_put_prefix(struct wr *w, uint8_t type, const struct net_prefix *prefix)
{
	size_t size = prefix->ip.version == 4 ? 4 : 16;
	uint8_t value[18] = {0, prefix->bits};

	if (is_kind(type, RADIUS_KIND_PREFIX6) && size == 16) {
		size_t n = (prefix->bits + 7u) / 8;

		memcpy(&value[2], prefix->ip.bytes, n);
		radius_put(w, type, value, n + 2);
	} else if (is_kind(type, size == 4 ? RADIUS_KIND_IPV4 : RADIUS_KIND_IPV6) &&
		   prefix->bits == size * 8) {
		radius_put(w, type, prefix->ip.bytes, size);
	} else {
		w->ok = false;
	}
}
