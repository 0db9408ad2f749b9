/* Link type, flags and a frame: whatever the bytes, layers lie inside, nothing is read beyond. */
#include "net/decode.h"

#include <stdlib.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "net/checksum.h"
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
	walk_decode(&again, &f);
	if (!holds_same(&again, &p))
		abort();
	return 0;
}
