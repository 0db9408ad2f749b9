#include "base/rd.h"
#include "stream/stream.h"

bool stream_segment_of(const struct weir_packet *p, struct stream_segment *out)
{
	const struct weir_layer *l;
	struct rd r;

	if (p->transport == WEIR_NO_LAYER || p->layers[p->transport].proto != WEIR_TCP)
		return false;
	l = &p->layers[p->transport];
	r = rd_of(p->frame->bytes + l->offset, l->len);
	*out = (struct stream_segment){.time = {p->frame->time_ns}};
	if (!net_ip_src(p, p->inner_ip, &out->src) || !net_ip_dst(p, p->inner_ip, &out->dst))
		return false;
	out->src_port = rd_u16(&r);
	out->dst_port = rd_u16(&r);
	out->seq = rd_u32(&r);
	out->ack = rd_u32(&r);
	rd_skip(&r, 1);
	out->flags = rd_u8(&r);
	if (!r.ok || l->header_len < 20 || l->header_len > l->len)
		return false;
	rd_skip(&r, l->header_len - 14u);
	out->bytes = r.at;
	out->len = rd_left(&r);
	return r.ok;
}
