/* What an RTP packet costs: whose it is, and that its call has been heard of. 100,000 calls are up,
 * of which one, or 10,000, are a target's; packets are those of random calls, 100 a second of each.
 * With a word it does one measure alone, for who counts instructions: "one", "many". With "capture
 * FOLDER N" it writes the calls, and the calls with N packets of each sort, as captures.
 *
 *	a target's      packets of the targets' calls alone
 *	nobody's        packets of the other calls
 *	one in ten      of them a target's, the others nobody's, as 10,000 calls make it
 *	seldom          a target's, each the first for five seconds: what 1 in 430 costs, where its
 *	                call is looked at closely */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call/call.h"

enum {
	N_CALLS = 100000,
	N_TARGETS = 10000,
	N_PACKETS = 1 << 16,
	ROUNDS = 15,
	PER_SECOND = 100, /* packets of a call: 50 each way */
};

enum sort { TARGETS, NOBODYS, ALL, SELDOM, N_SORTS };

/* Calls, of which each nth is a target's, and where their media are. */
struct world {
	struct calls *calls;
	struct media *media;
	uint32_t n_targets;
	struct nanos now;
	struct media_ends *packets[N_SORTS];
	double best[N_SORTS][2]; /* ns a packet: one by one, in batches */
};

static uint64_t rng_state = 88172645463325252ull;

static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(bool is_so)
{
	if (!is_so) {
		fprintf(stderr, "bench-calls: it did not work\n");
		exit(1);
	}
}

/* One of a call's parties sends and receives here. Both sides of a border controller, which has
 * few addresses and many ports. */
static struct media_endpoint endpoint(uint32_t call, int party)
{
	uint32_t host = party ? call % 16 : call;

	return (struct media_endpoint){
		.ip = {{party ? 172 : 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8),
			(uint8_t)host},
		       4},
		.port = (uint16_t)(party ? 10000 + call / 16 * 4 : 16384 + call % 1000 * 2),
	};
}

static bool is_targets(const struct world *w, uint32_t call)
{
	return call % (N_CALLS / w->n_targets) == 0;
}

static void on_media(void *arg, const struct call *call, const struct call_media *m,
		     enum call_media_news news, struct nanos time)
{
	struct world *w = arg;
	struct media *retired = NULL;

	(void)call;
	(void)time;
	if (news == CALL_MEDIA_ADDED)
		must(media_add(&w->media, &m->at, &retired) == 0);
	media_free(&retired);
}

enum { MESSAGE_LEN = 1000 };

/* An INVITE or its answer. Who is called is named for which of both worlds he is a target in. */
static size_t message(char out[MESSAGE_LEN], uint32_t number, bool is_answer)
{
	const char *called = number == 0 ? "one" : number % (N_CALLS / N_TARGETS) ? "x" : "many";
	struct media_endpoint at = endpoint(number, is_answer);
	char sdp[300], ip[NET_IP_TEXT_LEN];

	net_ip_print(&at.ip, ip);
	snprintf(sdp, sizeof sdp,
		 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		 "m=audio %u RTP/AVP 8\r\n",
		 ip, ip, at.port);
	return (size_t)snprintf(
		out, MESSAGE_LEN,
		"%s\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK%u\r\nFrom: <sip:a@a>;tag=a\r\n"
		"To: <sip:%s@example.org>%s\r\nCall-ID: %u\r\nCSeq: 1 INVITE\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		is_answer ? "SIP/2.0 200 OK" : "INVITE sip:b@b SIP/2.0", number, called,
		is_answer ? ";tag=b" : "", number, strlen(sdp), sdp);
}

static void say(struct world *w, uint32_t number, bool is_answer)
{
	char bytes[MESSAGE_LEN];
	struct call_target target = {1, true};
	struct sip_message sip;
	struct call_message m = {.sip = &sip,
				 .src = {{10, 0, 0, 1 + is_answer}, 4},
				 .dst = {{10, 0, 0, 2 - is_answer}, 4},
				 .time = w->now,
				 .targets = &target,
				 .n_targets = is_targets(w, number)};

	must(sip_message_read(bytes, message(bytes, number, is_answer), &sip) == 0);
	call_feed(w->calls, &m);
}

static struct media_ends random_packet(const struct world *w, enum sort sort)
{
	uint64_t r = rng();
	uint32_t call = (uint32_t)(r >> 20) % N_CALLS;
	int way = (int)(r >> 52 & 1);

	if (sort == TARGETS || sort == SELDOM || (sort == ALL && call % (N_CALLS / N_TARGETS) == 0))
		call -= call % (N_CALLS / w->n_targets);
	else if (is_targets(w, call))
		call++;
	return (struct media_ends){endpoint(call, way), endpoint(call, !way)};
}

static void make(struct world *w, uint32_t n_targets)
{
	struct call_options options = {.max_legs = N_CALLS + 1, .on_media = on_media, .arg = w};

	*w = (struct world){.n_targets = n_targets, .now = nanos_from_s(1767225600)};
	must(call_new(&w->calls, &options) == 0 && media_new(&w->media, 12345) == 0);
	for (uint32_t i = 0; i < N_CALLS; i++) {
		say(w, i, false);
		say(w, i, true);
	}
	must(call_n_legs(w->calls) == N_CALLS && media_n(w->media) == 4 * n_targets);
	for (int sort = 0; sort < N_SORTS; sort++) {
		w->packets[sort] = malloc(N_PACKETS * sizeof *w->packets[sort]);
		must(w->packets[sort] != NULL);
		for (int i = 0; i < N_PACKETS; i++)
			w->packets[sort][i] = random_packet(w, sort);
		w->best[sort][0] = w->best[sort][1] = 1e9;
	}
}

static void unmake(struct world *w)
{
	for (int sort = 0; sort < N_SORTS; sort++)
		free(w->packets[sort]);
	call_free(&w->calls);
	media_free(&w->media);
}

static void hear(struct world *w, const struct media_ends *p, const struct media_hit *hits, int n)
{
	for (int i = 0; i < n; i++)
		call_heard(w->calls, &hits[i], hits[i].is_source ? &p->dst : &p->src, w->now);
}

static uint64_t take_each(struct world *w, const struct media_ends *packets, int64_t step)
{
	uint64_t n_hits = 0;

	for (int i = 0; i < MEDIA_BATCH; i++) {
		struct media_hit hits[MEDIA_MAX_HITS];
		int n = media_match(w->media, &packets[i].src, &packets[i].dst, hits);

		w->now.ns += step;
		hear(w, &packets[i], hits, n);
		n_hits += (uint64_t)n;
	}
	return n_hits;
}

static uint64_t take_all(struct world *w, const struct media_ends *packets, int64_t step)
{
	struct media_found found[MEDIA_BATCH];
	uint64_t n_hits = 0;

	media_match_many(w->media, packets, MEDIA_BATCH, found);
	for (int i = 0; i < MEDIA_BATCH; i++) {
		w->now.ns += step;
		hear(w, &packets[i], found[i].hits, found[i].n);
		n_hits += (uint64_t)found[i].n;
	}
	return n_hits;
}

/* Time goes on as if all calls of this sort sent at their pace. */
static int64_t step_of(const struct world *w, enum sort sort)
{
	uint32_t n = sort == TARGETS ? w->n_targets : N_CALLS;

	if (sort == SELDOM)
		return nanos_from_s(5).ns;
	return NANOS_PER_S / PER_SECOND / n;
}

static uint64_t run(struct world *w, enum sort sort, bool in_batches)
{
	const struct media_ends *packets = w->packets[sort];
	int64_t step = step_of(w, sort);
	double start = seconds(), took;
	uint64_t n_hits = 0;

	for (int i = 0; i < N_PACKETS; i += MEDIA_BATCH)
		n_hits += in_batches ? take_all(w, packets + i, step)
				     : take_each(w, packets + i, step);
	took = (seconds() - start) * 1e9 / N_PACKETS;
	if (took < w->best[sort][in_batches])
		w->best[sort][in_batches] = took;
	return n_hits;
}

static void measure(struct world *one, struct world *many)
{
	for (int round = 0; round < ROUNDS; round++) {
		for (int sort = 0; sort < N_SORTS; sort++) {
			for (int in_batches = 0; in_batches < 2; in_batches++) {
				uint64_t a = run(one, sort, in_batches);
				uint64_t b = run(many, sort, in_batches);

				/* a target's packets are his at both ends, nobody's at none */
				if (sort == TARGETS || sort == SELDOM)
					must(a == 2 * N_PACKETS && b == 2 * N_PACKETS);
				else
					must(!a == (sort == NOBODYS) && !b == (sort == NOBODYS));
			}
		}
	}
}

/* What a packet that is a target's reads at random: tags and an endpoint of either end, and when
 * its call was heard of. */
static void show_bound(void)
{
	enum { LINES = 5, LINE_LEN = 64 };
	long cache = sysconf(_SC_LEVEL2_CACHE_SIZE);

	printf("bound: %d cache lines a packet; those of %d calls are %d KB, the second cache has "
	       "%ld KB\n",
	       LINES, N_TARGETS, N_TARGETS * LINES * LINE_LEN / 1024, cache / 1024);
}

static void show(const struct world *one, const struct world *many)
{
	static const char *const names[] = {"a target's", "nobody's", "one in ten", "seldom"};

	printf("%-12s %-12s %10s %10s %8s\n", "packets", "taken", "1, ns", "10000, ns", "ratio");
	for (int sort = 0; sort < N_SORTS; sort++) {
		for (int in_batches = 0; in_batches < 2; in_batches++) {
			double a = one->best[sort][in_batches], b = many->best[sort][in_batches];

			printf("%-12s %-12s %10.1f %10.1f %8.2f\n", names[sort],
			       in_batches ? "in batches" : "one by one", a, b, b / a);
		}
	}
}

/* ---- the same as a capture, for programs that do all of the work ---- */

static void write_frame(FILE *f, struct nanos time, const struct media_ends *ends,
			const void *bytes, size_t len)
{
	static const uint8_t ethernet[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	enum { IP_LEN = 20, UDP_LEN = 8 };
	uint8_t head[64];
	struct wr w = wr_of(head, sizeof head);
	uint32_t frame_len = (uint32_t)(sizeof ethernet + IP_LEN + UDP_LEN + len);

	wr_le32(&w, (uint32_t)nanos_to_s(time));
	wr_le32(&w, (uint32_t)nanos_fraction(time));
	wr_le32(&w, frame_len);
	wr_le32(&w, frame_len);
	wr_bytes(&w, ethernet, sizeof ethernet);
	wr_u16(&w, 0x4500);
	wr_u16(&w, (uint16_t)(IP_LEN + UDP_LEN + len));
	wr_u32(&w, 0);
	wr_u32(&w, 64 << 24 | 17 << 16);
	wr_bytes(&w, ends->src.ip.bytes, 4);
	wr_bytes(&w, ends->dst.ip.bytes, 4);
	wr_u16(&w, ends->src.port);
	wr_u16(&w, ends->dst.port);
	wr_u16(&w, (uint16_t)(UDP_LEN + len));
	wr_u16(&w, 0);
	must(w.ok && fwrite(head, 1, w.len, f) == w.len && fwrite(bytes, 1, len, f) == len);
}

/* All calls are set up; then come n packets of this sort of the world with so many targets. */
static void capture(const char *path, uint32_t n_targets, enum sort sort, uint32_t n)
{
	static const struct media_ends servers = {{{{10, 99, 0, 1}, 4}, 5060},
						  {{{10, 99, 0, 2}, 4}, 5060}};
	static const struct media_ends back = {{{{10, 99, 0, 2}, 4}, 5060},
					       {{{10, 99, 0, 1}, 4}, 5060}};
	static const uint8_t rtp[172] = {0x80, 8};
	struct world w = {.n_targets = n_targets, .now = nanos_from_s(1767225600)};
	uint8_t head[24];
	struct wr h = wr_of(head, sizeof head);
	FILE *f = fopen(path, "wb");

	must(f != NULL);
	wr_le32(&h, 0xa1b23c4d); /* nanoseconds */
	wr_le32(&h, 4 << 16 | 2);
	wr_le64(&h, 0);
	wr_le32(&h, 65535);
	wr_le32(&h, 1);
	must(fwrite(head, 1, h.len, f) == h.len);
	for (uint32_t i = 0; i < 2 * N_CALLS; i++) {
		char bytes[MESSAGE_LEN];
		size_t len = message(bytes, i / 2, i & 1);

		w.now.ns += NANOS_PER_US;
		write_frame(f, w.now, i & 1 ? &back : &servers, bytes, len);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct media_ends ends = random_packet(&w, sort);

		w.now.ns += NANOS_PER_US;
		write_frame(f, w.now, &ends, rtp, sizeof rtp);
	}
	must(fclose(f) == 0);
}

static void captures(const char *folder, uint32_t n)
{
	static const struct {
		const char *name;
		uint32_t n_targets;
		enum sort sort;
		bool has_packets;
	} all[] = {{"calls", 1, ALL, false},
		   {"one", 1, TARGETS, true},
		   {"many", N_TARGETS, TARGETS, true}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char path[512];

		snprintf(path, sizeof path, "%s/%s.pcap", folder, all[i].name);
		capture(path, all[i].n_targets, all[i].sort, all[i].has_packets ? n : 0);
	}
}

int main(int argc, char **argv)
{
	static struct world one, many;

	if (argc > 3 && !strcmp(argv[1], "capture")) {
		captures(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
		return 0;
	}
	if (argc > 1) {
		make(&one, !strcmp(argv[1], "many") ? N_TARGETS : 1);
		for (int round = 0; round < ROUNDS; round++)
			run(&one, TARGETS, true);
		unmake(&one);
		return 0;
	}
	make(&one, 1);
	make(&many, N_TARGETS);
	measure(&one, &many);
	show(&one, &many);
	show_bound();
	unmake(&one);
	unmake(&many);
	return 0;
}
