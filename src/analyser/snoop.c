#include "analyser/analyser.h"

#include "base/nanos.h"

enum {
	SNOOP_MAGIC_LEN = 8,
	SNOOP_HEADER_LEN = 16,
	SNOOP_RECORD_LEN = 24,
	SNOOP_FIRST = 2, /* versions; what follows the first are Surveyor's */
	SNOOP_LAST = 5,
	SURVEYOR_TRAILER_LEN = 16, /* no other writer pads by so much */
	SNOOP_PRIVATE = 1u << 31,
	SNOOP_IPNET = 5 /* … with SNOOP_PRIVATE */
};

/* Networks, as DLPI numbers them. */
static const uint16_t links[] = {
	[0] = 1,    /* 802.3 */
	[2] = 6,    /* 802.5 */
	[4] = 1,    /* Ethernet */
	[8] = 10,   /* FDDI */
	[16] = 122, /* IP over Fibre Channel */
	[18] = 123, /* SunATM */
};

static const uint16_t surveyor_links[] = {
	[0] = 1,  [2] = 6,  [4] = 1,  [8] = 10, [10] = 1,
	[11] = 6, [12] = 1, [13] = 6, [14] = 6, [19] = 1,
};

static uint16_t link_of(const struct snoop_state *s)
{
	enum { LINK_IPNET = 226 };

	if (s->is_surveyor)
		return analyser_link(surveyor_links, sizeof surveyor_links / sizeof *surveyor_links,
				     s->network);
	if (s->network == (SNOOP_PRIVATE | SNOOP_IPNET))
		return LINK_IPNET;
	return analyser_link(links, sizeof links / sizeof *links, s->network);
}

bool snoop_is(const uint8_t *bytes, size_t len)
{
	return len >= SNOOP_MAGIC_LEN && memcmp(bytes, "snoop\0\0", SNOOP_MAGIC_LEN) == 0;
}

/* How many more were lost than before; a count that falls starts anew. */
static uint32_t lost_since(struct snoop_state *s, uint32_t lost)
{
	uint32_t more = lost > s->lost ? lost - s->lost : 0;

	s->lost = lost;
	return more;
}

static int snoop_record(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	struct snoop_state *s = &a->snoop;
	struct rd record = *rd;
	uint32_t wire_len = rd_u32(&record);
	uint32_t cap_len = rd_u32(&record);
	uint32_t len = rd_u32(&record);
	uint32_t lost = rd_u32(&record);
	int64_t time_ns = (int64_t)rd_u32(&record) * NANOS_PER_S;
	struct analyser_iface iface = {.digits = 6};
	uint32_t padding;
	int rc;

	time_ns += (int64_t)rd_u32(&record) * NANOS_PER_US;
	if (!record.ok)
		return analyser_need(a, SNOOP_RECORD_LEN);
	rc = analyser_check_len(cap_len, why);
	if (rc)
		return rc;
	if (len < SNOOP_RECORD_LEN + cap_len)
		return why_set(why, ERR_BAD,
			       "a record of %u bytes claims a packet of %u captured bytes", len,
			       cap_len);
	padding = len - SNOOP_RECORD_LEN - cap_len;
	if (padding > ANALYSER_MAX_PADDING)
		return why_set(why, ERR_BAD, "a record claims %u bytes of padding", padding);
	if (rd_left(rd) < len)
		return analyser_need(a, len);
	if (!s->has_record)
		s->is_surveyor = padding >= SURVEYOR_TRAILER_LEN;
	s->has_record = true;
	iface.link = link_of(s);
	rc = analyser_iface(a, &iface, why);
	if (rc < 0)
		return rc;
	*f = (struct weir_frame){
		.bytes = record.at,
		.time_ns = time_ns,
		.cap_len = cap_len,
		.wire_len = wire_len,
		.record_len = len,
		.iface = (uint32_t)rc,
		.lost = lost_since(s, lost),
		.link = iface.link,
	};
	f->record = rd_take(rd, len);
	return 1;
}

int snoop_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	struct rd header = rd_sub(rd, SNOOP_HEADER_LEN);
	uint32_t version;

	(void)f;
	if (!header.ok)
		return analyser_need(a, SNOOP_HEADER_LEN);
	if (!snoop_is(header.at, SNOOP_HEADER_LEN))
		return why_set(why, ERR_BAD, "these are not the first bytes of a snoop file");
	rd_skip(&header, SNOOP_MAGIC_LEN);
	version = rd_u32(&header);
	if (version < SNOOP_FIRST || version > SNOOP_LAST)
		return why_set(why, ERR_UNSUPPORTED, "version %u of snoop is not known", version);
	a->snoop.network = rd_u32(&header);
	a->has_header = true;
	a->step = snoop_record;
	return 0;
}
