/* Which frames a glance is enough for; that decoding agrees is decode_fuzz.c's. */
#include "net/glance.h"

#include <string.h>

#include "base/tap.h"

static const uint8_t udp4[] = {
	2,    0,  0,   0,  0,    2,    2,    0,  0,  0,  0, 1, 8,   0,       /* Ethernet */
	0x45, 0,  0,   29, 0,    0,    0x40, 0,  64, 17, 0, 0, 192, 0, 2, 7, /* IPv4 */
	198,  51, 100, 9,  0x13, 0xc4, 0,    53, 0,  9,  0, 0, 'x',          /* UDP 5060 to 53 */
};

enum { LEN = sizeof udp4, ETHER = 14 };

static bool look(struct net_glance *g, uint8_t bytes[64], int at, int value, uint32_t len)
{
	struct weir_frame f = {.bytes = bytes, .cap_len = len, .wire_len = len, .link = 1};

	memcpy(bytes, udp4, sizeof udp4);
	if (at >= 0)
		bytes[at] = (uint8_t)value;
	return net_glance(g, &f);
}

int main(void)
{
	struct net_glance g;
	uint8_t bytes[64];

	ok(look(&g, bytes, -1, 0, LEN) && !g.is_v6 && g.is_udp && g.ends == bytes + ETHER + 12 &&
		   g.src_port == 5060 && g.dst_port == 53,
	   "IPv4 and UDP are seen, and the ports");
	ok(look(&g, bytes, ETHER + 9, 6, LEN) && !g.is_udp, "TCP is seen");
	ok(!look(&g, bytes, ETHER + 9, 47, LEN), "GRE must be decoded");
	ok(!look(&g, bytes, ETHER + 9, 1, LEN), "so must ICMP, which may quote");
	ok(!look(&g, bytes, ETHER, 0x46, LEN), "and a header with options");
	ok(!look(&g, bytes, ETHER + 6, 0x20, LEN), "a first fragment");
	ok(!look(&g, bytes, ETHER + 7, 1, LEN), "a later fragment");
	ok(look(&g, bytes, 12, 0x81, LEN) == false, "another ethertype");
	for (uint32_t len = 0; len < ETHER + 24; len++)
		ok(!look(&g, bytes, -1, 0, len), "cut at %u it must be decoded", len);
	memcpy(bytes, udp4, sizeof udp4);
	for (unsigned port = 0; port < 65536; port++) {
		bool is_tunnel = port == 4789 || port == 8472 || port == 6081 || port == 2152 ||
				 port == 1701 || port == 6635;
		struct weir_frame f = {.bytes = bytes, .cap_len = LEN, .wire_len = LEN, .link = 1};

		bytes[ETHER + 22] = (uint8_t)(port >> 8);
		bytes[ETHER + 23] = (uint8_t)port;
		if (is_tunnel)
			ok(!net_glance(&g, &f), "port %u may be a tunnel's", port);
		else if (port == 53 || port == 443 || port == 1812 || port == 5060)
			ok(net_glance(&g, &f), "port %u is none's", port);
	}
	return tap_end();
}
