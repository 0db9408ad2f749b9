/* What it costs to find out whose media a packet is, from 1 to 100,000 calls of four endpoints
 * each: ns a packet that is nobody's, and one that is a call's. With a number of calls as its word
 * it does one measure alone, for who counts instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "media/media.h"

enum { N_PACKETS = 1 << 12, ROUNDS = 200, PER_CALL = 4 };

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct media_endpoint endpoint(uint8_t net, uint32_t i)
{
	return (struct media_endpoint){
		.ip = {{net, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}, 4},
		.port = (uint16_t)(16384 + i % 1000 * 2),
	};
}

static struct media *make(uint32_t n_calls)
{
	struct media *m, *retired;

	if (media_new(&m, 12345))
		exit(1);
	for (uint32_t i = 0; i < n_calls * PER_CALL; i++) {
		struct media_expected e = {.at = endpoint(10, i), .owner = i / PER_CALL};

		if (media_add(&m, &e, &retired))
			exit(1);
		media_free(&retired);
	}
	return m;
}

/* One packet in hit_every is a call's; 0: none. */
static double run(const struct media *m, uint32_t n_calls, uint32_t hit_every, uint64_t *n_hits)
{
	struct media_hit hits[MEDIA_MAX_HITS];
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		for (uint32_t i = 0; i < N_PACKETS; i++) {
			uint8_t net = hit_every && i % hit_every == 0 ? 10 : 11;
			struct media_endpoint src = endpoint(net, i * 7919 % (n_calls * PER_CALL));
			struct media_endpoint dst = endpoint(12, i);

			*n_hits += (uint64_t)media_match(m, &src, &dst, hits);
		}
		took = seconds() - start;
		best = took < best ? took : best;
	}
	return best * 1e9 / N_PACKETS;
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {1, 100, 10000, 100000};
	uint64_t n_hits = 0;

	if (argc > 1) {
		uint32_t n = (uint32_t)strtoul(argv[1], NULL, 10);
		struct media *m = make(n ? n : 1);

		printf("%.1f ns, %u packets\n", run(m, n ? n : 1, 1, &n_hits), N_PACKETS * ROUNDS);
		media_free(&m);
		return 0;
	}
	printf("%12s %14s %14s\n", "calls", "nobody's, ns", "a call's, ns");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct media *m = make(sizes[i]);
		double none = run(m, sizes[i], 0, &n_hits);

		printf("%12u %14.1f %14.1f\n", sizes[i], none, run(m, sizes[i], 1, &n_hits));
		media_free(&m);
	}
	return n_hits ? 0 : 1;
}
