#include "ipmm/location.h"

#include <string.h>

#include "base/rd.h"
#include "sip/body.h"

/* userLocationInfo's flags, in the order in which their fields follow (TS 29.274 clause 8.21). */
enum { HAS_CGI = 1, HAS_SAI = 2, HAS_TAI = 8, HAS_ECGI = 16, HAS_LAI = 32 };

enum { TAC_LEN = 3, MNC_MAX = 3, MAX_GEOLOCATIONS = 4, MAX_CID = 256 };

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

static uint8_t flags_of(const struct sip_access *a)
{
	if (a->kind == SIP_ACCESS_GERAN)
		return HAS_CGI;
	if (a->kind == SIP_ACCESS_UTRAN)
		return a->is_service_area ? HAS_SAI : HAS_LAI;
	return HAS_TAI | HAS_ECGI;
}

static bool put_user_location(struct ipmm_place *out, const struct sip_access *a)
{
	struct wr w = wr_of(out->user_location, sizeof out->user_location);

	wr_u8(&w, flags_of(a));
	put_area(&w, a);
	if (a->kind == SIP_ACCESS_GERAN || a->is_service_area)
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

static bool put_access_point(struct ipmm_place *out, const struct sip_access *a)
{
	memcpy(out->access_point, a->mac, ETSI_MAC_LEN);
	out->location.place.access_point = (struct etsi_text){out->access_point, ETSI_MAC_LEN};
	return true;
}

/* What *out has already stays. */
static bool put_access(struct ipmm_place *out, const struct sip_access *a)
{
	bool has_cell = sip_text_is_there(a->mcc) && a->mcc.len == 3 && a->mnc.len >= 2;

	switch (a->kind) {
	case SIP_ACCESS_GERAN:
	case SIP_ACCESS_UTRAN:
	case SIP_ACCESS_E_UTRAN:
		return has_cell && !out->location.place.user_location.bytes &&
		       put_user_location(out, a);
	case SIP_ACCESS_NR:
		return has_cell && !out->location.cell.mcc[0] && put_cell(out, a);
	case SIP_ACCESS_WLAN:
		return a->has_mac && !out->location.place.access_point.bytes &&
		       put_access_point(out, a);
	case SIP_ACCESS_OTHER:
		break;
	}
	return false;
}

bool ipmm_place_of(struct ipmm_place *out, const struct sip_access *a)
{
	*out = (struct ipmm_place){0};
	return put_access(out, a);
}

static bool put_accesses(struct ipmm_place *out, const struct sip_message *m, bool is_provided)
{
	struct sip_values values = sip_message_values(m, SIP_FIELD_P_ACCESS_NETWORK_INFO);
	struct sip_access access;
	struct sip_text value;
	bool is_told = false;

	while (sip_values_next(&values, &value))
		if (sip_access_read(value, &access) == 0 &&
		    access.is_network_provided == is_provided)
			is_told |= put_access(out, &access);
	return is_told;
}

/* The body that a cid URL names: a Content-ID with what a URL may not have escaped (RFC 2392). */
static bool find_document(const struct sip_message *m, struct sip_text cid, struct sip_part *out)
{
	uint8_t id[MAX_CID];
	size_t len = sip_text_unescape(cid, id, sizeof id);

	return sip_text_is_there(cid) && len <= sizeof id &&
	       sip_message_part_by_id(m, sip_text_of(id, len), out) &&
	       sip_content_type_is(&out->type, "application", "pidf+xml");
}

/* The point of the first Geolocation that has one in the message itself. */
static bool put_point(struct ipmm_place *out, const struct sip_message *m)
{
	struct sip_values values = sip_message_values(m, SIP_FIELD_GEOLOCATION);
	struct sip_geolocation g;
	struct sip_text value;
	struct sip_part part;

	for (int i = 0; i < MAX_GEOLOCATIONS && sip_values_next(&values, &value); i++)
		if (sip_geolocation_read(value, &g) == 0 && find_document(m, g.cid, &part) &&
		    ipmm_pidf_point(part.bytes, &out->location.point))
			return true;
	return false;
}

bool ipmm_place_in(struct ipmm_place *out, const struct sip_message *m)
{
	bool is_provided, is_said, is_shown;

	*out = (struct ipmm_place){0};
	is_provided = put_accesses(out, m, true);
	is_said = put_accesses(out, m, false);
	is_shown = put_point(out, m);
	return is_provided || is_said || is_shown;
}
