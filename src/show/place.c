#include "show/place.h"

#include <stdio.h>

#include "ber/reader.h"

enum { MAX_PLACES = 8, MAC_LEN = 6, NETWORK_LEN = 3, MAX_TEXT = 16 };

/* Fields of User Location Information, in the order in which they follow its flags (TS 29.274
 * clause 8.21): name, flag, octets of the area, of the cell. */
static const struct {
	const char *name;
	uint8_t flag, area, cell;
} fields[] = {
	{"CGI", 1, 2, 2}, {"SAI", 2, 2, 2},   {"RAI", 4, 2, 2},
	{"TAI", 8, 2, 0}, {"ECGI", 16, 0, 4}, {"LAI", 32, 2, 0},
};

static uint64_t number(struct rd *r, size_t len)
{
	uint64_t v = 0;

	while (len--)
		v = v << 8 | rd_u8(r);
	return v;
}

/* MCC and MNC from nibbles, low ones first; 15 for a third digit of the MNC that there is not. */
static void put_network(struct form *f, struct rd *r)
{
	uint8_t a = rd_u8(r), b = rd_u8(r), c = rd_u8(r);
	char text[8];
	int len = b >> 4 == 15 ? snprintf(text, sizeof text, "%x%x%x-%x%x", a & 15, a >> 4, b & 15,
					  c & 15, c >> 4)
			       : snprintf(text, sizeof text, "%x%x%x-%x%x%x", a & 15, a >> 4,
					  b & 15, c & 15, c >> 4, b >> 4);

	form_text(f, "network", text, (size_t)len);
}

static void user_location(struct form *f, const struct ber_tlv *t)
{
	struct rd r = rd_of(t->value, t->len);
	uint8_t flags = rd_u8(&r);

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		size_t area = fields[i].area, cell = fields[i].cell;

		if (!(flags & fields[i].flag))
			continue;
		if (rd_left(&r) < NETWORK_LEN + area + cell)
			return;
		form_line(f, "place");
		form_word(f, "kind", fields[i].name);
		put_network(f, &r);
		if (area)
			form_hex(f, "area", number(&r, area), (int)area * 2);
		if (cell)
			form_hex(f, "cell", number(&r, cell), (int)cell * 2);
		form_line_end(f);
	}
}

/* The element at the end of a path of tags below another; false where it is not there. */
static bool find(const struct ber_tlv *in, const char *path, struct ber_tlv *out)
{
	*out = *in;
	for (; *path; path++) {
		struct ber_rd r = ber_inside(out);
		uint32_t tag = ber_context((uint32_t)(*path - '0'));

		if (!out->is_constructed)
			return false;
		do {
			if (ber_next(&r, out))
				return false;
		} while (out->tag != tag);
	}
	return !out->is_constructed;
}

static void put_found(struct form *f, const char *name, const struct ber_tlv *t)
{
	form_text(f, name, t->value, t->len < MAX_TEXT ? t->len : MAX_TEXT);
}

/* umtsHI2Location: geoCoordinates of gsmLocation. */
static void coordinates(struct form *f, const struct ber_tlv *t)
{
	struct ber_tlv latitude, longitude;

	if (!find(t, "511", &latitude) || !find(t, "512", &longitude))
		return;
	form_line(f, "place");
	form_word(f, "kind", "point");
	put_found(f, "latitude", &latitude);
	put_found(f, "longitude", &longitude);
	form_line_end(f);
}

static void access_point(struct form *f, const struct ber_tlv *t)
{
	struct ber_tlv mac;

	if (!find(t, "0", &mac) || mac.len != MAC_LEN)
		return;
	form_line(f, "place");
	form_word(f, "kind", "access point");
	form_address(f, "mac", FORM_MAC, mac.value);
	form_line_end(f);
}

/* threeGPP33128UserLocation: nRLocation's tAI and nCGI, whose cell is a BIT STRING of 36 bits. */
static void cell_of_5g(struct form *f, const struct ber_tlv *t)
{
	struct ber_tlv mcc, mnc, area, cell;
	struct rd r, bits;

	if (!find(t, "2111", &mcc) || !find(t, "2112", &mnc) || !find(t, "212", &area) ||
	    !find(t, "222", &cell) || area.len != 3 || cell.len != 6)
		return;
	r = rd_of(area.value, area.len);
	bits = rd_of(cell.value, cell.len);
	rd_skip(&bits, 1);
	form_line(f, "place");
	form_word(f, "kind", "NR");
	put_found(f, "mcc", &mcc);
	put_found(f, "mnc", &mnc);
	form_hex(f, "area", number(&r, 3), 6);
	form_hex(f, "cell", number(&bits, 5) >> 4, 9);
	form_line_end(f);
}

static void place(struct form *f, const struct ber_tlv *t)
{
	struct ber_tlv inner;

	if (ber_tag_class(t->tag) != BER_CONTEXT)
		return;
	switch (ber_tag_number(t->tag)) {
	case 0:
		coordinates(f, t);
		break;
	case 1:
		if (find(t, "1", &inner))
			user_location(f, &inner);
		break;
	case 2:
		access_point(f, t);
		break;
	case 4:
		cell_of_5g(f, t);
		break;
	default:
		break;
	}
}

void show_places(struct form *f, const struct etsi_octets *location)
{
	struct ber_rd r = ber_rd_of(location->bytes, location->len);
	struct ber_tlv t;

	form_lines(f, "places");
	for (int i = 0; i < MAX_PLACES && location->len && ber_next(&r, &t) == 0; i++)
		place(f, &t);
	form_lines_end(f);
}
