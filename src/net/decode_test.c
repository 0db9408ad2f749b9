#include "net/decode.h"

#include "base/tap.h"
#include "net/craft.h"
#include "net/holds.h"
#include "net/walk.h"

/* A sentence for craft.h; the layers that must be found (with their flags: Cut, Fragment, Later,
 * Inner, Quoted, and the header's length); and why decoding ends. */
struct fact {
	const char *sentence;
	const char *layers;
	enum weir_stop stop;
};

static const struct fact facts[] = {
	/* links */
	{"eth ip tcp pay:10", "eth:14 ip:20 tcp:20 payload:0", WEIR_STOP_DONE},
	{"eth ip udp", "eth:14 ip:20 udp:8", WEIR_STOP_DONE},
	{"eth:0x88b5 pay:50", "eth:14 payload:0", WEIR_STOP_UNKNOWN},
	{"eth vlan:5 ip udp pay:3", "eth:14 vlan:4 ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"eth qinq:9 vlan:5 ip6 tcp", "eth:14 vlan:4 vlan:4 ip6:40 tcp:20", WEIR_STOP_DONE},
	{"eth qinq9 qinq qinq9 vlan arp", "eth:14 vlan:4 vlan:4 vlan:4 vlan:4 arp:28",
	 WEIR_STOP_DONE},
	{"eth arp pay:18", "eth:14 arp:28", WEIR_STOP_DONE},
	{"eth snap ip udp pay:9", "eth:14 llc:8 ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"eth vlan:7 snap ip6 udp", "eth:14 vlan:4 llc:8 ip6:40 udp:8", WEIR_STOP_DONE},
	{"eth snap:12 pay:9", "eth:14 llc:8 payload:0", WEIR_STOP_UNKNOWN},
	{"eth llc:0x42 pay:35", "eth:14 llc:3 payload:0", WEIR_STOP_UNKNOWN},
	{"eth llc:6 ip udp", "eth:14 llc:3 ip:20 udp:8", WEIR_STOP_DONE},
	{"eth llc:0xff pay:40", "eth:14 payload:0", WEIR_STOP_UNKNOWN},
	{"eth mpls:16 ip udp", "eth:14 mpls:4 ip:20 udp:8", WEIR_STOP_DONE},
	{"eth mpls:16 mpls:17 mpls:2 ip6 udp", "eth:14 mpls:4 mpls:4 mpls:4 ip6:40 udp:8",
	 WEIR_STOP_DONE},
	{"eth mpls:18 word:1 eth ip tcp", "eth:14 mpls:8 eth:14+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"eth mpls:18 eth vlan:3 ip tcp", "eth:14 mpls:4 eth:14+I vlan:4+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"eth mpls:18 pay:30", "eth:14 mpls:4 payload:0", WEIR_STOP_UNKNOWN},
	{"sll ip tcp", "sll:16 ip:20 tcp:20", WEIR_STOP_DONE},
	{"sll llc:0x42 pay:9", "sll:16 llc:3 payload:0", WEIR_STOP_UNKNOWN},
	{"sll:803 radiotap wlan:0x0802 snap ip udp", "sll:16 radiotap:25 wlan:24 llc:8 ip:20 udp:8",
	 WEIR_STOP_DONE},
	{"sll:824 ip tcp", "sll:16 payload:0", WEIR_STOP_UNKNOWN},
	{"sll2 ip6 tcp", "sll2:20 ip6:40 tcp:20", WEIR_STOP_DONE},
	{"null:2 ip tcp", "null:4 ip:20 tcp:20", WEIR_STOP_DONE},
	{"null:0x02000000 ip tcp", "null:4 ip:20 tcp:20", WEIR_STOP_DONE},
	{"null:0x1e000000 ip6 tcp", "null:4 ip6:40 tcp:20", WEIR_STOP_DONE},
	{"null:0x18000000 ip6 tcp", "null:4 ip6:40 tcp:20", WEIR_STOP_DONE},
	{"loop:28 ip6 tcp", "null:4 ip6:40 tcp:20", WEIR_STOP_DONE},
	{"loop:10 ip6 tcp", "null:4 ip6:40 tcp:20", WEIR_STOP_DONE},
	{"loop:7 ip6 tcp", "null:4 payload:0", WEIR_STOP_UNKNOWN},
	{"ip tcp", "ip:20 tcp:20", WEIR_STOP_DONE},
	{"ip6 tcp", "ip6:40 tcp:20", WEIR_STOP_DONE},
	{"wlan:0x8802 snap ip udp pay:5", "wlan:26 llc:8 ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"wlan:0x0803 snap ip udp", "wlan:30 llc:8 ip:20 udp:8", WEIR_STOP_DONE},
	{"wlan:0x8883 snap ip udp", "wlan:36 llc:8 ip:20 udp:8", WEIR_STOP_DONE},
	{"wlan:0x0842 pay:20", "wlan:24 payload:0", WEIR_STOP_DONE},
	{"wlan:0x8000 pay:20", "wlan:24 payload:0", WEIR_STOP_DONE},
	{"wlan:0x4800", "wlan:24", WEIR_STOP_DONE},
	{"radiotap:0x10 wlan:0x0802 snap ip udp pay:5",
	 "radiotap:25 wlan:24 llc:8 ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"radiotap:0x20 wlan:0x8802 pay:2", "radiotap:25 wlan:28", WEIR_STOP_CUT},
	{"pay:30", "", WEIR_STOP_UNKNOWN},
	/* PPP */
	{"eth pppoe:17 ppp ip tcp", "eth:14 pppoe:6 ppp:2 ip:20 tcp:20", WEIR_STOP_DONE},
	{"eth vlan:7 pppoe:17 ppp:2 ip6 tcp", "eth:14 vlan:4 pppoe:6 ppp:1 ip6:40 tcp:20",
	 WEIR_STOP_DONE},
	{"eth pppoe:17 ppp pay:8", "eth:14 pppoe:6 ppp:2 payload:0", WEIR_STOP_UNKNOWN},
	{"eth pppoed:9 pay:8", "eth:14 pppoe:6 payload:0", WEIR_STOP_DONE},
	{"pppoe ppp ip tcp", "pppoe:6 ppp:2 ip:20 tcp:20", WEIR_STOP_DONE},
	{"ppp ip tcp", "ppp:2 ip:20 tcp:20", WEIR_STOP_DONE},
	{"ppp:1 ip tcp", "ppp:4 ip:20 tcp:20", WEIR_STOP_DONE},
	{"ppp:3 ip6 tcp", "ppp:3 ip6:40 tcp:20", WEIR_STOP_DONE},
	{"ppp mpls:20 ip tcp", "ppp:2 mpls:4 ip:20 tcp:20", WEIR_STOP_DONE},
	{"hdlc:1 ip tcp", "ppp:4 ip:20 tcp:20", WEIR_STOP_DONE},
	{"pppdir ppp:1 ip tcp", "pppdir:1 ppp:4 ip:20 tcp:20", WEIR_STOP_DONE},
	{"chdlc ip tcp", "chdlc:4 ip:20 tcp:20", WEIR_STOP_DONE},
	/* IP */
	{"ip:3 tcp:4 pay:1", "ip:32 tcp:36 payload:0", WEIR_STOP_DONE},
	{"ip pay:9", "ip:20 payload:0", WEIR_STOP_UNKNOWN},
	{"ip:0x20000 udp pay:8", "ip:20+F udp:8 payload:0", WEIR_STOP_DONE},
	{"ip:0x00640 pay:8", "ip:20+FL payload:0", WEIR_STOP_DONE},
	{"ip:0x20640 pay:8", "ip:20+FL payload:0", WEIR_STOP_DONE},
	{"ip:0x40000 udp pay:8", "ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"ip6", "ip6:40", WEIR_STOP_DONE},
	{"ip6:253 pay:3", "ip6:40 payload:0", WEIR_STOP_UNKNOWN},
	{"ip6 hbh dst:1 rt:2 dst tcp", "ip6:40 ip6ext:8 ip6ext:16 ip6ext:24 ip6ext:8 tcp:20",
	 WEIR_STOP_DONE},
	{"ip6 mob", "ip6:40 ip6ext:8", WEIR_STOP_DONE},
	{"ip6 frag:1 udp pay:8", "ip6:40+F frag:8 udp:8 payload:0", WEIR_STOP_DONE},
	{"ip6 frag:0xb9 pay:8", "ip6:40+FL frag:8 payload:0", WEIR_STOP_DONE},
	{"ip6 frag:0xb8 pay:8", "ip6:40+FL frag:8 payload:0", WEIR_STOP_DONE},
	{"ip6 frag udp pay:8", "ip6:40 frag:8 udp:8 payload:0", WEIR_STOP_DONE},
	{"ip ah:3 tcp", "ip:20 ah:24 tcp:20", WEIR_STOP_DONE},
	{"ip6 ah esp pay:20", "ip6:40 ah:12 esp:8 payload:0", WEIR_STOP_DONE},
	{"ip esp pay:20", "ip:20 esp:8 payload:0", WEIR_STOP_DONE},
	{"ip udplite:8 pay:20", "ip:20 udplite:8 payload:0", WEIR_STOP_DONE},
	{"ip icmp pay:20", "ip:20 icmp:8 payload:0", WEIR_STOP_DONE},
	{"ip6 icmp6 pay:20", "ip6:40 icmp6:8 payload:0", WEIR_STOP_DONE},
	{"ip sctp pay:20", "ip:20 sctp:12 payload:0", WEIR_STOP_DONE},
	{"ip icmp:3 ip udp pay:4", "ip:20 icmp:8 ip:20+Q udp:8+Q payload:0+Q", WEIR_STOP_DONE},
	{"ip icmp:0x80b ip udp pay:44", "ip:20 icmp:8 ip:20+CQ udp:8+CQ payload:0+CQ",
	 WEIR_STOP_DONE},
	{"ip6 icmp6:3 ip6 tcp", "ip6:40 icmp6:8 ip6:40+Q tcp:20+Q", WEIR_STOP_DONE},
	{"ip6 icmp6:2 ip6 frag:1 udp", "ip6:40 icmp6:8 ip6:40+FQ frag:8+Q udp:8+Q", WEIR_STOP_DONE},
	/* tunnels */
	{"ip ip tcp", "ip:20 ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip ip6 tcp", "ip:20 ip6:40+I tcp:20+I", WEIR_STOP_DONE},
	{"ip6 ip tcp", "ip6:40 ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip6 dst ip6 tcp", "ip6:40 ip6ext:8 ip6:40+I tcp:20+I", WEIR_STOP_DONE},
	{"ip mpls:20 ip tcp", "ip:20 mpls:4+I ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip gre ip tcp", "ip:20 gre:4 ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip gre:0xb000 ip6 tcp", "ip:20 gre:16 ip6:40+I tcp:20+I", WEIR_STOP_DONE},
	{"ip gre:0xc000 ip tcp", "ip:20 gre:20 ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip gre:0x2000 eth vlan:4 ip tcp", "ip:20 gre:8 eth:14+I vlan:4+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"ip gre mpls:20 ip tcp", "ip:20 gre:4 mpls:4+I ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip gre pay:4", "ip:20 gre:4 payload:0+I", WEIR_STOP_UNKNOWN},
	{"ip gre:0x3081 ppp ip tcp", "ip:20 gre:16 ppp:2+I ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip gre:0x2081", "ip:20 gre:12", WEIR_STOP_DONE},
	{"ip gre erspan1 eth ip tcp", "ip:20 gre:4 erspan:0+I eth:14+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"ip gre:0x1000 erspan2:2 eth ip tcp", "ip:20 gre:8 erspan:8+I eth:14+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"ip gre:0x1000 erspan3:3 eth ip tcp", "ip:20 gre:8 erspan:12+I eth:14+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"ip gre:0x1000 erspan3:0x13 eth ip tcp",
	 "ip:20 gre:8 erspan:20+I eth:14+I ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip udp:4789 vxlan:5 eth ip6 udp", "ip:20 udp:8 vxlan:8 eth:14+I ip6:40+I udp:8+I",
	 WEIR_STOP_DONE},
	{"ip udp:8472 vxlan:5 eth arp", "ip:20 udp:8 vxlan:8 eth:14+I arp:28+I", WEIR_STOP_DONE},
	{"ip udp:4789 pay:20", "ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"ip udp:4789 pay:2", "ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"ip udp:6081 geneve:3 eth ip tcp", "ip:20 udp:8 geneve:20 eth:14+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"ip udp:6081 geneve ip tcp", "ip:20 udp:8 geneve:8 ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip udp:6635 mpls:9 ip tcp", "ip:20 udp:8 mpls:4+I ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip udp:1701 l2tp:2 ppp ip tcp", "ip:20 udp:8 l2tp:6 ppp:2+I ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"ip udp:1701 l2tp:0x4a02 ppp:1 ip6 tcp", "ip:20 udp:8 l2tp:17 ppp:4+I ip6:40+I tcp:20+I",
	 WEIR_STOP_DONE},
	{"ip udp:1701 l2tp:0xc802 pay:8", "ip:20 udp:8 l2tp:12 payload:0", WEIR_STOP_DONE},
	{"ip udp:1701 l2tp:3 pay:8", "ip:20 udp:8 payload:0", WEIR_STOP_DONE},
	{"ip l2tp3 eth ip tcp", "ip:20 l2tp:4 eth:14+I ip:20+I tcp:20+I", WEIR_STOP_DONE},
	{"ip l2tp3:8 eth ip6 tcp", "ip:20 l2tp:12 eth:14+I ip6:40+I tcp:20+I", WEIR_STOP_DONE},
	{"ip l2tp3:4 pay:60", "ip:20 l2tp:4 payload:0", WEIR_STOP_UNKNOWN},
	{"eth vlan:5 ip udp:2152 gtpu ip6 tcp pay:3",
	 "eth:14 vlan:4 ip:20 udp:8 gtpu:8 ip6:40+I tcp:20+I payload:0+I", WEIR_STOP_DONE},
	{"ip6 udp:2152 gtpu:2 ip udp", "ip6:40 udp:8 gtpu:12 ip:20+I udp:8+I", WEIR_STOP_DONE},
	{"ip udp:2152 gtpu:6 ip udp", "ip:20 udp:8 gtpu:24 ip:20+I udp:8+I", WEIR_STOP_DONE},
	{"ip udp:2152 gtpu ip udp:4789 vxlan eth ip icmp:3 ip tcp",
	 "ip:20 udp:8 gtpu:8 ip:20+I udp:8+I vxlan:8+I eth:14+I ip:20+I icmp:8+I ip:20+IQ "
	 "tcp:20+IQ",
	 WEIR_STOP_DONE},
	{"ip:0x20000 udp:2152 gtpu ip tcp", "ip:20+F udp:8 gtpu:8 ip:20+I tcp:20+I",
	 WEIR_STOP_DONE},
};

enum { N_FACTS = sizeof facts / sizeof *facts };

static void print_layers(const struct weir_packet *p, char *out, size_t size)
{
	static const char letters[] = "CFLIQ";
	size_t n = 0;

	out[0] = 0;
	for (int i = 0; i < p->n_layers && n < size; i++) {
		const struct weir_layer *l = &p->layers[i];

		n += (size_t)snprintf(&out[n], size - n, "%s%s:%d%s", i ? " " : "",
				      net_proto_name(l->proto), l->header_len, l->flags ? "+" : "");
		for (int k = 0; letters[k] && n + 1 < size; k++)
			if (l->flags & 1 << k)
				out[n++] = letters[k];
		if (n < size)
			out[n] = 0;
	}
}

static struct weir_frame frame_of(const struct craft *c)
{
	return (struct weir_frame){
		.bytes = craft_bytes(c),
		.cap_len = (uint32_t)craft_len(c),
		.wire_len = (uint32_t)craft_len(c),
		.link = c->link,
	};
}

static struct weir_packet decoded(struct weir_frame *f, struct craft *c, const char *sentence)
{
	struct weir_packet p;

	craft(c, sentence, false);
	*f = frame_of(c);
	net_decode(&p, f);
	return p;
}

static void headers_are_found(void)
{
	static struct craft c;

	for (int i = 0; i < N_FACTS; i++) {
		struct weir_frame f;
		struct weir_packet p = decoded(&f, &c, facts[i].sentence), walked;
		char text[1000];

		print_layers(&p, text, sizeof text);
		ok(!strcmp(text, facts[i].layers) && p.stop == facts[i].stop && holds(&p),
		   "%s is %s, stop %d", facts[i].sentence, text, p.stop);
		walk_decode(&walked, &f);
		if (!holds_same(&p, &walked))
			ok(false, "… also without the straight way");
	}
}

/* Whether the layers of a cut packet are the first ones of the whole packet; what follows the
 * last known header counts as payload. */
static bool is_prefix(const struct weir_packet *cut, const struct weir_packet *whole)
{
	for (int i = 0; i < cut->n_layers; i++) {
		const struct weir_layer *a = &cut->layers[i], *b = &whole->layers[i];

		if (a->proto == WEIR_PAYLOAD)
			return i == cut->n_layers - 1;
		if (i >= whole->n_layers || a->offset != b->offset || a->header_len > b->header_len)
			return false;
		/* an offset into a stack: what ends early may be taken for less, never for more */
		if (a->proto != b->proto || (a->claim_len < b->claim_len))
			return false;
	}
	return true;
}

static void cut_headers_are_refused(void)
{
	static struct craft c;

	for (int i = 0; i < N_FACTS; i++) {
		struct weir_frame f;
		struct weir_packet whole = decoded(&f, &c, facts[i].sentence), p, walked;
		bool is_good = true;
		uint32_t len = 0;

		for (; len < craft_len(&c) && is_good; len++) {
			uint8_t *copy = malloc(len ? len : 1);
			struct weir_frame cut = f;

			memcpy(copy, f.bytes, len);
			cut.bytes = copy;
			cut.cap_len = len;
			net_decode(&p, &cut);
			walk_decode(&walked, &cut);
			is_good = holds(&p) && is_prefix(&p, &whole) && holds_same(&p, &walked);
			for (int k = 0; k < p.n_layers; k++)
				net_checksum(&p, k);
			free(copy);
		}
		ok(is_good, "%s: each of %u cuts finds the same layers, as far as they are here",
		   facts[i].sentence, len);
	}
}

/* Whose own lengths say that it ends there, however short: nothing is read behind it, and the two
 * ways of decoding agree. */
static void short_by_their_own_account(void)
{
	enum { ETHER_LEN = 14, IPV4_LEN = 20, IPV6_LEN = 40 };
	static const char *const sentences[] = {"eth ip udp pay:9", "eth ip tcp",
						"eth ip6 udp pay:9", "eth ip6 tcp"};
	static struct craft c;

	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
		bool is_v6 = strstr(sentences[i], "ip6"), is_good = true;
		uint32_t head = ETHER_LEN + (is_v6 ? IPV6_LEN : IPV4_LEN), len;
		struct weir_packet p, walked;
		struct weir_frame f;

		(void)decoded(&f, &c, sentences[i]);
		for (len = head; len < craft_len(&c) && is_good; len++) {
			uint32_t claim = len - (is_v6 ? head : ETHER_LEN);
			uint8_t *copy = malloc(len);
			struct weir_frame cut = f;

			memcpy(copy, f.bytes, len);
			copy[ETHER_LEN + (is_v6 ? 4 : 2)] = (uint8_t)(claim >> 8);
			copy[ETHER_LEN + (is_v6 ? 5 : 3)] = (uint8_t)claim;
			cut.bytes = copy;
			cut.cap_len = cut.wire_len = len;
			net_decode(&p, &cut);
			walk_decode(&walked, &cut);
			is_good = holds(&p) && holds_same(&p, &walked);
			free(copy);
		}
		ok(is_good && len > head + 8,
		   "%s: each shorter one that says that it is whole is decoded alike, to %u bytes",
		   sentences[i], len);
	}
}

static void both_directions_hash_alike(void)
{
	static struct craft c, back;
	int n_alike = 0;

	for (int i = 0; i < N_FACTS; i++) {
		struct weir_frame f, g;
		struct weir_packet p = decoded(&f, &c, facts[i].sentence), q;

		craft(&back, facts[i].sentence, true);
		g = frame_of(&back);
		net_decode(&q, &g);
		n_alike += p.flow_hash == q.flow_hash;
		if (p.flow_hash != q.flow_hash)
			ok(false, "%s hashes alike in both directions", facts[i].sentence);
	}
	ok(n_alike == N_FACTS, "both directions of all %d packets hash alike", N_FACTS);
}

/* One datagram in three fragments, and one that is whole. */
static void fragments_hash_alike(const char *first, const char *middle, const char *last,
				 const char *whole)
{
	const char *sentences[] = {first, middle, last, whole};
	static struct craft c;
	uint32_t hash[4];

	for (int i = 0; i < 4; i++) {
		struct weir_frame f;

		hash[i] = decoded(&f, &c, sentences[i]).flow_hash;
	}
	ok(hash[0] == hash[1] && hash[1] == hash[2], "fragments hash alike: %s", first);
	ok(hash[2] == hash[3], "… and like what is whole: %s", whole);
}

static void fragments(void)
{
	fragments_hash_alike("eth ip:0x20000 udp pay:8", "eth ip:0x20020 pay:8",
			     "eth ip:0x00040 pay:8", "eth ip udp pay:16");
	fragments_hash_alike("eth ip6 frag:1 udp pay:8", "eth ip6 frag:0x11 pay:8",
			     "eth ip6 frag:0x20 pay:8", "eth ip6 hbh tcp");
	/* the last fragment may name another header than the first (RFC 8200 4.5) */
	fragments_hash_alike("eth ip6 frag:1 dst udp pay:8", "eth ip6 frag:0x11 dst",
			     "eth ip6 frag:0x20 tcp pay:3", "eth ip6 udp");
	/* the outside of a tunnel in pieces: the first shows what is inside, the others do not */
	fragments_hash_alike("eth ip:0x20000 udp:2152 gtpu ip6 tcp", "eth ip:0x20020 pay:8",
			     "eth ip:0x00040 pay:8", "eth ip udp:123 pay:4");
}

static void hashes_spread(void)
{
	static struct craft c;
	unsigned counts[16] = {0}, least = ~0u, most = 0;
	struct weir_frame f;
	struct weir_packet p;

	craft(&c, "ip udp pay:4", false);
	f = frame_of(&c);
	for (int i = 0; i < 16000; i++) {
		c.bytes[c.at + 15] = (uint8_t)i;
		c.bytes[c.at + 14] = (uint8_t)(i >> 8);
		net_decode(&p, &f);
		counts[p.flow_hash % 16]++;
	}
	for (int i = 0; i < 16; i++) {
		least = counts[i] < least ? counts[i] : least;
		most = counts[i] > most ? counts[i] : most;
	}
	ok(least > 800 && most < 1200, "16,000 hosts spread over 16 workers: %u to %u each", least,
	   most);
}

static void indexes(void)
{
	static struct craft c;
	struct weir_frame f;
	struct weir_packet p = decoded(&f, &c, "eth ip udp:2152 gtpu ip6 udp:53 pay:9");

	ok(p.outer_ip == 1 && p.inner_ip == 4 && p.transport == 5, "outer and inner are reachable");
	ok(p.src_port == 40000 && p.dst_port == 53, "the ports are the inner ones");
	p = decoded(&f, &c, "eth ip udp:8472 vxlan eth arp");
	ok(p.outer_ip == 1 && p.inner_ip == 1 && p.transport == 2 && p.dst_port == 8472,
	   "a tunnel without IP inside: the outer IP is the innermost");
	p = decoded(&f, &c, "eth ip icmp:3 ip tcp");
	ok(p.inner_ip == 1 && p.transport == 2 && p.dst_port == 0,
	   "what an error quotes is not the packet's own");
	p = decoded(&f, &c, "eth arp");
	ok(p.outer_ip == WEIR_NO_LAYER && p.inner_ip == WEIR_NO_LAYER &&
		   p.transport == WEIR_NO_LAYER,
	   "no IP, no index");
	p = decoded(&f, &c, "ip udp:2152 gtpu ip:0x640 pay:8");
	ok(p.inner_ip == 3 && p.transport == WEIR_NO_LAYER && p.dst_port == 0,
	   "a later fragment has no transport, nor the tunnel's");
}

static void lengths(void)
{
	static struct craft c;
	struct weir_frame f;
	struct weir_packet p = decoded(&f, &c, "eth ip udp pay:10");
	uint8_t *ip = &c.bytes[c.at + 14];

	ok(p.layers[1].len == 38 && p.layers[1].claim_len == 38 && p.layers[3].len == 10,
	   "lengths are those of the headers");
	f.cap_len = 44;
	net_decode(&p, &f);
	ok(p.layers[2].len == 10 && p.layers[2].claim_len == 18 &&
		   p.layers[2].flags & WEIR_LAYER_CUT,
	   "what is cut still says how long it was");
	ok(p.layers[3].len == 2 && p.layers[3].claim_len == 10, "the payload too");
	f.cap_len = (uint32_t)craft_len(&c);
	craft_u16(ip, 2, 30);
	net_decode(&p, &f);
	ok(p.layers[1].len == 30 && p.layers[2].len == 10 && p.layers[2].claim_len == 18,
	   "a header cannot reach beyond the one around it");
	craft_u16(ip, 2, 0);
	net_decode(&p, &f);
	ok(p.layers[1].len == 38 && p.layers[1].claim_len == 38 && p.n_layers == 4,
	   "a total length of 0 means what is here");
	craft_u16(ip, 2, 12);
	net_decode(&p, &f);
	ok(p.n_layers == 2 && p.stop == WEIR_STOP_BAD && holds(&p),
	   "a total length below the header is bad, and a layer");
	ip[0] = 0x44;
	net_decode(&p, &f);
	ok(p.n_layers == 2 && p.stop == WEIR_STOP_BAD && holds(&p),
	   "so is a header below 20 bytes");
	ip[0] = 0x65;
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && p.layers[1].proto == WEIR_PAYLOAD,
	   "version 6 under the type of version 4 is bad, and no layer");
}

static void padding_is_no_payload(void)
{
	static struct craft c;
	struct weir_frame f;
	struct weir_packet p = decoded(&f, &c, "eth ip tcp");
	uint8_t padded[60] = {0};

	memcpy(padded, f.bytes, f.cap_len);
	f.bytes = padded;
	f.cap_len = f.wire_len = sizeof padded;
	net_decode(&p, &f);
	ok(p.n_layers == 3 && p.layers[1].len == 40 && p.layers[0].len == 60,
	   "Ethernet's padding is not IP's");
	padded[17] = 30;
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && p.layers[2].proto == WEIR_TCP && p.layers[2].header_len == 10,
	   "a header that IP's length cuts off is bad, not cut");
}

static void jumbograms(void)
{
	static struct craft c;
	static uint8_t big[70000];
	struct weir_frame f;
	struct weir_packet p = decoded(&f, &c, "ip6 hbh udp pay:32");

	craft_u16(&c.bytes[c.at], 4, 0);
	net_decode(&p, &f);
	ok(p.layers[0].claim_len == f.cap_len, "a payload length of 0 means what is here");
	memcpy(&c.bytes[c.at + 42], "\xc2\x04\x00\x01\x11\x48", 6); /* 69,960 */
	memcpy(big, f.bytes, f.cap_len);
	f.bytes = big;
	f.wire_len = sizeof big + 10;
	f.cap_len = sizeof big + 0;
	craft_u16(big, 52, 0);
	net_decode(&p, &f);
	ok(p.layers[0].claim_len == 70000 && p.layers[0].len == 70000 && p.layers[2].len == 69952,
	   "a jumbogram's length is its option's");
	f.cap_len = 100;
	net_decode(&p, &f);
	ok(p.layers[0].claim_len == 70000 && p.layers[0].flags & WEIR_LAYER_CUT && holds(&p),
	   "cut, it still says so");
	big[44] = 0;
	big[45] = 0;
	net_decode(&p, &f);
	ok(p.layers[0].claim_len == sizeof big + 10, "a jumbo option of less than 65,536 is none");
}

static void depth_is_bounded(void)
{
	static struct craft c;
	char sentence[400] = "eth";
	struct weir_frame f;
	struct weir_packet p;

	for (int i = 0, n = 3; i < 40; i++)
		n += snprintf(sentence + n, sizeof sentence - (size_t)n, " vlan:1");
	p = decoded(&f, &c, sentence);
	ok(p.n_layers == WEIR_MAX_LAYERS && p.stop == WEIR_STOP_DEEP && holds(&p),
	   "40 tags stop at %d layers", WEIR_MAX_LAYERS);
}

static void bad_headers(void)
{
	static struct craft c;
	struct weir_frame f;
	struct weir_packet p = decoded(&f, &c, "ip tcp pay:9");

	c.bytes[c.at + 32] = 0x40;
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && p.layers[1].proto == WEIR_TCP && p.dst_port == 80,
	   "a TCP header of 16 bytes is bad; its ports are known");
	p = decoded(&f, &c, "eth ip tcp");
	craft_u16(&c.bytes[c.at], 16, 32);
	craft_u16(&c.bytes[c.at], 38, 12);
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && p.layers[2].header_len == 12, "half a TCP header is no UDP");
	p = decoded(&f, &c, "ip udp pay:9");
	craft_u16(&c.bytes[c.at], 24, 7);
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && p.layers[1].proto == WEIR_UDP, "a UDP length of 7 is bad");
	craft_u16(&c.bytes[c.at], 24, 0);
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_DONE && p.layers[1].len == 17, "0 reaches to IP's end");
	p = decoded(&f, &c, "eth pppoe ppp ip");
	c.bytes[c.at + 14] = 0x21;
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && p.n_layers == 2, "PPPoE of version 2 is bad");
	p = decoded(&f, &c, "ip udp:2152 gtpu ip tcp");
	craft_u16(&c.bytes[c.at], 30, 900);
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && p.layers[2].proto == WEIR_PAYLOAD,
	   "GTP-U that claims more than UDP is none");
	p = decoded(&f, &c, "ip udp:2152 gtpu:4 ip tcp");
	c.bytes[c.at + 40] = 0;
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD && holds(&p), "a GTP-U extension of no length is bad");
	p = decoded(&f, &c, "ppp:1 ip");
	c.bytes[c.at + 1] = 0x13;
	net_decode(&p, &f);
	ok(p.stop == WEIR_STOP_BAD, "PPP's control byte is 3");
}

static void names(void)
{
	ok(!strcmp(net_proto_name(WEIR_GTPU), "gtpu") && !strcmp(net_proto_name(WEIR_NULL), "null"),
	   "protocols have short names");
	ok(!strcmp(net_proto_text(WEIR_TCP), "Transmission Control Protocol"), "and long ones");
	ok(!strcmp(net_proto_name((enum weir_proto)200), "?"), "an impossible one has a mark");
}

/* Writes each fact as an input for the fuzz target: link type, flags, frame. */
static int write_corpus(const char *folder)
{
	static struct craft c;

	for (int i = 0; i < N_FACTS; i++) {
		char path[4096];
		FILE *file;

		craft(&c, facts[i].sentence, i & 1);
		snprintf(path, sizeof path, "%s/fact-%03d", folder, i);
		file = fopen(path, "wb");
		if (!file)
			return 1;
		fputc(c.link >> 8, file);
		fputc(c.link & 255, file);
		fputc(0, file);
		fwrite(craft_bytes(&c), 1, craft_len(&c), file);
		fclose(file);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return write_corpus(argv[1]);
	headers_are_found();
	cut_headers_are_refused();
	short_by_their_own_account();
	both_directions_hash_alike();
	fragments();
	hashes_spread();
	indexes();
	lengths();
	padding_is_no_payload();
	jumbograms();
	depth_is_bounded();
	bad_headers();
	names();
	return tap_end();
}
