/* The public library as a program sees it: this links libweir.so alone, and its headers.
 * Usage: libweir-test SAMPLE VERSION, where SAMPLE is made by howto_sample.py. */
#include <weir/weir.h>

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"

enum { N_PACKETS = 6000, N_DNS = 285, N_HELD = 10 };

static const char *sample;
static char folder[] = "/tmp/libweir-test-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void serial_loop_sees_all(void)
{
	struct weir_source_options options = {.n_queues = 3};
	struct weir_source_stats stats;
	struct weir_source *source;
	const struct weir_frame *frame, *frames;
	uint64_t n = 0, n_bytes = 0, n_batched = 0;
	int64_t last = 0;
	int rc = weir_open(&source, sample, NULL, NULL);

	ok(rc == 0 && source, "a capture is opened");
	ok(!weir_source_is_live(source) && weir_source_format(source) == WEIR_FORMAT_PCAP &&
		   weir_source_n_queues(source) == 1 &&
		   strcmp(weir_source_uri(source), sample) == 0,
	   "… it says what it is");
	while ((rc = weir_next(source, &frame)) == 0) {
		n++;
		n_bytes += frame->cap_len;
		last = frame->time_ns;
	}
	ok(rc == WEIR_ERR_END && weir_next(source, &frame) == WEIR_ERR_END,
	   "… it ends, and stays at its end");
	ok(n == N_PACKETS && last == 1767225605999000000, "… every packet was there");
	weir_source_stats(source, &stats);
	ok(stats.received == n && stats.delivered == n && stats.in_flight == 0 &&
		   stats.bytes == n_bytes && stats.offset == stats.size,
	   "… and the counts say so");
	ok(weir_source_iface(source, 0)->link == 1 && weir_source_iface(source, 0)->digits == 9 &&
		   !weir_source_iface(source, 1),
	   "… with one interface, Ethernet, in ns");
	weir_close(&source);
	ok(!source, "closing forgets");
	rc = weir_open(&source, sample, &options, NULL);
	while (rc == 0 && (rc = weir_next_batch(source, &frames)) > 0) {
		n_batched += (uint64_t)rc;
		rc = 0;
	}
	ok(rc == WEIR_ERR_END && n_batched == n, "batches of three queues hold the same");
	weir_close(&source);
}

static void refusals_have_reasons(void)
{
	struct weir_source_options unknown = {.reserved = {0, 1}};
	struct weir_source *source;
	struct weir_filter *filter;
	struct weir_why why = {.offset = 0};
	char text[600];
	FILE *f;

	ok(weir_open(&source, "/nowhere/at/all", NULL, &why) == WEIR_ERR_ABSENT && !source &&
		   why.text[0] && strstr(why.place, "/nowhere/at/all"),
	   "a file that is not there: %s", why.text);
	weir_why_print(&why, text, sizeof text);
	ok(strstr(text, "/nowhere/at/all") && strstr(text, why.text), "… printed: %s", text);
	weir_why_print(&why, text, 5);
	ok(strlen(text) == 4, "… cut to what fits");
	ok(weir_open(&source, sample, &unknown, &why) == WEIR_ERR_UNSUPPORTED && !source,
	   "an option of a later library is refused");
	ok(weir_filter_new(&filter, "tcp and and", &why) < 0 && !filter && why.text[0],
	   "a bad filter: %s", why.text);
	ok(strcmp(weir_error_text(WEIR_ERR_END), weir_error_text(WEIR_ERR_FULL)) != 0 &&
		   weir_error_text(INT_MIN),
	   "each error has its sentence");
	f = fopen(in_folder("cut.pcap"), "wb");
	if (f) {
		static const unsigned char head[24] = {0x4d, 0x3c, 0xb2,     0xa1,    2,
						       0,    4,    [16] = 1, [20] = 1};

		fwrite(head, sizeof head, 1, f);
		fwrite(head, 7, 1, f);
		fclose(f);
	}
	ok(weir_open(&source, in_folder("cut.pcap"), NULL, &why) == 0, "a cut file is opened");
	{
		const struct weir_frame *frame;
		int rc = weir_next(source, &frame);

		ok(rc == WEIR_ERR_CUT && weir_source_why(source)->text[0], "… and says where: %s",
		   weir_source_why(source)->text);
	}
	weir_close(&source);
}

static void filters_match(void)
{
	struct weir_filter *dns;
	struct weir_source *source;
	const struct weir_frame *frame;
	uint64_t n_dns = 0;
	int rc;

	ok(weir_filter_new(&dns, "udp port 53 or (vlan and udp port 53)", NULL) == 0,
	   "a filter in libpcap's syntax");
	rc = weir_open(&source, sample, NULL, NULL);
	while (rc == 0 && (rc = weir_next(source, &frame)) == 0)
		n_dns += weir_filter_match(dns, frame);
	ok(n_dns == N_DNS, "%d packets match it", N_DNS);
	weir_filter_free(&dns);
	weir_close(&source);
	ok(!dns, "freeing forgets");
}

/* What decoding found, over all packets. */
struct found {
	uint64_t n_good, n_other, n_tagged, n_known;
	struct weir_packet packet; /* the last one */
	struct weir_ip src, dst;
};

static void look(struct found *f, const struct weir_frame *frame)
{
	struct weir_packet *p = &f->packet;

	weir_decode(p, frame);
	for (int i = 0; i < p->n_layers; i++) {
		enum weir_checksum sum = weir_checksum(p, i);

		f->n_good += sum == WEIR_CHECKSUM_GOOD;
		f->n_other += sum != WEIR_CHECKSUM_GOOD && sum != WEIR_CHECKSUM_NONE;
		f->n_tagged += p->layers[i].proto == WEIR_VLAN;
	}
	if (weir_ip_src(p, p->inner_ip, &f->src) && weir_ip_dst(p, p->inner_ip, &f->dst))
		f->n_known +=
			f->src.version == 4 && (f->src.bytes[0] == 198) != (f->dst.bytes[0] == 198);
}

static void packets_are_decoded(void)
{
	struct weir_source *source;
	const struct weir_frame *frame;
	struct found f = {0};
	struct weir_ip ip;
	char text[WEIR_IP_TEXT_LEN];
	int rc = weir_open(&source, sample, NULL, NULL);

	while (rc == 0 && (rc = weir_next(source, &frame)) == 0)
		look(&f, frame);
	ok(f.n_good == 2 * N_PACKETS && f.n_other == 0, "all checksums are good");
	ok(f.n_tagged == N_PACKETS / 100 && f.n_known == N_PACKETS, "tags and addresses are found");
	ok(!weir_ip_src(&f.packet, 0, &ip) && !weir_ip_src(&f.packet, 99, &ip) &&
		   !weir_ip_dst(&f.packet, -1, &ip),
	   "no address where there is none");
	ok(weir_checksum(&f.packet, -1) == WEIR_CHECKSUM_NONE &&
		   weir_checksum(&f.packet, 99) == WEIR_CHECKSUM_NONE,
	   "no checksum beyond the last layer");
	weir_ip_print(&f.dst, text);
	ok(strncmp(text, "192.0.2.", 8) == 0 || strncmp(text, "198.51.100.", 11) == 0,
	   "an address prints as %s", text);
	weir_close(&source);
}

static void things_have_names(void)
{
	char when[WEIR_TIME_TEXT_LEN];

	weir_time_print(1767225600123000000, 3, when);
	ok(strcmp(when, "2026-01-01T00:00:00.123Z") == 0, "a time prints as %s", when);
	ok(strcmp(weir_proto_name(WEIR_IPV6), "ip6") == 0 && weir_proto_text(WEIR_IPV6)[0] == 'I',
	   "protocols have names");
	ok(strcmp(weir_checksum_name(WEIR_CHECKSUM_BAD), "bad") == 0 &&
		   strcmp(weir_format_name(WEIR_FORMAT_ERF), "erf") == 0 &&
		   weir_format_name(WEIR_FORMAT_UNKNOWN),
	   "so have verdicts and formats");
}

/* The sum of all packets' bytes, so that two captures can be compared. */
static uint64_t digest(const char *path, enum weir_format *format, uint64_t *n)
{
	struct weir_source *source;
	const struct weir_frame *frame;
	uint64_t sum = 0;
	int rc = weir_open(&source, path, NULL, NULL);

	*n = 0;
	*format = rc == 0 ? weir_source_format(source) : WEIR_FORMAT_UNKNOWN;
	while (rc == 0 && (rc = weir_next(source, &frame)) == 0) {
		for (uint32_t i = 0; i < frame->cap_len; i++)
			sum = sum * 31 + frame->bytes[i];
		sum = sum * 31 + (uint64_t)frame->time_ns;
		++*n;
	}
	weir_close(&source);
	return rc == WEIR_ERR_END ? sum : 0;
}

static void writes_back(const char *name, enum weir_format want)
{
	struct weir_source *source;
	struct weir_writer *writer;
	const struct weir_frame *frame;
	enum weir_format format;
	char path[PATH_MAX];
	uint64_t n, n_bytes, before = digest(sample, &format, &n);
	int rc;

	snprintf(path, sizeof path, "%s", in_folder(name));
	if (weir_open(&source, sample, NULL, NULL) < 0)
		abort();
	rc = weir_writer_open(&writer, path, source, NULL, NULL);
	while (rc == 0 && (rc = weir_next(source, &frame)) == 0)
		rc = weir_write(writer, frame, NULL);
	ok(rc == WEIR_ERR_END && weir_writer_flush(writer, NULL) == 0, "%s is written", name);
	n_bytes = weir_writer_n_bytes(writer);
	ok(weir_writer_close(&writer, NULL) == 0 && !writer, "… and closed");
	ok(digest(path, &format, &n) == before && n == N_PACKETS && format == want,
	   "… and holds the same packets, of %llu bytes", (unsigned long long)n_bytes);
	weir_close(&source);
	unlink(path);
}

static void writing_fails_with_reasons(void)
{
	struct weir_source *source;
	struct weir_writer *writer;
	struct weir_why why;

	if (weir_open(&source, sample, NULL, NULL) < 0)
		abort();
	ok(weir_writer_open(&writer, "/nowhere/x.pcap", source, NULL, &why) < 0 && !writer &&
		   why.text[0],
	   "a file that cannot be made: %s", why.text);
	ok(weir_writer_open(&writer, in_folder("none.pcapng"), source, NULL, NULL) == 0 &&
		   weir_writer_close(&writer, &why) == 0,
	   "a file without packets is a file");
	ok(weir_writer_close(&writer, &why) == 0, "closing nothing is no failure");
	weir_close(&source);
	ok(weir_open(&source, in_folder("none.pcapng"), NULL, NULL) == 0, "… that opens");
	weir_close(&source);
}

static void held_frames_stay(void)
{
	struct weir_source_options options = {.n_blocks = 8, .block_size = 65536};
	struct weir_frame held[N_HELD];
	uint8_t first[N_HELD];
	struct weir_source *source;
	const struct weir_frame *frame;
	int n = 0, n_full = 0, at = 0, rc;
	bool is_same = true;

	rc = weir_open(&source, sample, &options, NULL);
	while (rc == 0 && (rc = weir_next(source, &frame)) == 0) {
		if (at++ % 500 != 0)
			continue;
		if (n < N_HELD && weir_hold(&held[n], frame) == 0) {
			first[n] = frame->bytes[frame->cap_len - 1];
			n++;
		} else {
			n_full++;
		}
	}
	ok(rc == WEIR_ERR_END && n == 4 && n_full == 8,
	   "frames of half of all blocks are held, others refused, and all is read");
	for (int i = n - 1; i >= 0; i--) {
		is_same &= held[i].bytes[held[i].cap_len - 1] == first[i];
		weir_release(&held[i]);
		is_same &= held[i].bytes == NULL;
	}
	ok(is_same, "what is held stays as it was");
	weir_close(&source);
}

struct tally {
	_Atomic uint64_t n_packets, n_started, n_stopped, n_bad;
	uint64_t n_results, n_turned, last_key, n_marks, n_dropped;
	struct weir_engine *engine;
	bool is_holding;
};

static int on_start(struct weir_worker *w)
{
	struct tally *t = weir_arg(w);

	t->n_started++;
	t->n_bad += weir_local(w) != NULL || weir_worker_engine(w) != t->engine;
	weir_set_local(w, t);
	return 0;
}

static int on_batch(struct weir_worker *w, struct weir_frame *frames, int n)
{
	struct tally *t = weir_local(w);

	for (int i = 0; i < n; i++) {
		struct weir_result r = {.key = (uint64_t)frames[i].time_ns, .number = 1};
		struct weir_frame *held = t->is_holding ? malloc(sizeof *held) : NULL;

		if (held && weir_worker_hold(w, held, &frames[i]) < 0)
			return WEIR_ERR_FULL;
		r.value = held;
		if (weir_publish(w, &r) < 0)
			return WEIR_ERR_BAD;
	}
	t->n_packets += (uint64_t)n;
	return 0;
}

static int on_turn(struct weir_worker *w, uint64_t block)
{
	struct tally *t = weir_local(w);
	struct weir_frame *frames;

	(void)block;
	t->n_bad += weir_block_first(w) != t->n_turned;
	for (int i = 0; i < weir_n_batches(w); i++)
		t->n_turned += (uint64_t)weir_batch(w, i, &frames);
	t->n_bad += weir_batch(w, weir_n_batches(w), &frames) != 0;
	return 0;
}

static int on_fill(struct weir_worker *w, uint64_t block)
{
	(void)block;
	return weir_n_batches(w) > 0 ? 0 : WEIR_ERR_BAD;
}

static int on_tick(struct weir_worker *w, int64_t now_ns)
{
	return weir_promise(w, (uint64_t)now_ns);
}

static int on_stop(struct weir_worker *w)
{
	struct tally *t = weir_local(w);

	t->n_stopped++;
	return weir_worker_index(w) < weir_engine_n_workers(t->engine) ? 0 : WEIR_ERR_BAD;
}

static int on_result(void *arg, struct weir_result *r)
{
	struct tally *t = arg;
	struct weir_frame *held = r->value;

	t->n_bad += r->key < t->last_key;
	t->last_key = r->key;
	t->n_results += (uint64_t)r->number;
	if (held) {
		t->n_bad += (uint64_t)held->time_ns != r->key;
		weir_worker_release(t->engine, held);
		free(held);
	}
	return 0;
}

static int on_watermark(void *arg, uint64_t key)
{
	struct tally *t = arg;

	t->n_marks++;
	return key > 0 ? 0 : WEIR_ERR_BAD;
}

static int fail_at_once(void *arg, struct weir_result *r)
{
	(void)arg;
	(void)r;
	return WEIR_ERR_IO;
}

static void on_drop(void *arg, struct weir_result *r)
{
	struct tally *t = arg;

	(void)r;
	t->n_dropped++;
}

static void engine_does(int n_workers, bool is_hashed)
{
	struct weir_callbacks call = {.start = on_start,
				      .batch = on_batch,
				      .tick = on_tick,
				      .stop = on_stop,
				      .result = on_result,
				      .watermark = on_watermark};
	struct weir_engine_options options = {.n_workers = n_workers,
					      .is_hashed = is_hashed,
					      .combiner = WEIR_SORTED,
					      .tick_ns = 500000000,
					      .max_held = 1000};
	struct weir_source_options queues = {.n_queues = n_workers, .block_size = 65536};
	struct tally t = {.is_holding = is_hashed};
	struct weir_engine_stats stats;
	struct weir_worker_stats one;
	struct weir_source *source;
	uint64_t sum = 0;
	int rc;

	if (!is_hashed) {
		call.turn = on_turn;
		call.fill = on_fill;
	}
	if (weir_open(&source, sample, &queues, NULL) < 0 ||
	    weir_engine_new(&t.engine, source, &call, &options, &t) < 0)
		abort();
	rc = weir_engine_run(t.engine);
	weir_engine_stats(t.engine, &stats);
	for (int i = 0; i < weir_engine_n_workers(t.engine); i++) {
		weir_worker_stats(t.engine, i, &one);
		sum += one.frames;
	}
	ok(rc == 0 && t.n_bad == 0, "%d workers, %s: in order, every callback as promised",
	   n_workers, is_hashed ? "hashed" : "shared");
	ok(t.n_packets == N_PACKETS && t.n_results == N_PACKETS && sum == N_PACKETS &&
		   stats.frames == N_PACKETS && stats.reported == N_PACKETS && stats.held == 0,
	   "… every packet once");
	/* in shared mode a worker that the scheduler has not let in yet promises nothing yet */
	ok(t.n_started == (uint64_t)n_workers && t.n_stopped == t.n_started &&
		   (t.n_marks >= 5 || (!is_hashed && n_workers > 1)),
	   "… every worker came and went; %llu watermarks", (unsigned long long)t.n_marks);
	ok(stats.source.delivered == N_PACKETS && stats.source.in_flight == 0, "… nothing is left");
	weir_worker_stats(t.engine, 99, &one);
	ok(one.frames == 0, "… and of a worker that is none nothing is told");
	weir_engine_free(&t.engine);
	weir_close(&source);
}

static void engine_stops(void)
{
	struct weir_callbacks call = {
		.batch = on_batch, .start = on_start, .result = fail_at_once, .drop = on_drop};
	struct weir_engine_options options = {.n_workers = 2};
	struct weir_source_options queues = {.n_queues = 2};
	struct tally t = {0};
	struct weir_source *source;

	if (weir_open(&source, sample, &queues, NULL) < 0)
		abort();
	ok(weir_engine_new(&t.engine, source, &call, &options, &t) == 0 &&
		   weir_engine_run(t.engine) == WEIR_ERR_IO && t.n_bad == 0,
	   "a failing callback ends it, with its error");
	weir_engine_free(&t.engine);
	options.reserved[7] = 1;
	ok(weir_engine_new(&t.engine, source, &call, &options, &t) == WEIR_ERR_UNSUPPORTED &&
		   !t.engine,
	   "an option of a later library is refused");
	ok(weir_engine_new(&t.engine, source, &call, NULL, &t) == 0, "an engine by default");
	weir_engine_stop(t.engine);
	ok(weir_engine_run(t.engine) == WEIR_ERR_STOPPED, "stopped before it ran");
	weir_engine_free(&t.engine);
	weir_close(&source);
	if (weir_open(&source, sample, NULL, NULL) < 0)
		abort();
	weir_stop(source);
	{
		const struct weir_frame *frame;

		ok(weir_next(source, &frame) == WEIR_ERR_STOPPED, "a stopped source says so");
	}
	weir_close(&source);
}

int main(int argc, char **argv)
{
	if (argc < 3 || !mkdtemp(folder))
		return 1;
	sample = argv[1];
	ok(strcmp(weir_version(), argv[2]) == 0, "this is version %s", argv[2]);
	serial_loop_sees_all();
	refusals_have_reasons();
	filters_match();
	packets_are_decoded();
	things_have_names();
	writes_back("copy.pcap", WEIR_FORMAT_PCAP);
	writes_back("copy.pcapng.gz", WEIR_FORMAT_PCAPNG);
	writes_back("copy.erf.zst", WEIR_FORMAT_ERF);
	writing_fails_with_reasons();
	held_frames_stay();
	for (int n = 1; n <= 3; n++) {
		engine_does(n, false);
		engine_does(n, true);
	}
	engine_stops();
	unlink(in_folder("cut.pcap"));
	unlink(in_folder("none.pcapng"));
	rmdir(folder);
	return tap_end();
}
