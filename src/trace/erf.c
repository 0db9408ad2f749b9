/* Reads the extensible record format.
 *
 * Three lengths are claimed: the record's, the packet's on the wire, and, by the headers inside
 * the record, where its bytes begin. Captured bytes are what the record has room for after its
 * headers, but never more than were on the wire: beyond those is padding. */
#include "trace/erf.h"

#include "trace/walk.h"

/* What is known of each type. A type without a row has no link type of its own and is carried
 * whole, as LINKTYPE_ERF. */
struct erf_type {
	uint16_t link;
	uint8_t header_len; /* between the extension headers and the packet */
	uint8_t fcs_len;    /* counted in the wire length */
	bool is_coloured;   /* a colour stands where others count lost packets */
	bool is_known;
};

enum { LINK_ETHER = 1, LINK_PPP_HDLC = 50, LINK_IPV4 = 228, LINK_IPV6 = 229 };

static const struct erf_type types[128] = {
	/* PPP in HDLC framing and Cisco's HDLC: the first byte tells them apart, as link type
	 * PPP_HDLC has it */
	[1] = {LINK_PPP_HDLC, 0, 0, false, true},
	[10] = {LINK_PPP_HDLC, 0, 0, true, true},
	[15] = {LINK_PPP_HDLC, 0, 0, true, true},
	[19] = {LINK_PPP_HDLC, 0, 0, true, true},
	/* … one of many channels */
	[5] = {LINK_PPP_HDLC, 4, 0, false, true},
	[17] = {LINK_PPP_HDLC, 4, 0, true, true},
	/* Ethernet, plain and coloured */
	[2] = {LINK_ETHER, ERF_ETHER_PAD, ERF_FCS_LEN, false, true},
	[11] = {LINK_ETHER, ERF_ETHER_PAD, ERF_FCS_LEN, true, true},
	[16] = {LINK_ETHER, ERF_ETHER_PAD, ERF_FCS_LEN, true, true},
	[20] = {LINK_ETHER, ERF_ETHER_PAD, ERF_FCS_LEN, true, true},
	[22] = {LINK_IPV4, 0, 0, false, true},
	[23] = {LINK_IPV6, 0, 0, false, true},
	/* ATM cells, AAL5 and AAL2 frames, raw channels, counters, InfiniBand, Omni-Path */
	[3] = {LINK_ERF, 0, 0, false, true},
	[4] = {LINK_ERF, 0, 0, false, true},
	[6] = {LINK_ERF, 0, 0, false, true},
	[7] = {LINK_ERF, 0, 0, false, true},
	[8] = {LINK_ERF, 0, 0, false, true},
	[9] = {LINK_ERF, 0, 0, false, true},
	[12] = {LINK_ERF, 0, 0, false, true},
	[13] = {LINK_ERF, 0, 0, true, true},
	[14] = {LINK_ERF, 0, 0, true, true},
	[18] = {LINK_ERF, 0, 0, false, true},
	[21] = {LINK_ERF, 0, 0, false, true},
	[24] = {LINK_ERF, 0, 0, false, true},
	[25] = {LINK_ERF, 0, 0, false, true},
	[28] = {LINK_ERF, 0, 0, false, true},
	[29] = {LINK_ERF, 0, 0, false, true},
	/* where a capture comes from; no traffic, but counted as packets by all who read them */
	[ERF_TYPE_META] = {LINK_ERF, 0, 0, false, true},
	/* no packets */
	[ERF_TYPE_PAD] = {LINK_ERF, 0, 0, false, true},
};

bool erf_type_is_known(uint8_t type)
{
	return types[type & ERF_TYPE_MASK].is_known;
}

/* Each link type has an interface for each port, so that the port is iface % ERF_N_PORTS. */
static int erf_add_link(struct trace_reader *r, uint16_t link)
{
	struct erf_state *s = &r->erf;

	for (int port = 0; port < ERF_N_PORTS; port++) {
		struct iface_entry *e = ifaces_next(&r->ifaces);

		if (!e)
			return why_set(&r->why, ERR_NOMEM, "out of memory");
		e->seen.link = link;
		e->seen.digits = 9;
		ifaces_publish(&r->ifaces);
	}
	s->links[s->n_links++] = link;
	return 0;
}

/* The first of the link type's interfaces, which are made when it first comes; or an error.
 * There are fewer link types in the table above than ERF_N_LINKS. */
static int erf_first_iface(struct trace_reader *r, uint16_t link)
{
	struct erf_state *s = &r->erf;
	int i = 0;

	while (i < s->n_links && s->links[i] != link)
		i++;
	if (i == s->n_links) {
		int rc = erf_add_link(r, link);

		if (rc < 0)
			return rc;
	}
	return i * ERF_N_PORTS;
}

/* Steps over the chain of extension headers; false where it runs out of the record. */
static bool erf_skip_extensions(struct rd *body, uint8_t type)
{
	while (type & ERF_MORE && body->ok) {
		type = rd_u8(body);
		rd_skip(body, ERF_EXTENSION_LEN - 1);
	}
	return body->ok;
}

/* Port 0 is taken as outgoing and port 1 as incoming, as taps of two ports are wired and as
 * libtrace writes them; others say nothing of direction. */
static uint8_t erf_direction(uint32_t port)
{
	static const uint8_t directions[ERF_N_PORTS] = {WEIR_DIR_OUT, WEIR_DIR_IN};

	return directions[port];
}

/* Lengths and bytes of a packet whose headers were stepped over. */
static void erf_fill_bytes(struct weir_frame *f, const struct erf_type *t, const struct rd *body,
			   uint32_t claim)
{
	uint32_t room = (uint32_t)rd_left(body);
	uint32_t before = f->record_len - room;

	if (t->link == LINK_ERF || (t->fcs_len && claim >= t->fcs_len))
		f->flags |= WEIR_FRAME_APART;
	if (t->link == LINK_ERF) {
		f->bytes = f->record;
		f->cap_len = f->record_len;
		f->wire_len = claim > room ? before + claim : f->record_len;
		return;
	}
	f->bytes = body->at;
	f->wire_len = claim >= t->fcs_len ? claim - t->fcs_len : claim;
	f->cap_len = room < f->wire_len ? room : f->wire_len;
}

/* One whole record; its length was checked against the header's and against the window. */
static int erf_record(struct trace_reader *r, struct rd record, struct weir_frame *f)
{
	uint32_t record_len = (uint32_t)rd_left(&record);
	const uint8_t *header = record.at;
	const struct erf_type *t = &types[header[8] & ERF_TYPE_MASK];
	uint8_t flags = header[9];
	uint8_t port = (flags & ERF_FLAG_PORT) | (flags & ERF_FLAG_PORT_HIGH ? 4 : 0);
	uint16_t link = t->is_known ? t->link : LINK_ERF;
	int first = erf_first_iface(r, link);
	uint8_t type = header[8] & ERF_TYPE_MASK;

	if (first < 0)
		return first;
	rd_skip(&record, ERF_HEADER_LEN);
	if (!erf_skip_extensions(&record, header[8]))
		return why_set(&r->why, ERR_BAD,
			       "the extension headers run out of a record of %u bytes", record_len);
	rd_skip(&record, t->header_len);
	if (!record.ok)
		return why_set(&r->why, ERR_BAD,
			       "a record of type %u has only %u bytes, fewer than its headers",
			       type, record_len);
	*f = (struct weir_frame){
		.record = header,
		.time_ns = erf_time_to_ns(load64(header, false)),
		.record_len = record_len,
		.iface = (uint32_t)first + port,
		.lost = t->is_coloured ? 0 : load16(header + 12, true),
		.link = link,
		.direction = erf_direction(port),
		.flags = flags & (ERF_FLAG_RX_ERROR | ERF_FLAG_DS_ERROR) ? WEIR_FRAME_ERROR : 0,
	};
	if (type == ERF_TYPE_PAD)
		f->kind = WEIR_FRAME_META;
	erf_fill_bytes(f, t->is_known ? t : &types[ERF_TYPE_META], &record,
		       load16(header + 14, true));
	return 0;
}

/* Readies the fast loop for records like this one, which was read. */
static void erf_remember(struct erf_state *s, const uint8_t *header, const struct weir_frame *f)
{
	const struct erf_type *t = &types[header[8] & ERF_TYPE_MASK];
	uint32_t first = header[9] & ERF_FLAG_PORT_HIGH ? 4 : 0;
	uint16_t key = (uint16_t)(header[8] << 8 | (header[9] & ~ERF_FLAG_PORT));
	uint8_t flags = (f->flags & WEIR_FRAME_ERROR) | (t->fcs_len ? WEIR_FRAME_APART : 0);

	if (key == s->key)
		return;
	s->key = 0;
	if (header[8] & ERF_MORE || !t->is_known || t->link == LINK_ERF)
		return;
	s->key = key;
	s->before = ERF_HEADER_LEN + t->header_len;
	s->fcs_len = t->fcs_len;
	s->is_coloured = t->is_coloured;
	for (uint32_t port = 0; port <= ERF_FLAG_PORT; port++)
		s->forms[port] = (struct weir_frame){.iface = f->iface / ERF_N_PORTS * ERF_N_PORTS +
							      first + port,
						     .link = t->link,
						     .direction = erf_direction(first + port),
						     .flags = flags};
}

/* Records of the last one's type and flags (but of any port), without extension headers, as long
 * as the next one's header is in the window too. Whatever is not of this kind is left to the
 * caller. */
TRACE_INLINE void erf_run(const struct erf_state *s, struct walk *w, bool is_coloured)
{
	const uint32_t before = s->before, fcs_len = s->fcs_len, key = s->key;
	const struct weir_frame *end = w->end;
	const uint8_t *record = w->rd.at;
	const uintptr_t last = (uintptr_t)w->rd.end - ERF_HEADER_LEN; /* end may be NULL */
	struct weir_frame *f = w->at;

	if (rd_left(&w->rd) < ERF_HEADER_LEN || key == 0)
		return;
	for (; f < end; f++) {
		/* what differs of type and flags; only the port may */
		uint32_t other = load16(record + 8, true) ^ key;
		uint32_t len = load16(record + 10, true);
		uint32_t claim = load16(record + 14, true) - fcs_len;
		uint32_t room = len - before;

		if (other > ERF_FLAG_PORT || (int32_t)(room | claim) < 0 ||
		    (uintptr_t)record + len > last)
			break;
		f->bytes = record + before;
		f->record = record;
		f->block = NULL;
		f->time_ns = erf_time_to_ns(load64(record, false));
		f->cap_len = room < claim ? room : claim;
		f->wire_len = claim;
		f->record_len = len;
		memcpy(&f->iface, &s->forms[other].iface,
		       sizeof *f - offsetof(struct weir_frame, iface));
		if (!is_coloured)
			f->lost = load16(record + 12, true);
		record += len;
	}
	w->at = f;
	w->rd.at = record;
}

/* The record at w->rd, of any type. */
static int erf_step(struct trace_reader *r, struct walk *w)
{
	struct rd rd = w->rd;
	const uint8_t *header = rd_take(&rd, ERF_HEADER_LEN);
	uint16_t len;
	int rc;

	if (!header)
		return walk_need(r, ERF_HEADER_LEN);
	len = load16(header + 10, true);
	if (len < ERF_HEADER_LEN)
		return why_set(&r->why, ERR_BAD,
			       "a record claims %u bytes, fewer than its header has", len);
	rd = w->rd;
	if (len > rd_left(&rd))
		return walk_need(r, len);
	rc = erf_record(r, rd_sub(&rd, len), w->at);
	if (rc < 0)
		return rc;
	erf_remember(&r->erf, header, w->at);
	w->at++;
	w->rd = rd;
	r->has_header = true;
	return 0;
}

int erf_walk(struct trace_reader *r, struct walk *w)
{
	int rc = 0;

	while (!rc) {
		if (r->erf.is_coloured)
			erf_run(&r->erf, w, true);
		else
			erf_run(&r->erf, w, false);
		if (w->at == w->end)
			break;
		rc = erf_step(r, w);
	}
	return rc;
}
