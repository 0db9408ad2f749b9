/* Compressed captures, each codec: whole, in many members, padded, cut, damaged, and slow. */
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "cap/sample.h"
#include "pack/codec.h"
#include "pack/sink.h"

enum { SKIP_MAGIC = 0x184d2a53, PATIENCE_S = 60 };

/* Appends len bytes as members of at most `step` bytes each. */
static void pack(struct wr *w, enum sink_codec id, const uint8_t *bytes, size_t len, size_t step)
{
	const struct codec *codec = codec_of_id(id);
	void *encoder;

	if (codec->encoder_new(&encoder, 1) < 0)
		abort();
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;
		size_t room = codec->bound(n);
		uint8_t *out = malloc(room);

		if (codec->encode(encoder, bytes + at, n, out, &room) < 0)
			abort();
		wr_bytes(w, out, room);
		free(out);
	}
	codec->encoder_free(encoder);
}

static struct sample_run read_packed(struct sample *s, const struct wr *packed, int n_queues)
{
	/* small pieces, or there would be nothing for a second queue */
	struct source_options o = {.n_queues = n_queues, .block_size = n_queues > 1 ? 4096 : 0};

	sample_write(s, packed->bytes, packed->len);
	return sample_read(s->path, &o);
}

static void test_whole(struct sample *s, enum sink_codec id)
{
	struct wr w = sample_pcap(400, 1000);
	struct sample_run first;

	sample_write(s, w.bytes, w.len);
	first = sample_read(s->path, NULL);
	for (size_t step = 30000; step < 2 * w.len; step *= 20)
		for (int q = 1; q <= 4; q *= 2) {
			struct wr packed = wr_init(SAMPLE_LIMIT);
			struct sample_run run;

			pack(&packed, id, w.bytes, w.len, step);
			run = read_packed(s, &packed, q);
			ok(sample_same(&run, &first) && run.stats.offset == packed.len &&
				   run.stats.size == packed.len && sample_adds_up(&run.stats),
			   "%s: members of %zu bytes give %d queues the same", codec_name(id), step,
			   q);
			wr_fini(&packed);
		}
	wr_fini(&w);
}

static void test_between(struct sample *s, enum sink_codec id)
{
	struct wr w = sample_pcap(50, 100);
	struct wr packed = wr_init(SAMPLE_LIMIT);
	struct sample_run run;

	pack(&packed, id, w.bytes, w.len, 1000);
	wr_fill(&packed, 0, 512);
	run = read_packed(s, &packed, 1);
	ok(run.rc == ERR_END && run.n_frames == 50, "%s: zeros at the end are padding",
	   codec_name(id));
	wr_bytes(&packed, "and a letter", 12);
	run = read_packed(s, &packed, 1);
	ok(run.rc == ERR_BAD && run.n_frames == 50 && strstr(run.why, codec_name(id)),
	   "%s: anything else is not: %s", codec_name(id), run.why);
	wr_fini(&packed);
	wr_fini(&w);
}

/* Frames that say nothing, before, between and after those that do. */
static void test_skippable(struct sample *s, enum sink_codec id)
{
	struct wr w = sample_pcap(50, 100);
	struct wr packed = wr_init(SAMPLE_LIMIT);
	struct sample_run run;

	for (size_t at = 0; at <= w.len; at += w.len / 2) {
		wr_le32(&packed, SKIP_MAGIC);
		wr_le32(&packed, 11);
		wr_bytes(&packed, "hello world", 11);
		if (at < w.len / 2 * 2)
			pack(&packed, id, w.bytes + at, w.len / 2, w.len);
	}
	pack(&packed, id, w.bytes + w.len / 2 * 2, w.len % 2, 1);
	run = read_packed(s, &packed, 2);
	ok(run.rc == ERR_END && run.n_frames == 50, "%s: skippable frames are skipped %s",
	   codec_name(id), run.why);
	wr_fini(&packed);
	wr_fini(&w);
}

/* Everything that can be undone of a cut file is delivered, in order; then the codec is named. */
static void test_cuts(struct sample *s, enum sink_codec id)
{
	struct wr w = sample_pcap(40, 30);
	struct wr packed = wr_init(SAMPLE_LIMIT);
	uint64_t last = 0;
	int n_wrong = 0;
	size_t cut;

	pack(&packed, id, w.bytes, w.len, 100);
	for (cut = 8; cut < packed.len; cut += 1 + cut / 50) {
		struct wr part = {.bytes = packed.bytes, .len = cut};
		struct sample_run one = read_packed(s, &part, 1);
		struct sample_run two = read_packed(s, &part, 3);

		/* where a member ends the records may be whole too, or not */
		n_wrong += one.rc != ERR_CUT && !(one.rc == ERR_END && one.n_frames);
		n_wrong += one.rc == ERR_CUT && !strstr(one.why, s->path);
		n_wrong += one.n_frames < last || !sample_same(&one, &two);
		n_wrong += one.stats.in_flight != 0;
		last = one.n_frames;
	}
	ok(n_wrong == 0 && last >= 35, "%s: cut anywhere, it gives what precedes the cut",
	   codec_name(id));
	wr_reset(&packed);
	pack(&packed, id, w.bytes, w.len, w.len);
	packed.len -= packed.len / 3;
	{
		struct sample_run run = read_packed(s, &packed, 1);

		ok(run.rc == ERR_CUT && strstr(run.why, codec_name(id)), "%s: and says so: %s",
		   codec_name(id), run.why);
	}
	wr_fini(&packed);
	wr_fini(&w);
}

static void test_damage(struct sample *s, enum sink_codec id)
{
	struct wr w = sample_pcap(1000, 200);
	struct wr packed = wr_init(SAMPLE_LIMIT);
	struct sample_run whole;
	int n_wrong = 0;
	int n_told = 0;

	pack(&packed, id, w.bytes, w.len, 20000);
	whole = read_packed(s, &packed, 1);
	for (size_t at = 40; at < packed.len; at += packed.len / 12) {
		struct sample_run one;
		struct sample_run two;

		packed.bytes[at] ^= 0x55;
		one = read_packed(s, &packed, 1);
		two = read_packed(s, &packed, 2);
		packed.bytes[at] ^= 0x55;
		n_wrong += !sample_same(&one, &two) || one.n_frames > whole.n_frames;
		n_told += one.rc < 0 && one.rc != ERR_END && one.why[0];
	}
	ok(n_wrong == 0 && n_told >= 10, "%s: damage is told, %d times of 12, alike by two queues",
	   codec_name(id), n_told);
	wr_fini(&packed);
	wr_fini(&w);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct feeder {
	const char *path;
	enum sink_codec id;
	_Atomic bool may_end;
	pthread_t thread;
};

/* Writes a capture's header and first packet, then nothing for a long time. */
static void *feed(void *arg)
{
	struct feeder *p = arg;
	struct sink_options o = {.codec = p->id, .is_prompt = true};
	struct wr w = sample_pcap(2, 0);
	struct sink *sink;

	if (sink_open(&sink, p->path, &o, NULL) < 0 ||
	    sink_write(sink, w.bytes, SAMPLE_HEADER + 16, NULL) < 0)
		abort();
	while (!atomic_load(&p->may_end))
		nanosleep(&(struct timespec){0, 5000000}, NULL);
	if (sink_write(sink, w.bytes + SAMPLE_HEADER + 16, 16, NULL) < 0 ||
	    sink_close(&sink, NULL) < 0)
		abort();
	wr_fini(&w);
	return NULL;
}

static void test_slow_pipe(struct sample *s, enum sink_codec id, bool is_left)
{
	struct feeder p = {.path = s->path, .id = id};
	struct source *source;
	struct weir_block *b;
	struct weir_frame *frames;
	double begin = seconds();
	int rc;

	unlink(s->path);
	if (mkfifo(s->path, 0600) != 0)
		abort();
	pthread_create(&p.thread, NULL, feed, &p);
	rc = source_open(&source, s->path, NULL, NULL);
	while (!rc && (rc = source_block(source, 0, &b)) == ERR_AGAIN &&
	       seconds() - begin < PATIENCE_S)
		rc = 0;
	if (!ok(rc == 0 && block_batch(b, &frames) == 1,
		"%s: the first packet is out of a slow pipe before the second is in",
		codec_name(id)))
		exit(1);
	block_put(&b);
	ok(source_block(source, 0, &b) == ERR_AGAIN, "the second is waited for");
	if (is_left) {
		int keeps = open(s->path, O_RDONLY | O_NONBLOCK); /* so that the feeder can end */

		source_close(&source);
		ok(!source, "and the source can be closed all the same");
		atomic_store(&p.may_end, true);
		pthread_join(p.thread, NULL);
		close(keeps);
	} else {
		atomic_store(&p.may_end, true);
		pthread_join(p.thread, NULL);
		while ((rc = source_block(source, 0, &b)) == ERR_AGAIN)
			;
		ok(rc == 0 && block_batch(b, &frames) == 1, "and comes");
		block_put(&b);
		source_close(&source);
	}
	unlink(s->path);
}

/* A small file that becomes a large one: 16 MiB of packets without a byte. */
static void test_bomb(struct sample *s, enum sink_codec id)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct wr packed = wr_init(SAMPLE_LIMIT);
	struct source_options o = {.n_queues = 2, .n_blocks = 4};
	struct source *source;
	struct weir_block *b;
	uint64_t n = 0;
	int rc;

	sample_header(&w);
	wr_fill(&w, 0, (1 << 20) - SAMPLE_HEADER);
	pack(&packed, id, w.bytes, w.len, w.len);
	memset(w.bytes, 0, SAMPLE_HEADER);
	for (int i = 0; i < 15; i++)
		pack(&packed, id, w.bytes, w.len, w.len);
	sample_write(s, packed.bytes, packed.len);
	if (!ok(source_open(&source, s->path, &o, NULL) == 0, "%s: a bomb of %zu bytes",
		codec_name(id), packed.len))
		return;
	while ((rc = source_block(source, (int)(n++ % (uint64_t)source_n_queues(source)), &b)) ==
		       0 ||
	       rc == ERR_AGAIN)
		block_put(&b);
	ok(rc == ERR_CUT && source_stats(source).received == ((16 << 20) - 24) / 16 + 1,
	   "is read to its last packet, which is cut, in four blocks");
	source_close(&source);
	wr_fini(&packed);
	wr_fini(&w);
}

static void test_refused(struct sample *s, enum sink_codec id)
{
	struct wr packed = wr_init(SAMPLE_LIMIT);
	struct sample_run run;

	pack(&packed, id, (const uint8_t *)"Dear Sir or Madam, nothing.", 27, 27);
	run = read_packed(s, &packed, 1);
	ok(run.rc == ERR_UNKNOWN, "%s: a compressed letter is refused: %s", codec_name(id),
	   run.why);
	packed.len = 8;
	run = read_packed(s, &packed, 1);
	ok(run.rc == ERR_CUT && run.why[0], "%s: a mere beginning too: %s", codec_name(id),
	   run.why);
	wr_fini(&packed);
}

/* What comes out of so many bytes of two members, given a byte at a time. */
static int undo_slowly(const struct wr *packed, uint8_t *out, size_t *len, struct why *why)
{
	struct unpacker u;
	struct codec_step step = {.in = packed->bytes, .out = out, .out_len = *len};
	int rc = unpacker_init(&u, &codec_gzip);

	for (size_t i = 0; i < packed->len && rc == 0; i++) {
		step.in_len = 1;
		rc = unpacker_step(&u, &step, why);
	}
	rc = rc ? rc : unpacker_end(&u, why);
	unpacker_fini(&u);
	*len = (size_t)(step.out - out);
	return rc;
}

/* RFC 1952, 2.3.1: behind a member's data stand their check sum and length, four bytes each. */
static void test_trailer(void)
{
	static const uint8_t text[] = "see, keep and lawfully hand over";
	struct wr packed = wr_init(SAMPLE_LIMIT);
	uint8_t out[3 * sizeof text];
	size_t first;

	pack(&packed, SINK_GZIP, text, sizeof text, sizeof text);
	first = packed.len;
	pack(&packed, SINK_GZIP, text, sizeof text, sizeof text);
	for (size_t back = 0; back <= 8; back++) {
		for (size_t end = first; end <= packed.len; end += packed.len - first) {
			const char *told = back == 0  ? ""
					   : back < 5 ? "incorrect length check"
						      : "incorrect data check";
			size_t len = sizeof out;
			struct why why;
			int rc;

			why_clear(&why);
			packed.bytes[end - back] ^= back ? 0x10 : 0;
			rc = undo_slowly(&packed, out, &len, &why);
			packed.bytes[end - back] ^= back ? 0x10 : 0;
			ok(rc == (back ? ERR_BAD : 0) && strstr(why.text, told) &&
				   len == (back && end == first ? 1 : 2) * sizeof text,
			   "gzip, byte %zu before the end of member %d: \"%s\"", back,
			   end == first ? 1 : 2, why.text);
		}
	}
	wr_fini(&packed);
}

int main(void)
{
	struct sample s;

	sample_init(&s);
	for (int i = SINK_NONE + 1; i < SINK_N_CODECS; i++) {
		enum sink_codec id = (enum sink_codec)i;

		test_whole(&s, id);
		test_between(&s, id);
		test_cuts(&s, id);
		test_damage(&s, id);
		test_refused(&s, id);
		test_bomb(&s, id);
		test_slow_pipe(&s, id, false);
		test_slow_pipe(&s, id, true);
	}
	test_trailer();
	test_skippable(&s, SINK_ZSTD);
	test_skippable(&s, SINK_LZ4);
	sample_fini(&s);
	return tap_end();
}
