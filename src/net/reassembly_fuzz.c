/* A row of packets, each after two octets of length, is put together; whatever comes out must
 * decode, and lie inside its bounds. */
#include "net/reassembly.h"

#include <stdlib.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "net/decode.h"

static void see(struct net_whole *whole)
{
	struct weir_packet p;

	if (whole->len < 20 || whole->len > 65535 + 40)
		abort();
	net_decode(&p, &(struct weir_frame){.bytes = whole->bytes,
					    .cap_len = whole->len,
					    .wire_len = whole->len,
					    .link = 101});
	free(whole->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct net_reassembly *reassembly;
	struct net_whole whole;

	if (net_reassembly_new(&reassembly) < 0)
		return 0;
	for (int64_t i = 0; rd_left(&r) >= 2; i++) {
		size_t n = rd_u16(&r) % 2048;
		struct weir_frame f = {.time_ns = i * 1000000000, .link = 101};
		struct weir_packet p;
		int layer;

		n = n > rd_left(&r) ? rd_left(&r) : n;
		f.bytes = rd_take(&r, n);
		f.cap_len = f.wire_len = (uint32_t)n;
		net_decode(&p, &f);
		layer = net_reassembly_layer(&p);
		if (layer >= 0 && net_reassembly_take(reassembly, &p, layer, &whole) == 1)
			see(&whole);
		while (net_reassembly_pop(reassembly, f.time_ns, &whole) == 1)
			see(&whole);
	}
	while (net_reassembly_pop(reassembly, INT64_MAX, &whole) == 1)
		see(&whole);
	net_reassembly_free(&reassembly);
	return 0;
}
