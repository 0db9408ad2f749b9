/* Whatever segments come, each direction gives octets in order, none twice, and says how many are
 * missing; who marked a piece hears of its end.
 *
 * Input: segments, each an octet of flags (1: the server's; 2: SYN; 4: FIN; 8: RST; 16: 20 seconds
 * later; 32, 64: of other connections), two octets of its place and one of its length. The octet at
 * each place of a stream is the place's own, so that any that came from elsewhere is found. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "base/rd.h"
#include "stream/stream.h"

enum { MAX_FUZZ_STREAMS = 3, FUZZ_PLACES = 1 << 12 };

struct seen {
	uint64_t offset; /* that comes next */
	uint8_t octet;   /* … and what it must be */
};

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void on_piece(void *arg, const struct stream_piece *p)
{
	struct seen *seen = *p->mark;

	(void)arg;
	must(p->len > 0);
	if (!seen) {
		seen = malloc(sizeof *seen);
		must(seen != NULL);
		*seen = (struct seen){0, (uint8_t)(p->bytes[0] - p->lost)};
		*p->mark = seen;
	}
	must(p->offset == seen->offset + p->lost);
	for (size_t i = 0; i < p->len; i++)
		must(p->bytes[i] == (uint8_t)(seen->octet + p->lost + i));
	seen->offset = p->offset + p->len;
	seen->octet = (uint8_t)(seen->octet + p->lost + p->len);
	*p->is_kept = p->len > 8;
}

static void on_end(void *arg, uint64_t id, enum stream_cause cause, void *marks[2])
{
	unsigned *n_ends = arg;

	(void)id;
	(void)cause;
	++*n_ends;
	free(marks[0]);
	free(marks[1]);
}

static void feed(struct stream_table *t, struct rd *r, struct nanos *now)
{
	static uint8_t places[FUZZ_PLACES + 256];
	uint8_t flags = rd_u8(r);
	uint16_t place = rd_u16(r) % FUZZ_PLACES;
	struct stream_segment s = {.bytes = &places[place], .len = rd_u8(r)};

	if (!places[1]) {
		for (size_t i = 0; i < sizeof places; i++)
			places[i] = (uint8_t)i;
	}
	s.src = s.dst = (struct net_ip){{10, 0, 0, 1}, 4};
	s.src_port = flags & 1 ? 5060 : (uint16_t)(4000 + (flags >> 5 & 3));
	s.dst_port = flags & 1 ? (uint16_t)(4000 + (flags >> 5 & 3)) : 5060;
	s.flags = (uint8_t)((flags & 2 ? STREAM_SYN : 0) | (flags & 4 ? STREAM_FIN : 0) |
			    (flags & 8 ? STREAM_RST : 0) | STREAM_ACK);
	s.seq = UINT32_MAX - 1000 + place - (flags & 2 ? 1 : 0);
	s.ack = UINT32_MAX - 1000 + (place ^ 64);
	now->ns += NANOS_PER_MS + (flags & 16 ? (int64_t)20 * NANOS_PER_S : 0);
	s.time = *now;
	stream_feed(t, &s);
	must(stream_n_live(t) <= MAX_FUZZ_STREAMS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	unsigned n_ends = 0;
	struct stream_options options = {.max_streams = MAX_FUZZ_STREAMS,
					 .max_held = 1000,
					 .max_held_total = 1500,
					 .on_piece = on_piece,
					 .on_end = on_end,
					 .arg = &n_ends};
	struct nanos now = nanos_from_s(1767225600);
	struct rd r = rd_of(bytes, len);
	struct stream_table *t;

	if (stream_table_new(&t, &options))
		return 0;
	while (rd_left(&r))
		feed(t, &r, &now);
	stream_table_free(&t);
	return 0;
}
