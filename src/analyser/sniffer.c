#include "analyser/analyser.h"

#include "base/nanos.h"

enum {
	SNIFFER_MAGIC_LEN = 17,
	SNIFFER_RECORD_LEN = 6,
	SNIFFER_VERSION_LEN = 18,
	SNIFFER_HEADER_LEN = SNIFFER_MAGIC_LEN + SNIFFER_RECORD_LEN + SNIFFER_VERSION_LEN,
	SNIFFER_PLAIN = 1, /* format: not compressed */

	RECORD_VERSION = 1,
	RECORD_END = 3,
	RECORD_PACKET = 4,
	RECORD_ATM = 8, /* or, before any packet and up to version 2, a description */
	RECORD_LONG = 12,

	PACKET_LEN = 14, /* headers before the captured bytes */
	PACKET_ATM_LEN = 48,
	PACKET_LONG_LEN = 34,

	NETWORK_ETHERNET = 1,
	NETWORK_ATM = 10,
	ETHERNET_ERRORS = 0x80 | 0x40 | 0x08, /* status: check sequence, alignment, too short */
};

/* By network. What went over serial lines is told by no field that one can rely on. */
static const uint16_t links[] = {
	[0] = 6, /* 802.5 */
	[NETWORK_ETHERNET] = 1,
	[2] = 7,  /* ARCnet */
	[9] = 10, /* FDDI */
};

/* Units of time, in ps. */
static const uint32_t units[] = {15000000, 838096, 15000000, 500000, 2000000, 1000000, 100000};

bool sniffer_is(const uint8_t *bytes, size_t len)
{
	return len >= SNIFFER_MAGIC_LEN &&
	       memcmp(bytes, "TRSNIFF data    \x1a", SNIFFER_MAGIC_LEN) == 0;
}

/* Bytes of the header in a packet's record of this type; 0: it has no packet. */
static uint32_t header_len(const struct sniffer_state *s, uint16_t type)
{
	switch (type) {
	case RECORD_PACKET:
		return PACKET_LEN;
	case RECORD_ATM:
		return s->has_packets || s->major > 2 ? PACKET_ATM_LEN : 0;
	case RECORD_LONG:
		return PACKET_LONG_LEN;
	}
	return 0;
}

static int64_t time_of(const struct sniffer_state *s, uint64_t units_since, uint8_t days)
{
	/* 40 bits of at most 24 bits each */
	uint64_t ns = units_since * s->unit_ps / 1000;

	return s->start_ns + (int64_t)ns + (int64_t)days * 86400 * NANOS_PER_S;
}

/* A packet: body is its record behind the six bytes that all records have. */
static int read_packet(struct analyser *a, struct rd body, uint32_t before, struct weir_frame *f,
		       struct why *why)
{
	const struct sniffer_state *s = &a->sniffer;
	struct analyser_iface iface = {.link = s->link, .digits = 9};
	struct rd header = rd_sub(&body, before);
	uint64_t time = rd_le32(&header);
	uint8_t status;
	int rc;

	time |= (uint64_t)rd_u8(&header) << 32;
	f->time_ns = time_of(s, time, rd_u8(&header));
	f->cap_len = rd_le16(&header);
	status = rd_u8(&header);
	rd_skip(&header, 1);
	f->wire_len = rd_le16(&header);
	if (!header.ok || f->cap_len > rd_left(&body))
		return why_set(why, ERR_BAD,
			       "a packet of %u captured bytes does not fit into its record",
			       f->cap_len);
	if (!f->wire_len)
		f->wire_len = f->cap_len;
	f->link = s->link;
	f->bytes = body.at;
	if (s->network == NETWORK_ETHERNET && status & ETHERNET_ERRORS)
		f->flags = WEIR_FRAME_ERROR;
	rc = analyser_iface(a, &iface, why);
	f->iface = rc < 0 ? 0 : (uint32_t)rc;
	return rc < 0 ? rc : 1;
}

static int sniffer_record(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	struct sniffer_state *s = &a->sniffer;
	struct rd record = *rd;
	uint16_t type = rd_le16(&record);
	uint32_t len = rd_le16(&record);
	uint32_t before = header_len(s, type);
	struct rd body;
	int rc;

	rd_skip(&record, 2);
	if (!record.ok)
		return analyser_need(a, SNIFFER_RECORD_LEN);
	/* these have the length of a plain packet's record */
	if (before == PACKET_ATM_LEN && s->major < 5 && s->minor >= 95)
		len += PACKET_ATM_LEN - PACKET_LEN;
	body = rd_sub(&record, len);
	if (!body.ok)
		return analyser_need(a, SNIFFER_RECORD_LEN + len);
	*f = (struct weir_frame){.record_len = SNIFFER_RECORD_LEN + len};
	if (before && (before == PACKET_ATM_LEN) != (s->network == NETWORK_ATM) &&
	    before != PACKET_LONG_LEN)
		return why_set(why, ERR_BAD, "a record of type %u is not of network %u", type,
			       s->network);
	rc = before ? read_packet(a, body, before, f, why) : 0;
	if (rc < 0)
		return rc;
	s->has_packets = s->has_packets || before;
	f->record = rd_take(rd, f->record_len);
	if (type == RECORD_END)
		a->step = analyser_rest;
	return rc;
}

/* A DOS date: years since 1980 in 7 bits, month in 4, day in 5. */
static bool read_date(uint16_t date, int64_t *ns)
{
	struct analyser_date d = {
		.year = 1980 + (date >> 9), .month = date >> 5 & 0xf, .day = date & 0x1f};
	int64_t s;

	if (!analyser_date_to_s(&d, &s))
		return false;
	*ns = s * NANOS_PER_S;
	return true;
}

int sniffer_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	struct sniffer_state *s = &a->sniffer;
	struct rd header = rd_sub(rd, SNIFFER_HEADER_LEN);
	uint8_t format, unit;

	(void)f;
	if (!header.ok)
		return analyser_need(a, SNIFFER_HEADER_LEN);
	if (!sniffer_is(header.at, SNIFFER_HEADER_LEN))
		return why_set(why, ERR_BAD, "these are not the first bytes of a Sniffer file");
	rd_skip(&header, SNIFFER_MAGIC_LEN);
	if (rd_le16(&header) != RECORD_VERSION || rd_le16(&header) != SNIFFER_VERSION_LEN)
		return why_set(why, ERR_BAD, "the first record does not tell the version");
	rd_skip(&header, 2);
	s->major = rd_le16(&header);
	s->minor = rd_le16(&header);
	rd_skip(&header, 2);
	if (!read_date(rd_le16(&header), &s->start_ns))
		return why_set(why, ERR_BAD, "the start of the capture is no date");
	rd_skip(&header, 1);
	s->network = rd_u8(&header);
	s->link = analyser_link(links, sizeof links / sizeof *links, s->network);
	format = rd_u8(&header);
	unit = rd_u8(&header);
	if (format != SNIFFER_PLAIN)
		return why_set(why, ERR_UNSUPPORTED,
			       "its packets are compressed in the Sniffer's own way, which is not "
			       "known here");
	if (unit >= sizeof units / sizeof *units)
		return why_set(why, ERR_UNSUPPORTED, "a unit of time of number %u is not known",
			       unit);
	s->unit_ps = units[unit];
	a->has_header = true;
	a->step = sniffer_record;
	return 0;
}
