#include "ipmm/location.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/rd.h"

/* userLocationInfo's flags, in the order in which their fields follow (TS 29.274 clause 8.21). */
enum { HAS_CGI = 1, HAS_SAI = 2, HAS_TAI = 8, HAS_ECGI = 16, HAS_LAI = 32 };

enum { MAX_VALUE = 64, TAC_LEN = 3 };

/* What access networks call the place, and how their text is cut: MCC, MNC of 2 or 3 digits, then
 * two numbers in hexadecimal. */
enum shape { SHAPE_GERAN, SHAPE_SAI, SHAPE_UTRAN, SHAPE_EUTRAN, SHAPE_NR, SHAPE_MAC };

static const struct rule {
	const char *network; /* what the access type begins with */
	const char *name;    /* of the parameter */
	uint8_t shape, area_digits, cell_digits;
} rules[] = {
	{"3GPP-GERAN", "cgi-3gpp", SHAPE_GERAN, 4, 4},
	{"3GPP-UTRAN", "utran-sai-3gpp", SHAPE_SAI, 4, 4},
	{"3GPP-UTRAN", "utran-cell-id-3gpp", SHAPE_UTRAN, 4, 7},
	{"3GPP-E-UTRAN", "utran-cell-id-3gpp", SHAPE_EUTRAN, 4, 7},
	{"3GPP-NR", "utran-cell-id-3gpp", SHAPE_NR, 6, 9},
	{"3GPP-WLAN", "i-wlan-node-id", SHAPE_MAC, 0, 0},
	{"IEEE-802.11", "i-wlan-node-id", SHAPE_MAC, 0, 0},
};

/* What a text names: digits of the network, area, cell. */
struct cell {
	char mcc[4], mnc[4];
	uint64_t area, number;
};

static bool is_digits(const char *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)at[i]))
			return false;
	}
	return true;
}

static bool take_hex(const char *at, size_t n, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		char c = at[i];

		if (!isxdigit((unsigned char)c))
			return false;
		*out = *out << 4 |
		       (uint64_t)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return true;
}

/* The MNC has three digits where the text is one longer than with two. */
static bool take_cell(const char *text, const struct rule *rule, struct cell *out)
{
	size_t rest = rule->area_digits + rule->cell_digits, len = strlen(text);
	size_t mnc_len = len - 3 - rest;

	if (len < 3 + 2 + rest || mnc_len > 3 || !is_digits(text, 3 + mnc_len))
		return false;
	memset(out, 0, sizeof *out);
	memcpy(out->mcc, text, 3);
	memcpy(out->mnc, text + 3, mnc_len);
	return take_hex(text + 3 + mnc_len, rule->area_digits, &out->area) &&
	       take_hex(text + 3 + mnc_len + rule->area_digits, rule->cell_digits, &out->number);
}

/* MCC and MNC in nibbles, low ones first; an MNC of two digits has 15 for the third. */
static void put_network(struct wr *w, const struct cell *c)
{
	unsigned third = c->mnc[2] ? (unsigned)(c->mnc[2] - '0') : 15;

	wr_u8(w, (uint8_t)((c->mcc[1] - '0') << 4 | (c->mcc[0] - '0')));
	wr_u8(w, (uint8_t)(third << 4 | (unsigned)(c->mcc[2] - '0')));
	wr_u8(w, (uint8_t)((c->mnc[1] - '0') << 4 | (c->mnc[0] - '0')));
}

static void put_area(struct wr *w, const struct cell *c)
{
	put_network(w, c);
	wr_u16(w, (uint16_t)c->area);
}

static bool put_user_location(struct ipmm_place *out, const struct cell *c, enum shape shape)
{
	static const uint8_t flags[] = {[SHAPE_GERAN] = HAS_CGI,
					[SHAPE_SAI] = HAS_SAI,
					[SHAPE_UTRAN] = HAS_LAI,
					[SHAPE_EUTRAN] = HAS_TAI | HAS_ECGI};
	struct wr w = wr_of(out->user_location, sizeof out->user_location);

	wr_u8(&w, flags[shape]);
	put_area(&w, c);
	if (shape == SHAPE_GERAN || shape == SHAPE_SAI)
		wr_u16(&w, (uint16_t)c->number);
	if (shape == SHAPE_EUTRAN) {
		put_network(&w, c);
		wr_u32(&w, (uint32_t)c->number);
	}
	out->location.place.user_location = (struct etsi_text){out->user_location, w.len};
	return w.ok;
}

static bool put_cell(struct ipmm_place *out, const struct cell *c)
{
	struct ipmm_cell *cell = &out->location.cell;

	memcpy(cell->mcc, c->mcc, sizeof cell->mcc);
	memcpy(cell->mnc, c->mnc, sizeof cell->mnc);
	for (int i = TAC_LEN - 1; i >= 0; i--)
		cell->tac[i] = (uint8_t)(c->area >> 8 * (TAC_LEN - 1 - i));
	cell->cell = c->number;
	return true;
}

/* Twelve digits, whatever stands between them. */
static bool put_access_point(struct ipmm_place *out, const char *text)
{
	uint64_t mac = 0, digit;
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ':' || *text == '-' || *text == '.')
			continue;
		if (!take_hex(text, 1, &digit) || n++ == 2 * ETSI_MAC_LEN)
			return false;
		mac = mac << 4 | digit;
	}
	if (n != 2 * ETSI_MAC_LEN)
		return false;
	for (int i = ETSI_MAC_LEN - 1; i >= 0; i--, mac >>= 8)
		out->access_point[i] = (uint8_t)mac;
	out->location.place.access_point = (struct etsi_text){out->access_point, ETSI_MAC_LEN};
	return true;
}

static bool read_place(struct ipmm_place *out, const struct rule *rule, const char *text)
{
	struct cell cell;

	if (rule->shape == SHAPE_MAC)
		return put_access_point(out, text);
	if (!take_cell(text, rule, &cell))
		return false;
	return rule->shape == SHAPE_NR ? put_cell(out, &cell)
				       : put_user_location(out, &cell, rule->shape);
}

/* The next byte is one of these. */
static bool is_at(const struct rd *r, const char *signs)
{
	return rd_left(r) && *r->at && strchr(signs, *r->at);
}

static void skip_blanks(struct rd *r)
{
	while (is_at(r, " \t\r\n"))
		rd_skip(r, 1);
}

/* A token up to one of the stops, or a quoted text, as a text; what is longer than its room is
 * empty, which fits nothing. */
static void take_word(struct rd *r, const char *stops, char out[MAX_VALUE])
{
	bool is_quoted = is_at(r, "\"");
	size_t n = 0;

	if (is_quoted)
		rd_skip(r, 1);
	while (rd_left(r) && !is_at(r, is_quoted ? "\"" : stops)) {
		char c = (char)rd_u8(r);

		if (is_quoted && c == '\\' && rd_left(r))
			c = (char)rd_u8(r);
		if (n < MAX_VALUE)
			out[n] = c;
		n += n < MAX_VALUE;
	}
	if (is_quoted && rd_left(r))
		rd_skip(r, 1);
	while (!is_quoted && n && n < MAX_VALUE && isspace((unsigned char)out[n - 1]))
		n--;
	out[n < MAX_VALUE ? n : 0] = 0;
}

/* The place that a parameter of this access network tells, if it does. A better rule (one that
 * stands before) replaces what a later one gave. */
static bool take_parameter(struct rd *r, const char *network, struct ipmm_place *out, size_t *best)
{
	char name[MAX_VALUE], value[MAX_VALUE];

	skip_blanks(r);
	take_word(r, "=;,", name);
	value[0] = 0;
	if (is_at(r, "=")) {
		rd_skip(r, 1);
		skip_blanks(r);
		take_word(r, ";,", value);
	}
	for (size_t i = 0; i < sizeof rules / sizeof *rules && i < *best; i++) {
		struct ipmm_place place = {0};

		if (strncasecmp(network, rules[i].network, strlen(rules[i].network)) != 0 ||
		    strcasecmp(name, rules[i].name) != 0 || !read_place(&place, &rules[i], value))
			continue;
		*out = (struct ipmm_place){0};
		*best = i;
		return read_place(out, &rules[i], value);
	}
	return false;
}

bool ipmm_place_read(struct ipmm_place *out, const void *value, size_t len)
{
	struct rd r = rd_of(value, len);
	char network[MAX_VALUE];
	bool is_told = false;

	*out = (struct ipmm_place){0};
	while (rd_left(&r) && !is_told) {
		size_t best = SIZE_MAX;

		skip_blanks(&r);
		take_word(&r, ";,", network);
		while (rd_left(&r) && !is_at(&r, ",")) {
			rd_skip(&r, 1); /* the ; in front, or what followed a quoted text */
			is_told |= take_parameter(&r, network, out, &best);
		}
		rd_skip(&r, 1);
	}
	return is_told;
}
