#include "sip/access.h"

/* Row 0 is of those that are not known: they have no cell of a form that is. */
static const struct {
	const char *name;
	const char *prefix;
	const char *param;
	uint8_t area; /* digits */
	uint8_t cell;
} accesses[] = {[SIP_ACCESS_OTHER] = {"other", "", NULL, 0, 0},
#define X(name, text, prefix, param, area, cell)                                                   \
	[SIP_ACCESS_##name] = {text, prefix, param, area, cell},
		SIP_ACCESSES(X)
#undef X
};

enum { N_ACCESSES = sizeof accesses / sizeof *accesses, SERVICE_AREA_DIGITS = 4 };

const char *sip_access_name(enum sip_access_kind kind)
{
	return accesses[kind].name;
}

static enum sip_access_kind kind_of(struct sip_text type)
{
	for (int i = SIP_ACCESS_OTHER + 1; i < N_ACCESSES; i++) {
		size_t len = strlen(accesses[i].prefix);

		if (type.len >= len &&
		    sip_text_is(sip_text_of(type.bytes, len), accesses[i].prefix))
			return (enum sip_access_kind)i;
	}
	return SIP_ACCESS_OTHER;
}

static struct sip_text digits(struct rd *r, size_t n)
{
	return (struct sip_text){rd_take(r, n), n};
}

/* n hexadecimal digits; false where one is none. */
static bool hex(struct rd *r, size_t n, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = rd_u8(r), letter = c | 0x20;

		if (c >= '0' && c <= '9')
			*out = *out << 4 | (c - '0');
		else if (letter >= 'a' && letter <= 'f')
			*out = *out << 4 | (letter - 'a' + 10u);
		else
			return false;
	}
	return true;
}

/* MCC, MNC, area and cell, one behind the other, the last two of so many digits (3GPP TS 24.229
 * table 7.2A.4). */
static void read_cell(struct sip_access *a, size_t area_len, size_t cell_len)
{
	size_t tail = area_len + cell_len;
	struct rd r = sip_text_rd(a->cell);
	struct sip_text mcc, mnc;
	uint64_t area, cell, number;

	if (tail == 0 || (a->cell.len != tail + 5 && a->cell.len != tail + 6))
		return;
	mcc = digits(&r, 3);
	mnc = digits(&r, a->cell.len - tail - 3);
	if (!sip_text_number(mcc, 999, &number) || !sip_text_number(mnc, 999, &number) ||
	    !hex(&r, area_len, &area) || !hex(&r, cell_len, &cell))
		return;
	a->mcc = mcc;
	a->mnc = mnc;
	a->area = (uint32_t)area;
	a->cell_number = cell;
}

static void read_mac(struct sip_access *a)
{
	struct rd r = sip_text_rd(a->cell);
	uint64_t octet;

	if (a->kind != SIP_ACCESS_WLAN || a->cell.len != 12)
		return;
	a->has_mac = true;
	for (int i = 0; i < 6; i++) {
		a->has_mac &= hex(&r, 2, &octet);
		a->mac[i] = (uint8_t)octet;
	}
}

int sip_access_read(struct sip_text value, struct sip_access *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_text flag;

	*out = (struct sip_access){0};
	sip_skip_space(&r);
	out->type = sip_token(&r);
	if (out->type.len == 0)
		return ERR_BAD;
	out->params = sip_text_rest(&r);
	out->kind = kind_of(out->type);
	out->is_network_provided = sip_param_find(out->params, "network-provided", &flag);
	if (out->kind != SIP_ACCESS_OTHER &&
	    sip_param_find(out->params, accesses[out->kind].param, &out->cell)) {
		read_cell(out, accesses[out->kind].area, accesses[out->kind].cell);
		read_mac(out);
		return 0;
	}
	if (out->kind == SIP_ACCESS_UTRAN &&
	    sip_param_find(out->params, "utran-sai-3gpp", &out->cell)) {
		read_cell(out, SERVICE_AREA_DIGITS, SERVICE_AREA_DIGITS);
		out->is_service_area = sip_text_is_there(out->mcc);
		return 0;
	}
	for (int i = SIP_ACCESS_OTHER + 1; i < N_ACCESSES; i++)
		if (sip_param_find(out->params, accesses[i].param, &out->cell))
			break;
	return 0;
}
