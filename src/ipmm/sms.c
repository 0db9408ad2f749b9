#include "ipmm/sms.h"

/* Relay layer, TS 24.011 8.2.2: odd types come from the network. */
enum { RP_DATA = 0, RP_ACK = 2, RP_ERROR = 4, RP_SMMA = 6, RP_TYPES = 7, RP_FROM_NETWORK = 1 };

enum {
	RP_USER_DATA = 0x41, /* element identifier, 8.2.5.3 */
	RP_ADDRESS_MAX = 11, /* 8.2.5.1 */
	RP_CAUSE_MAX = 2,    /* 8.2.5.4 */
};

/* TS 23.040 */
enum {
	TP_MTI = 3,          /* 9.2.3.1 */
	TP_VPF_SHIFT = 3,    /* 9.2.3.3 */
	TP_UDHI = 0x40,      /* 9.2.3.23 */
	TP_ADDRESS_MAX = 20, /* semi-octets, 9.1.2.5 */
	TP_TIME_LEN = 7,     /* 9.2.3.11 */
	TP_PI_PID = 1,       /* 9.2.3.27 */
	TP_PI_DCS = 2,
	TP_PI_UDL = 4,
	TP_PI_MORE = 0x80,
};

/* What stands between a TPDU's first octet and its user data, 9.2.2. */
enum element {
	END,
	OCTET,     /* reference, PID, DCS, status, command type, message number */
	ADDRESS,   /* length in semi-octets, type, digits */
	TIME,      /* of the service centre, or of discharge */
	VALIDITY,  /* as the first octet says */
	LENGTH,    /* of the user data, which follow */
	INDICATOR, /* which of PID, DCS and length follow; the octets may end before it */
	INDICATED, /* these */
};

/* Of a relay message and a TP-MTI: SUBMIT, COMMAND, DELIVER, STATUS-REPORT; then DELIVER-REPORT and
 * SUBMIT-REPORT, each for success and, with its cause, for failure. */
static const struct tpdu {
	uint8_t relay;
	uint8_t mti;
	uint8_t elements[8];
} tpdus[] = {
	{RP_DATA, 1, {OCTET, ADDRESS, OCTET, OCTET, VALIDITY, LENGTH}},
	{RP_DATA, 2, {OCTET, OCTET, OCTET, OCTET, ADDRESS, LENGTH}},
	{RP_DATA | RP_FROM_NETWORK, 0, {ADDRESS, OCTET, OCTET, TIME, LENGTH}},
	{RP_DATA | RP_FROM_NETWORK, 2, {OCTET, ADDRESS, TIME, TIME, OCTET, INDICATOR, INDICATED}},
	{RP_ACK, 0, {INDICATOR, INDICATED}},
	{RP_ERROR, 0, {OCTET, INDICATOR, INDICATED}},
	{RP_ACK | RP_FROM_NETWORK, 1, {INDICATOR, TIME, INDICATED}},
	{RP_ERROR | RP_FROM_NETWORK, 1, {OCTET, INDICATOR, TIME, INDICATED}},
};

/* A TPDU on its way. */
struct tp {
	struct rd r;
	uint8_t first;
	uint8_t indicated;
	bool has_length; /* user data follow */
};

static void skip_address(struct rd *r)
{
	uint8_t digits = rd_u8(r);

	rd_skip(r, 1);
	rd_skip(r, (digits + 1u) / 2);
	if (digits > TP_ADDRESS_MAX)
		r->ok = false;
}

/* By TP-VPF: none, enhanced, relative, absolute. */
static void skip_validity(struct tp *t)
{
	static const uint8_t lens[] = {0, TP_TIME_LEN, 1, TP_TIME_LEN};

	rd_skip(&t->r, lens[t->first >> TP_VPF_SHIFT & 3]);
}

static void read_indicator(struct tp *t)
{
	uint8_t octet;

	if (rd_left(&t->r) == 0)
		return;
	octet = t->indicated = rd_u8(&t->r);
	while (octet & TP_PI_MORE)
		octet = rd_u8(&t->r);
}

static void skip_indicated(struct tp *t)
{
	t->has_length = t->indicated & TP_PI_UDL;
	rd_skip(&t->r, !!(t->indicated & TP_PI_PID) + !!(t->indicated & TP_PI_DCS));
	rd_skip(&t->r, t->has_length);
}

static void skip_element(struct tp *t, enum element element)
{
	switch (element) {
	case OCTET:
		rd_skip(&t->r, 1);
		break;
	case ADDRESS:
		skip_address(&t->r);
		break;
	case TIME:
		rd_skip(&t->r, TP_TIME_LEN);
		break;
	case VALIDITY:
		skip_validity(t);
		break;
	case LENGTH:
		t->has_length = true;
		rd_skip(&t->r, 1);
		break;
	case INDICATOR:
		read_indicator(t);
		break;
	case INDICATED:
		skip_indicated(t);
		break;
	case END:
		break;
	}
}

/* Elements of a user data header that are no content, each with the length that it must have: parts
 * of one message by references of 8 and 16 bits, ports, tables of letters (9.2.3.24). */
static bool is_signalling(uint8_t id, uint8_t len)
{
	static const struct {
		uint8_t id, len;
	} known[] = {{0x00, 3}, {0x08, 4}, {0x04, 2}, {0x05, 4}, {0x24, 1}, {0x25, 1}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].id == id && known[i].len == len)
			return true;
	return false;
}

/* The header at the beginning of the user data, up to its first element that may be content. One
 * whose length is beyond the data is none: r stays where it is. */
static void skip_header(struct rd *r)
{
	struct rd ahead = *r, header = rd_sub(&ahead, rd_u8(&ahead));

	if (!header.ok)
		return;
	rd_skip(r, 1);
	while (rd_left(&header)) {
		uint8_t id = rd_u8(&header), len = rd_u8(&header);

		rd_skip(&header, len);
		if (!header.ok || !is_signalling(id, len))
			return;
		rd_skip(r, 2u + len);
	}
}

/* Steps over the signalling of a TPDU; false where it breaks its grammar. */
static bool skip_tpdu(struct rd *r, uint8_t relay)
{
	struct tp t = {.r = *r};
	const struct tpdu *row = tpdus;

	t.first = rd_u8(&t.r);
	while (row->relay != relay || row->mti != (t.first & TP_MTI))
		if (++row == tpdus + sizeof tpdus / sizeof *tpdus)
			return false;
	for (const uint8_t *e = row->elements; *e != END; e++)
		skip_element(&t, (enum element) * e);
	if (!t.r.ok)
		return false;
	if (t.has_length && t.first & TP_UDHI)
		skip_header(&t.r);
	*r = t.r;
	return true;
}

/* A length and so many octets, at most max. */
static void skip_counted(struct rd *r, size_t max)
{
	uint8_t len = rd_u8(r);

	rd_skip(r, len);
	if (len > max)
		r->ok = false;
}

/* Steps to the TPDU; false where there is none. */
static bool skip_relay(struct rd *r, uint8_t type)
{
	rd_skip(r, 1); /* reference */
	switch (type & ~RP_FROM_NETWORK) {
	case RP_DATA:
		skip_counted(r, RP_ADDRESS_MAX);
		skip_counted(r, RP_ADDRESS_MAX);
		return true;
	case RP_ERROR:
		skip_counted(r, RP_CAUSE_MAX);
		break;
	case RP_ACK:
		break;
	default:
		return false;
	}
	if (rd_left(r) == 0)
		return false;
	r->ok = r->ok && rd_u8(r) == RP_USER_DATA;
	return true;
}

size_t ipmm_sms_signalling_len(struct sip_text message)
{
	struct rd r = sip_text_rd(message), tpdu;
	uint8_t type = rd_u8(&r);

	if (type >= RP_TYPES)
		return 0;
	if (!skip_relay(&r, type))
		return r.ok ? message.len - rd_left(&r) : 0;
	tpdu = rd_sub(&r, rd_u8(&r));
	if (!tpdu.ok || !skip_tpdu(&tpdu, type))
		return 0;
	return message.len - rd_left(&r) - rd_left(&tpdu);
}
