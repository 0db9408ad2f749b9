#include "ipmm/location.h"

#include <string.h>

#include "base/rd.h"

/* userLocationInfo's flags, in the order in which their fields follow (TS 29.274 clause 8.21). */
enum { HAS_CGI = 1, HAS_TAI = 8, HAS_ECGI = 16, HAS_LAI = 32 };

enum { TAC_LEN = 3, MNC_MAX = 3 };

/* MCC and MNC in nibbles, low ones first; an MNC of two digits has 15 for the third. */
static void put_network(struct wr *w, const struct sip_access *a)
{
	struct rd mcc = sip_text_rd(a->mcc), mnc = sip_text_rd(a->mnc);
	uint8_t c[3], n[3];

	for (int i = 0; i < 3; i++)
		c[i] = rd_u8(&mcc) & 15;
	for (int i = 0; i < 3; i++)
		n[i] = rd_left(&mnc) ? rd_u8(&mnc) & 15 : 15;
	wr_u8(w, (uint8_t)(c[1] << 4 | c[0]));
	wr_u8(w, (uint8_t)(n[2] << 4 | c[2]));
	wr_u8(w, (uint8_t)(n[1] << 4 | n[0]));
}

static void put_area(struct wr *w, const struct sip_access *a)
{
	put_network(w, a);
	wr_u16(w, (uint16_t)a->area);
}

static bool put_user_location(struct ipmm_place *out, const struct sip_access *a)
{
	struct wr w = wr_of(out->user_location, sizeof out->user_location);

	wr_u8(&w, a->kind == SIP_ACCESS_GERAN   ? HAS_CGI
		  : a->kind == SIP_ACCESS_UTRAN ? HAS_LAI
						: HAS_TAI | HAS_ECGI);
	put_area(&w, a);
	if (a->kind == SIP_ACCESS_GERAN)
		wr_u16(&w, (uint16_t)a->cell_number);
	if (a->kind == SIP_ACCESS_E_UTRAN) {
		put_network(&w, a);
		wr_u32(&w, (uint32_t)a->cell_number);
	}
	out->location.place.user_location = (struct etsi_text){out->user_location, w.len};
	return w.ok;
}

static bool put_cell(struct ipmm_place *out, const struct sip_access *a)
{
	struct ipmm_cell *cell = &out->location.cell;

	memcpy(cell->mcc, a->mcc.bytes, 3);
	memcpy(cell->mnc, a->mnc.bytes, a->mnc.len < MNC_MAX ? a->mnc.len : MNC_MAX);
	for (int i = 0; i < TAC_LEN; i++)
		cell->tac[i] = (uint8_t)(a->area >> 8 * (TAC_LEN - 1 - i));
	cell->cell = a->cell_number;
	return true;
}

bool ipmm_place_of(struct ipmm_place *out, const struct sip_access *a)
{
	bool has_cell = sip_text_is_there(a->mcc) && a->mcc.len == 3 && a->mnc.len >= 2;

	*out = (struct ipmm_place){0};
	switch (a->kind) {
	case SIP_ACCESS_GERAN:
	case SIP_ACCESS_UTRAN:
	case SIP_ACCESS_E_UTRAN:
		return has_cell && put_user_location(out, a);
	case SIP_ACCESS_NR:
		return has_cell && put_cell(out, a);
	case SIP_ACCESS_WLAN:
		if (!a->has_mac)
			return false;
		memcpy(out->access_point, a->mac, ETSI_MAC_LEN);
		out->location.place.access_point =
			(struct etsi_text){out->access_point, ETSI_MAC_LEN};
		return true;
	case SIP_ACCESS_OTHER:
		break;
	}
	return false;
}
