/* What it costs to find out that nobody watches a packet, from 1 to 1,000,000 targets: ns a packet
 * for both of its addresses, against the same loop that only reads them; and what it costs that a
 * live session's address comes and goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watch/watch.h"

enum { N_PACKETS = 1 << 16, ROUNDS = 40, HEADER_LEN = 40, BEST_OF = 3 };

static uint64_t rng_state = 88172645463325252ull;

static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static void fill(uint8_t *bytes, int len)
{
	for (int i = 0; i < len; i++)
		bytes[i] = (uint8_t)(rng() >> 20);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Packets lie one after the other, as in a block of a capture; each has one IP layer. */
static uint8_t *make_packets(uint8_t version)
{
	uint8_t *bytes = calloc(N_PACKETS, HEADER_LEN);

	for (int i = 0; bytes && i < N_PACKETS; i++)
		fill(bytes + i * HEADER_LEN + (version == 4 ? 12 : 8), version == 4 ? 8 : 32);
	return bytes;
}

/* The fastest round's nanoseconds a packet: what else runs on the machine only adds to them. */
static double run(const struct watch *w, uint8_t *bytes, uint8_t version, uint64_t *n_hits)
{
	struct weir_frame frame = {.cap_len = HEADER_LEN};
	struct weir_packet p = {.frame = &frame, .n_layers = 1};
	struct watch_hits hits;
	volatile uint8_t seen = 0;
	double best = 1e9;

	p.layers[0].proto = version == 4 ? WEIR_IPV4 : WEIR_IPV6;
	if (w && watch_hits_init(&hits, w))
		exit(1);
	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		for (int i = 0; i < N_PACKETS; i++) {
			frame.bytes = bytes + i * HEADER_LEN;
			if (w && watch_match(w, &p, &hits))
				exit(1);
			seen = seen ^ frame.bytes[HEADER_LEN - 1];
		}
		if (w) {
			*n_hits += hits.n;
			hits.n = 0;
		}
		took = seconds() - start;
		best = took < best ? took : best;
	}
	if (w)
		watch_hits_fini(&hits);
	return best * 1e9 / N_PACKETS;
}

/* Targets of one prefix length, or (bits 0) of four lengths mixed. */
static struct watch *make_watch(uint8_t version, int bits, uint32_t n)
{
	static const uint8_t mixed[2][4] = {{32, 29, 24, 28}, {128, 64, 56, 48}};
	struct watch_target *t = calloc(n, sizeof *t);
	struct watch *w = NULL;

	for (uint32_t i = 0; t && i < n; i++) {
		int width = version == 4 ? 32 : 128;

		t[i] = (struct watch_target){{{.version = version}, 0}, i, i};
		t[i].prefix.bits = (uint8_t)(bits ? bits : mixed[version == 6][i & 3]);
		fill(t[i].prefix.ip.bytes, width / 8);
		for (int bit = t[i].prefix.bits; bit < width; bit++)
			t[i].prefix.ip.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
	if (!t || watch_new(&w, t, n))
		exit(1);
	free(t);
	return w;
}

static void row(const char *name, uint8_t version, int bits)
{
	static const uint32_t sizes[] = {1, 100, 10000, 100000, 1000000};
	uint8_t *bytes = make_packets(version);

	if (!bytes)
		exit(1);
	printf("%-24s", name);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct watch *w = make_watch(version, bits, sizes[i]);
		double walk = 1e9, match = 1e9;
		uint64_t n_hits = 0;

		for (int k = 0; k < BEST_OF; k++) {
			double a = run(NULL, bytes, version, &n_hits);
			double b = run(w, bytes, version, &n_hits);

			walk = a < walk ? a : walk;
			match = b < match ? b : match;
		}
		printf(" %8.1f", match - walk);
		fflush(stdout);
		watch_free(&w);
	}
	printf("\n");
	free(bytes);
}

/* A thousand sessions are live at any time; each change takes one away and adds another. */
static void live_row(void)
{
	enum { N_LIVE = 1000, N_CHANGES = 100000 };
	static const uint32_t sizes[] = {1, 100, 10000, 100000, 1000000};
	static struct watch_target t[N_LIVE];

	printf("%-24s", "change (add + remove)");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct watch *w = make_watch(4, 32, sizes[i]), *retired;
		double start = 0;

		for (int k = 0; k < N_LIVE + N_CHANGES; k++) {
			struct watch_target *at = &t[k % N_LIVE];

			if (k == N_LIVE)
				start = seconds();
			if (k >= N_LIVE && !watch_remove(w, at))
				exit(1);
			*at = (struct watch_target){{{.version = 4}, 32}, 0, 0};
			fill(at->prefix.ip.bytes, 4);
			if (watch_add(&w, at, &retired))
				exit(1);
			watch_free(&retired);
		}
		printf(" %8.0f", (seconds() - start) * 1e9 / N_CHANGES);
		watch_free(&w);
	}
	printf("\n");
}

int main(void)
{
	printf("%-24s %8d %8d %8d %8d %8d  targets\n", "ns a packet", 1, 100, 10000, 100000,
	       1000000);
	row("IPv4 addresses", 4, 32);
	row("IPv4 /24", 4, 24);
	row("IPv4 four lengths", 4, 0);
	row("IPv6 addresses", 6, 128);
	row("IPv6 /56", 6, 56);
	row("IPv6 four lengths", 6, 0);
	live_row();
	return 0;
}
