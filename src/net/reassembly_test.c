#include "net/reassembly.h"

#include "base/nanos.h"
#include "base/tap.h"
#include "net/craft.h"
#include "net/decode.h"

enum { MAX_PARTS = 128, STRIDE = 256 };

/* A datagram and the frames (raw IP) that it is cut into. */
struct pieces {
	struct craft whole;
	uint8_t bytes[MAX_PARTS][STRIDE + 128];
	struct weir_frame frames[MAX_PARTS];
	int n;
};

static void add_piece(struct pieces *s, const uint8_t *header, size_t header_len, size_t len)
{
	uint8_t *to = s->bytes[s->n];
	struct weir_frame *f = &s->frames[s->n];

	memcpy(to, header, header_len);
	*f = (struct weir_frame){.bytes = to,
				 .cap_len = (uint32_t)(header_len + len),
				 .wire_len = (uint32_t)(header_len + len),
				 .time_ns = (int64_t)s->n * NANOS_PER_MS,
				 .link = 101};
	s->n++;
}

static void split_v4(struct pieces *s, const uint8_t *ip, size_t len)
{
	for (size_t at = 20; at < len; at += STRIDE) {
		size_t n = len - at < STRIDE ? len - at : STRIDE;
		uint8_t h[20];

		memcpy(h, ip, 20);
		craft_u16(h, 2, 20 + n);
		craft_u16(h, 6, (at + n < len ? 0x2000 : 0) | (at - 20) / 8);
		memcpy(s->bytes[s->n] + 20, ip + at, n);
		add_piece(s, h, 20, n);
	}
}

/* With a hop-by-hop header in every fragment. */
static void split_v6(struct pieces *s, const uint8_t *ip, size_t len)
{
	for (size_t at = 48; at < len; at += STRIDE) {
		size_t n = len - at < STRIDE ? len - at : STRIDE;
		uint8_t h[56];

		memcpy(h, ip, 48);
		craft_u16(h, 4, 16 + n);
		memset(h + 48, 0, 8);
		h[48] = h[40];
		h[40] = 44;
		craft_u16(h, 50, (at - 48) | (at + n < len));
		memcpy(s->bytes[s->n] + 56, ip + at, n);
		add_piece(s, h, 56, n);
	}
}

static void cut_up(struct pieces *s, const char *sentence)
{
	const uint8_t *ip;
	size_t len;

	memset(s, 0, sizeof *s);
	craft(&s->whole, sentence, false);
	ip = craft_bytes(&s->whole);
	len = craft_len(&s->whole);
	if (ip[0] >> 4 == 4)
		split_v4(s, ip, len);
	else
		split_v6(s, ip, len);
}

static int take(struct net_reassembly *r, const struct weir_frame *f, struct net_whole *whole)
{
	struct weir_packet p;
	int layer;

	net_decode(&p, f);
	layer = net_reassembly_layer(&p);
	return layer < 0 ? -99 : net_reassembly_take(r, &p, layer, whole);
}

static bool is_whole(const struct pieces *s, const struct net_whole *w)
{
	return w->len == craft_len(&s->whole) && !memcmp(w->bytes, craft_bytes(&s->whole), w->len);
}

static void any_order_gives_the_datagram(const char *sentence)
{
	static struct pieces s;
	struct net_reassembly *r;
	struct net_whole whole = {0};

	cut_up(&s, sentence);
	ok(net_reassembly_new(&r) == 0 && s.n > 3, "%d fragments of %s", s.n, sentence);
	for (int start = 0; start < s.n; start++) {
		int n_done = 0;

		for (int i = 0; i < s.n; i++) {
			int at = (start + i * (s.n - 1)) % s.n;

			n_done += take(r, &s.frames[at], &whole) == 1;
			ok(n_done == (i == s.n - 1), "from fragment %d, after %d: %s", start, i + 1,
			   n_done ? "whole" : "not whole");
		}
		ok(n_done == 1 && is_whole(&s, &whole), "it is what it was, octet by octet");
		free(whole.bytes);
	}
	ok(net_reassembly_pop(r, INT64_MAX, &whole) == 0, "nothing is left in hand");
	net_reassembly_free(&r);
}

static void doubles_and_overlaps(void)
{
	static struct pieces s;
	struct net_reassembly *r;
	struct net_whole whole = {0};

	cut_up(&s, "ip udp:4789 vxlan eth ip tcp pay:900");
	ok(net_reassembly_new(&r) == 0, "overlaps");
	ok(take(r, &s.frames[0], &whole) == 0 && take(r, &s.frames[0], &whole) == 0 &&
		   take(r, &s.frames[1], &whole) == 0 && take(r, &s.frames[2], &whole) == 0,
	   "a fragment that comes twice changes nothing");
	ok(take(r, &s.frames[3], &whole) == 1 && is_whole(&s, &whole), "and the datagram is whole");
	free(whole.bytes);
	ok(take(r, &s.frames[0], &whole) == 0 && take(r, &s.frames[1], &whole) == 0,
	   "the first two");
	s.bytes[2][7] -= 8; /* now it begins 64 octets earlier, in the second */
	ok(take(r, &s.frames[2], &whole) == 0 && take(r, &s.frames[3], &whole) == 0,
	   "an overlap spoils the datagram");
	ok(net_reassembly_pop(r, INT64_MAX, &whole) == 1 && whole.len == 20 + 2 * STRIDE,
	   "what was known before comes out");
	free(whole.bytes);
	net_reassembly_free(&r);
}

static void time_runs_out(void)
{
	static struct pieces s;
	struct net_reassembly *r;
	struct net_whole whole = {0};
	struct weir_packet p;

	cut_up(&s, "ip udp:2152 gtpu ip6 tcp pay:900");
	ok(net_reassembly_new(&r) == 0 && take(r, &s.frames[1], &whole) == 0 &&
		   take(r, &s.frames[0], &whole) == 0 && take(r, &s.frames[3], &whole) == 0,
	   "three of four fragments");
	ok(net_reassembly_pop(r, nanos_from_s(60).ns, &whole) == 0, "a minute is not too long");
	ok(net_reassembly_pop(r, nanos_from_s(60).ns + 2 * NANOS_PER_MS, &whole) == 1,
	   "more is: what is known comes out");
	ok(whole.len == 20 + 2 * STRIDE, "up to the hole");
	net_decode(&p, &(struct weir_frame){.bytes = whole.bytes,
					    .cap_len = whole.len,
					    .wire_len = whole.len,
					    .link = 101});
	ok(p.inner_ip != WEIR_NO_LAYER && p.layers[p.inner_ip].proto == WEIR_IPV6 &&
		   p.layers[p.inner_ip].claim_len == 40 + 20 + 900,
	   "and the packet inside claims all its length");
	free(whole.bytes);
	net_reassembly_free(&r);
}

static void cut_fragments_are_not_made_whole(void)
{
	static struct pieces s;
	struct net_reassembly *r;
	struct net_whole whole = {0};

	cut_up(&s, "ip udp:2152 gtpu ip6 tcp pay:900");
	s.frames[0].cap_len -= 30;
	ok(net_reassembly_new(&r) == 0 && take(r, &s.frames[0], &whole) == 0,
	   "a fragment captured short");
	for (int i = 1; i < s.n; i++)
		ok(take(r, &s.frames[i], &whole) == 0, "the others do not make it whole");
	ok(net_reassembly_pop(r, INT64_MAX, &whole) == 1 && whole.len > 40 &&
		   whole.len <= 20 + STRIDE - 24,
	   "its start comes out");
	free(whole.bytes);
	net_reassembly_free(&r);
}

static void memory_is_bounded(void)
{
	static struct pieces s;
	struct net_reassembly *r;
	struct net_whole whole = {0};
	int n_popped = 0;

	cut_up(&s, "ip udp:2152 gtpu ip6 tcp pay:900");
	ok(net_reassembly_new(&r) == 0, "many datagrams at once");
	for (int id = 0; id < 3 * NET_REASSEMBLY_DATAGRAMS; id++) {
		craft_u16(s.bytes[0], 4, (size_t)id);
		if (take(r, &s.frames[0], &whole) != 0)
			break;
		while (net_reassembly_pop(r, 0, &whole) == 1) {
			n_popped++;
			free(whole.bytes);
		}
	}
	ok(n_popped == 2 * NET_REASSEMBLY_DATAGRAMS, "the oldest %d went", n_popped);
	net_reassembly_free(&r);
}

static void what_is_no_tunnel_is_left_alone(void)
{
	static const char *const sentences[] = {
		"eth ip udp:4789 vxlan eth ip tcp pay:9", "eth ip:0x20000 tcp pay:16",
		"eth ip6 frag:1 tcp pay:16", "eth ip6 frag:0 udp pay:16"};
	struct craft c;

	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
		struct weir_packet p;
		struct weir_frame f;

		craft(&c, sentences[i], false);
		f = (struct weir_frame){.bytes = craft_bytes(&c),
					.cap_len = (uint32_t)craft_len(&c),
					.wire_len = (uint32_t)craft_len(&c),
					.link = 1};
		net_decode(&p, &f);
		ok(net_reassembly_layer(&p) == -1, "not for reassembly: %s", sentences[i]);
	}
}

int main(void)
{
	any_order_gives_the_datagram("ip udp:4789 vxlan eth ip6 tcp pay:1000");
	any_order_gives_the_datagram("ip6 hbh udp:2152 gtpu ip tcp pay:1000");
	any_order_gives_the_datagram("ip gre ip tcp pay:1001");
	doubles_and_overlaps();
	time_runs_out();
	cut_fragments_are_not_made_whole();
	memory_is_bounded();
	what_is_no_tunnel_is_left_alone();
	return tap_end();
}
