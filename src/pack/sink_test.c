/* Sinks: what comes out is what went in, whole, in order, and every failure is told. */
#include "pack/sink.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "pack/codec.h"

static char path[] = "/tmp/sink-test-XXXXXX";

/* Bytes that compress somewhat. */
static uint8_t *make_bytes(size_t len)
{
	uint8_t *bytes = malloc(len + 1);
	uint32_t state = 1;

	for (size_t i = 0; i < len; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(i % 64 < 40 ? i / 64 : state >> 24);
	}
	return bytes;
}

static uint8_t *read_file(size_t *len)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint8_t *bytes;

	if (fd < 0 || fstat(fd, &st) != 0)
		abort();
	bytes = malloc((size_t)st.st_size + 1);
	*len = (size_t)read(fd, bytes, (size_t)st.st_size);
	close(fd);
	return bytes;
}

/* Whether the file, undone, holds just these bytes. */
static bool file_holds(enum sink_codec id, const uint8_t *bytes, size_t len)
{
	size_t n;
	uint8_t *file = read_file(&n);
	uint8_t *undone = malloc(len + 1);
	struct codec_step step = {file, n, undone, len + 1};
	struct unpacker u;
	bool is_same;

	if (id == SINK_NONE) {
		is_same = n == len && memcmp(file, bytes, len) == 0;
	} else {
		is_same = codec_probe(file, n) == codec_of_id(id) &&
			  unpacker_init(&u, codec_of_id(id)) == 0;
		is_same = is_same && unpacker_step(&u, &step, NULL) == 0 && step.in_len == 0 &&
			  unpacker_end(&u, NULL) == 0 && u.n_out == len &&
			  memcmp(undone, bytes, len) == 0;
		unpacker_fini(&u);
	}
	free(undone);
	free(file);
	return is_same;
}

static bool write_all(const struct sink_options *o, const uint8_t *bytes, size_t len, size_t step)
{
	struct sink *s;
	int rc = sink_open(&s, path, o, NULL);

	for (size_t at = 0; !rc && at < len; at += step)
		rc = sink_write(s, bytes + at, len - at < step ? len - at : step, NULL);
	rc = rc ? rc : sink_n_bytes(s) == len ? sink_close(&s, NULL) : ERR_BAD;
	return rc == 0 && !s;
}

static void test_round_trip(enum sink_codec id)
{
	const struct codec *codec = codec_of_id(id);
	size_t block = codec ? codec->block_len(1) : 262144;
	size_t sizes[] = {0, 1, block - 1, block, block + 1, 2 * block + block / 2};
	uint8_t *bytes = make_bytes(3 * block);

	for (int i = 0; i < 6; i++) {
		struct sink_options o = {.codec = id, .n_threads = 1 + i % 3, .level = 1};
		size_t step = i % 2 ? 100003 : 2 * block;

		ok(write_all(&o, bytes, sizes[i], step) && file_holds(id, bytes, sizes[i]),
		   "%s: %zu bytes by %d threads are whole", codec_name(id), sizes[i], o.n_threads);
	}
	free(bytes);
}

static void test_levels(enum sink_codec id)
{
	uint8_t *bytes = make_bytes(50000);

	for (int level = 1; level <= codec_level(id, 99); level++) {
		struct sink_options o = {.codec = id, .level = level, .n_threads = 1};

		ok(write_all(&o, bytes, 50000, 7000) && file_holds(id, bytes, 50000),
		   "%s: level %d works", codec_name(id), level);
	}
	free(bytes);
}

static void test_prompt(enum sink_codec id)
{
	struct sink_options o = {.codec = id, .is_prompt = true};
	uint8_t *bytes = make_bytes(3000);
	struct sink *s;
	bool is_there = true;

	if (sink_open(&s, path, &o, NULL) != 0)
		abort();
	for (size_t at = 0; at < 3000; at += 1000)
		is_there = is_there && sink_write(s, bytes + at, 1000, NULL) == 0 &&
			   file_holds(id, bytes, at + 1000);
	ok(is_there, "%s: a prompt sink hands on every write at once", codec_name(id));
	ok(sink_close(&s, NULL) == 0 && file_holds(id, bytes, 3000), "and adds nothing at the end");
	o.is_prompt = false;
	if (sink_open(&s, path, &o, NULL) != 0)
		abort();
	ok(sink_write(s, bytes, 1500, NULL) == 0 && sink_flush(s, NULL) == 0 &&
		   file_holds(id, bytes, 1500),
	   "%s: any sink does when it is flushed", codec_name(id));
	ok(sink_flush(s, NULL) == 0 && sink_close(&s, NULL) == 0 && file_holds(id, bytes, 1500),
	   "flushing again adds nothing");
	free(bytes);
}

/* However it fails, it is said, with the path, and said again. */
static void test_full(enum sink_codec id)
{
	struct sink_options o = {.codec = id, .level = 1};
	uint8_t *bytes = make_bytes(1 << 18);
	struct sink *s;
	struct why why;
	int rc;

	why_clear(&why);
	if (sink_open(&s, "/dev/full", &o, &why) != 0)
		abort();
	rc = sink_write(s, bytes, 1 << 18, &why);
	for (int i = 0; i < 100 && !rc; i++)
		rc = sink_write(s, bytes, 1 << 18, &why);
	ok(rc < 0 && strstr(why.place, "/dev/full") && strstr(why.text, "No space"),
	   "%s: a full disk is told: %s: %s", codec_name(id), why.place, why.text);
	why_clear(&why);
	ok(sink_flush(s, &why) == rc && why.text[0], "the next call fails too");
	why_clear(&why);
	ok(sink_close(&s, &why) == rc && !s && strstr(why.text, "No space"), "and so does closing");

	why_clear(&why);
	if (sink_open(&s, "/dev/full", &o, &why) != 0)
		abort();
	ok(sink_write(s, bytes, 10, &why) == 0 && sink_close(&s, &why) < 0 && why.text[0],
	   "%s: what fails at the very end only is told too", codec_name(id));
	free(bytes);
}

static void test_pipe(enum sink_codec id)
{
	struct sink_options o = {.codec = id, .level = 1};
	uint8_t *bytes = make_bytes(1 << 18);
	int saved = dup(STDOUT_FILENO);
	int ends[2];
	struct sink *s;
	struct why why;
	int rc;

	why_clear(&why);
	fflush(stdout);
	if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0)
		abort();
	rc = sink_open(&s, "-", &o, &why);
	dup2(saved, STDOUT_FILENO);
	close(ends[1]);
	close(ends[0]);
	close(saved);
	for (int i = 0; i < 100 && !rc; i++)
		rc = sink_write(s, bytes, 1 << 18, &why);
	ok(rc == ERR_IO && strcmp(why.place, "standard output") == 0,
	   "%s: a reader that left is told: %s: %s", codec_name(id), why.place, why.text);
	rc = sink_close(&s, NULL);
	ok(rc < 0, "at the end too");
	free(bytes);
}

static void test_refused(void)
{
	struct sink_options o = {.codec = SINK_GZIP};
	struct sink *s;
	struct why why;

	why_clear(&why);
	ok(sink_open(&s, "/nowhere/at/all", &o, &why) == ERR_ABSENT && !s &&
		   strcmp(why.place, "/nowhere/at/all") == 0,
	   "a folder that is not there is told: %s", why.text);
	ok(sink_close(&s, NULL) == 0, "closing nothing is no mistake");
}

static void test_names(void)
{
	ok(sink_codec_of_name("gzip") == SINK_GZIP && sink_codec_of_name("gz") == SINK_GZIP &&
		   sink_codec_of_name("zst") == SINK_ZSTD &&
		   sink_codec_of_name("none") == SINK_NONE,
	   "codecs have names");
	ok(sink_codec_of_name("rar") == SINK_N_CODECS && sink_codec_of_name("") == SINK_N_CODECS,
	   "others are none");
	ok(sink_codec_of_path("a/b.pcap.xz") == SINK_XZ &&
		   sink_codec_of_path("b.lz4") == SINK_LZ4 &&
		   sink_codec_of_path("b.pcap") == SINK_NONE &&
		   sink_codec_of_path(".gz") == SINK_NONE,
	   "a path's suffix names one");
	ok(codec_level(SINK_GZIP, 0) == 6 && codec_level(SINK_ZSTD, 99) == 19,
	   "levels are bounded");
}

int main(void)
{
	int fd = mkstemp(path);

	close(fd);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	for (int id = SINK_NONE; id < SINK_N_CODECS; id++) {
		test_round_trip((enum sink_codec)id);
		test_prompt((enum sink_codec)id);
		test_full((enum sink_codec)id);
		test_pipe((enum sink_codec)id);
		if (id != SINK_NONE)
			test_levels((enum sink_codec)id);
	}
	test_refused();
	test_names();
	unlink(path);
	return tap_end();
}
