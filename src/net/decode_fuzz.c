/* Link type, flags and a frame: whatever the bytes, layers lie inside, nothing is read beyond. */
#include "net/decode.h"

#include <stdlib.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "net/checksum.h"
#include "net/glance.h"
#include "net/holds.h"
#include "net/walk.h"

static void look_at(const struct weir_packet *p)
{
	struct net_ip ip;

	if (!holds(p))
		abort();
	for (int i = 0; i < p->n_layers; i++) {
		net_checksum(p, i);
		if (net_ip_src(p, i, &ip) != net_ip_dst(p, i, &ip))
			abort();
	}
}

/* What a glance says, decoding must not belie. */
static void look_twice(const struct weir_frame *f, const struct weir_packet *p)
{
	struct net_glance g;
	const struct weir_layer *l;
	const uint8_t *bytes;
	uint32_t len;

	if (!net_glance(&g, f) || p->outer_ip == WEIR_NO_LAYER)
		return;
	l = &p->layers[p->outer_ip];
	len = net_glance_packet(&g, f, &bytes);
	if (len && (l->len != len || l->claim_len != len || f->bytes + l->offset != bytes))
		abort();
	if (p->inner_ip != p->outer_ip || l->proto != (g.is_v6 ? WEIR_IPV6 : WEIR_IPV4) ||
	    l->flags & (WEIR_LAYER_FRAGMENT | WEIR_LAYER_QUOTED) ||
	    net_ip_src_bytes(p, l) != g.ends)
		abort();
	if (p->transport == WEIR_NO_LAYER)
		return;
	if ((p->layers[p->transport].proto == WEIR_UDP) != g.is_udp || p->src_port != g.src_port ||
	    p->dst_port != g.dst_port)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct weir_frame f = {.link = rd_u16(&r), .flags = rd_u8(&r)};
	struct weir_packet p, again;

	f.cap_len = (uint32_t)rd_left(&r);
	f.bytes = rd_take(&r, f.cap_len);
	f.wire_len = f.cap_len + (f.flags & 0x80 ? 1000 : 0);
	if (!f.bytes)
		return 0;
	net_decode(&p, &f);
	look_at(&p);
	look_twice(&f, &p);
	walk_decode(&again, &f);
	if (!holds_same(&again, &p))
		abort();
	return 0;
}
