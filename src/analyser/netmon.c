#include "analyser/analyser.h"

#include "base/nanos.h"

enum {
	NETMON_MAGIC_LEN = 4,
	NETMON_HEADER_LEN = 128,
	NETMON_RECORD_1_LEN = 8,
	NETMON_RECORD_2_LEN = 16,
	NETMON_ENTRY_LEN = 4,

	/* networks of single packets */
	NETMON_PCAP = 0xe000, /* and a LINKTYPE_ number */
	NETMON_PCAP_MASK = 0x0fff,
	NETMON_ANALYZER_FIRST = 0xe080, /* numbers in between that mean something else */
	NETMON_ANALYZER_LAST = 0xe08a,
	NETMON_PAYLOAD = 0xfffc, /* not packets: what others were put together from */
	NETMON_NETWORKS = 0xfffd,
	NETMON_NAMES = 0xfffe,
};

/* By network; 802.11 has a header of its own before it, and no link type. */
static const uint16_t links[] = {
	[0] = 1,            /* not said: Ethernet */
	[1] = 1,   [2] = 6, /* 802.5 */
	[3] = 10,           /* FDDI */
	[7] = 101,          /* tunnels: raw IP */
	[8] = 101,          /* wireless WAN: raw IP */
	[9] = 101,
};

static uint16_t link_of(uint16_t network)
{
	if (network >= NETMON_ANALYZER_FIRST && network <= NETMON_ANALYZER_LAST)
		return ANALYSER_LINK_UNNAMED;
	if ((network & ~NETMON_PCAP_MASK) == NETMON_PCAP)
		return network & NETMON_PCAP_MASK;
	return analyser_link(links, sizeof links / sizeof *links, network);
}

bool netmon_is(const uint8_t *bytes, size_t len)
{
	if (len < NETMON_MAGIC_LEN + 2)
		return false;
	return (memcmp(bytes, "RTSS", NETMON_MAGIC_LEN) == 0 ||
		memcmp(bytes, "GMBU", NETMON_MAGIC_LEN) == 0) &&
	       (bytes[5] == 1 || bytes[5] == 2);
}

/* FNV-1a, of offsets. */
static uint64_t hash_add(uint64_t hash, uint32_t offset)
{
	return (hash ^ offset) * 0x100000001b3u;
}

/* Of 2.3 on: 100 ns since 1601, in UTC; false where it does not fit. */
static bool time_of_filetime(uint64_t time, int64_t *ns)
{
	const int64_t epoch = 116444736000000000; /* from 1601 to 1970 */
	int64_t since;

	return time <= INT64_MAX && !__builtin_sub_overflow((int64_t)time, epoch, &since) &&
	       !__builtin_mul_overflow(since, 100, ns);
}

static int netmon_table(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	struct netmon_state *s = &a->netmon;

	(void)f;
	if (a->at < s->table)
		return analyser_skip_to(a, rd, s->table);
	if (rd_left(rd) < NETMON_ENTRY_LEN)
		return analyser_need(a, NETMON_ENTRY_LEN);
	s->listed = hash_add(s->listed, rd_le32(rd));
	s->i_frame++;
	if (s->i_frame < s->n_frames)
		return 0;
	if (s->listed != s->found)
		return why_set(why, ERR_UNSUPPORTED,
			       "the frame table does not name the places where records were found: "
			       "they do not follow one another");
	a->step = analyser_rest;
	return 0;
}

/* What stands behind the captured bytes: the packet's network, or else the file's, and its time
 * in UTC. Sets link and time; false where the time does not fit. */
static bool read_trailer(const struct netmon_state *s, struct rd *trailer, struct weir_frame *f,
			 uint16_t *network)
{
	*network = s->trailer_len ? rd_le16(trailer) : s->network;
	f->link = link_of(*network);
	f->kind = WEIR_FRAME_PACKET;
	if (s->minor < 3 || !s->trailer_len)
		return true;
	rd_skip(trailer, 4);
	return time_of_filetime(rd_le64(trailer), &f->time_ns);
}

/* Lengths and time since the start, from the record's header, which is whole. Times before the
 * start are negative, in a number that says to have no sign. */
static void read_record(const struct netmon_state *s, struct rd *header, struct weir_frame *f)
{
	uint64_t since = s->major == 1 ? (uint64_t)rd_le32(header) * NANOS_PER_MS
				       : rd_le64(header) * NANOS_PER_US;

	f->time_ns = (int64_t)((uint64_t)s->start_ns + since);
	f->wire_len = s->major == 1 ? rd_le16(header) : rd_le32(header);
	f->cap_len = s->major == 1 ? rd_le16(header) : rd_le32(header);
}

static int netmon_record(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	struct netmon_state *s = &a->netmon;
	uint32_t header_len = s->major == 1 ? NETMON_RECORD_1_LEN : NETMON_RECORD_2_LEN;
	struct rd record = *rd;
	struct rd header = rd_sub(&record, header_len);
	struct analyser_iface iface = {.digits = s->major == 1 ? 3 : s->minor < 3 ? 6 : 9};
	uint16_t network;
	int rc;

	if (!header.ok)
		return analyser_need(a, header_len);
	*f = (struct weir_frame){.record = rd->at};
	read_record(s, &header, f);
	rc = analyser_check_len(f->cap_len, why);
	if (rc)
		return rc;
	f->record_len = header_len + f->cap_len + s->trailer_len;
	if (a->at + f->record_len > s->table)
		return why_set(why, ERR_BAD, "a record of %u bytes runs into the frame table",
			       f->record_len);
	if (rd_left(rd) < f->record_len)
		return analyser_need(a, f->record_len);
	f->bytes = rd_take(&record, f->cap_len);
	if (!read_trailer(s, &record, f, &network))
		return why_set(why, ERR_BAD, "a packet's time is beyond the year 2262");
	iface.link = f->link;
	rc = analyser_iface(a, &iface, why);
	if (rc < 0)
		return rc;
	f->iface = (uint32_t)rc;
	s->found = hash_add(s->found, (uint32_t)a->at);
	rd_skip(rd, f->record_len);
	s->i_frame++;
	if (s->i_frame == s->n_frames) {
		s->i_frame = 0;
		a->step = netmon_table;
	}
	return network < NETMON_PAYLOAD || network > NETMON_NAMES;
}

/* The start of the capture: a local time, taken as UTC. */
static bool read_start(struct rd *header, int64_t *ns)
{
	struct analyser_date d;
	int64_t s;
	uint16_t ms;

	d.year = rd_le16(header);
	d.month = rd_le16(header);
	rd_skip(header, 2);
	d.day = rd_le16(header);
	d.hour = rd_le16(header);
	d.minute = rd_le16(header);
	d.second = rd_le16(header);
	ms = rd_le16(header);
	if (!analyser_date_to_s(&d, &s))
		return false;
	*ns = s * NANOS_PER_S + (int64_t)ms * NANOS_PER_MS;
	return true;
}

int netmon_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	static const uint8_t trailers[] = {0, 2, 6, 15}; /* by minor version of 2 */
	struct netmon_state *s = &a->netmon;
	struct rd header = rd_sub(rd, NETMON_HEADER_LEN);
	uint32_t table_len;

	(void)f;
	if (!header.ok)
		return analyser_need(a, NETMON_HEADER_LEN);
	if (!netmon_is(header.at, NETMON_HEADER_LEN))
		return why_set(why, ERR_BAD,
			       "these are not the first bytes of a Network Monitor file");
	rd_skip(&header, NETMON_MAGIC_LEN);
	s->minor = rd_u8(&header);
	s->major = rd_u8(&header);
	if (s->major == 2)
		s->trailer_len = trailers[s->minor < 3 ? s->minor : 3];
	s->network = rd_le16(&header);
	if (!read_start(&header, &s->start_ns))
		return why_set(why, ERR_BAD, "the start of the capture is no date");
	s->table = rd_le32(&header);
	table_len = rd_le32(&header);
	if (table_len % NETMON_ENTRY_LEN || !table_len || s->table < NETMON_HEADER_LEN)
		return why_set(why, ERR_BAD, "a frame table of %u bytes at %u is not possible",
			       table_len, s->table);
	s->n_frames = table_len / NETMON_ENTRY_LEN;
	a->least = (uint64_t)s->table + table_len;
	a->has_header = true;
	a->step = netmon_record;
	return 0;
}
