#include "media/flows.h"

#include <string.h>

#include "base/tap.h"

static struct media_flow *take(struct media_flows *f, uint16_t seq, uint32_t ssrc, uint8_t type)
{
	uint8_t bytes[RTP_HEADER_LEN + 20] = {0x80, type, (uint8_t)(seq >> 8), (uint8_t)seq};
	struct media_packet p = {.src = {{{10, 0, 0, 1}, 4}, 4000},
				 .dst = {{{10, 0, 0, 2}, 4}, 5000},
				 .bytes = bytes,
				 .len = sizeof bytes};

	bytes[11] = (uint8_t)ssrc;
	return media_flows_take(f, &p, nanos_from_s(seq), 1);
}

static void run(struct media_flows *f, uint32_t first, uint32_t n, uint32_t ssrc)
{
	for (uint32_t i = 0; i < n; i++)
		take(f, (uint16_t)(first + i), ssrc, 8);
}

int main(void)
{
	struct media_flows *f;
	const struct media_flow *a, *b;
	struct media_packet none = {.bytes = (const uint8_t *)"\r\n", .len = 2};

	ok(media_flows_new(&f, 4, 7) == 0 && !media_flows_next(f, NULL), "no streams");
	run(f, 65530, 20, 1);
	a = take(f, 14, 1, 8);
	ok(a && a->n == 21 && media_flow_expected(a) == 21 && media_flow_lost(a) == 0,
	   "numbers wrap, and none is lost");
	take(f, 20, 1, 101);
	ok(media_flow_lost(a) == 5 && a->n_types == 2 && a->types[0] == 8 && a->types[1] == 101,
	   "five did not come; another payload type came");
	take(f, 17, 1, 8);
	ok(media_flow_lost(a) == 4 && a->n_late == 1, "one of them was late");
	take(f, 20, 1, 8);
	take(f, 17, 1, 8);
	ok(media_flow_lost(a) == 4 && a->n_twice == 2, "packets that come twice make up for none");
	ok(a->n_octets == 20 * a->n && a->last.ns == nanos_from_s(17).ns &&
		   a->first.ns == nanos_from_s(65530).ns,
	   "octets of payload, and when");
	run(f, 30000, 10, 1);
	ok(media_flow_lost(a) == 4 && media_flow_expected(a) == 37,
	   "a source that begins anew has lost nothing");
	run(f, 100, 2, 2);
	b = media_flows_next(f, a);
	ok(b && b->ssrc == 2 && b->n == 2 && media_flows_next(f, NULL) == a &&
		   !media_flows_next(f, b),
	   "another source is another stream");
	take(f, 99, 2, 8);
	ok(media_flow_lost(b) == 0 && media_flow_expected(b) == 3,
	   "one from before the first was late");
	run(f, 1, 1, 3);
	run(f, 1, 1, 4);
	run(f, 1, 3, 5);
	ok(media_flows_n_left_out(f) == 3, "streams beyond the limit are counted and left out");
	ok(!media_flows_take(f, &none, nanos_from_s(1), 1), "what is no RTP is no stream's");
	media_flows_free(&f);
	ok(!f, "freed");
	return tap_end();
}
