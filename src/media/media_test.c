#include "media/media.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "net/craft.h"
#include "net/decode.h"

static struct media_endpoint at(uint32_t i, uint16_t port)
{
	struct media_endpoint e = {
		.ip = {{10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}, 4}, .port = port};

	return e;
}

static struct media_expected expected(uint32_t i, uint32_t owner)
{
	return (struct media_expected){.at = at(i, 4000),
				       .owner = owner,
				       .line = 3,
				       .party = 1,
				       .kind = MEDIA_RTP,
				       .origin = MEDIA_LEARNED};
}

static int add(struct media **m, const struct media_expected *e)
{
	struct media *retired;
	int rc = media_add(m, e, &retired);

	media_free(&retired);
	return rc;
}

static int match(const struct media *m, struct media_endpoint src, struct media_endpoint dst,
		 struct media_hit hits[MEDIA_MAX_HITS])
{
	return media_match(m, &src, &dst, hits);
}

static void facts(void)
{
	struct media_hit hits[MEDIA_MAX_HITS];
	struct media_expected a = expected(1, 7), b = expected(2, 8);
	struct media_endpoint six = at(1, 4000);
	struct media *m;

	ok(media_new(&m, 1) == 0 && match(m, at(1, 4000), at(2, 4000), hits) == 0,
	   "empty: nobody's");
	ok(add(&m, &a) == 0 && add(&m, &b) == 0 && media_n(m) == 2, "two endpoints");
	ok(add(&m, &a) == 0 && media_n(m) == 2, "the same again changes nothing");
	ok(match(m, at(1, 4000), at(9, 9), hits) == 1 && hits[0].is_source && hits[0].owner == 7 &&
		   hits[0].line == 3 && hits[0].party == 1 && hits[0].kind == MEDIA_RTP &&
		   hits[0].origin == MEDIA_LEARNED,
	   "a packet from an endpoint, with all that was said of it");
	ok(match(m, at(9, 9), at(2, 4000), hits) == 1 && !hits[0].is_source && hits[0].owner == 8,
	   "a packet to an endpoint");
	ok(match(m, at(1, 4000), at(2, 4000), hits) == 2 && hits[0].owner == 7 &&
		   hits[1].owner == 8,
	   "one between two: the source's owner first");
	ok(match(m, at(1, 4001), at(2, 4002), hits) == 0, "other ports are nobody's");
	six.ip.version = 6;
	ok(match(m, six, at(9, 9), hits) == 0, "the same octets as IPv6 are another address");
	a.at = six;
	ok(add(&m, &a) == 0 && match(m, at(9, 9), six, hits) == 1, "IPv6 has endpoints too");
	a = expected(1, 7);
	ok(media_remove(m, &a) && !media_remove(m, &a) && media_n(m) == 2, "it is removed once");
	ok(match(m, at(1, 4000), at(9, 9), hits) == 0, "… and is nobody's from then on");
	media_free(&m);
	ok(!m, "freed");
}

static void owners(void)
{
	struct media_hit hits[MEDIA_MAX_HITS];
	struct media *m;
	unsigned n_added = 0;

	ok(media_new(&m, 1) == 0, "an endpoint of several owners");
	for (uint32_t i = 0; i < MEDIA_MAX_OWNERS; i++) {
		struct media_expected e = expected(1, i);

		n_added += add(&m, &e) == 0;
	}
	ok(n_added == MEDIA_MAX_OWNERS, "may have %d", MEDIA_MAX_OWNERS);
	ok(add(&m, &(struct media_expected){.at = at(1, 4000), .owner = 99}) == ERR_FULL,
	   "and no more");
	ok(match(m, at(1, 4000), at(1, 4000), hits) == MEDIA_MAX_HITS,
	   "each is told, at both ends");
	ok(media_remove(m, &(struct media_expected){.at = at(1, 4000),
						    .owner = 3,
						    .line = 3,
						    .party = 1,
						    .kind = MEDIA_RTP,
						    .origin = MEDIA_LEARNED}) &&
		   match(m, at(1, 4000), at(2, 1), hits) == MEDIA_MAX_OWNERS - 1,
	   "one goes, the others stay");
	media_free(&m);
}

/* Against an array, through many changes. */
static void as_an_array(void)
{
	enum { PLACES = 3000, STEPS = 60000 };
	static uint8_t is_there[PLACES];
	struct media_hit hits[MEDIA_MAX_HITS];
	uint64_t state = 1;
	unsigned n_wrong = 0, n_there = 0;
	struct media *m;

	ok(media_new(&m, 99) == 0, "a table beside an array");
	for (int step = 0; step < STEPS; step++) {
		uint32_t i;
		struct media_expected e;

		state = state * 6364136223846793005u + 1442695040888963407u;
		i = (uint32_t)(state >> 33) % (step < STEPS / 2 ? PLACES : PLACES / 10);
		e = expected(i, i);
		if (is_there[i])
			n_wrong += !media_remove(m, &e);
		else
			n_wrong += add(&m, &e) != 0;
		is_there[i] ^= 1;
		n_there += is_there[i] ? 1u : -1u;
	}
	for (uint32_t i = 0; i < PLACES; i++)
		n_wrong += match(m, at(i, 4000), at(i, 1), hits) != is_there[i];
	ok(n_wrong == 0 && media_n(m) == n_there, "%d changes, %u endpoints: they say the same",
	   STEPS, n_there);
	media_free(&m);
}

/* By their fields: what lies between them is nobody's. */
static bool are_same(const struct media_hit *a, const struct media_hit *b, int n)
{
	int n_same = 0;

	while (n_same < n && a[n_same].owner == b[n_same].owner &&
	       a[n_same].line == b[n_same].line && a[n_same].party == b[n_same].party &&
	       a[n_same].kind == b[n_same].kind && a[n_same].origin == b[n_same].origin &&
	       a[n_same].is_source == b[n_same].is_source &&
	       a[n_same].has_peer == b[n_same].has_peer)
		n_same++;
	return n_same == n;
}

/* Many at once say what each alone does; tables in which buckets are full, too. */
static void many(void)
{
	enum { PLACES = 40000 };
	static struct media_ends packets[MEDIA_BATCH];
	static struct media_found found[MEDIA_BATCH];
	unsigned n_wrong = 0, n_hits = 0;
	struct media *m;

	ok(media_new(&m, 5) == 0, "a table of %d endpoints", PLACES);
	for (uint32_t i = 0; i < PLACES; i++) {
		struct media_expected e = expected(i, i / 2);

		n_wrong += add(&m, &e) != 0;
	}
	for (uint32_t i = 0; i < PLACES; i += 3) {
		struct media_expected e = expected(i, i / 2);

		n_wrong += !media_remove(m, &e);
	}
	for (uint32_t from = 0; from < PLACES; from += MEDIA_BATCH - 1) {
		for (uint32_t i = 0; i < MEDIA_BATCH - 1; i++)
			packets[i] =
				(struct media_ends){at(from + i, 4000), at((from + i) ^ 1, 4000)};
		media_match_many(m, packets, MEDIA_BATCH - 1, found);
		for (uint32_t i = 0; i < MEDIA_BATCH - 1; i++) {
			struct media_hit hits[MEDIA_MAX_HITS];
			int n = match(m, packets[i].src, packets[i].dst, hits);

			n_hits += (unsigned)n;
			n_wrong += n != found[i].n || !are_same(hits, found[i].hits, n);
		}
	}
	ok(n_wrong == 0 && n_hits == 2 * media_n(m), "many packets at once are each matched alike");
	media_free(&m);
}

static void peers(void)
{
	struct media_hit hits[MEDIA_MAX_HITS];
	struct media_expected ours[] = {expected(1, 7), expected(2, 7), expected(2, 8)};
	struct media *m;

	ok(media_new(&m, 1) == 0, "two ends of one owner");
	for (size_t i = 0; i < 3; i++)
		ok(add(&m, &ours[i]) == 0, "an endpoint");
	ok(match(m, at(1, 4000), at(2, 4000), hits) == 3 && hits[0].has_peer &&
		   hits[1].has_peer != hits[2].has_peer && hits[1].has_peer == (hits[1].owner == 7),
	   "a packet between them: each has its peer, another's end has none");
	ok(match(m, at(1, 4000), at(9, 9), hits) == 1 && !hits[0].has_peer,
	   "one to elsewhere has none");
	media_free(&m);
}

static void from_packets(void)
{
	struct weir_frame f;
	struct weir_packet p;
	struct media_packet out;
	struct craft c;

	craft(&c, "eth ip udp:4789 vxlan eth ip6 udp:4000 pay:40", false);
	f = (struct weir_frame){.bytes = craft_bytes(&c),
				.cap_len = (uint32_t)craft_len(&c),
				.wire_len = (uint32_t)craft_len(&c),
				.link = c.link};
	net_decode(&p, &f);
	ok(media_packet_of(&p, &out) && out.len == 40 && out.dst.port == 4000 &&
		   out.src.ip.version == 6 && !out.is_cut,
	   "the innermost datagram of a packet");
	f.cap_len -= 10;
	net_decode(&p, &f);
	ok(media_packet_of(&p, &out) && out.len == 30 && out.is_cut, "… as far as it was captured");
}

int main(void)
{
	facts();
	owners();
	as_an_array();
	many();
	peers();
	from_packets();
	for (int i = 0; i < MEDIA_N_KINDS; i++)
		ok(media_kind_key(i)[0] != 0, "a kind has a name: %s", media_kind_key(i));
	for (int i = 0; i < MEDIA_N_ORIGINS; i++)
		ok(media_origin_key(i)[0] != 0, "an origin has a name: %s", media_origin_key(i));
	return tap_end();
}
