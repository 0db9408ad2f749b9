/* Crafts packets from a sentence, for tests: "eth vlan:5 ip udp:4789 vxlan eth ip6 tcp pay:100".
 *
 * The words are laid down from the last to the first, so that each header knows what it carries:
 * types, lengths and checksums come out right by themselves. The same sentence always gives the
 * same bytes. */
#ifndef NET_CRAFT_H
#define NET_CRAFT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/checksum.h"

enum { CRAFT_SIZE = 8192, CRAFT_MAX_WORDS = 64 };

struct craft_row;

struct craft {
	uint8_t bytes[CRAFT_SIZE]; /* filled from the end */
	size_t at;                 /* the packet's first byte */
	const struct craft_row *next;
	size_t sum_at; /* a transport that waits for its pseudo-header; 0: none */
	size_t sum_field;
	size_t sum_len; /* bytes that its checksum covers */
	uint8_t sum_proto;
	bool is_reversed; /* the other direction: all addresses and ports swapped */
	uint16_t link;    /* LINKTYPE_ of the first word */
};

struct craft_row {
	const char *word;
	uint16_t link;      /* as the first word */
	uint16_t ethertype; /* what a header before it calls it */
	uint16_t proto;
	uint16_t ppp;
	void (*put)(struct craft *c, unsigned n);
};

static inline size_t craft_len(const struct craft *c)
{
	return CRAFT_SIZE - c->at;
}

static inline const uint8_t *craft_bytes(const struct craft *c)
{
	return &c->bytes[c->at];
}

/* n zero bytes before what is there. */
static inline uint8_t *craft_front(struct craft *c, size_t n)
{
	if (n > c->at)
		abort();
	c->at -= n;
	memset(&c->bytes[c->at], 0, n);
	return &c->bytes[c->at];
}

static inline void craft_u16(uint8_t *h, size_t i, size_t v)
{
	h[i] = (uint8_t)(v >> 8);
	h[i + 1] = (uint8_t)v;
}

static inline void craft_u32(uint8_t *h, size_t i, uint32_t v)
{
	craft_u16(h, i, v >> 16);
	craft_u16(h, i + 2, v);
}

static inline void craft_pay(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, n);

	for (unsigned i = 0; i < n; i++)
		h[i] = (uint8_t)(0xa0 + i);
}

static inline void craft_pay_1(struct craft *c, unsigned n)
{
	*craft_front(c, 1) = (uint8_t)n;
}

/* ---- links ---- */

static inline void craft_macs(const struct craft *c, uint8_t *h)
{
	static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 0xa}, {2, 0, 0, 0, 0, 0xb}};

	memcpy(h, macs[!c->is_reversed], 6);
	memcpy(h + 6, macs[c->is_reversed], 6);
}

static inline size_t craft_type(const struct craft *c)
{
	return c->next ? c->next->ethertype ? c->next->ethertype : craft_len(c) : 0x88b5;
}

static inline void craft_eth(struct craft *c, unsigned n)
{
	size_t type = n ? n : craft_type(c);
	uint8_t *h = craft_front(c, 14);

	craft_macs(c, h);
	craft_u16(h, 12, type);
}

static inline void craft_vlan(struct craft *c, unsigned n)
{
	size_t type = craft_type(c);
	uint8_t *h = craft_front(c, 4);

	craft_u16(h, 0, n);
	craft_u16(h, 2, type);
}

/* n: 0x1000 and above sets the bottom of the stack whatever follows */
static inline void craft_mpls(struct craft *c, unsigned n)
{
	bool is_last = !c->next || strcmp(c->next->word, "mpls") != 0;
	uint8_t *h = craft_front(c, 4);

	craft_u32(h, 0, (uint32_t)n << 12 | (uint32_t)is_last << 8 | 64);
}

static inline void craft_word(struct craft *c, unsigned n)
{
	craft_u16(craft_front(c, 4), 2, n);
}

static inline void craft_llc(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 3);

	memset(h, (int)n, 2);
	h[2] = 3;
}

static inline void craft_snap(struct craft *c, unsigned n)
{
	size_t type = craft_type(c);
	uint8_t *h = craft_front(c, 8);

	memcpy(h, "\xaa\xaa\x03", 3);
	craft_u16(h, 4, n);
	craft_u16(h, 6, type);
}

static inline void craft_sll(struct craft *c, unsigned n)
{
	size_t type = craft_type(c);
	uint8_t *h = craft_front(c, 16);

	craft_u16(h, 2, n ? n : 1);
	craft_u16(h, 4, 6);
	craft_u16(h, 14, c->next && !c->next->ethertype ? 4 : type);
}

static inline void craft_sll2(struct craft *c, unsigned n)
{
	size_t type = craft_type(c);
	uint8_t *h = craft_front(c, 20);

	craft_u16(h, 0, c->next && !c->next->ethertype ? 4 : type);
	craft_u32(h, 4, 3);
	craft_u16(h, 8, n ? n : 1);
	h[11] = 6;
}

/* n: the family as a big-endian number */
static inline void craft_null(struct craft *c, unsigned n)
{
	craft_u32(craft_front(c, 4), 0, n);
}

static inline void craft_radiotap(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 24);

	/* present: TSFT and flags, and a second word; the time is aligned to 8 */
	h[2] = 24 + 1;
	h[4] = 3;
	h[7] = 0x80;
	memmove(craft_front(c, 1), h, 24);
	c->bytes[c->at + 24] = (uint8_t)n;
	if (n & 0x10) {
		memmove(&c->bytes[c->at - 4], &c->bytes[c->at], craft_len(c));
		c->at -= 4;
		memset(&c->bytes[CRAFT_SIZE - 4], 0xfc, 4);
	}
}

/* n: frame control, as two bytes in the order of the wire */
static inline void craft_wlan(struct craft *c, unsigned n)
{
	bool is_qos = n >> 12 & 8, is_4 = (n & 3) == 3, has_ht = n & 0x80;
	uint8_t *h =
		craft_front(c, 24 + (is_4 ? 6 : 0) + (is_qos ? 2 : 0) + (is_qos && has_ht ? 4 : 0));

	craft_u16(h, 0, n);
	craft_macs(c, h + 4);
}

/* ---- PPP ---- */

static inline void craft_pppoe(struct craft *c, unsigned n)
{
	size_t len = craft_len(c);
	uint8_t *h = craft_front(c, 6);

	h[0] = 0x11;
	craft_u16(h, 2, n);
	craft_u16(h, 4, len);
}

static inline void craft_pppoed(struct craft *c, unsigned n)
{
	craft_pppoe(c, 0);
	c->bytes[c->at + 1] = (uint8_t)n;
}

/* n & 1: with address and control; n & 2: protocol in one byte */
static inline void craft_ppp(struct craft *c, unsigned n)
{
	uint16_t protocol = c->next ? c->next->ppp : 0xc021;

	if (n & 2)
		*craft_front(c, 1) = (uint8_t)protocol;
	else
		craft_u16(craft_front(c, 2), 0, protocol);
	if (n & 1)
		craft_u16(craft_front(c, 2), 0, 0xff03);
}

static inline void craft_chdlc(struct craft *c, unsigned n)
{
	size_t type = craft_type(c);
	uint8_t *h = craft_front(c, 4);

	(void)n;
	h[0] = 0x0f;
	craft_u16(h, 2, type);
}

/* ---- network ---- */

static inline void craft_arp(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 28);

	craft_u16(h, 0, 1);
	craft_u16(h, 2, 0x0800);
	h[4] = 6;
	h[5] = 4;
	craft_u16(h, 6, n ? n : 1);
	craft_macs(c, h + 8);
	memcpy(h + 14, "\xc0\x00\x02\x01", 4);
	memcpy(h + 24, "\xc0\x00\x02\x02", 4);
}

/* The waiting transport's checksum, now that the addresses are known. */
static inline void craft_finish_sum(struct craft *c, const uint8_t *addresses, uint32_t len)
{
	uint32_t claim = (uint32_t)(CRAFT_SIZE - c->sum_at), sum;

	if (!c->sum_at)
		return;
	sum = net_sum16(addresses, len, c->sum_proto + claim);
	sum = net_sum16(&c->bytes[c->sum_at], (uint32_t)c->sum_len, sum) ^ 0xffff;
	craft_u16(c->bytes, c->sum_field, sum ? sum : 0xffff);
	c->sum_at = 0;
}

/* n: words of options, and times 16 the fragment field: flags and offset */
static inline void craft_ip(struct craft *c, unsigned n)
{
	size_t header_len = 20 + (n & 15) * 4, len = craft_len(c) + header_len;
	uint8_t proto = c->next ? (uint8_t)c->next->proto : 253;
	uint8_t *h = craft_front(c, header_len);

	h[0] = (uint8_t)(0x40 | header_len / 4);
	craft_u16(h, 2, len);
	craft_u16(h, 4, 0x1234);
	craft_u16(h, 6, n >> 4);
	h[8] = 64;
	h[9] = proto;
	memset(h + 20, 1, header_len - 20);
	memcpy(h + 12 + (c->is_reversed ? 4 : 0), "\xc0\x00\x02\x01", 4);
	memcpy(h + 12 + (c->is_reversed ? 0 : 4), "\xc6\x33\x64\x02", 4);
	craft_u16(h, 10, net_sum16(h, (uint32_t)header_len, 0) ^ 0xffff);
	craft_finish_sum(c, h + 12, 8);
}

static inline void craft_ip6(struct craft *c, unsigned n)
{
	size_t len = craft_len(c);
	uint8_t proto = c->next ? (uint8_t)c->next->proto : n ? (uint8_t)n : 59;
	uint8_t *h = craft_front(c, 40), *src = h + 8 + (c->is_reversed ? 16 : 0),
		*dst = h + 8 + (c->is_reversed ? 0 : 16);

	h[0] = 0x60;
	craft_u16(h, 4, len);
	h[6] = proto;
	h[7] = 64;
	memcpy(src, "\x20\x01\x0d\xb8", 4);
	memcpy(dst, "\x20\x01\x0d\xb8", 4);
	src[15] = 1;
	dst[15] = 2;
	craft_finish_sum(c, h + 8, 32);
}

/* n: units of 8 bytes beyond the first */
static inline void craft_ext(struct craft *c, unsigned n)
{
	uint8_t next = c->next ? (uint8_t)c->next->proto : 59;
	uint8_t *h = craft_front(c, 8 + 8 * n);

	h[0] = next;
	h[1] = (uint8_t)n;
	h[2] = 1; /* PadN over the rest */
	h[3] = (uint8_t)(4 + 8 * n);
}

/* n: the fragment field: offset and flag */
static inline void craft_frag(struct craft *c, unsigned n)
{
	uint8_t next = c->next ? (uint8_t)c->next->proto : 17;
	uint8_t *h = craft_front(c, 8);

	h[0] = next;
	craft_u16(h, 2, n);
	craft_u32(h, 4, 0x01020304);
}

static inline void craft_ah(struct craft *c, unsigned n)
{
	uint8_t next = c->next ? (uint8_t)c->next->proto : 59;
	uint8_t *h = craft_front(c, 12 + 4 * n);

	h[0] = next;
	h[1] = (uint8_t)(1 + n);
	craft_u32(h, 4, 0x1000);
}

static inline void craft_esp(struct craft *c, unsigned n)
{
	craft_u32(craft_front(c, 8), 0, n ? n : 0x2000);
}

/* ---- transport ---- */

static inline void craft_wait_sum(struct craft *c, uint8_t proto, size_t field, size_t len)
{
	c->sum_at = c->at;
	c->sum_field = c->at + field;
	c->sum_proto = proto;
	c->sum_len = len;
}

/* A tunnel's port is the destination in both directions. */
static inline void craft_ports(const struct craft *c, uint8_t *h, unsigned port)
{
	bool is_tunnel = port == 4789 || port == 8472 || port == 6081 || port == 6635;
	bool is_swapped = c->is_reversed && !is_tunnel;

	craft_u16(h, is_swapped ? 2 : 0, 40000);
	craft_u16(h, is_swapped ? 0 : 2, port);
}

/* n: words of options (no-operations) */
static inline void craft_tcp(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 20 + 4 * n);

	craft_ports(c, h, 80);
	craft_u32(h, 4, 1000);
	craft_u32(h, 8, 2000);
	h[12] = (uint8_t)((5 + n) << 4);
	h[13] = 0x18;
	craft_u16(h, 14, 8192);
	memset(h + 20, 1, 4 * n);
	craft_wait_sum(c, 6, 16, craft_len(c));
}

static inline void craft_udp(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 8);

	craft_ports(c, h, n ? n : 53);
	craft_u16(h, 4, craft_len(c));
	craft_wait_sum(c, 17, 6, craft_len(c));
}

/* n: coverage */
static inline void craft_udplite(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 8);

	craft_ports(c, h, 5004);
	craft_u16(h, 4, n);
	craft_wait_sum(c, 136, 6, n ? n : craft_len(c));
}

/* n: type, and times 256 the length of what is quoted, in its units */
static inline void craft_icmp(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 8);

	h[0] = (uint8_t)(n ? n : 8);
	h[5] = (uint8_t)(n >> 8);
	craft_u16(h, 2, net_sum16(h, (uint32_t)craft_len(c), 0) ^ 0xffff);
}

static inline void craft_icmp6(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 8);

	h[0] = (uint8_t)(n ? n : 128);
	h[4] = (uint8_t)(n >> 8);
	craft_wait_sum(c, 58, 2, craft_len(c));
}

static inline void craft_sctp(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 12);
	uint32_t crc;

	craft_ports(c, h, n ? n : 2905);
	craft_u32(h, 4, 7);
	crc = net_crc32c(h, (uint32_t)craft_len(c));
	craft_u32(h, 8, __builtin_bswap32(crc));
}

/* ---- tunnels ---- */

/* n: GRE's flags */
static inline void craft_gre(struct craft *c, unsigned n)
{
	size_t type = craft_type(c), len = craft_len(c);
	uint8_t *h;

	if (n & 1) { /* PPTP */
		h = craft_front(c, 8 + (n & 0x1000 ? 4 : 0) + (n & 0x80 ? 4 : 0));
		craft_u16(h, 4, len);
		type = 0x880b;
	} else {
		if (n & 0x4000) { /* one route of 4 bytes, and the empty last one */
			h = craft_front(c, 12);
			craft_u16(h, 0, 0x0800);
			h[3] = 4;
		}
		h = craft_front(c, 4 + (n & 0xc000 ? 4 : 0) + (n & 0x2000 ? 4 : 0) +
					   (n & 0x1000 ? 4 : 0));
		if (c->next && !strcmp(c->next->word, "eth"))
			type = 0x6558;
	}
	craft_u16(h, 0, n);
	craft_u16(h, 2, type);
}

/* n: the type, 2 or 3; times 16: with a platform's subheader */
static inline void craft_erspan(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, (n & 15) == 2 ? 8 : n >> 4 ? 20 : 12);

	h[0] = (uint8_t)((n & 15) == 2 ? 0x10 : 0x20);
	if (n >> 4)
		h[11] = 1;
}

static inline void craft_vxlan(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 8);

	h[0] = 8;
	craft_u32(h, 4, (uint32_t)n << 8);
}

/* n: words of options */
static inline void craft_geneve(struct craft *c, unsigned n)
{
	bool is_eth = c->next && !strcmp(c->next->word, "eth");
	size_t type = is_eth ? 0x6558 : craft_type(c);
	uint8_t *h = craft_front(c, 8 + 4 * n);

	h[0] = (uint8_t)n;
	craft_u16(h, 2, type);
	craft_u32(h, 4, 77 << 8);
}

/* n: flags and version of L2TPv2 */
static inline void craft_l2tp(struct craft *c, unsigned n)
{
	size_t len = 6 + (n & 0x4000 ? 2 : 0) + (n & 0x0800 ? 4 : 0) + (n & 0x0200 ? 2 + 3 : 0);
	uint8_t *h = craft_front(c, len);

	craft_u16(h, 0, n);
	if (n & 0x4000)
		craft_u16(h, 2, craft_len(c));
	craft_u16(h, n & 0x4000 ? 4 : 2, 9);
	if (n & 0x0200)
		craft_u16(h, len - 5, 3);
}

/* n: bytes of cookie and sublayer */
static inline void craft_l2tp3(struct craft *c, unsigned n)
{
	uint8_t *h = craft_front(c, 4 + n);

	craft_u32(h, 0, 55);
	memset(h + 4, 0xcc, n);
}

/* n: flags; with an extension flag: two extension headers */
static inline void craft_gtpu(struct craft *c, unsigned n)
{
	uint8_t *h;

	if (n & 4) {
		h = craft_front(c, 4 + 8);
		memcpy(h, "\x01\x09\x00\x85\x02\x01\x02\x03\x04\x05\x06\x00", 12);
	}
	if (n & 7) {
		h = craft_front(c, 4);
		h[3] = n & 4 ? 0x85 : 0;
	}
	h = craft_front(c, 8);
	h[0] = (uint8_t)(0x30 | n);
	h[1] = 255;
	craft_u16(h, 2, craft_len(c) - 8);
	craft_u32(h, 4, 0xabcd);
}

static const struct craft_row craft_rows[] = {
	{"pay", 147, 0x88b5, 253, 0xc021, craft_pay},
	{"eth", 1, 0, 0, 0, craft_eth},
	{"vlan", 1, 0x8100, 0, 0, craft_vlan},
	{"qinq", 1, 0x88a8, 0, 0, craft_vlan},
	{"qinq9", 1, 0x9100, 0, 0, craft_vlan},
	{"mpls", 1, 0x8847, 137, 0x0281, craft_mpls},
	{"word", 1, 0, 0, 0, craft_word},
	{"llc", 1, 0, 0, 0, craft_llc},
	{"snap", 1, 0, 0, 0, craft_snap},
	{"sll", 113, 0, 0, 0, craft_sll},
	{"sll2", 276, 0, 0, 0, craft_sll2},
	{"null", 0, 0, 0, 0, craft_null},
	{"loop", 108, 0, 0, 0, craft_null},
	{"radiotap", 127, 0, 0, 0, craft_radiotap},
	{"wlan", 105, 0, 0, 0, craft_wlan},
	{"pppoe", 51, 0x8864, 0, 0, craft_pppoe},
	{"pppoed", 51, 0x8863, 0, 0, craft_pppoed},
	{"ppp", 9, 0x880b, 0, 0, craft_ppp},
	{"hdlc", 50, 0x880b, 0, 0, craft_ppp},
	{"pppdir", 204, 0, 0, 0, craft_pay_1},
	{"chdlc", 104, 0, 0, 0, craft_chdlc},
	{"arp", 1, 0x0806, 0, 0, craft_arp},
	{"ip", 101, 0x0800, 4, 0x0021, craft_ip},
	{"ip6", 101, 0x86dd, 41, 0x0057, craft_ip6},
	{"hbh", 101, 0, 0, 0, craft_ext},
	{"rt", 101, 0, 43, 0, craft_ext},
	{"dst", 101, 0, 60, 0, craft_ext},
	{"mob", 101, 0, 135, 0, craft_ext},
	{"frag", 101, 0, 44, 0, craft_frag},
	{"ah", 101, 0, 51, 0, craft_ah},
	{"esp", 101, 0, 50, 0, craft_esp},
	{"tcp", 101, 0, 6, 0, craft_tcp},
	{"udp", 101, 0, 17, 0, craft_udp},
	{"udplite", 101, 0, 136, 0, craft_udplite},
	{"icmp", 101, 0, 1, 0, craft_icmp},
	{"icmp6", 101, 0, 58, 0, craft_icmp6},
	{"sctp", 101, 0, 132, 0, craft_sctp},
	{"gre", 101, 0, 47, 0, craft_gre},
	{"erspan1", 101, 0x88be, 0, 0, craft_pay},
	{"erspan2", 101, 0x88be, 0, 0, craft_erspan},
	{"erspan3", 101, 0x22eb, 0, 0, craft_erspan},
	{"vxlan", 101, 0, 0, 0, craft_vxlan},
	{"geneve", 101, 0, 0, 0, craft_geneve},
	{"l2tp", 101, 0, 0, 0, craft_l2tp},
	{"l2tp3", 101, 0, 115, 0, craft_l2tp3},
	{"gtpu", 101, 0, 0, 0, craft_gtpu},
};

static inline void craft_word_at(struct craft *c, const char *word)
{
	size_t len = strcspn(word, ": ");
	unsigned n = word[len] == ':' ? (unsigned)strtoul(&word[len + 1], NULL, 0) : 0;

	for (size_t i = 0; i < sizeof craft_rows / sizeof *craft_rows; i++) {
		const struct craft_row *row = &craft_rows[i];

		if (strlen(row->word) == len && !memcmp(row->word, word, len)) {
			row->put(c, n);
			c->next = row;
			c->link = row->link;
			return;
		}
	}
	fprintf(stderr, "no word %s\n", word);
	abort();
}

/* Lays the sentence down. Aborts on a word that is not known: it is the test that is wrong. */
static inline void craft(struct craft *c, const char *sentence, bool is_reversed)
{
	const char *words[CRAFT_MAX_WORDS];
	size_t n = 0;

	*c = (struct craft){.at = CRAFT_SIZE, .is_reversed = is_reversed};
	for (const char *at = sentence; *at && n < CRAFT_MAX_WORDS; at += strspn(at, " ")) {
		words[n++] = at;
		at += strcspn(at, " ");
	}
	while (n--)
		craft_word_at(c, words[n]);
}

#endif
