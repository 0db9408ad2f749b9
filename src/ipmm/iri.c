#include "ipmm/iri.h"

#include <stdio.h>
#include <string.h>

#include "ber/writer.h"
#include "etsi/decode.h"

enum {
	TAG_IPMMIRI = 11,
	SERVICE_OF_LINES = 14,     /* additionalSignalling and iRIOnlySIPMessage */
	HEADER_OF_DIRECTIONS = 33, /* sessionDirection and payloadDirection */
	HEADER_OF_USER_LOCATION = 43,
	MAX_MESSAGE = ETSI_MAX_PDU - 65536, /* what a receiver takes, less all that is around it */
	CELL_BITS = 36,
	MAX_UNCERTAINTY = 127,
};

static int refuse(struct why *why, const char *name, const char *reason)
{
	return why_set(why, ERR_USAGE, "%s: %s", name, reason);
}

static bool is_digits(const char *text, size_t min, size_t max)
{
	size_t n = strspn(text, "0123456789");

	return !text[n] && n >= min && n <= max;
}

static bool is_cell(const struct ipmm_cell *c)
{
	return !c->mcc[0] ||
	       (is_digits(c->mcc, 3, 3) && is_digits(c->mnc, 2, 3) && !(c->cell >> CELL_BITS));
}

static bool is_point(const struct ipmm_point *p)
{
	return !p->is_there ||
	       (p->latitude >= -90 * IPMM_DEGREE && p->latitude <= 90 * IPMM_DEGREE &&
		p->longitude >= -180 * IPMM_DEGREE && p->longitude <= 180 * IPMM_DEGREE);
}

static int check(const struct ipmm_iri *iri, unsigned version, struct why *why)
{
	if (version < IPMM_MIN_VERSION || version > IPMM_VERSION)
		return why_set(why, ERR_USAGE, "multimedia version %u: known are %d to %d", version,
			       IPMM_MIN_VERSION, IPMM_VERSION);
	if (iri->type < ETSI_IRI_BEGIN || iri->type > ETSI_IRI_REPORT)
		return refuse(why, "iRIType", "no type has this number");
	if (iri->form != IPMM_SIP && iri->form != IPMM_SIP_IRI_ONLY)
		return refuse(why, "iPMMIRIContents", "no form has this number");
	if (iri->session_direction > IPMM_NO_DIRECTION ||
	    iri->payload_direction > IPMM_NO_DIRECTION)
		return refuse(why, "payloadDirection", "no direction has this number");
	if (!iri->message.bytes || !iri->message.len)
		return refuse(why, "sIPContent", "there is no message");
	if (iri->message.len > MAX_MESSAGE)
		return refuse(why, "sIPContent", "too long");
	if (!is_cell(&iri->location.cell))
		return refuse(why, "nRLocation", "the cell is none");
	if (!is_point(&iri->location.point))
		return refuse(why, "umtsHI2Location", "the point is none on the earth");
	return 0;
}

static int put_sip(struct wr *w, const struct ipmm_iri *iri, unsigned version, struct why *why)
{
	unsigned form = version < SERVICE_OF_LINES ? IPMM_SIP : iri->form;
	size_t message = ber_open(w, ber_context(form));
	int rc = etsi_address_put(w, 0, &iri->source, "iPSourceAddress", why);

	if (!rc)
		rc = etsi_address_put(w, 1, &iri->destination, "iPDestinationAddress", why);
	ber_put_bytes(w, ber_context(2), iri->message.bytes, iri->message.len);
	ber_close(w, message);
	return rc;
}

/* PLMNID of TS 33.128 */
static void put_network(struct wr *w, const struct ipmm_cell *c)
{
	size_t network = ber_open(w, ber_context(1));

	ber_put_bytes(w, ber_context(1), c->mcc, strlen(c->mcc));
	ber_put_bytes(w, ber_context(2), c->mnc, strlen(c->mnc));
	ber_close(w, network);
}

/* threeGPP33128UserLocation [4] with nRLocation [2]: tAI [1] and nCGI [2], whose cell is a BIT
 * STRING of 36 bits, four of its last octet unused. */
static void put_cell(struct wr *w, const struct ipmm_cell *c)
{
	size_t user = ber_open(w, ber_context(4));
	size_t nr = ber_open(w, ber_context(2));
	size_t part = ber_open(w, ber_context(1));
	uint64_t shifted = c->cell << 4;
	uint8_t bits[6] = {4};

	put_network(w, c);
	ber_put_bytes(w, ber_context(2), c->tac, sizeof c->tac);
	ber_close(w, part);
	part = ber_open(w, ber_context(2));
	put_network(w, c);
	for (int i = 5; i; i--, shifted >>= 8)
		bits[i] = (uint8_t)shifted;
	ber_put_bytes(w, ber_context(2), bits, sizeof bits);
	ber_close(w, part);
	ber_close(w, nr);
	ber_close(w, user);
}

/* GeographicalCoordinates of TS 23.032 clause 6.1: latitude in steps of 90 / 2^23 degrees and a
 * sign of its own, longitude in steps of 360 / 2^24, both rounded down. */
static void put_coordinates(struct wr *w, const struct ipmm_point *p)
{
	int64_t latitude = p->latitude < 0 ? -(int64_t)p->latitude : p->latitude;
	int64_t longitude = (int64_t)p->longitude * (1 << 24), turn = (int64_t)360 * IPMM_DEGREE;
	int64_t north = latitude * (1 << 23) / ((int64_t)90 * IPMM_DEGREE);
	int64_t east = longitude / turn - (longitude < 0 && longitude % turn != 0);
	size_t mark = ber_open(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));

	ber_put_uint(w, ber_tag(BER_UNIVERSAL, BER_ENUMERATED), p->latitude < 0);
	ber_put_uint(w, ber_tag(BER_UNIVERSAL, BER_INTEGER),
		     north < 8388607 ? (uint64_t)north : 8388607);
	ber_put_int(w, ber_tag(BER_UNIVERSAL, BER_INTEGER), east < 8388607 ? east : 8388607);
	ber_close(w, mark);
}

/* The uncertainty code of TS 23.032 clause 6.2: 10 (1.1^code - 1) metres, at least the radius. */
static unsigned uncertainty(uint32_t radius)
{
	double reach = 10;
	unsigned code = 0;

	for (; code <= MAX_UNCERTAINTY && reach - 10 < radius; code++)
		reach *= 1.1;
	return code;
}

/* "N433152.32": degrees, minutes, seconds and hundredths. */
static void put_angle(struct wr *w, uint32_t tag, int32_t millionths, bool is_latitude)
{
	uint32_t size = millionths < 0 ? -(uint32_t)millionths : (uint32_t)millionths;
	uint32_t hundredths = (uint32_t)(((uint64_t)size * 36 + 50) / 100);
	char sign = is_latitude ? (millionths < 0 ? 'S' : 'N') : (millionths < 0 ? 'W' : 'E');
	char text[16];
	int len = snprintf(text, sizeof text, "%c%0*u%02u%02u.%02u", sign, is_latitude ? 2 : 3,
			   hundredths / 360000, hundredths / 6000 % 60, hundredths / 100 % 60,
			   hundredths % 100);

	ber_put_bytes(w, ber_context(tag), text, (size_t)len);
}

/* umtsHI2Location [0]: gsmLocation [5] with geoCoordinates [1]; where it is a circle also
 * umtsLocation [6] with pointWithUnCertainty [2]. */
static void put_point(struct wr *w, const struct ipmm_point *p)
{
	size_t place = ber_open(w, ber_context(0)), choice = ber_open(w, ber_context(5));
	size_t mark = ber_open(w, ber_context(1));

	put_angle(w, 1, p->latitude, true);
	put_angle(w, 2, p->longitude, false);
	ber_close(w, mark);
	ber_close(w, choice);
	if (p->radius && uncertainty(p->radius) <= MAX_UNCERTAINTY) {
		choice = ber_open(w, ber_context(6));
		mark = ber_open(w, ber_context(2));
		put_coordinates(w, p);
		ber_put_uint(w, ber_tag(BER_UNIVERSAL, BER_INTEGER), uncertainty(p->radius));
		ber_close(w, mark);
		ber_close(w, choice);
	}
	ber_close(w, place);
}

static int put_location(struct wr *w, const struct etsi_header *h, const struct ipmm_location *l,
			struct why *why)
{
	bool has_cell = l->cell.mcc[0] && h->header_version >= HEADER_OF_USER_LOCATION;
	size_t mark;
	int rc;

	if (!l->place.user_location.bytes && !l->place.access_point.bytes && !has_cell &&
	    !l->point.is_there)
		return 0;
	mark = ber_open(w, ber_context(2));
	if (l->point.is_there)
		put_point(w, &l->point);
	rc = etsi_location_put(w, &l->place, "targetLocation", why);
	if (has_cell)
		put_cell(w, &l->cell);
	ber_close(w, mark);
	return rc;
}

static void put_lines(struct wr *w, const struct ipmm_iri *iri)
{
	size_t mark;

	if (!iri->n_lines)
		return;
	mark = ber_open(w, ber_context(3));
	for (size_t i = 0; i < iri->n_lines; i++)
		ber_put_bytes(w, ber_context(0), iri->lines[i].bytes, iri->lines[i].len);
	ber_close(w, mark);
}

static int put_ipmmiri(struct wr *w, const struct etsi_header *h, const struct ipmm_iri *iri,
		       struct why *why)
{
	/* RELATIVE-OID li-ps(5) iPMultimedia(5) version iRI(1) */
	const unsigned version = ipmm_announced(h, iri->version);
	const uint32_t object[] = {5, 5, version, 1};
	size_t mark = ber_open(w, ber_context(TAG_IPMMIRI));
	size_t contents;
	int rc;

	ber_put_arcs(w, ber_context(0), object, sizeof object / sizeof object[0]);
	contents = ber_open(w, ber_context(1));
	rc = put_sip(w, iri, version, why);
	ber_close(w, contents);
	if (!rc)
		rc = put_location(w, h, &iri->location, why);
	if (version >= SERVICE_OF_LINES)
		put_lines(w, iri);
	ber_close(w, mark);
	return rc;
}

static void put_direction(struct wr *w, const struct etsi_header *h, uint32_t tag,
			  uint8_t direction)
{
	if (direction != IPMM_NO_DIRECTION && h->header_version >= HEADER_OF_DIRECTIONS)
		ber_put_uint(w, ber_context(tag), direction);
}

int ipmm_iri_encode(const struct etsi_header *h, const struct ipmm_iri *iri, struct wr *w,
		    struct why *why)
{
	size_t start = w->len, pdu, marks[4];
	int rc = check(iri, ipmm_announced(h, iri->version), why);

	if (rc)
		return rc;
	pdu = ber_open(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	etsi_header_put(h, iri->seq, iri->time, w);
	marks[0] = ber_open(w, ber_context(2)); /* payload */
	marks[1] = ber_open(w, ber_context(0)); /* iRIPayloadSequence */
	marks[2] = ber_open(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	ber_put_uint(w, ber_context(0), iri->type);
	marks[3] = ber_open(w, ber_context(2)); /* iRIContents */
	rc = put_ipmmiri(w, h, iri, why);
	ber_close(w, marks[3]);
	put_direction(w, h, 5, iri->session_direction);
	put_direction(w, h, 6, iri->payload_direction);
	for (int i = 3; i; i--)
		ber_close(w, marks[i - 1]);
	ber_close(w, pdu);
	if (!rc && !w->ok)
		rc = why_set(why, ERR_FULL, "no room for the record");
	if (rc)
		w->len = start;
	return rc;
}
