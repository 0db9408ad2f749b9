#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "net/craft.h"
#include "net/decode.h"

enum { MAX_OCTETS = 1 << 16, CLIENT = 0, SERVER = 1 };

/* What came out of one connection, by the port it came from. */
struct heard {
	uint8_t bytes[2][MAX_OCTETS];
	size_t len[2];
	uint64_t lost[2];
	uint64_t n_pieces;
	unsigned n_ends;
	enum stream_cause cause;
	bool keeps;
	bool is_out_of_order; /* an offset was not where the octets before it ended */
};

static void on_piece(void *arg, const struct stream_piece *p)
{
	struct heard *h = arg;
	unsigned side = p->src_port == 5060 ? SERVER : CLIENT;

	h->n_pieces++;
	h->is_out_of_order |= p->offset != h->len[side] + h->lost[side] + p->lost;
	h->lost[side] += p->lost;
	if (h->len[side] + p->len <= MAX_OCTETS)
		memcpy(&h->bytes[side][h->len[side]], p->bytes, p->len);
	h->len[side] += p->len;
	*p->is_kept = h->keeps;
	if (!*p->mark)
		*p->mark = malloc(1);
}

static void on_end(void *arg, uint64_t id, enum stream_cause cause, void *marks[2])
{
	struct heard *h = arg;

	(void)id;
	h->n_ends++;
	h->cause = cause;
	free(marks[0]);
	free(marks[1]);
}

static struct stream_table *table(struct heard *h, struct stream_options options)
{
	struct stream_table *t;

	memset(h, 0, sizeof *h);
	options.on_piece = on_piece;
	options.on_end = on_end;
	options.arg = h;
	if (stream_table_new(&t, &options) < 0)
		exit(1);
	return t;
}

static struct stream_segment segment(unsigned side, uint32_t seq, const void *bytes, size_t len)
{
	struct stream_segment s = {.src = {{192, 0, 2, 1}, 4},
				   .dst = {{192, 0, 2, 2}, 4},
				   .src_port = 40000,
				   .dst_port = 5060,
				   .flags = STREAM_ACK,
				   .seq = seq,
				   .bytes = bytes,
				   .len = len,
				   .time = nanos_from_s(1000)};

	if (side == SERVER) {
		s.src.bytes[3] = 2;
		s.dst.bytes[3] = 1;
		s.src_port = 5060;
		s.dst_port = 40000;
	}
	return s;
}

static void say(struct stream_table *t, unsigned side, uint32_t seq, const char *text)
{
	struct stream_segment s = segment(side, seq, text, strlen(text));

	stream_feed(t, &s);
}

static void say_at(struct stream_table *t, int64_t ms, uint32_t seq, const char *text)
{
	struct stream_segment s = segment(CLIENT, seq, text, strlen(text));

	s.time.ns += ms * NANOS_PER_MS;
	stream_feed(t, &s);
}

static void flag(struct stream_table *t, unsigned side, uint32_t seq, uint8_t flags)
{
	struct stream_segment s = segment(side, seq, NULL, 0);

	s.flags = flags;
	stream_feed(t, &s);
}

static bool has(const struct heard *h, unsigned side, const char *text)
{
	return h->len[side] == strlen(text) && !memcmp(h->bytes[side], text, h->len[side]) &&
	       !h->is_out_of_order;
}

static void facts(struct heard *h)
{
	struct stream_segment mine = segment(SERVER, 1, NULL, 0), other = mine;
	struct stream_table *t = table(h, (struct stream_options){0});

	flag(t, CLIENT, 99, STREAM_SYN);
	flag(t, SERVER, UINT32_MAX - 2, STREAM_SYN | STREAM_ACK);
	say(t, CLIENT, 104, "efgh");
	other.dst_port = 99;
	ok(stream_knows(t, &mine) && !stream_knows(t, &other), "it knows its connections");
	ok(h->n_pieces == 0, "octets that are early wait");
	say(t, CLIENT, 100, "abcd");
	ok(has(h, CLIENT, "abcdefgh"), "… for those before them");
	say(t, CLIENT, 100, "abcd");
	say(t, CLIENT, 102, "XXXXXXij");
	ok(has(h, CLIENT, "abcdefghij"),
	   "what was given stays; what is new in an overlap is given");
	say(t, SERVER, UINT32_MAX - 1, "12");
	say(t, SERVER, 0, "34");
	ok(has(h, SERVER, "1234"), "sequence numbers wrap; each direction has its own");
	flag(t, CLIENT, 110, STREAM_FIN | STREAM_ACK);
	ok(h->n_ends == 0, "it lives until both have ended it");
	flag(t, SERVER, 2, STREAM_FIN | STREAM_ACK);
	ok(h->n_ends == 1 && h->cause == STREAM_BY_FIN, "both have ended it");
	say(t, CLIENT, 102, "cdef");
	ok(h->n_ends == 1 && has(h, CLIENT, "abcdefghij") && stream_n_live(t) == 0,
	   "what comes again behind its end is old");
	flag(t, CLIENT, 5000, STREAM_SYN);
	say(t, CLIENT, 5001, "new");
	ok(has(h, CLIENT, "abcdefghijnew") == false && h->n_ends == 1 && stream_n_live(t) == 1,
	   "the same ports again are another connection");
	stream_table_free(&t);
	ok(h->n_ends == 2 && h->cause == STREAM_BY_FREED && !t, "freeing ends what lives");
}

static void overlaps_that_wait(struct heard *h)
{
	struct stream_table *t = table(h, (struct stream_options){0});

	say(t, CLIENT, 100, "a");
	say(t, CLIENT, 103, "dE");
	say(t, CLIENT, 107, "h");
	say(t, CLIENT, 102, "cXefgX");
	ok(stream_count(t, STREAM_COUNT_EARLY) == 3, "three segments wait");
	say(t, CLIENT, 101, "b");
	ok(has(h, CLIENT, "abcdEfgh"), "of what waits, the first to come counts");
	stream_table_free(&t);
}

static void holes(struct heard *h)
{
	struct stream_table *t = table(h, (struct stream_options){0});
	struct stream_segment ack = segment(SERVER, 1, NULL, 0);

	say(t, CLIENT, 100, "ab");
	say_at(t, 10, 105, "fg");
	say_at(t, 1900, 109, "jk");
	ok(has(h, CLIENT, "ab"), "a hole is waited for");
	stream_tick(t, (struct nanos){nanos_from_s(1002).ns + 11 * NANOS_PER_MS});
	ok(has(h, CLIENT, "abfg") && h->lost[CLIENT] == 3, "two seconds; then it is lost");
	stream_tick(t, nanos_from_s(1003));
	ok(has(h, CLIENT, "abfg"), "the next hole is waited for from then on");
	stream_tick(t, nanos_from_s(1005));
	ok(has(h, CLIENT, "abfgjk") && h->lost[CLIENT] == 5, "… as long");
	say_at(t, 6000, 120, "uv");
	ack.ack = 122;
	ack.time = (struct nanos){nanos_from_s(1006).ns + 10 * NANOS_PER_MS};
	stream_feed(t, &ack);
	ok(has(h, CLIENT, "abfgjk"), "an acknowledgement may overtake what it is of");
	ack.time.ns += 100 * NANOS_PER_MS;
	stream_feed(t, &ack);
	ok(has(h, CLIENT, "abfgjkuv"), "what was acknowledged will not come again");
	stream_table_free(&t);
}

static void limits(struct heard *h)
{
	static const uint8_t zeros[1000];
	struct stream_table *t = table(h, (struct stream_options){.max_held = 5000});

	say(t, CLIENT, 100, "ab");
	for (uint32_t i = 0; i < 20; i++) {
		struct stream_segment s = segment(CLIENT, 200 + i * 1000, zeros, sizeof zeros);

		stream_feed(t, &s);
	}
	ok(h->lost[CLIENT] == 98 && h->len[CLIENT] == 20002 &&
		   stream_count(t, STREAM_COUNT_GAPS) == 1,
	   "too much behind a hole: it is given up");
	for (uint32_t i = 0; i < 2000; i++) {
		struct stream_segment s = segment(CLIENT, 30000 + i * 2, zeros, 1);

		stream_feed(t, &s);
	}
	ok(stream_count(t, STREAM_COUNT_GAPS) > 1000,
	   "single octets with holes between are bounded too");
	stream_table_free(&t);

	t = table(h, (struct stream_options){.max_held_total = 4000});
	for (uint16_t i = 0; i < 100; i++) {
		struct stream_segment s = segment(CLIENT, 1, "a", 1);

		s.src_port = (uint16_t)(10000 + i);
		stream_feed(t, &s);
		s.seq = 10;
		stream_feed(t, &s);
	}
	ok(stream_count(t, STREAM_COUNT_GAPS) > 30 && stream_count(t, STREAM_COUNT_GAPS) < 70,
	   "what waits in all connections together is bounded");
	stream_table_free(&t);
}

static void strangers(struct heard *h)
{
	struct stream_table *t = table(h, (struct stream_options){0});

	say(t, CLIENT, 100, "ab");
	say(t, CLIENT, 0x40000000, "X");
	say(t, CLIENT, 102, "cd");
	ok(has(h, CLIENT, "abcd") && stream_count(t, STREAM_COUNT_STRANGE) == 1,
	   "a segment from far away is passed over");
	flag(t, CLIENT, 0x50000000, STREAM_RST);
	ok(h->n_ends == 0 && stream_count(t, STREAM_COUNT_BAD_RESETS) == 1, "… and so is a reset");
	say(t, CLIENT, 0x60000000, "12");
	say(t, CLIENT, 0x60000002, "34");
	ok(h->len[CLIENT] == 6 && h->lost[CLIENT] > 0 && !memcmp(h->bytes[CLIENT], "abcd34", 6),
	   "two that go on from one another are of a stream that nobody saw for long");
	flag(t, CLIENT, 0x60000004, STREAM_RST);
	ok(h->n_ends == 1 && h->cause == STREAM_BY_RESET, "a reset in the window ends it");
	say(t, CLIENT, 0x60000004, "56");
	ok(stream_n_live(t) == 1,
	   "octets that go on behind a reset are heard: somebody else sent it");
	stream_table_free(&t);
}

static void begin_many(struct stream_table *t, uint32_t n, uint8_t net, uint8_t flags,
		       const char *text)
{
	for (uint32_t i = 0; i < n; i++) {
		struct stream_segment s = segment(CLIENT, 1, text, strlen(text));

		s.src.bytes[0] = net;
		s.src.bytes[1] = (uint8_t)(i >> 8);
		s.src.bytes[2] = (uint8_t)i;
		s.flags = flags;
		stream_feed(t, &s);
	}
}

static void floods(struct heard *h)
{
	struct stream_table *t = table(h, (struct stream_options){.max_streams = 100});

	h->keeps = true;
	say(t, CLIENT, 100, "mine");
	h->keeps = false;
	begin_many(t, 50, 10, STREAM_ACK, "yours");
	ok(h->n_ends == 0 && stream_n_live(t) == 51, "51 connections");
	begin_many(t, 5000, 11, STREAM_SYN, "");
	ok(h->n_ends == 4951 && stream_n_live(t) == 100, "a flood of SYNs drives out its like");
	h->n_ends = 0;
	begin_many(t, 50, 10, STREAM_ACK, "yours");
	ok(h->n_ends == 0, "… and none that carried anything");
	begin_many(t, 5000, 12, STREAM_ACK, "flood");
	ok(stream_n_live(t) == 100, "a flood of octets drives out others' connections");
	h->len[CLIENT] = h->lost[CLIENT] = 0;
	h->is_out_of_order = false;
	say(t, CLIENT, 104, " still");
	ok(h->len[CLIENT] == 6 && h->is_out_of_order,
	   "one that is kept is there: it goes on at its offset");
	stream_tick(t, nanos_from_s(1000 + 7201));
	ok(stream_n_live(t) == 0, "who is silent for two hours is forgotten");
	stream_table_free(&t);
}

/* Below n, by a generator that always gives the same. */
static uint32_t draw(uint32_t n)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

/* Any way of cutting a stream into segments, sent twice, late and overlapping, gives the stream. */
static void any_segmentation(struct heard *h)
{
	enum { LEN = 5000, ROUNDS = 300 };
	static uint8_t stream[LEN];
	unsigned n_right = 0;

	for (size_t i = 0; i < LEN; i++)
		stream[i] = (uint8_t)(i * 31 + i / 251);
	for (int round = 0; round < ROUNDS; round++) {
		struct stream_table *t = table(h, (struct stream_options){.max_held = 1 << 20});
		uint32_t base = UINT32_MAX - draw(8000);
		size_t sure = 0;

		flag(t, CLIENT, base - 1, STREAM_SYN);
		while (sure < LEN) {
			size_t most = 1 + draw(round % 2 ? 1400 : 40);
			size_t at = draw(4) ? sure + draw(3000) : draw(LEN);
			struct stream_segment s;

			if (!draw(3))
				at = sure;
			if (at >= LEN)
				continue;
			most = most > LEN - at ? LEN - at : most;
			s = segment(CLIENT, base + (uint32_t)at, &stream[at], most);
			stream_feed(t, &s);
			sure = h->len[CLIENT];
		}
		n_right += h->len[CLIENT] == LEN && !memcmp(h->bytes[CLIENT], stream, LEN) &&
			   !h->lost[CLIENT] && !h->is_out_of_order;
		stream_table_free(&t);
	}
	ok(n_right == ROUNDS, "%d random segmentations give the stream, octet by octet", ROUNDS);
}

static void decode(struct weir_packet *p, struct weir_frame *f, struct craft *c,
		   const char *sentence)
{
	craft(c, sentence, false);
	*f = (struct weir_frame){.bytes = craft_bytes(c),
				 .cap_len = (uint32_t)craft_len(c),
				 .wire_len = (uint32_t)craft_len(c),
				 .link = c->link};
	net_decode(p, f);
}

static void from_packets(void)
{
	static const char *const sentences[] = {"eth ip tcp pay:40", "eth ip6 tcp pay:40",
						"eth ip udp:4789 vxlan eth ip tcp pay:40"};
	struct craft c;
	struct weir_frame f;
	struct weir_packet p;
	struct stream_segment s;

	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
		decode(&p, &f, &c, sentences[i]);
		ok(stream_segment_of(&p, &s) && s.len == 40 && s.src_port == p.src_port &&
			   s.dst_port == p.dst_port && s.src.version == (i == 1 ? 6 : 4),
		   "the segment of %s", sentences[i]);
	}
	decode(&p, &f, &c, "eth ip udp pay:40");
	ok(!stream_segment_of(&p, &s), "UDP has none");
	decode(&p, &f, &c, "ip tcp");
	for (uint32_t len = 0; len < craft_len(&c); len++) {
		f.cap_len = len;

		net_decode(&p, &f);
		ok(!stream_segment_of(&p, &s), "cut at %u has none", len);
	}
}

int main(void)
{
	static struct heard h;

	facts(&h);
	overlaps_that_wait(&h);
	holes(&h);
	limits(&h);
	strangers(&h);
	floods(&h);
	any_segmentation(&h);
	from_packets();
	return tap_end();
}
