#include "ipmm/pidf.h"

enum { MAX_RADIUS = 100000000, DIGITS = 6, MAX_WHOLE = 999999999 };

/* ---- tags ---- */

struct tag {
	struct sip_text name; /* without its prefix */
	struct sip_text attributes;
	bool is_end;   /* </name> */
	bool is_empty; /* <name/> */
	bool is_none;  /* a comment, or an instruction */
};

/* Up to and with a word; false where it is not there. */
static bool skip_past(struct rd *r, struct sip_text word)
{
	const uint8_t *at = memmem(r->at, rd_left(r), word.bytes, word.len);

	if (!at)
		return false;
	rd_skip(r, (size_t)(at - r->at) + word.len);
	return true;
}

/* What stands between a tag's name and its '>', over quoted values; false where there is no '>'. */
static bool take_attributes(struct rd *r, struct sip_text *out)
{
	struct rd before = *r;
	const char *quote;

	for (;;) {
		(void)sip_until(r, "\"'>");
		if (rd_left(r) == 0)
			return false;
		quote = *r->at == '"' ? "\"" : "'";
		if (sip_skip(r, '>'))
			break;
		rd_skip(r, 1);
		(void)sip_until(r, quote);
		rd_skip(r, 1);
	}
	*out = sip_text_of(before.at, rd_left(&before) - rd_left(r) - 1);
	return r->ok;
}

static struct sip_text without_prefix(struct sip_text name)
{
	struct rd r = sip_text_rd(name);

	(void)sip_until(&r, ":");
	return sip_skip(&r, ':') ? sip_text_rest(&r) : name;
}

/* The next tag; false at the end, or where it is no XML that is read here. */
static bool next_tag(struct rd *r, struct tag *out)
{
	*out = (struct tag){0};
	(void)sip_until(r, "<");
	if (!sip_skip(r, '<'))
		return false;
	if (sip_skip(r, '?')) {
		out->is_none = true;
		return skip_past(r, sip_word("?>"));
	}
	if (sip_skip(r, '!')) {
		out->is_none = true;
		return sip_skip(r, '-') && sip_skip(r, '-') && skip_past(r, sip_word("-->"));
	}
	out->is_end = sip_skip(r, '/');
	out->name = without_prefix(sip_until(r, " \t\r\n/>"));
	if (out->name.len == 0 || !take_attributes(r, &out->attributes))
		return false;
	out->is_empty =
		out->attributes.len && out->attributes.bytes[out->attributes.len - 1] == '/';
	return true;
}

/* ---- values ---- */

/* The reference system is WGS 84, or not named. */
static bool is_wgs84(struct sip_text attributes)
{
	static const char *const systems[] = {"urn:ogc:def:crs:EPSG::4326",
					      "urn:ogc:def:crs:EPSG::4979"};
	struct rd r = sip_text_rd(attributes);
	struct sip_text value;
	char quote;

	if (!skip_past(&r, sip_word("srsName")))
		return true;
	sip_skip_space(&r);
	if (!sip_skip(&r, '='))
		return false;
	sip_skip_space(&r);
	quote = rd_u8(&r) == '"' ? '"' : '\'';
	value = sip_until(&r, (char[]){quote, 0});
	return sip_text_same(value, sip_word(systems[0])) ||
	       sip_text_same(value, sip_word(systems[1]));
}

/* Digits, at most so many that count; the rest is read and forgotten. Their number, or -1 where one
 * is none or the value is beyond MAX_WHOLE. */
static int64_t digits(struct sip_text t, size_t max)
{
	int64_t v = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (t.bytes[i] < '0' || t.bytes[i] > '9')
			return -1;
		if (i < max)
			v = v * 10 + (t.bytes[i] - '0');
		if (v > MAX_WHOLE)
			return -1;
	}
	for (size_t i = t.len; i < max; i++)
		v *= 10;
	return v;
}

/* "-43.5312" in millionths; false: it is no decimal number. */
static bool take_number(struct rd *r, int64_t *out)
{
	struct sip_text whole, fraction;
	struct rd word;
	bool is_negative, has_fraction;
	int64_t n, millionths;

	sip_skip_space(r);
	word = sip_text_rd(sip_until(r, " \t\r\n"));
	is_negative = sip_skip(&word, '-');
	if (!is_negative)
		(void)sip_skip(&word, '+');
	whole = sip_until(&word, ".");
	has_fraction = sip_skip(&word, '.');
	fraction = sip_text_rest(&word);
	n = whole.len <= 9 ? digits(whole, whole.len) : -1;
	millionths = digits(fraction, DIGITS);
	if (whole.len == 0 || (has_fraction && fraction.len == 0) || n < 0 || millionths < 0)
		return false;
	*out = n * IPMM_DEGREE + millionths;
	if (is_negative)
		*out = -*out;
	return true;
}

static bool is_within(int64_t v, int64_t degrees)
{
	return v >= -degrees * IPMM_DEGREE && v <= degrees * IPMM_DEGREE;
}

/* "latitude longitude", and a height that is passed over. */
static bool read_position(struct sip_text text, struct ipmm_point *out)
{
	struct rd r = sip_text_rd(text);
	int64_t latitude, longitude;

	if (!take_number(&r, &latitude) || !take_number(&r, &longitude) ||
	    !is_within(latitude, 90) || !is_within(longitude, 180))
		return false;
	out->latitude = (int32_t)latitude;
	out->longitude = (int32_t)longitude;
	return true;
}

static bool read_radius(struct sip_text text, struct ipmm_point *out)
{
	struct rd r = sip_text_rd(text);
	int64_t radius;

	if (!take_number(&r, &radius) || radius < 0 || radius / IPMM_DEGREE > MAX_RADIUS)
		return false;
	out->radius = (uint32_t)((radius + IPMM_DEGREE - 1) / IPMM_DEGREE);
	return true;
}

/* ---- shapes ---- */

static bool is_shape(const struct tag *t)
{
	static const char *const shapes[] = {"Point", "Circle", "Sphere"};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (sip_text_same(t->name, sip_word(shapes[i])))
			return !t->is_end && !t->is_empty;
	return false;
}

/* What is inside a shape, up to its end; false where it tells no point. */
static bool read_shape(struct rd *r, const struct tag *shape, struct ipmm_point *out)
{
	bool has_position = false, is_good = is_wgs84(shape->attributes);
	struct tag t;

	while (next_tag(r, &t)) {
		struct rd ahead = *r;
		struct sip_text text = sip_until(&ahead, "<");

		if (t.is_end && sip_text_same(t.name, shape->name))
			return has_position && is_good;
		if (t.is_end || t.is_empty || t.is_none)
			continue;
		if (sip_text_same(t.name, sip_word("pos"))) {
			is_good &= !has_position && read_position(text, out);
			has_position = true;
		} else if (sip_text_same(t.name, sip_word("radius"))) {
			is_good &= read_radius(text, out);
		}
	}
	return false;
}

bool ipmm_pidf_point(struct sip_text document, struct ipmm_point *out)
{
	struct rd r = sip_text_rd(document);
	bool is_inside = false;
	struct tag t;

	while (next_tag(&r, &t)) {
		*out = (struct ipmm_point){0};
		if (sip_text_same(t.name, sip_word("location-info")))
			is_inside = !t.is_end && !t.is_empty;
		else if (is_inside && is_shape(&t) && read_shape(&r, &t, out))
			return out->is_there = true;
	}
	*out = (struct ipmm_point){0};
	return false;
}
