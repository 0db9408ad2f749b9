#include "sip/access.h"

#include "base/tap.h"

static bool is(struct sip_text t, const char *wanted)
{
	return wanted ? sip_text_same(t, sip_word(wanted)) : !t.bytes;
}

static const struct {
	const char *value;
	enum sip_access_kind kind;
	const char *cell;
	const char *mcc;
	const char *mnc;
	uint32_t area;
	uint64_t number;
} cases[] = {
	{"3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2620201A80015f01", SIP_ACCESS_E_UTRAN,
	 "2620201A80015f01", "262", "02", 0x01a8, 0x0015f01},
	{"3GPP-E-UTRAN-TDD; utran-cell-id-3gpp=\"3104101A80015f01f\";network-provided",
	 SIP_ACCESS_E_UTRAN, "3104101A80015f01f", "310", "410", 0x1a80, 0x015f01f},
	{"3GPP-NR-FDD;utran-cell-id-3gpp=26202000abc123456789", SIP_ACCESS_NR,
	 "26202000abc123456789", "262", "02", 0xabc, 0x123456789},
	{"3GPP-UTRAN-TDD;utran-cell-id-3gpp=23415D9D1FFFFFFF", SIP_ACCESS_UTRAN, "23415D9D1FFFFFFF",
	 "234", "15", 0xd9d1, 0xfffffff},
	{"3GPP-GERAN;cgi-3gpp=2040812AB00CD", SIP_ACCESS_GERAN, "2040812AB00CD", "204", "08",
	 0x12ab, 0x00cd},
	{"3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=262", SIP_ACCESS_E_UTRAN, "262", NULL, NULL, 0, 0},
	{"3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=26x0201A80015f01", SIP_ACCESS_E_UTRAN,
	 "26x0201A80015f01", NULL, NULL, 0, 0},
	{"3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2620201A80015fxx", SIP_ACCESS_E_UTRAN,
	 "2620201A80015fxx", NULL, NULL, 0, 0},
	{"3GPP-E-UTRAN-FDD", SIP_ACCESS_E_UTRAN, NULL, NULL, NULL, 0, 0},
	{"ADSL2+; dsl-location=\"x\"", SIP_ACCESS_OTHER, NULL, NULL, NULL, 0, 0},
	{"untrusted-non-3GPP-VIRTUAL;cgi-3gpp=1", SIP_ACCESS_OTHER, "1", NULL, NULL, 0, 0},
};

int main(void)
{
	static const uint8_t mac[] = {0, 3, 0x7f, 0xff, 0xfe, 0};
	struct sip_access a;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(sip_access_read(sip_word(cases[i].value), &a) == 0 && a.kind == cases[i].kind &&
			   is(a.cell, cases[i].cell) && is(a.mcc, cases[i].mcc) &&
			   is(a.mnc, cases[i].mnc) && a.area == cases[i].area &&
			   a.cell_number == cases[i].number,
		   "%s is of %s", cases[i].value, sip_access_name(cases[i].kind));
	ok(sip_access_read(sip_word("3GPP-E-UTRAN-TDD;network-provided"), &a) == 0 &&
		   a.is_network_provided && is(a.type, "3GPP-E-UTRAN-TDD"),
	   "what the network says is told from what a telephone says");
	ok(sip_access_read(sip_word("IEEE-802.11ac;i-wlan-node-id=00037FfffE00"), &a) == 0 &&
		   a.kind == SIP_ACCESS_WLAN && a.has_mac && !memcmp(a.mac, mac, 6),
	   "a WLAN's node is an address");
	ok(sip_access_read(sip_word("IEEE-802.11;i-wlan-node-id=00037ffffe0g"), &a) == 0 &&
		   !a.has_mac,
	   "or none, where a digit is none");
	ok(sip_access_read(sip_word(""), &a) == ERR_BAD &&
		   sip_access_read(sip_word(";x"), &a) == ERR_BAD,
	   "without a type it is refused");
	return tap_end();
}
