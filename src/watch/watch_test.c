#include "watch/watch.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "watch/table.h"

enum { MAX_HITS = 4096, FRAME_LEN = 4096 };

/* A packet of bare IP headers, one within the other. */
struct sample {
	uint8_t bytes[FRAME_LEN];
	struct weir_frame frame;
	struct weir_packet packet;
};

static void begin(struct sample *s)
{
	memset(s, 0, sizeof *s);
	s->frame.bytes = s->bytes;
	s->packet.frame = &s->frame;
	s->packet.outer_ip = s->packet.inner_ip = WEIR_NO_LAYER;
}

static void add_layer(struct sample *s, const struct net_ip *src, const struct net_ip *dst,
		      uint8_t flags)
{
	bool is_4 = src->version == 4;
	size_t len = is_4 ? 4 : 16;
	uint8_t i = s->packet.n_layers++;
	struct weir_layer *l = &s->packet.layers[i];

	*l = (struct weir_layer){.offset = s->frame.cap_len, .flags = flags};
	l->proto = is_4 ? WEIR_IPV4 : WEIR_IPV6;
	memcpy(s->bytes + l->offset + (is_4 ? 12 : 8), src->bytes, len);
	memcpy(s->bytes + l->offset + (is_4 ? 16 : 24), dst->bytes, len);
	s->frame.cap_len += is_4 ? 20 : 40;
	if (s->packet.outer_ip == WEIR_NO_LAYER)
		s->packet.outer_ip = i;
	if (!(flags & WEIR_LAYER_QUOTED))
		s->packet.inner_ip = i;
}

static struct net_ip ip(const char *text)
{
	struct net_prefix p = {.bits = 0};

	net_prefix_parse(text, &p);
	return p.ip;
}

static void add_text(struct sample *s, const char *src, const char *dst, uint8_t flags)
{
	struct net_ip a = ip(src), b = ip(dst);

	add_layer(s, &a, &b, flags);
}

struct row {
	const char *prefix;
	uint32_t warrant, session;
};

static struct watch *watch_of(const struct row *rows, size_t n)
{
	struct watch_target targets[64];
	struct watch *w = NULL;

	for (size_t i = 0; i < n; i++) {
		targets[i] = (struct watch_target){.warrant = rows[i].warrant,
						   .session = rows[i].session};
		net_prefix_parse(rows[i].prefix, &targets[i].prefix);
	}
	return watch_new(&w, targets, n) ? NULL : w;
}

/* The hits as text: "session:direction@layer ...". */
static const char *hits_of(const struct watch *w, const struct sample *s)
{
	static const char *const ways[] = {"from", "to", "both"};
	static char text[4096];
	struct watch_hits hits;
	int len = 0;

	text[0] = 0;
	if (watch_hits_init(&hits, w) || watch_match(w, &s->packet, &hits))
		return "failed";
	for (size_t i = 0; i < hits.n && len < (int)sizeof text; i++)
		len += snprintf(text + len, sizeof text - (size_t)len, "%s%u:%s@%u", i ? " " : "",
				hits.at[i].session, ways[hits.at[i].direction], hits.at[i].layer);
	watch_hits_fini(&hits);
	return text;
}

static void expect(const struct watch *w, const struct sample *s, const char *want, const char *say)
{
	const char *got = hits_of(w, s);

	ok(!strcmp(got, want), "%s: %s", say, got);
}

static void one_layer(void)
{
	static const struct row rows[] = {
		{"192.0.2.7", 0, 1},        {"192.0.2.0/24", 0, 2},    {"198.51.100.0/24", 0, 2},
		{"192.0.2.0/24", 1, 10},    {"2001:db8:7::/48", 0, 3}, {"2001:db8:7:1::/64", 0, 4},
		{"2001:db8:7:1::9", 2, 20}, {"203.0.113.0/25", 3, 30},
	};
	struct watch *w = watch_of(rows, sizeof rows / sizeof *rows);
	struct sample s;

	if (!ok(w, "a watch"))
		return;
	begin(&s), add_text(&s, "192.0.2.7", "10.0.0.1", 0);
	expect(w, &s, "1:from@0 10:from@0", "the longest prefix of each warrant");
	begin(&s), add_text(&s, "10.0.0.1", "192.0.2.8", 0);
	expect(w, &s, "2:to@0 10:to@0", "a shorter one where the longest does not hold");
	begin(&s), add_text(&s, "192.0.2.8", "198.51.100.1", 0);
	expect(w, &s, "2:both@0 10:from@0", "both ends of one session");
	begin(&s), add_text(&s, "192.0.2.7", "198.51.100.1", 0);
	expect(w, &s, "1:from@0 10:from@0 2:to@0", "two sessions of one warrant");
	begin(&s), add_text(&s, "192.0.2.7", "192.0.2.7", 0);
	expect(w, &s, "1:both@0 10:both@0", "a packet to itself");
	begin(&s), add_text(&s, "2001:db8:7:1::9", "2001:db8:7:2::1", 0);
	expect(w, &s, "20:from@0 4:from@0 3:to@0", "IPv6");
	begin(&s), add_text(&s, "203.0.113.127", "203.0.113.128", 0);
	expect(w, &s, "30:from@0", "the last address of a prefix, and the first beyond it");
	begin(&s), add_text(&s, "10.0.0.1", "10.0.0.2", 0);
	expect(w, &s, "", "strangers");
	begin(&s);
	expect(w, &s, "", "a packet without IP");
	watch_free(&w);
	ok(!w, "freeing forgets");
}

static void layers(void)
{
	static const struct row rows[] = {{"10.0.0.0/8", 0, 1},
					  {"192.0.2.7", 0, 2},
					  {"192.0.2.7", 1, 10},
					  {"2001:db8::1", 1, 11}};
	struct watch *w = watch_of(rows, sizeof rows / sizeof *rows);
	struct sample s;

	if (!ok(w, "a watch"))
		return;
	begin(&s), add_text(&s, "10.0.0.1", "172.16.0.1", 0);
	add_text(&s, "192.0.2.7", "198.51.100.1", WEIR_LAYER_INNER);
	expect(w, &s, "1:from@0 10:from@1",
	       "each warrant gets the outermost layer that it matches");
	begin(&s), add_text(&s, "172.16.0.1", "172.16.0.2", 0);
	add_text(&s, "2001:db8::1", "2001:db8::2", WEIR_LAYER_INNER);
	add_text(&s, "8.8.8.8", "192.0.2.7", WEIR_LAYER_INNER);
	expect(w, &s, "11:from@1 2:to@2", "also where the layers are of several versions");
	begin(&s), add_text(&s, "172.16.0.1", "172.16.0.2", 0);
	add_text(&s, "192.0.2.7", "10.1.1.1", WEIR_LAYER_QUOTED);
	expect(w, &s, "", "what an ICMP error quotes does not count");
	watch_free(&w);
}

static void whole_internet(void)
{
	static const struct row rows[] = {
		{"0.0.0.0/0", 0, 1}, {"::/0", 0, 2}, {"10.0.0.0/9", 0, 3}};
	struct watch *w = watch_of(rows, 3);
	struct watch *none = watch_of(rows, 0);
	struct sample s;

	if (!ok(w && none, "watches"))
		return;
	begin(&s), add_text(&s, "255.255.255.255", "10.0.0.0", 0);
	expect(w, &s, "1:from@0 3:to@0", "a prefix of no bits holds all of IPv4");
	expect(none, &s, "", "a watch of nothing matches nothing");
	begin(&s), add_text(&s, "::", "ffff::", 0);
	expect(w, &s, "2:both@0", "and all of IPv6");
	watch_free(&w);
	watch_free(&none);
}

static uint32_t rng_state = 1;

static uint32_t rng(uint32_t below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 17;
	rng_state ^= rng_state << 5;
	return rng_state % below;
}

/* An address from a small space, so that prefixes overlap and match. */
static struct net_ip random_ip(uint8_t version)
{
	struct net_ip a = {.version = version};
	size_t len = version == 4 ? 4 : 16;

	a.bytes[0] = (uint8_t)rng(2);
	for (size_t i = 1; i < len; i++)
		a.bytes[i] = rng(3) ? 0 : (uint8_t)(1 << rng(8));
	return a;
}

static struct net_prefix random_prefix(void)
{
	uint8_t version = rng(2) ? 4 : 6;
	struct net_prefix p = {random_ip(version), 0};
	unsigned width = version == 4 ? 32 : 128;

	p.bits = (uint8_t)(rng(3) ? width : rng(width + 1));
	for (unsigned bit = p.bits; bit < width; bit++)
		p.ip.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

/* The rules, read aloud: the longest prefix of a warrant that holds an address. */
static const struct watch_target *longest(const struct watch_target *t, size_t n, uint32_t warrant,
					  const struct net_ip *a)
{
	const struct watch_target *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (t[i].warrant == warrant && net_prefix_holds(&t[i].prefix, a) &&
		    (!best || t[i].prefix.bits > best->prefix.bits))
			best = &t[i];
	}
	return best;
}

static size_t plain_match(const struct watch_target *t, size_t n, uint32_t n_warrants,
			  const struct weir_packet *p, struct watch_hit *out)
{
	size_t n_hits = 0;

	for (uint32_t warrant = 0; warrant < n_warrants; warrant++) {
		for (uint8_t i = 0; i < p->n_layers; i++) {
			const struct watch_target *a, *b;
			struct net_ip src, dst;

			if (p->layers[i].flags & WEIR_LAYER_QUOTED || !net_ip_src(p, i, &src) ||
			    !net_ip_dst(p, i, &dst))
				continue;
			a = longest(t, n, warrant, &src);
			b = longest(t, n, warrant, &dst);
			if (a && b && a->session == b->session)
				out[n_hits++] =
					(struct watch_hit){warrant, a->session, i, WATCH_BOTH};
			else if (a)
				out[n_hits++] =
					(struct watch_hit){warrant, a->session, i, WATCH_FROM};
			if (b && !(a && a->session == b->session))
				out[n_hits++] =
					(struct watch_hit){warrant, b->session, i, WATCH_TO};
			if (a || b)
				break;
		}
	}
	return n_hits;
}

static int hit_order(const void *a, const void *b)
{
	const struct watch_hit *x = a, *y = b;

	if (x->warrant != y->warrant)
		return x->warrant < y->warrant ? -1 : 1;
	return x->direction - y->direction;
}

static bool is_same(const struct watch_hit *a, const struct watch_hit *b)
{
	return a->warrant == b->warrant && a->session == b->session && a->layer == b->layer &&
	       a->direction == b->direction;
}

static bool agrees(const struct watch *w, const struct watch_target *t, size_t n,
		   const struct sample *s, struct watch_hits *hits)
{
	static struct watch_hit plain[MAX_HITS];
	size_t n_plain = plain_match(t, n, 20, &s->packet, plain);

	hits->n = 0;
	if (watch_match(w, &s->packet, hits) || hits->n != n_plain)
		return false;
	qsort(hits->at, hits->n, sizeof *hits->at, hit_order);
	qsort(plain, n_plain, sizeof *plain, hit_order);
	for (size_t i = 0; i < n_plain; i++) {
		if (!is_same(&hits->at[i], &plain[i]))
			return false;
	}
	return true;
}

static void random_watches_agree_with_the_plain_rule(void)
{
	enum { N_TARGETS = 300, ROUNDS = 40, PACKETS = 300 };
	static struct watch_target t[N_TARGETS];
	uint64_t n_hits = 0;

	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + rng(N_TARGETS);
		struct watch *w = NULL;
		struct watch_hits hits;
		int n_wrong = 0;

		for (size_t i = 0; i < n; i++) {
			uint32_t warrant = rng(20);

			t[i] = (struct watch_target){random_prefix(), warrant,
						     warrant * 3 + rng(3)};
		}
		if (!ok(!watch_new(&w, t, n) && !watch_hits_init(&hits, w), "a watch"))
			return;
		for (int k = 0; k < PACKETS; k++) {
			struct sample s;
			int n_layers = (int)rng(4);

			begin(&s);
			while (n_layers--) {
				uint8_t version = rng(2) ? 4 : 6;
				struct net_ip a = random_ip(version), b = random_ip(version);

				add_layer(&s, &a, &b, n_layers || rng(4) ? 0 : WEIR_LAYER_QUOTED);
			}
			n_wrong += !agrees(w, t, n, &s, &hits);
			n_hits += hits.n;
		}
		ok(!n_wrong, "round %d: %d packets of %d differ from the plain rule", round,
		   n_wrong, PACKETS);
		watch_hits_fini(&hits);
		watch_free(&w);
	}
	ok(n_hits > 10000, "and there were hits enough to tell");
}

/* What two addresses tell without a packet is what the packet tells, or that it must be asked. */
static void ends_alone_tell_the_same(void)
{
	enum { N_TARGETS = 6, ROUNDS = 200, PACKETS = 50 };
	struct watch_target t[N_TARGETS];
	int n_hits = 0, n_unsure = 0, n_wrong = 0;

	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + rng(N_TARGETS);
		struct watch *w = NULL;
		struct watch_hits hits, alone;

		for (size_t i = 0; i < n; i++)
			t[i] = (struct watch_target){random_prefix(), (uint32_t)i / 2, (uint32_t)i};
		if (watch_new(&w, t, n) || watch_hits_init(&hits, w) || watch_hits_init(&alone, w))
			abort();
		for (int k = 0; k < PACKETS; k++) {
			struct net_ip a = random_ip(rng(2) ? 4 : 6), b = random_ip(a.version);
			size_t len = a.version == 4 ? 4 : 16;
			uint8_t ends[32];
			struct sample s;
			int rc;

			begin(&s), add_layer(&s, &a, &b, 0);
			memcpy(ends, a.bytes, len);
			memcpy(ends + len, b.bytes, len);
			hits.n = alone.n = 0;
			rc = watch_match_ends(w, len == 16, ends, &alone);
			n_unsure += rc == ERR_AGAIN && !alone.n;
			n_wrong += watch_match(w, &s.packet, &hits) != 0 ||
				   (rc ? rc != ERR_AGAIN || alone.n : alone.n != hits.n);
			for (size_t i = 0; i < alone.n; i++, n_hits++)
				n_wrong += !is_same(&alone.at[i], &hits.at[i]);
		}
		watch_hits_fini(&hits);
		watch_hits_fini(&alone);
		watch_free(&w);
	}
	ok(!n_wrong, "%d times two addresses told something else than their packet", n_wrong);
	ok(n_hits > 1000 && n_unsure > 100, "%d hits, and %d packets to be asked", n_hits,
	   n_unsure);
}

/* Addresses that stand in a row, or far apart by the same step, must not pile up. */
static void many_targets_are_all_found(void)
{
	enum { N = 100000 };
	static const uint32_t steps[] = {1, 2, 256, 65536, 0x01000001, 40503};
	struct watch_target *t = calloc(N, sizeof *t);

	for (size_t k = 0; t && k < sizeof steps / sizeof *steps; k++) {
		struct watch *w = NULL;
		struct watch_hits hits;
		size_t n_found = 0;
		struct sample s;

		for (uint32_t i = 0; i < N; i++) {
			uint32_t be = htonl(0x0a000000 + i * steps[k]);

			t[i] = (struct watch_target){{{.version = 4}, 32}, i, i};
			memcpy(t[i].prefix.ip.bytes, &be, 4);
		}
		if (!ok(!watch_new(&w, t, N) && !watch_hits_init(&hits, w), "%d targets", N))
			break;
		for (uint32_t i = 0; i < N; i++) {
			struct net_ip stranger = ip("9.9.9.9");

			begin(&s), add_layer(&s, &t[i].prefix.ip, &stranger, 0);
			hits.n = 0;
			n_found += !watch_match(w, &s.packet, &hits) && hits.n > 0 &&
				   hits.at[0].direction == WATCH_FROM;
		}
		ok(n_found == N, "all are found where they stand %u apart", steps[k]);
		watch_hits_fini(&hits);
		watch_free(&w);
	}
	free(t);
}

static void no_hit_is_lost_to_a_bound(void)
{
	enum { N = 5000 };
	static struct watch_target t[N];
	struct watch *w = NULL;
	struct watch_hits hits;
	struct sample s;

	for (uint32_t i = 0; i < N; i++)
		t[i] = (struct watch_target){{ip("192.0.2.7"), 32}, i, i};
	if (!ok(!watch_new(&w, t, N) && !watch_hits_init(&hits, w),
		"5,000 warrants for one address"))
		return;
	begin(&s), add_text(&s, "192.0.2.7", "10.0.0.1", 0);
	for (int k = 0; k < 3; k++)
		ok(watch_match(w, &s.packet, &hits) == 0, "match");
	ok(hits.n == 3 * N && hits.at[N - 1].session == N - 1 &&
		   hits.at[3 * N - 1].session == N - 1,
	   "each gets its hit, in order");
	watch_hits_fini(&hits);
	watch_free(&w);
}

static struct watch_target random_target(void)
{
	uint32_t warrant = rng(20);

	return (struct watch_target){random_prefix(), warrant, warrant * 3 + rng(3)};
}

/* The plain rule counts the first of two targets of one warrant with the same prefix: base first,
 * then in the order of coming. So the list is kept in that order. */
static int wrong_matches(const struct watch *w, const struct watch_target *t, size_t n)
{
	struct watch_hits hits;
	int n_wrong = 0;

	if (watch_hits_init(&hits, w))
		return 1;
	for (int k = 0; k < 100; k++) {
		struct net_ip a = random_ip(rng(2) ? 4 : 6), b = random_ip(a.version);
		struct sample s;

		begin(&s), add_layer(&s, &a, &b, 0);
		n_wrong += !agrees(w, t, n, &s, &hits);
	}
	watch_hits_fini(&hits);
	return n_wrong;
}

static void live_targets_come_and_go(void)
{
	enum { N_BASE = 50, N_STEPS = 400, MOST = N_BASE + N_STEPS };
	static struct watch_target t[MOST];
	int n_wrong = 0, n_renewed = 0, n_lost = 0;
	struct watch *w = NULL, *retired = NULL;
	size_t n = N_BASE;

	for (size_t i = 0; i < n; i++)
		t[i] = random_target();
	if (!ok(!watch_new(&w, t, n), "a watch"))
		return;
	for (int step = 0; step < N_STEPS; step++) {
		if (n > N_BASE && rng(3) == 0) {
			size_t gone = N_BASE + rng((uint32_t)(n - N_BASE));

			n_lost += !watch_remove(w, &t[gone]);
			memmove(t + gone, t + gone + 1, (n - gone - 1) * sizeof *t);
			n--;
		} else {
			t[n] = random_target();
			n_lost += watch_add(&w, &t[n++], &retired) != 0;
			n_renewed += retired != NULL;
			watch_free(&retired);
		}
		n_wrong += step % 8 == 0 ? wrong_matches(w, t, n) : 0;
	}
	ok(!n_wrong, "after each change it agrees with the plain rule (%d wrong)", n_wrong);
	ok(n_renewed > 1 && n_renewed < N_STEPS / 20, "it was made anew %d times", n_renewed);
	ok(!n_lost, "every change took place");
	while (n > N_BASE)
		n_lost += !watch_remove(w, &t[--n]);
	ok(!n_lost && !wrong_matches(w, t, n), "when all are gone the base is left");
	ok(!watch_remove(w, &t[0]), "which stays");
	watch_free(&w);
}

static void live_targets_of_every_kind(void)
{
	static const struct row rows[] = {{"10.0.0.0/8", 0, 1}};
	static const char *const prefixes[] = {"10.1.2.3",      "10.1.2.0/24",   "2001:db8::1",
					       "2001:db8::/56", "2001:db8::/48", "10.0.0.0/7"};
	struct watch *w = watch_of(rows, 1), *retired = NULL;
	struct watch_target t = {.warrant = 7, .session = 9};
	struct sample s;

	begin(&s), add_text(&s, "10.1.2.3", "9.9.9.9", 0);
	add_text(&s, "2001:db8::1", "::2", WEIR_LAYER_INNER);
	if (!ok(w, "a watch"))
		return;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		bool is_6 = strchr(prefixes[i], ':');

		if (!net_prefix_parse(prefixes[i], &t.prefix))
			t.prefix =
				(struct net_prefix){.ip = {.bytes = {10}, .version = 4}, .bits = 7};
		ok(!watch_add(&w, &t, &retired), "%s comes", prefixes[i]);
		watch_free(&retired);
		expect(w, &s,
		       is_6                ? "1:from@0 9:from@1"
		       : t.prefix.bits > 8 ? "9:from@0 1:from@0"
					   : "1:from@0 9:from@0",
		       "and is found");
		ok(watch_remove(w, &t) && !watch_remove(w, &t), "and goes, once");
		expect(w, &s, "1:from@0", "and is not found any more");
	}
	watch_free(&w);
}

/* A reader that never stops sees a target that stays, whatever else comes and goes. */
struct reader {
	_Atomic(struct watch *) w;
	_Atomic bool is_over;
	uint64_t n_matches, n_wrong;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct watch_hits hits;
	struct sample s;

	begin(&s), add_text(&s, "10.1.1.1", "10.2.2.2", 0);
	if (watch_hits_init(&hits, atomic_load(&r->w)))
		return NULL;
	while (!atomic_load(&r->is_over)) {
		hits.n = 0;
		r->n_wrong += watch_match(atomic_load(&r->w), &s.packet, &hits) != 0;
		r->n_wrong += hits.n < 1 || hits.at[0].session != 1;
		r->n_matches++;
	}
	watch_hits_fini(&hits);
	return NULL;
}

static void readers_go_on_while_targets_change(void)
{
	enum { N_CHANGES = 20000, N_RETIRED = 1000 };
	static const struct row rows[] = {{"10.1.1.1", 0, 1}};
	struct watch *w = watch_of(rows, 1), *retired[N_RETIRED];
	struct watch_target t = {.warrant = 1, .session = 2};
	struct reader r = {.w = w};
	int n_retired = 0, n_lost = 0;
	pthread_t thread;

	if (!ok(w && !pthread_create(&thread, NULL, read_on, &r), "a reader"))
		return;
	net_prefix_parse("10.2.2.2", &t.prefix);
	for (int i = 0; i < N_CHANGES && n_retired < N_RETIRED; i++) {
		t.warrant = 1 + (uint32_t)i % 5;
		n_lost += watch_add(&w, &t, &retired[n_retired]) != 0;
		n_retired += retired[n_retired] != NULL;
		atomic_store(&r.w, w);
		n_lost += !watch_remove(w, &t);
	}
	atomic_store(&r.is_over, true);
	pthread_join(thread, NULL);
	ok(!n_lost && !r.n_wrong && n_retired > 10,
	   "20,000 changes and %d new watches disturb none of its matches", n_retired);
	while (n_retired)
		watch_free(&retired[--n_retired]);
	watch_free(&w);
}

int main(void)
{
	one_layer();
	layers();
	whole_internet();
	random_watches_agree_with_the_plain_rule();
	ends_alone_tell_the_same();
	many_targets_are_all_found();
	no_hit_is_lost_to_a_bound();
	live_targets_come_and_go();
	live_targets_of_every_kind();
	readers_go_on_while_targets_change();
	return tap_end();
}
