#include "access/facts.h"

#include <stdio.h>
#include <string.h>

static const bool is_kept[256] = {
	[RADIUS_USER_NAME] = true,
	[RADIUS_NAS_IP_ADDRESS] = true,
	[RADIUS_NAS_PORT] = true,
	[RADIUS_SERVICE_TYPE] = true,
	[RADIUS_FRAMED_PROTOCOL] = true,
	[RADIUS_FRAMED_IP_NETMASK] = true,
	[RADIUS_CALLBACK_NUMBER] = true,
	[RADIUS_FRAMED_ROUTE] = true,
	[RADIUS_CLASS] = true,
	[RADIUS_SESSION_TIMEOUT] = true,
	[RADIUS_CALLED_STATION_ID] = true,
	[RADIUS_CALLING_STATION_ID] = true,
	[RADIUS_NAS_IDENTIFIER] = true,
	[RADIUS_ACCT_SESSION_ID] = true,
	[RADIUS_ACCT_AUTHENTIC] = true,
	[RADIUS_ACCT_TERMINATE_CAUSE] = true,
	[RADIUS_ACCT_MULTI_SESSION_ID] = true,
	[RADIUS_NAS_PORT_TYPE] = true,
	[RADIUS_CONNECT_INFO] = true,
	[RADIUS_NAS_PORT_ID] = true,
	[RADIUS_FRAMED_POOL] = true,
	[RADIUS_CHARGEABLE_USER_IDENTITY] = true,
	[RADIUS_NAS_IPV6_ADDRESS] = true,
	[RADIUS_FRAMED_INTERFACE_ID] = true,
	[RADIUS_FRAMED_IPV6_ROUTE] = true,
	[RADIUS_FRAMED_IPV6_POOL] = true,
	[RADIUS_OPERATOR_NAME] = true,
	[RADIUS_LOCATION_INFORMATION] = true,
	[RADIUS_LOCATION_DATA] = true,
	[RADIUS_ROUTE_IPV6_INFORMATION] = true,
	[RADIUS_DELEGATED_IPV6_PREFIX_POOL] = true,
	[RADIUS_STATEFUL_IPV6_ADDRESS_POOL] = true,
};

static const struct {
	uint32_t vendor;
	uint8_t type;
} kept_parts[] = {
	{ACCESS_BBF, ACCESS_BBF_CIRCUIT_ID}, {ACCESS_BBF, ACCESS_BBF_REMOTE_ID},
	{ACCESS_3GPP, ACCESS_3GPP_IMSI},     {ACCESS_3GPP, ACCESS_3GPP_IMEISV},
	{ACCESS_3GPP, ACCESS_3GPP_LOCATION},
};

bool facts_has_type(uint8_t type)
{
	return is_kept[type];
}

static bool is_kept_part(uint32_t vendor, uint8_t type)
{
	for (size_t i = 0; i < sizeof kept_parts / sizeof *kept_parts; i++) {
		if (kept_parts[i].vendor == vendor && kept_parts[i].type == type)
			return true;
	}
	return false;
}

/* A vendor's attribute with several parts becomes several with one each. */
static void add_parts(struct wr *w, const struct radius_attribute *a)
{
	struct radius_attribute part;
	uint32_t vendor;
	struct rd r;

	if (!radius_vendor(a, &vendor, &r))
		return;
	while (radius_next(&r, &part)) {
		uint8_t value[RADIUS_VALUE_LEN];
		struct wr one = wr_of(value, sizeof value);

		if (!part.len || !is_kept_part(vendor, part.type))
			continue;
		wr_u32(&one, vendor);
		wr_u8(&one, part.type);
		wr_u8(&one, (uint8_t)(part.len + 2));
		wr_bytes(&one, part.value, part.len);
		if (one.ok)
			radius_put(w, RADIUS_VENDOR_SPECIFIC, value, one.len);
	}
}

void facts_add(struct wr *w, const struct radius_attribute *a)
{
	if (is_kept[a->type])
		radius_put(w, a->type, a->value, a->len);
	else if (a->type == RADIUS_VENDOR_SPECIFIC)
		add_parts(w, a);
}

/* The number by which a fresh attribute replaces an old one; a kept part's octets begin with
 * vendor (4) and type (1). */
static bool is_alike(const struct radius_attribute *a, const struct radius_attribute *b)
{
	if (a->type != b->type)
		return false;
	return a->type != RADIUS_VENDOR_SPECIFIC ||
	       (a->len > 5 && b->len > 5 && !memcmp(a->value, b->value, 5));
}

static bool is_same(const struct radius_attribute *a, const struct radius_attribute *b)
{
	return a->type == b->type && a->len == b->len && !memcmp(a->value, b->value, a->len);
}

static bool is_replaced(const struct radius_attribute *old, struct rd fresh)
{
	struct radius_attribute a;

	while (radius_next(&fresh, &a)) {
		if (is_alike(&a, old))
			return true;
	}
	return false;
}

static bool has_same(struct rd facts, const struct radius_attribute *wanted, unsigned *n_alike)
{
	struct radius_attribute a;
	bool has = false;

	*n_alike = 0;
	while (radius_next(&facts, &a)) {
		*n_alike += is_alike(&a, wanted);
		has |= is_same(&a, wanted);
	}
	return has;
}

unsigned facts_merge(struct rd old, struct rd fresh, struct wr *out)
{
	struct radius_attribute a;
	unsigned n_left_out = 0, n_names;
	struct rd walk = old;

	while (radius_next(&walk, &a)) {
		if (a.type == RADIUS_USER_NAME || !is_replaced(&a, fresh))
			radius_put(out, a.type, a.value, a.len);
	}
	while (radius_next(&fresh, &a)) {
		struct rd so_far = rd_of(out->bytes, out->len);

		if (a.type == RADIUS_USER_NAME) {
			if (has_same(so_far, &a, &n_names))
				continue;
			if (n_names >= FACTS_MAX_NAMES) {
				n_left_out++;
				continue;
			}
		}
		if (a.len + 2u > out->limit - out->len)
			n_left_out++;
		else
			radius_put(out, a.type, a.value, a.len);
	}
	return n_left_out;
}

bool facts_share_name(struct rd a, struct rd b)
{
	struct radius_attribute name;
	unsigned n;

	while (radius_next(&a, &name)) {
		if (name.type == RADIUS_USER_NAME && has_same(b, &name, &n))
			return true;
	}
	return false;
}

bool facts_hold(struct rd facts, struct rd wanted)
{
	struct radius_attribute a;
	unsigned n;

	while (radius_next(&wanted, &a)) {
		if (!has_same(facts, &a, &n))
			return false;
	}
	return true;
}

enum facts_verdict facts_compare(struct rd a, struct rd b, uint8_t type)
{
	struct radius_attribute in_a, in_b;

	if (!radius_find(a, type, &in_a) || !radius_find(b, type, &in_b))
		return FACTS_NONE;
	return is_same(&in_a, &in_b) ? FACTS_SAME : FACTS_DIFFER;
}

struct access_text access_text(const struct access_session *s, uint8_t type, unsigned nth)
{
	struct rd walk = s->attributes;
	struct radius_attribute a;

	while (radius_next(&walk, &a)) {
		if (a.type == type && !nth--)
			return (struct access_text){a.value, a.len};
	}
	return (struct access_text){NULL, 0};
}

bool access_number(const struct access_session *s, uint8_t type, uint32_t *out)
{
	struct radius_attribute a;

	return radius_find(s->attributes, type, &a) && radius_integer(&a, out);
}

struct access_text access_vendor_text(const struct access_session *s, uint32_t vendor, uint8_t type)
{
	struct rd walk = s->attributes, r;
	struct radius_attribute a, part;
	uint32_t found;

	while (radius_next(&walk, &a)) {
		if (radius_vendor(&a, &found, &r) && found == vendor && radius_next(&r, &part) &&
		    part.type == type)
			return (struct access_text){part.value, part.len};
	}
	return (struct access_text){NULL, 0};
}

void access_session_name(const struct access_session *s, char out[ACCESS_NAME_LEN])
{
	struct access_text id = access_text(s, RADIUS_ACCT_SESSION_ID, 0);

	if (id.bytes)
		snprintf(out, ACCESS_NAME_LEN, "%.*s", (int)id.len, (const char *)id.bytes);
	else
		snprintf(out, ACCESS_NAME_LEN, "%016llx", (unsigned long long)s->id);
}
