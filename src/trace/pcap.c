/* Reads libpcap's classic format.
 *
 *	file header   magic 4, major 2, minor 2, zone 4, accuracy 4, snap length 4, link type 4
 *	record        seconds 4, fraction 4, captured length 4, wire length 4 [, modified: interface
 *	              index 4, protocol 2, packet type 1, padding 1], captured bytes
 */
#include "trace/pcap.h"

#include "trace/walk.h"

enum { MODIFIED_TYPE_AT = 22, MODIFIED_INCOMING = 0, MODIFIED_OUTGOING = 4 };

/* One record, whose form the constants say; false where it is not whole or not sound. */
TRACE_INLINE bool pcap_record(struct rd *rd, struct weir_frame *f, const struct pcap_state *p,
			      bool is_big)
{
	const uint8_t *header = rd_take(rd, PCAP_RECORD_LEN);
	uint32_t cap_len;
	const uint8_t *bytes;

	if (!header)
		return false;
	cap_len = load32(header + 8, is_big);
	if (cap_len > p->limit)
		return false;
	bytes = rd_take(rd, cap_len);
	if (!bytes)
		return false;
	*f = (struct weir_frame){
		.bytes = bytes,
		.record = header,
		.time_ns = (int64_t)load32(header, is_big) * NANOS_PER_S +
			   (int64_t)load32(header + 4, is_big) * p->unit_ns,
		.cap_len = cap_len < p->snap_len ? cap_len : p->snap_len,
		.wire_len = load32(header + 12, is_big),
		.record_len = PCAP_RECORD_LEN + cap_len,
		.link = p->link,
		.flags = p->flags,
	};
	return true;
}

/* Why the record at w->rd is not delivered: more bytes are needed, or it is damaged. */
static int pcap_stop(struct trace_reader *r, const struct walk *w, uint32_t cap_len)
{
	const struct pcap_state *p = &r->pcap;

	if (rd_left(&w->rd) < p->header_len)
		return walk_need(r, p->header_len);
	if (cap_len > p->limit)
		return why_set(
			&r->why, ERR_BAD,
			"a packet claims %u captured bytes, more than the %u that are possible",
			cap_len, p->limit);
	return walk_need(r, (size_t)p->header_len + cap_len);
}

/* The hottest loop of the project, the byte order a constant. Takes plain records as long as the
 * next one's header is in the window too, so that one comparison a record keeps both in bounds;
 * whatever is not plain is left to the caller. */
TRACE_INLINE void pcap_run(const struct pcap_state *p, struct walk *w, bool is_big)
{
	const struct weir_frame form = {.link = p->link, .flags = p->flags};
	const uint32_t most = p->snap_len < p->limit ? p->snap_len : p->limit;
	const uint32_t unit_ns = p->unit_ns;
	const uint8_t *record = w->rd.at;
	const uintptr_t last = (uintptr_t)w->rd.end - PCAP_RECORD_LEN; /* end may be NULL */
	const struct weir_frame *end = w->end;
	struct weir_frame *f = w->at;

	if (rd_left(&w->rd) < PCAP_RECORD_LEN)
		return;
	for (; f < end; f++) {
		uint32_t cap_len = load32(record + 8, is_big);
		const uint8_t *bytes = record + PCAP_RECORD_LEN;

		/* most is small, so that the sum cannot wrap */
		if (cap_len > most || (uintptr_t)bytes + cap_len > last)
			break;
		f->bytes = bytes;
		f->record = record;
		f->block = NULL;
		f->time_ns = (int64_t)load32(record, is_big) * NANOS_PER_S +
			     (int64_t)load32(record + 4, is_big) * unit_ns;
		f->cap_len = cap_len;
		f->wire_len = load32(record + 12, is_big);
		f->record_len = PCAP_RECORD_LEN + cap_len;
		f->iface = 0;
		memcpy(&f->lost, &form.lost, sizeof form - offsetof(struct weir_frame, lost));
		record = bytes + cap_len;
	}
	w->at = f;
	w->rd.at = record;
}

TRACE_INLINE int pcap_walk_plain(struct trace_reader *r, struct walk *w, bool is_big)
{
	const struct pcap_state *p = &r->pcap;

	for (;;) {
		struct rd record;

		pcap_run(p, w, is_big);
		if (w->at == w->end)
			return 0;
		record = w->rd;
		if (!pcap_record(&record, w->at, p, is_big))
			break;
		w->rd = record;
		w->at++;
	}
	return pcap_stop(r, w,
			 rd_left(&w->rd) < PCAP_RECORD_LEN ? 0 : load32(w->rd.at + 8, is_big));
}

static int pcap_walk_little(struct trace_reader *r, struct walk *w)
{
	return pcap_walk_plain(r, w, false);
}

static int pcap_walk_big(struct trace_reader *r, struct walk *w)
{
	return pcap_walk_plain(r, w, true);
}

/* Files before version 2.3 held the two lengths in the other order; those of 2.3 may. */
static bool pcap_lengths_cross(const struct pcap_state *p, const uint8_t *header)
{
	return p->is_swapped || (p->may_be_swapped &&
				 load32(header + 8, p->is_big) > load32(header + 12, p->is_big));
}

static uint8_t pcap_direction(const struct pcap_state *p, const uint8_t *header)
{
	if (p->header_len < PCAP_MODIFIED_LEN)
		return WEIR_DIR_UNKNOWN;
	if (header[MODIFIED_TYPE_AT] == MODIFIED_OUTGOING)
		return WEIR_DIR_OUT;
	return header[MODIFIED_TYPE_AT] == MODIFIED_INCOMING ? WEIR_DIR_IN : WEIR_DIR_UNKNOWN;
}

/* Rare records: the modified format, and old versions. */
static int pcap_walk_rare(struct trace_reader *r, struct walk *w)
{
	const struct pcap_state *p = &r->pcap;

	while (w->at < w->end) {
		struct rd rd = w->rd;
		const uint8_t *header = rd_take(&rd, p->header_len);
		bool cross = header && pcap_lengths_cross(p, header);
		uint32_t cap_len = header ? load32(header + (cross ? 12 : 8), p->is_big) : 0;
		const uint8_t *bytes = rd_take(&rd, cap_len);

		if (!header || !bytes || cap_len > p->limit)
			return pcap_stop(r, w, cap_len);
		*w->at++ = (struct weir_frame){
			.bytes = bytes,
			.record = header,
			.time_ns = (int64_t)load32(header, p->is_big) * NANOS_PER_S +
				   (int64_t)load32(header + 4, p->is_big) * p->unit_ns,
			.cap_len = cap_len < p->snap_len ? cap_len : p->snap_len,
			.wire_len = load32(header + (cross ? 8 : 12), p->is_big),
			.record_len = p->header_len + cap_len,
			.link = p->link,
			.direction = pcap_direction(p, header),
			.flags = p->flags,
		};
		w->rd = rd;
	}
	return 0;
}

/* The magic tells byte order, unit of time and length of the records' headers. */
static bool pcap_read_magic(struct pcap_state *p, const uint8_t *header)
{
	p->is_big = header[0] == 0xa1;
	p->header_len = PCAP_RECORD_LEN;
	p->unit_ns = NANOS_PER_US;
	switch (load32(header, p->is_big)) {
	case PCAP_MAGIC_MICRO:
		return true;
	case PCAP_MAGIC_NANO:
		p->unit_ns = 1;
		return true;
	case PCAP_MAGIC_MODIFIED:
		p->header_len = PCAP_MODIFIED_LEN;
		return true;
	}
	return false;
}

/* Link types that early systems numbered in their own way; the numbers have no other meaning.
 * 13 meant three different things and is carried as it is. */
static uint32_t pcap_link(uint32_t claimed)
{
	static const uint8_t historic[][2] = {
		{11, 100}, /* RFC 1483 ATM */
		{12, 101}, /* raw IP */
		{14, 101}, /* … on OpenBSD */
	};
	uint32_t link = claimed & PCAP_LINK_MASK;

	for (size_t i = 0; i < sizeof historic / sizeof historic[0]; i++)
		if (link == historic[i][0])
			return historic[i][1];
	return link;
}

/* Versions 2.0 to 2.4, and 543.0, which was one system's 2.2. Later versions of 2 were never
 * written but by mistake, and are read as 2.4. */
static bool pcap_read_version(struct pcap_state *p, uint16_t major, uint16_t minor)
{
	p->is_swapped = major == 543 || minor < 3;
	p->may_be_swapped = major == 2 && minor == 3;
	return major == 2 || (major == 543 && minor == 0);
}

static int pcap_add_iface(struct trace_reader *r, uint32_t link, uint32_t snap_len)
{
	struct iface_entry *e = ifaces_next(&r->ifaces);

	if (!e)
		return why_set(&r->why, ERR_NOMEM, "out of memory");
	e->seen.link = link;
	e->seen.snap_len = snap_len;
	e->seen.digits = r->pcap.unit_ns == 1 ? 9 : 6;
	ifaces_publish(&r->ifaces);
	return 0;
}

uint32_t pcap_limit(uint32_t link, uint32_t snap_len)
{
	static const uint16_t jumbo[] = {
		220, /* USB_LINUX_MMAPPED */
		231, /* DBUS */
		249, /* USBPCAP */
		279, /* EBHSCR */
	};

	for (size_t i = 0; i < sizeof jumbo / sizeof jumbo[0]; i++)
		if (link == jumbo[i])
			return TRACE_MAX_RECORD - PCAP_MODIFIED_LEN;
	if (snap_len > PCAP_LIMIT && snap_len <= TRACE_MAX_RECORD - PCAP_MODIFIED_LEN)
		return snap_len;
	return PCAP_LIMIT;
}

int pcap_walk_header(struct trace_reader *r, struct walk *w)
{
	struct pcap_state *p = &r->pcap;
	struct rd rd = w->rd;
	const uint8_t *header = rd_take(&rd, PCAP_HEADER_LEN);
	uint16_t major, minor;
	uint32_t link, snap_len;
	int rc;

	if (!header)
		return walk_need(r, PCAP_HEADER_LEN);
	if (!pcap_read_magic(p, header))
		return why_set(&r->why, ERR_BAD, "these are not the first bytes of a pcap file");
	major = load16(header + 4, p->is_big);
	minor = load16(header + 6, p->is_big);
	if (!pcap_read_version(p, major, minor))
		return why_set(&r->why, ERR_UNSUPPORTED, "version %u.%u of pcap is not known",
			       major, minor);
	snap_len = load32(header + 16, p->is_big);
	link = pcap_link(load32(header + 20, p->is_big));
	p->limit = pcap_limit(link, snap_len);
	p->snap_len = snap_len == 0 || snap_len > INT32_MAX ? p->limit : snap_len;
	p->link = link_of(link);
	p->flags = order_flags(p->is_big) | trace_wire_flags(p->link);
	rc = pcap_add_iface(r, link, snap_len);
	if (rc < 0)
		return rc;
	r->has_header = true;
	r->walk = pcap_walk_rare;
	if (p->header_len == PCAP_RECORD_LEN && !p->is_swapped && !p->may_be_swapped)
		r->walk = p->is_big ? pcap_walk_big : pcap_walk_little;
	w->rd = rd;
	return r->walk(r, w);
}
