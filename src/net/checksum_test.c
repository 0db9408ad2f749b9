#include "net/checksum.h"

#include <stdlib.h>

#include "base/tap.h"
#include "net/craft.h"
#include "net/decode.h"

/* A packet, and the layer whose checksum is looked at. */
struct fact {
	const char *sentence;
	int layer;
	int covered; /* a byte of the frame that the checksum covers */
};

static const struct fact facts[] = {
	{"ip udp pay:9", 0, 8},
	{"ip:5 udp pay:9", 0, 39},
	{"ip tcp pay:9", 1, 48},
	{"ip:3 tcp:4 pay:10", 1, 33},
	{"ip6 tcp pay:100", 1, 15},
	{"ip udp pay:1", 1, 28},
	{"ip udp", 1, 12},
	{"ip6 udp pay:3", 1, 50},
	{"ip6 hbh dst udp pay:7", 3, 64},
	{"ip6 frag udp pay:7", 2, 62},
	{"ip ah udp pay:7", 2, 40},
	{"ip udplite:0 pay:9", 1, 36},
	{"ip udplite:8 pay:9", 1, 27},
	{"ip6 udplite:12 pay:9", 1, 51},
	{"ip icmp pay:33", 1, 60},
	{"ip6 icmp6 pay:33", 1, 48},
	{"ip sctp pay:33", 1, 64},
	{"ip6 sctp pay:1", 1, 52},
	{"ip udp:2152 gtpu ip6 udp pay:4", 4, 50},
	{"ip udp:4789 vxlan eth ip tcp pay:4", 4, 60},
	{"ip udp:4789 vxlan eth ip tcp pay:4", 1, 60},
	{"ip icmp:3 ip udp pay:4", 3, 50},
};

enum { N_FACTS = sizeof facts / sizeof *facts };

static struct weir_frame frame_of(const struct craft *c)
{
	return (struct weir_frame){
		.bytes = craft_bytes(c),
		.cap_len = (uint32_t)craft_len(c),
		.wire_len = (uint32_t)craft_len(c),
		.link = c->link,
	};
}

static enum net_checksum found(const struct weir_frame *f, int layer)
{
	struct weir_packet p;

	net_decode(&p, f);
	return net_checksum(&p, layer);
}

static void good_and_bad(const struct fact *fact)
{
	static struct craft c;
	struct weir_frame f;

	craft(&c, fact->sentence, false);
	f = frame_of(&c);
	ok(found(&f, fact->layer) == NET_CHECKSUM_GOOD, "%s: layer %d is good", fact->sentence,
	   fact->layer);
	c.bytes[c.at + (size_t)fact->covered] ^= 4;
	ok(found(&f, fact->layer) == NET_CHECKSUM_BAD, "… and bad with byte %d changed",
	   fact->covered);
	f.flags = WEIR_FRAME_CHECKSUM_LATER;
	ok(found(&f, fact->layer) == NET_CHECKSUM_UNKNOWN,
	   "… or unknown, where the interface fills it in");
}

/* At every cut the verdict is unknown, or good where all that is covered is here; never bad. */
static void cut_is_never_bad(const struct fact *fact)
{
	static struct craft c;
	struct weir_frame f;
	struct weir_packet p;
	int n_bad = 0, n_unknown = 0;

	craft(&c, fact->sentence, false);
	f = frame_of(&c);
	for (uint32_t len = f.cap_len; len-- > 20;) {
		f.cap_len = len;
		net_decode(&p, &f);
		if (fact->layer >= p.n_layers || p.layers[fact->layer].proto == WEIR_PAYLOAD)
			break;
		n_bad += net_checksum(&p, fact->layer) == NET_CHECKSUM_BAD;
		n_unknown += net_checksum(&p, fact->layer) == NET_CHECKSUM_UNKNOWN;
	}
	ok(!n_bad, "%s: no cut is called bad, %d are unknown", fact->sentence, n_unknown);
}

static void not_used(void)
{
	static struct craft c;
	struct weir_frame f;

	craft(&c, "ip udp pay:9", false);
	f = frame_of(&c);
	craft_u16(&c.bytes[c.at], 26, 0);
	ok(found(&f, 1) == NET_CHECKSUM_NONE, "UDP over IPv4 need not use its checksum");
	craft(&c, "ip6 udp pay:9", false);
	f = frame_of(&c);
	craft_u16(&c.bytes[c.at], 46, 0);
	ok(found(&f, 1) == NET_CHECKSUM_BAD, "UDP over IPv6 must");
	craft(&c, "ip6 udp:4789 vxlan eth ip udp", false);
	f = frame_of(&c);
	craft_u16(&c.bytes[c.at], 46, 0);
	ok(found(&f, 1) == NET_CHECKSUM_NONE, "… unless it carries a tunnel");
	ok(found(&f, 0) == NET_CHECKSUM_NONE && found(&f, 3) == NET_CHECKSUM_NONE,
	   "IPv6 and Ethernet have none");
	ok(found(&f, -1) == NET_CHECKSUM_NONE && found(&f, 40) == NET_CHECKSUM_NONE,
	   "nor has a layer that is not there");
}

static void not_known(void)
{
	static struct craft c;
	struct weir_frame f;

	craft(&c, "ip:0x20000 tcp pay:9", false);
	f = frame_of(&c);
	ok(found(&f, 1) == NET_CHECKSUM_UNKNOWN && found(&f, 0) == NET_CHECKSUM_GOOD,
	   "a fragment's transport is unknown, its IP header good");
	craft(&c, "ip tcp pay:9", false);
	f = frame_of(&c);
	craft_u16(&c.bytes[c.at], 2, 0);
	ok(found(&f, 1) == NET_CHECKSUM_GOOD && found(&f, 0) == NET_CHECKSUM_UNKNOWN,
	   "without a total length, what is not good is unknown");
	craft(&c, "ip udplite:12 pay:9", false);
	f = frame_of(&c);
	f.cap_len = 33;
	ok(found(&f, 1) == NET_CHECKSUM_GOOD, "UDP-Lite is good when all that is covered is here");
	craft(&c, "ip udplite:7 pay:9", false);
	f = frame_of(&c);
	ok(found(&f, 1) == NET_CHECKSUM_BAD, "UDP-Lite that covers less than its header is bad");
	craft_u16(&c.bytes[c.at], 24, 18);
	ok(found(&f, 1) == NET_CHECKSUM_BAD, "… or more than there is");
}

/* While a segment is left, the checksum is that of the final destination. */
static void routing_header(uint8_t type, int n_units, int address_at)
{
	static struct craft c;
	struct weir_frame f;
	char sentence[40];
	uint8_t *h, final[16];

	snprintf(sentence, sizeof sentence, "ip6 rt:%d udp pay:5", n_units);
	craft(&c, sentence, false);
	f = frame_of(&c);
	h = &c.bytes[c.at];
	h[42] = type;
	h[43] = 1;
	/* what was the destination becomes the last segment; the next hop takes its place */
	memcpy(final, h + 24, 16);
	memcpy(h + address_at, final, 16);
	h[39] = 0x77;
	ok(found(&f, 2) == NET_CHECKSUM_GOOD, "routing type %d: the last segment counts", type);
	h[43] = 0;
	ok(found(&f, 2) == NET_CHECKSUM_BAD, "… while segments are left");
}

static void home_address(void)
{
	static struct craft c;
	struct weir_frame f;
	uint8_t *h;

	craft(&c, "ip6 dst:2 udp pay:5", false);
	f = frame_of(&c);
	h = &c.bytes[c.at];
	memcpy(h + 42, "\xc9\x10", 2);
	memcpy(h + 44, h + 8, 16);
	memcpy(h + 60, "\x01\x02\0\0", 4);
	h[23] = 0x55;
	ok(found(&f, 2) == NET_CHECKSUM_GOOD, "a mobile host's checksum is of its home address");
}

static void sums(void)
{
	static const uint8_t words[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static const uint8_t digits[] = "123456789";
	uint8_t zeros[32] = {0};
	static uint8_t many[70001];
	uint64_t sum = 0;

	ok(net_sum16(words, 8, 0) == 0xddf2, "RFC 1071's example sums to ddf2");
	ok(net_sum16(words + 2, 6, net_sum16(words, 2, 0)) == 0xddf2, "in pieces too");
	ok(net_sum16(words, 3, 0) == 0xf201, "an odd byte is a high half");
	ok(net_sum16(words, 0, 0x1fffe) == 0xffff, "a seed is folded");
	for (size_t i = 0; i < sizeof many; i++) {
		many[i] = (uint8_t)(i * 131 + (i >> 8));
		sum += i & 1 ? many[i] : (uint64_t)many[i] << 8;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	ok(net_sum16(many, sizeof many, 0) == sum, "70,001 bytes sum as two at a time would");
	ok(net_crc32c(digits, 9) == 0xe3069283, "CRC-32C of 123456789 is e3069283");
	ok(net_crc32c(zeros, 32) == 0x8a9136aa, "RFC 3720: 32 zeros are 8a9136aa");
	ok(~net_crc32c_more(net_crc32c_more(UINT32_MAX, digits, 4), digits + 4, 5) == 0xe3069283,
	   "in pieces too");
	ok(!strcmp(net_checksum_name(NET_CHECKSUM_BAD), "bad"), "verdicts have names");
}

int main(void)
{
	for (int i = 0; i < N_FACTS; i++) {
		good_and_bad(&facts[i]);
		cut_is_never_bad(&facts[i]);
	}
	not_used();
	not_known();
	routing_header(0, 2, 48);
	routing_header(2, 2, 48);
	routing_header(4, 2, 48);
	routing_header(0, 4, 64);
	home_address();
	sums();
	return tap_end();
}
