/* P-Access-Network-Info (RFC 7315 5.4, 3GPP TS 24.229 7.2A.4): which network the user is on, and in
 * which cell.
 *
 *	3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2620100280015f01
 *	IEEE-802.11;i-wlan-node-id=00037ffffe00
 *
 * The cell's octets are text here; what they mean is in 24.229 table 7.2A.4. */
#ifndef SIP_ACCESS_H
#define SIP_ACCESS_H

#include "sip/text.h"

/* constant, name, what access types begin with, parameter with the cell; hexadecimal digits of the
 * area and of the cell, which follow MCC and MNC in it; 0: not so */
#define SIP_ACCESSES(X)                                                                            \
	X(GERAN, "GERAN", "3GPP-GERAN", "cgi-3gpp", 4, 4)                                          \
	X(UTRAN, "UTRAN", "3GPP-UTRAN", "utran-cell-id-3gpp", 4, 7)                                \
	X(E_UTRAN, "E-UTRAN", "3GPP-E-UTRAN", "utran-cell-id-3gpp", 4, 7)                          \
	X(NR, "NR", "3GPP-NR", "utran-cell-id-3gpp", 6, 9)                                         \
	X(WLAN, "WLAN", "IEEE-802.11", "i-wlan-node-id", 0, 0)

enum sip_access_kind {
	SIP_ACCESS_OTHER,
#define X(name, text, prefix, param, area, cell) SIP_ACCESS_##name,
	SIP_ACCESSES(X)
#undef X
};

struct sip_access {
	enum sip_access_kind kind;
	struct sip_text type;   /* "3GPP-E-UTRAN-FDD" */
	struct sip_text cell;   /* its kind's parameter, or any kind's; not there: none */
	struct sip_text params; /* all of them */
	bool is_network_provided;

	/* Of a 3GPP cell that has the length of its kind, else mcc and mnc are not there. Of UTRAN,
	 * where the cell is not named, of its service area. */
	struct sip_text mcc;  /* three digits */
	struct sip_text mnc;  /* two or three */
	uint32_t area;        /* LAC, or TAC */
	uint64_t cell_number; /* CI, UTRAN cell identity, ECI, NCI; SAC */
	bool is_service_area; /* utran-sai-3gpp: area and cell_number are LAC and SAC */

	bool has_mac;
	uint8_t mac[6]; /* of a WLAN's node */
};

/* ERR_BAD: no access type. */
MUST_CHECK int sip_access_read(struct sip_text value, struct sip_access *out);
/* "E-UTRAN"; "other" for SIP_ACCESS_OTHER. */
const char *sip_access_name(enum sip_access_kind kind);

#endif
