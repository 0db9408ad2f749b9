/* Writes libpcap's classic format. */
#include "trace/pcap.h"

#include "base/nanos.h"
#include "trace/walk.h"
#include "trace/write.h"

/* The snap length that the header announces: readers cut packets to it, so it is only smaller
 * than usual where no packet can be longer. */
static uint32_t header_snap_len(const struct trace_writer *t, const struct outgoing *o)
{
	uint32_t snap_len = t->options.snap_len;

	if (snap_len > 0 && snap_len <= t->pcap.most)
		return snap_len;
	if (t->options.from == TRACE_PCAP && o->iface && o->iface->snap_len > 0 &&
	    o->iface->snap_len <= t->pcap.most)
		return o->iface->snap_len;
	return t->pcap.most;
}

int pcap_write_header(struct trace_writer *t, struct outgoing *o, uint32_t link)
{
	bool is_big = t->options.is_big_endian;
	uint8_t *at = wr_room(o->w, PCAP_HEADER_LEN);

	if (!at)
		return ERR_FULL;
	t->pcap.link = link;
	t->pcap.most = pcap_limit(link, 0);
	store32(at, t->options.is_micro ? PCAP_MAGIC_MICRO : PCAP_MAGIC_NANO, is_big);
	store16(at + 4, 2, is_big);
	store16(at + 6, 4, is_big);
	store64(at + 8, 0, is_big);
	store32(at + 16, header_snap_len(t, o), is_big);
	store32(at + 20, link, is_big);
	t->has_header = true;
	return 0;
}

/* The claim about a link type that 16 bits cannot hold stands in the interface. */
static uint32_t link_claimed(const struct outgoing *o)
{
	return o->frame->link == LINK_UNNAMED && o->iface ? o->iface->link : o->frame->link;
}

static int pcap_check(const struct trace_writer *t, const struct outgoing *o, uint32_t link)
{
	int64_t ns = o->frame->time_ns;

	if (link != t->pcap.link)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "a packet of link type %u among those of link type %u: pcap holds "
			       "only one link type, pcapng any number",
			       link, t->pcap.link);
	if (o->cap_len > t->pcap.most)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "a packet of %u bytes: pcap's readers accept %u at most", o->cap_len,
			       t->pcap.most);
	if (ns < 0 || ns / NANOS_PER_S > UINT32_MAX)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "a packet's time is before 1970 or after 2106: pcap cannot hold it");
	return 0;
}

int pcap_write_frame(struct trace_writer *t, struct outgoing *o)
{
	const struct weir_frame *f = o->frame;
	bool is_big = t->options.is_big_endian;
	uint32_t link = link_claimed(o);
	uint64_t fraction = (uint64_t)f->time_ns % NANOS_PER_S;
	uint8_t *at;
	int rc = 0;

	if (!t->has_header)
		rc = pcap_write_header(t, o, link);
	if (!rc)
		rc = pcap_check(t, o, link);
	if (rc < 0)
		return rc;
	at = wr_room(o->w, PCAP_RECORD_LEN + (size_t)o->cap_len);
	if (!at)
		return 0;
	store32(at, (uint32_t)((uint64_t)f->time_ns / NANOS_PER_S), is_big);
	store32(at + 4, (uint32_t)(t->options.is_micro ? fraction / NANOS_PER_US : fraction),
		is_big);
	store32(at + 8, o->cap_len, is_big);
	store32(at + 12, f->wire_len, is_big);
	if (o->cap_len)
		memcpy(at + PCAP_RECORD_LEN, f->bytes, o->cap_len);
	return 0;
}
