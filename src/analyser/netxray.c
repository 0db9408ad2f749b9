#include "analyser/analyser.h"

#include "base/nanos.h"

enum {
	NETXRAY_MAGIC_LEN = 4,
	NETXRAY_VERSION_LEN = 8,
	NETXRAY_HEADER_LEN = 128,
	NETXRAY_EXTRA_LEN = 4, /* may follow a packet in version 2 */

	NETWORK_ETHERNET = 1,
	NETWORK_WAN = 4,
	NETWORK_802_11 = 10,
	CAPTURE_PLAIN = 0, /* by an ordinary interface; others are pods */

	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_CISCO_HDLC = 104,
	LINK_802_11 = 105,
	LINK_FRAME_RELAY = 107,
	LINK_SDLC = 268,
};

/* By network, as NDIS numbers them. */
static const uint16_t links[] = {
	[NETWORK_ETHERNET] = LINK_ETHERNET,
	[2] = 6,  /* 802.5 */
	[3] = 10, /* FDDI */
	[NETWORK_802_11] = LINK_802_11,
};

/* … of serial lines in version 2, by kind of capture. */
static const uint16_t wan_links[] = {
	[3] = LINK_PPP, [4] = LINK_FRAME_RELAY, [7] = LINK_SDLC, [19] = LINK_CISCO_HDLC};

/* Ticks a second in version 2, by kind of capture and unit of time; 0: none that is known. Pods
 * count from the start of the capture. */
static const double ticks[][3] = {
	[CAPTURE_PLAIN] = {1e6, 1193000, 1193182},
	[2] = {1e9, 0, 31250000},
	[3] = {1e6, 0, 1250000},
	[5] = {1e6, 0, 0},
	[6] = {1e9, 0, 20000000},
};

enum { N_CAPTURES = sizeof ticks / sizeof *ticks, N_UNITS = sizeof *ticks / sizeof **ticks };

/* What of the header decides how records are read. */
struct netxray_kind {
	uint8_t network;
	uint8_t unit;
	uint8_t capture;
	uint32_t ticks;
};

bool netxray_is(const uint8_t *bytes, size_t len)
{
	if (len < NETXRAY_MAGIC_LEN + 2)
		return false;
	return memcmp(bytes, "VL\0", NETXRAY_MAGIC_LEN) == 0 || memcmp(bytes,
								       "XCP\0"
								       "00",
								       6) == 0;
}

/* The two clocks are subtracted as numbers of double precision, and the fraction is cut off, as
 * other readers of the format do it: so a time is the same everywhere, to the last digit. */
static bool time_of(const struct netxray_state *s, uint64_t clock, int64_t *ns)
{
	const double most = 9e9 - 4294967296.0; /* seconds that surely fit */
	double low = (double)(uint32_t)clock;
	double t = (low + (double)(clock >> 32) * 4294967296.0) / s->ticks - s->start;
	int64_t whole;

	if (!(t > -most && t < most))
		return false;
	whole = (int64_t)t;
	*ns = ((int64_t)s->start_s + whole) * NANOS_PER_S + (int64_t)((t - (double)whole) * 1e9);
	return true;
}

static int netxray_record(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	const struct netxray_state *s = &a->netxray;
	struct analyser_iface iface = {.link = s->link, .digits = 9};
	struct rd record = *rd;
	struct rd header;
	uint64_t clock;
	uint32_t extra = 0;
	int rc;

	if (a->at == s->end) {
		a->step = analyser_rest;
		return 0;
	}
	header = rd_sub(&record, s->before);
	if (!header.ok)
		return analyser_need(a, s->before);
	clock = rd_le64(&header);
	*f = (struct weir_frame){.link = s->link, .wire_len = rd_le16(&header)};
	f->cap_len = s->major ? rd_le16(&header) : f->wire_len;
	f->record_len = s->before + f->cap_len;
	if (a->at + f->record_len > s->end)
		return why_set(why, ERR_BAD,
			       "a record of %u bytes runs over the end of the packets",
			       f->record_len);
	if (rd_left(rd) < f->record_len)
		return analyser_need(a, f->record_len);
	if (!time_of(s, clock, &f->time_ns))
		return why_set(why, ERR_BAD, "a packet's time is beyond the year 2262");
	rd_skip(&header, 2);
	if (s->major == 2 && s->is_trimmed && rd_le16(&header) == 0xffff)
		extra = NETXRAY_EXTRA_LEN;
	f->cap_len -= extra < f->cap_len ? extra : f->cap_len;
	f->wire_len -= extra < f->wire_len ? extra : f->wire_len;
	rc = analyser_iface(a, &iface, why);
	if (rc < 0)
		return rc;
	f->iface = (uint32_t)rc;
	f->bytes = record.at;
	f->record = rd_take(rd, f->record_len);
	return 1;
}

static int netxray_gap(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	(void)f;
	(void)why;
	if (a->at < a->netxray.first)
		return analyser_skip_to(a, rd, a->netxray.first);
	a->step = netxray_record;
	return 0;
}

static bool read_version(struct netxray_state *s, const uint8_t *magic, const uint8_t *version)
{
	static const struct {
		char text[NETXRAY_VERSION_LEN];
		uint8_t major, minor, before;
	} rows[] = {
		{"001.000", 1, 0, 28}, {"001.100", 1, 1, 28}, {"002.000", 2, 0, 40},
		{"002.001", 2, 1, 40}, {"002.002", 2, 2, 40}, {"002.003", 2, 3, 40},
	};

	s->before = 16;
	if (magic[0] == 'V')
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (memcmp(version, rows[i].text, NETXRAY_VERSION_LEN) != 0)
			continue;
		s->major = rows[i].major;
		s->minor = rows[i].minor;
		s->before = rows[i].before;
		return true;
	}
	return false;
}

/* Ticks a second; 0 where they are not known. */
static double ticks_of(const struct netxray_state *s, const struct netxray_kind *k)
{
	uint8_t capture = k->network == NETWORK_ETHERNET ? k->capture : CAPTURE_PLAIN;

	if (s->major < 2)
		return s->major == 1 && s->minor == 1 ? 1e6 : 1e3;
	if (capture >= N_CAPTURES || k->unit >= N_UNITS)
		return 0;
	if (k->network == NETWORK_ETHERNET && capture == CAPTURE_PLAIN && k->unit == 2)
		return k->ticks;
	return ticks[capture][k->unit];
}

static void read_kind(struct netxray_state *s, const struct netxray_kind *k, uint64_t clock)
{
	bool is_pod = k->network == NETWORK_ETHERNET && k->capture != CAPTURE_PLAIN;
	bool has_fcs = (k->ticks >> 8 & 0xffff) == 0x1234;

	s->link = analyser_link(links, sizeof links / sizeof *links, k->network);
	if (k->network == NETWORK_WAN)
		s->link = s->major < 2
				  ? LINK_ETHERNET
				  : analyser_link(wan_links, sizeof wan_links / sizeof *wan_links,
						  k->capture);
	s->ticks = ticks_of(s, k);
	if (s->ticks > 0 && !(s->major == 2 && s->minor >= 2 && is_pod))
		s->start =
			((double)(uint32_t)clock + (double)(clock >> 32) * 4294967296.0) / s->ticks;
	s->is_trimmed = s->link == LINK_FRAME_RELAY ||
			((s->link == LINK_ETHERNET || s->link == LINK_802_11) && !has_fcs);
}

/* Where the packets are; header stands behind the number of them. */
static int read_places(struct analyser *a, struct rd *header, struct why *why)
{
	struct netxray_state *s = &a->netxray;

	rd_skip(header, 4);
	s->first = rd_le32(header);
	s->end = rd_le32(header);
	if (s->first < NETXRAY_HEADER_LEN)
		return why_set(why, ERR_BAD, "its packets cannot begin at byte %u", s->first);
	if (s->first > s->end)
		return why_set(why, ERR_UNSUPPORTED,
			       "its packets go round: they begin at byte %u and end before, at %u",
			       s->first, s->end);
	a->least = s->end;
	return 0;
}

int netxray_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	struct netxray_state *s = &a->netxray;
	struct rd header = rd_sub(rd, NETXRAY_HEADER_LEN);
	const uint8_t *magic, *version;
	struct netxray_kind kind = {0};
	uint64_t clock;
	uint8_t counted;
	int rc;

	(void)f;
	if (!header.ok)
		return analyser_need(a, NETXRAY_HEADER_LEN);
	if (!netxray_is(header.at, NETXRAY_HEADER_LEN))
		return why_set(why, ERR_BAD, "these are not the first bytes of a NetXRay file");
	magic = rd_take(&header, NETXRAY_MAGIC_LEN);
	version = rd_take(&header, NETXRAY_VERSION_LEN);
	if (!magic || !version || !read_version(s, magic, version))
		return why_set(why, ERR_UNSUPPORTED, "version \"%.7s\" of NetXRay is not known",
			       version ? (const char *)version : "");
	s->start_s = rd_le32(&header);
	rd_skip(&header, 4);
	rc = read_places(a, &header, why);
	if (rc)
		return rc;
	rd_skip(&header, 12);
	kind.network = rd_u8(&header);
	counted = rd_u8(&header);
	if (counted != 0 && counted != 2)
		return why_set(why, ERR_UNSUPPORTED, "networks counted in way %u are not known",
			       counted);
	if (counted == 0 && kind.network < UINT8_MAX)
		kind.network++;
	rd_skip(&header, 2);
	kind.unit = rd_u8(&header);
	rd_skip(&header, 3);
	clock = rd_le64(&header);
	rd_skip(&header, 16);
	kind.ticks = rd_le32(&header);
	rd_skip(&header, 4);
	kind.capture = rd_u8(&header);
	read_kind(s, &kind, clock);
	if (!(s->ticks > 0))
		return why_set(why, ERR_UNSUPPORTED,
			       "unit of time %u of captures of kind %u is not known", kind.unit,
			       kind.capture);
	a->has_header = true;
	a->step = netxray_gap;
	return 0;
}
