/* Writes the extensible record format. */
#include "trace/erf.h"

#include "trace/walk.h"
#include "trace/write.h"

enum { LINK_ETHER = 1, LINK_PPP_HDLC = 50, LINK_RAW = 101, LINK_C_HDLC = 104 };
enum { LINK_RAW_OLD = 12, LINK_IPV4 = 228, LINK_IPV6 = 229 };

/* The record type for a frame; 0 where there is none. */
static uint8_t erf_type_of(const struct weir_frame *f)
{
	switch (f->link) {
	case LINK_ETHER:
		return ERF_TYPE_ETHER;
	case LINK_PPP_HDLC:
	case LINK_C_HDLC:
		return ERF_TYPE_HDLC;
	case LINK_IPV4:
		return ERF_TYPE_IPV4;
	case LINK_IPV6:
		return ERF_TYPE_IPV6;
	case LINK_RAW:
	case LINK_RAW_OLD:
		if (f->cap_len > 0 && f->bytes[0] >> 4 == 4)
			return ERF_TYPE_IPV4;
		if (f->cap_len > 0 && f->bytes[0] >> 4 == 6)
			return ERF_TYPE_IPV6;
		return 0;
	}
	return 0;
}

/* Where direction is known it is the port, as the reader has it; else the interface's number. */
static uint8_t erf_port(const struct weir_frame *f)
{
	if (f->direction == WEIR_DIR_IN)
		return 1;
	return f->direction == WEIR_DIR_OUT ? 0 : f->iface & ERF_FLAG_PORT;
}

/* A record as it came in, snapped by cutting the packet's bytes off its end. */
static int erf_write_record(struct outgoing *o, const uint8_t *record, uint32_t len)
{
	const struct weir_frame *f = o->frame;
	uint32_t kept = len;
	uint8_t *at;

	if (f->link != LINK_ERF && o->cap_len < f->cap_len)
		kept = (uint32_t)(f->bytes - record) + o->cap_len;
	at = wr_room(o->w, kept);
	if (!at)
		return 0;
	memcpy(at, record, kept);
	store16(at + 10, (uint16_t)kept, true);
	return 0;
}

static int erf_check(const struct outgoing *o, uint8_t type, uint32_t len, uint32_t claim)
{
	const struct weir_frame *f = o->frame;

	if (type == 0)
		return why_set(o->why, ERR_UNSUPPORTED,
			       f->link == LINK_RAW || f->link == LINK_RAW_OLD
				       ? "a packet of link type %u is neither IPv4 nor IPv6: ERF "
					 "has no type for it"
				       : "ERF has no record type for link type %u",
			       f->link);
	if (len > ERF_MAX_LEN || claim > ERF_MAX_LEN)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "a packet of %u bytes (%u on the wire) is too long for ERF's 16-bit "
			       "lengths",
			       o->cap_len, f->wire_len);
	if (!erf_time_fits(f->time_ns))
		return why_set(o->why, ERR_UNSUPPORTED,
			       "a packet's time is before 1970 or after 2106: ERF cannot hold it");
	return 0;
}

/* Padding to 8 only follows a whole packet: after one that was cut it would read as captured. */
static int erf_write_packet(struct outgoing *o)
{
	const struct weir_frame *f = o->frame;
	uint8_t type = erf_type_of(f);
	uint32_t wire_len = f->wire_len > f->cap_len ? f->wire_len : f->cap_len;
	uint32_t fcs_len = type == ERF_TYPE_ETHER ? ERF_FCS_LEN : 0;
	uint32_t before = ERF_HEADER_LEN + (type == ERF_TYPE_ETHER ? ERF_ETHER_PAD : 0);
	uint64_t len = (uint64_t)before + o->cap_len;
	uint8_t *at;
	int rc;

	if (o->cap_len == wire_len)
		len = (len + ERF_ALIGN - 1) & ~(uint64_t)(ERF_ALIGN - 1);
	rc = erf_check(o, type, len > UINT32_MAX ? UINT32_MAX : (uint32_t)len,
		       wire_len > ERF_MAX_LEN ? wire_len : wire_len + fcs_len);
	if (rc < 0)
		return rc;
	at = wr_room(o->w, len);
	if (!at)
		return 0;
	store64(at, erf_time_of_ns(f->time_ns), false);
	at[8] = type;
	at[9] = ERF_FLAG_VARYING | erf_port(f) |
		(f->flags & WEIR_FRAME_ERROR ? ERF_FLAG_RX_ERROR : 0);
	store16(at + 10, (uint16_t)len, true);
	store16(at + 12, f->lost < UINT16_MAX ? (uint16_t)f->lost : UINT16_MAX, true);
	store16(at + 14, (uint16_t)(wire_len + fcs_len), true);
	memset(at + ERF_HEADER_LEN, 0, before - ERF_HEADER_LEN);
	if (o->cap_len)
		memcpy(at + before, f->bytes, o->cap_len);
	memset(at + before + o->cap_len, 0, len - before - o->cap_len);
	return 0;
}

int erf_write_frame(struct trace_writer *t, struct outgoing *o)
{
	const struct weir_frame *f = o->frame;

	t->has_header = true;
	if (t->options.from == TRACE_ERF && f->record)
		return erf_write_record(o, f->record, f->record_len);
	if (f->link != LINK_ERF)
		return erf_write_packet(o);
	if (f->cap_len < ERF_HEADER_LEN || load16(f->bytes + 10, true) != f->cap_len)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "a packet of link type ERF is no whole record");
	return erf_write_record(o, f->bytes, f->cap_len);
}
