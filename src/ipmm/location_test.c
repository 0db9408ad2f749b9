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
	{"3GPP-UTRAN-FDD; utran-sai-3gpp=53005ABCD1234;network-provided",
	 "\2\x35\xf0\x50\xab\xcd\x12\x34", 8, "UTRAN: its service area"},
	{"3GPP-UTRAN; utran-sai-3gpp=53005ABCD123", NULL, 0, "half a service area"},
	{"3GPP-E-UTRAN-ProSe-UNR; utran-cell-id-3gpp=5301012340ABCDEF",
	 "\30\x35\xf0\x01\x12\x34\x35\xf0\x01\x00\xab\xcd\xef", 13, "E-UTRAN through another"},
	{"3GPP-GERAN;network-provided;cgi-3gpp=\"53005ABCD1234\"", "\1\x35\xf0\x50\xab\xcd\x12\x34",
	 8, "GERAN, provided by the network"},
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

#define PIDF(pos)                                                                                  \
	"<presence><tuple><status><geopriv><location-info><gml:Point><gml:pos>" pos                \
	"</gml:pos></gml:Point></location-info></geopriv></status></tuple></presence>"

#define PARTS                                                                                      \
	"--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <one@x>\r\n\r\n" PIDF(           \
		"1.5 -2") "\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: "          \
			  "<a%b@x>\r\n\r\n" PIDF("3 4") "\r\n--b--"

/* Headers, and what they tell: the user location's first octet, a cell of 5G, an access point, a
 * latitude. */
static const struct {
	const char *lines;
	uint8_t flags;
	bool has_cell, has_access_point;
	int32_t latitude;
	const char *what;
} messages[] = {
	{"P-Access-Network-Info: 3GPP-GERAN;cgi-3gpp=53005ABCD1234, "
	 "IEEE-802.11;i-wlan-node-id=001A2b3c4D5e\r\nP-Access-Network-Info: "
	 "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=5301012340ABCDEF;network-provided\r\n",
	 0x18, false, true, 0, "what the network provided comes first, each form once"},
	{"P-Access-Network-Info: 3GPP-NR;utran-cell-id-3gpp=31041000ABCDFEDCBA987\r\n"
	 "P-Access-Network-Info: 3GPP-UTRAN-TDD;utran-cell-id-3gpp=53005ABCD0123456\r\n",
	 0x20, true, false, 0, "a cell of 5G beside another"},
	{"Geolocation: <https://x/1>, <cid:one@x>, <cid:a%25b@x>\r\n", 0, false, false, 1500000,
	 "the first location that is in the message"},
	{"Geolocation: <cid:a%25b@x>;a=b\r\nP-Access-Network-Info: "
	 "IEEE-802.11;i-wlan-node-id=001A2b3c4D5e\r\n",
	 0, false, true, 3000000, "a name with an escaped octet, and an access point"},
	{"Geolocation: <cid:two@x>\r\n", 0, false, false, 0, "a body that is not there"},
	{"Geolocation-Routing: yes\r\nP-Access-Network-Info: 3GPP-GERAN\r\n", 0, false, false, 0,
	 "nothing"},
};

static void in_messages(void)
{
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		char text[4096];
		int len = snprintf(text, sizeof text,
				   "INVITE sip:b@x SIP/2.0\r\n%sContent-Type: "
				   "multipart/mixed;boundary=b\r\n\r\n%s",
				   messages[i].lines, PARTS);
		const struct etsi_location *l;
		struct sip_message m;
		struct ipmm_place p;
		bool is_told =
			sip_message_read(text, (size_t)len, &m) == 0 && ipmm_place_in(&p, &m);

		l = &p.location.place;
		ok((l->user_location.len ? p.user_location[0] : 0) == messages[i].flags &&
			   (p.location.cell.mcc[0] != 0) == messages[i].has_cell &&
			   (l->access_point.len != 0) == messages[i].has_access_point &&
			   p.location.point.latitude == messages[i].latitude &&
			   p.location.point.is_there == (messages[i].latitude != 0) &&
			   is_told == (i < 4),
		   "%s", messages[i].what);
	}
}

int main(void)
{
	facts();
	cuts();
	in_messages();
	return tap_end();
}
