#include "ipmm/location.h"

#include <string.h>

#include "base/tap.h"

/* A header, and the userLocationInfo or access point that it must become; NULL: none. */
static const struct {
	const char *header;
	const char *octets;
	size_t len;
	const char *what;
} cases[] = {
	{"3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=5301012340ABCDEF",
	 "\30\x35\xf0\x01\x12\x34\x35\xf0\x01\x00\xab\xcd\xef", 13, "E-UTRAN, MNC of two digits"},
	{"3GPP-E-UTRAN-TDD;utran-cell-id-3gpp=\"31041012340ABCDEF\"",
	 "\30\x13\x00\x14\x12\x34\x13\x00\x14\x00\xab\xcd\xef", 13,
	 "E-UTRAN, MNC of three digits, quoted"},
	{"3gpp-geran; CGI-3GPP=53005ABCD1234", "\1\x35\xf0\x50\xab\xcd\x12\x34", 8,
	 "GERAN, in any case of letters"},
	{"3GPP-UTRAN-TDD; utran-cell-id-3gpp=53005ABCD0123456", "\40\x35\xf0\x50\xab\xcd", 6,
	 "UTRAN: its location area"},
	{"IEEE-802.11b; i-wlan-node-id=001A2b3c4D5e", "\x00\x1a\x2b\x3c\x4d\x5e", 6,
	 "a wireless LAN's access point"},
	{"3GPP-E-UTRAN-FDD", NULL, 0, "no parameter"},
	{"", NULL, 0, "nothing"},
	{"3GPP-E-UTRAN-FDD; utran-cell-id-3gpp", NULL, 0, "no value"},
	{"3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=5301012340ABCDE", NULL, 0, "a digit too few"},
	{"3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=310410012340ABCDEF", NULL, 0, "one too many"},
	{"3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=530A012340ABCDEF", NULL, 0, "an MNC of letters"},
	{"3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=5301012340ABCDEG", NULL, 0, "no hexadecimal"},
	{"3GPP-GERAN; utran-cell-id-3gpp=5301012340ABCDEF", NULL, 0, "another network's parameter"},
	{"IEEE-802.11; i-wlan-node-id=001A2b3c4D", NULL, 0, "half an access point"},
	{"IEEE-802.11; i-wlan-node-id=001A2b3c4D5e5f", NULL, 0, "more than an access point"},
};

static bool read(struct ipmm_place *out, const char *header, size_t len)
{
	struct sip_access access;

	*out = (struct ipmm_place){0};
	return sip_access_read(sip_text_of(header, len), &access) == 0 &&
	       ipmm_place_of(out, &access);
}

static bool is_it(const struct ipmm_place *p, const char *octets, size_t len)
{
	const struct etsi_location *l = &p->location.place;
	const struct etsi_text *said = l->access_point.bytes ? &l->access_point : &l->user_location;

	return said->len == len && (!len || !memcmp(said->bytes, octets, len));
}

static void facts(void)
{
	struct ipmm_place p;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool is_told = read(&p, cases[i].header, strlen(cases[i].header));

		ok(is_told == (cases[i].octets != NULL) &&
			   is_it(&p, cases[i].octets, cases[i].len) && !p.location.cell.mcc[0],
		   "%s", cases[i].what);
	}
	ok(read(&p, "3GPP-NR-FDD;utran-cell-id-3gpp=31041000ABCDFEDCBA987", 52) &&
		   !strcmp(p.location.cell.mcc, "310") && !strcmp(p.location.cell.mnc, "410") &&
		   !memcmp(p.location.cell.tac, "\x00\xab\xcd", 3) &&
		   p.location.cell.cell == 0xfedcba987 && !p.location.place.user_location.bytes,
	   "NR: a cell of 5G");
}

/* Every cut of a header is a header: it tells the same, or nothing. */
static void cuts(void)
{
	const char *header = cases[0].header;
	struct ipmm_place p;
	size_t n = 0;

	for (size_t len = 0; len < strlen(header); len++)
		n += !read(&p, header, len) && is_it(&p, NULL, 0);
	ok(n == strlen(header), "cut anywhere, a cell is none");
}

int main(void)
{
	facts();
	cuts();
	return tap_end();
}
