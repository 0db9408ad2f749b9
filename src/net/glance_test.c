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

/* How long the packet is, where its claimed length is this; and in any case where it begins. */
static uint32_t whole(unsigned claim, uint32_t cap_len)
{
	struct net_glance g;
	uint8_t bytes[64] = {0};
	struct weir_frame f = {.bytes = bytes, .cap_len = cap_len, .wire_len = LEN, .link = 1};
	const uint8_t *at = NULL;
	uint32_t len;

	memcpy(bytes, udp4, sizeof udp4);
	bytes[ETHER + 2] = (uint8_t)(claim >> 8);
	bytes[ETHER + 3] = (uint8_t)claim;
	len = net_glance(&g, &f) ? net_glance_packet(&g, &f, &at) : UINT32_MAX;
	return len && at != bytes + ETHER ? UINT32_MAX : len;
}

/* The same of IPv6. */
static uint32_t whole6(unsigned claim)
{
	uint8_t bytes[14 + 40 + 20] = {[12] = 0x86, [13] = 0xdd, [14] = 0x60, [20] = 6};
	struct weir_frame f = {.bytes = bytes, .cap_len = sizeof bytes, .link = 1};
	const uint8_t *at = NULL;
	struct net_glance g;
	uint32_t len;

	bytes[ETHER + 5] = (uint8_t)claim;
	len = net_glance(&g, &f) ? net_glance_packet(&g, &f, &at) : UINT32_MAX;
	return len && at != bytes + ETHER ? UINT32_MAX : len;
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
	ok(whole(29, LEN) == 29, "a whole packet is as long as it claims");
	ok(whole(29, LEN + 6) == 29, "padding does not count");
	ok(whole(30, LEN) == 0 && whole(29, LEN - 1) == 0, "one that is cut must be decoded");
	ok(whole(0, LEN) == 0 && whole(19, LEN) == 0, "and one that claims nothing, or too little");
	ok(whole6(20) == 60 && whole6(19) == 59, "IPv6 claims what follows its header");
	ok(whole6(21) == 0 && whole6(0) == 0, "which may be cut too, or not be said");
	return tap_end();
}
