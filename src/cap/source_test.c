/* The file source, over plain files, pipes and standard input. */
#include "cap/source.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#include "cap/sample.h"

static const uint32_t block_sizes[] = {64, 100, 1000, 65536, 0};

enum { N_SIZES = sizeof block_sizes / sizeof block_sizes[0] };

static void test_whole(struct sample *s)
{
	struct wr w = sample_pcap(1000, 400);
	struct sample_run first;

	sample_write(s, w.bytes, w.len);
	first = sample_read(s->path, NULL);
	ok(first.rc == ERR_END && first.n_frames == 1000, "a whole file gives all its packets");
	ok(first.stats.received == 1000 && first.stats.offset == w.len &&
		   first.stats.size == w.len && sample_adds_up(&first.stats),
	   "its counts add up, and it was read to its end");
	for (int q = 1; q <= 8; q *= 2)
		for (int i = 0; i < N_SIZES; i++) {
			struct source_options o = {.n_queues = q, .block_size = block_sizes[i]};
			struct sample_run run = sample_read(s->path, &o);

			ok(sample_same(&run, &first) && sample_adds_up(&run.stats) &&
				   run.stats.bytes == first.stats.bytes,
			   "%d queues with pieces of %u bytes see the same", q, block_sizes[i]);
		}
	wr_fini(&w);
}

/* Where the cut falls: after which packet, and whether right between two. */
static int cut_expects(const struct wr *w, size_t cut, uint64_t *n_whole)
{
	size_t at = SAMPLE_HEADER;
	uint32_t len;

	*n_whole = 0;
	while (at + 16 <= cut) {
		memcpy(&len, w->bytes + at + 8, 4);
		if (at + 16 + len > cut)
			break;
		at += 16 + len;
		++*n_whole;
	}
	return cut >= SAMPLE_HEADER && at == cut ? ERR_END : ERR_CUT;
}

static void test_cuts(struct sample *s)
{
	struct wr w = sample_pcap(4, 40);
	int n_wrong = 0;

	for (size_t cut = 4; cut <= w.len; cut++)
		for (int q = 1; q <= 4; q += 3)
			for (int i = 0; i < N_SIZES; i += 2) {
				struct source_options o = {.n_queues = q,
							   .block_size = block_sizes[i]};
				struct sample_run run;
				uint64_t n;
				int rc = cut_expects(&w, cut, &n);

				sample_write(s, w.bytes, cut);
				run = sample_read(s->path, &o);
				n_wrong += run.rc != rc || run.n_frames != n ||
					   !sample_adds_up(&run.stats) ||
					   (rc == ERR_CUT) != (run.why[0] != '\0');
			}
	ok(n_wrong == 0, "cut at each of its %zu bytes, a file gives what precedes the cut", w.len);
	wr_fini(&w);
}

static void test_damage(struct sample *s)
{
	struct wr w = sample_pcap(1000, 700);
	struct sample_run first;
	char expected[200];
	size_t at;

	sample_header(&w); /* read as a record, it claims too much */
	at = w.len - SAMPLE_HEADER;
	wr_fill(&w, 0xff, 2000);
	sample_write(s, w.bytes, w.len);
	first = sample_read(s->path, NULL);
	snprintf(expected, sizeof expected, "%s: at byte %zu: ", s->path, at + 16);
	ok(first.rc == ERR_BAD && first.n_frames == 1001 &&
		   strncmp(first.why, expected, strlen(expected)) == 0,
	   "damage is told with file and place (%s), after what precedes it", first.why);
	ok(first.stats.errors == 1 && sample_adds_up(&first.stats), "and is counted");
	for (int q = 2; q <= 8; q *= 2) {
		struct source_options o = {.n_queues = q, .block_size = 1000};
		struct sample_run run = sample_read(s->path, &o);

		ok(sample_same(&run, &first), "%d queues tell the same", q);
	}
	wr_fini(&w);
}

static void test_large(struct sample *s)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct sample_run first;

	sample_header(&w);
	for (uint32_t i = 0; i < 40; i++)
		sample_packet(&w, i, i % 10 == 3 ? 262144 : i % 10 == 7 ? 150000 : 50);
	sample_write(s, w.bytes, w.len);
	first = sample_read(s->path, NULL);
	ok(first.rc == ERR_END && first.n_frames == 40, "packets of a quarter megabyte are read");
	for (int q = 1; q <= 4; q++) {
		struct source_options o = {.n_queues = q, .block_size = 5000};
		struct sample_run run = sample_read(s->path, &o);

		ok(sample_same(&run, &first), "by %d queues in pieces much smaller too", q);
	}
	wr_fini(&w);
}

static void test_refused(struct sample *s)
{
	static const struct {
		const char *bytes;
		size_t len;
		int rc;
		const char *doc;
	} files[] = {
		{"", 0, ERR_CUT, "an empty file"},
		{"\xd4\xc3", 2, ERR_UNKNOWN, "half a magic number"},
		{"Dear Sir or Madam, this is no capture.", 38, ERR_UNKNOWN, "a letter"},
	};
	struct sample_run run;
	char uri[80];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		sample_write(s, files[i].bytes, files[i].len);
		run = sample_read(s->path, NULL);
		ok(run.rc == files[i].rc && strstr(run.why, s->path), "%s is refused: %s",
		   files[i].doc, run.why);
	}
	run = sample_read("/nowhere/at/all.pcap", NULL);
	ok(run.rc == ERR_ABSENT && strstr(run.why, "/nowhere/at/all.pcap"),
	   "a file that is not there is refused: %s", run.why);
	run = sample_read(s->folder, NULL);
	ok(run.rc == ERR_UNSUPPORTED, "a folder is refused: %s", run.why);
	snprintf(uri, sizeof uri, "pcapng:%s", s->path);
	sample_write(s, "\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0\0\0", 24);
	run = sample_read(uri, NULL);
	ok(run.rc == ERR_BAD, "a format that the URI does not promise is refused: %s", run.why);
	snprintf(uri, sizeof uri, "pcap:%s", s->path);
	run = sample_read(uri, NULL);
	ok(run.rc == ERR_END && run.n_frames == 0, "the one that it promises is read");
}

static void test_held(struct sample *s)
{
	struct wr w = sample_pcap(2000, 600);
	struct source_options o = {.block_size = 4096, .n_blocks = 4, .wait = {1000000}};
	struct weir_frame held[4];
	struct weir_frame copies[4];
	uint8_t bytes[4][600];
	struct source *source;
	struct weir_block *b;
	struct weir_frame *frames;
	struct source_stats stats;
	int rc;

	sample_write(s, w.bytes, w.len);
	if (!ok(source_open(&source, s->path, &o, NULL) == 0, "a source opens without a why"))
		return;
	for (int i = 0; i < 4; i++) {
		ok(source_block(source, 0, &b) == 0, "block %d comes", i);
		ok(block_batch(b, &frames) > 1, "with frames");
		frame_hold(&held[i], &frames[1]);
		copies[i] = held[i];
		memcpy(bytes[i], held[i].bytes, held[i].cap_len);
		block_put(&b);
	}
	ok(source_block(source, 0, &b) == ERR_AGAIN && !b, "with all blocks held, none comes");
	stats = source_stats(source);
	ok(stats.in_flight == stats.received && stats.delivered == 0, "all is in flight");
	frame_drop(&held[2]);
	ok(source_block(source, 0, &b) == 0 && block_number(b) == 4,
	   "one given back, in any order, brings the next");
	ok(block_batch(b, &frames) > 0, "with frames");
	block_put(&b);
	for (int i = 0; i < 4; i++)
		ok(i == 2 || (held[i].bytes == copies[i].bytes &&
			      memcmp(held[i].bytes, bytes[i], held[i].cap_len) == 0),
		   "frame %d is as it was", i);
	frame_drop(&held[0]);
	frame_drop(&held[3]);
	frame_drop(&held[1]);
	while ((rc = source_block(source, 0, &b)) == 0)
		block_put(&b);
	stats = source_stats(source);
	ok(rc == ERR_END && stats.received == 2000 && sample_adds_up(&stats),
	   "blocks that nobody looked into are counted all the same");
	source_close(&source);
	ok(!source, "and the source closes");
	wr_fini(&w);
}

/* One that was asked for later is walked first: an older block keeps what is left of it. */
static void test_two_at_once(struct sample *s)
{
	struct wr w = sample_pcap(1000, 100);
	struct source_options o = {.block_size = 8192};
	struct source *source;
	struct weir_block *a;
	struct weir_block *b;
	struct weir_frame *frames;
	int64_t last = 0;
	uint64_t n = 0;
	bool is_ordered = true;
	int k;

	sample_write(s, w.bytes, w.len);
	if (!ok(source_open(&source, s->path, &o, NULL) == 0 && source_block(source, 0, &a) == 0 &&
			block_batch(a, &frames) == SOURCE_BATCH && source_block(source, 0, &b) == 0,
		"a second block comes while the first is not used up"))
		return;
	n = SOURCE_BATCH;
	last = frames[SOURCE_BATCH - 1].time_ns;
	while ((k = block_batch(a, &frames)) > 0 || (k = block_batch(b, &frames)) > 0)
		for (int i = 0; i < k; i++, n++) {
			is_ordered = is_ordered && frames[i].time_ns == last + NANOS_PER_US;
			last = frames[i].time_ns;
		}
	ok(is_ordered && n > 200, "and nothing of either is lost: %llu in order",
	   (unsigned long long)n);
	block_put(&b);
	block_put(&a);
	source_close(&source);
	wr_fini(&w);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct writer {
	const char *path;
	const struct wr *w;
	size_t step;
	int pause_ms; /* after `step` bytes */
	pthread_t thread;
};

static void *write_slowly(void *arg)
{
	struct writer *p = arg;
	int fd = open(p->path, O_WRONLY);

	for (size_t at = 0; at < p->w->len; at += p->step) {
		size_t n = p->w->len - at < p->step ? p->w->len - at : p->step;

		if (write(fd, p->w->bytes + at, n) != (ssize_t)n)
			break;
		if (p->pause_ms)
			nanosleep(&(struct timespec){p->pause_ms / 1000,
						     p->pause_ms % 1000 * 1000000L},
				  NULL);
	}
	close(fd);
	return NULL;
}

static void test_pipe(struct sample *s)
{
	struct wr w = sample_pcap(600, 1500);
	struct sample_run first;

	sample_write(s, w.bytes, w.len);
	first = sample_read(s->path, NULL);
	unlink(s->path);
	if (mkfifo(s->path, 0600) != 0)
		abort();
	for (int q = 1; q <= 4; q *= 2)
		for (size_t step = 700; step < w.len * 9; step *= 40) {
			struct source_options o = {.n_queues = q};
			struct writer p = {s->path, &w, step, 0, 0};
			struct sample_run run;

			pthread_create(&p.thread, NULL, write_slowly, &p);
			run = sample_read(s->path, &o);
			pthread_join(p.thread, NULL);
			ok(sample_same(&run, &first) && run.stats.size == 0 &&
				   run.stats.offset == w.len && sample_adds_up(&run.stats),
			   "a pipe fed by %zu bytes gives %d queues the same", step, q);
		}
	wr_fini(&w);
}

static void test_slow_pipe(struct sample *s)
{
	struct wr w = sample_pcap(2, 0);
	struct writer p = {s->path, &w, SAMPLE_HEADER + 16, 400, 0};
	struct source_options o = {.wait = {50 * NANOS_PER_MS}};
	struct source *source;
	struct weir_block *b;
	struct weir_frame *frames;
	int n_again = 0;
	int rc;

	pthread_create(&p.thread, NULL, write_slowly, &p);
	rc = source_open(&source, s->path, &o, NULL);
	while (!rc && (rc = source_block(source, 0, &b)) == ERR_AGAIN)
		rc = 0;
	if (!ok(rc == 0 && block_batch(b, &frames) == 1, "the first packet is out of a slow pipe"))
		exit(1);
	block_put(&b);
	while ((rc = source_block(source, 0, &b)) == ERR_AGAIN)
		n_again++;
	ok(n_again > 2 && rc == 0, "waiting for the next one is said, %d times", n_again);
	block_put(&b);
	while ((rc = source_block(source, 0, &b)) == ERR_AGAIN)
		;
	ok(rc == ERR_END, "until the end");
	source_close(&source);
	pthread_join(p.thread, NULL);
	wr_fini(&w);
}

static struct source *to_stop;

static void on_alarm(int number)
{
	(void)number;
	source_stop(to_stop);
}

static void test_stop(struct sample *s)
{
	int fd = open(s->path, O_RDWR); /* a writer that writes nothing more */
	struct source_options o = {.n_queues = 2, .wait = {60LL * NANOS_PER_S}};
	struct wr w = sample_pcap(0, 0);
	struct weir_block *b;
	double begin = seconds();
	int rc;

	if (write(fd, w.bytes, w.len) != (ssize_t)w.len ||
	    !ok(source_open(&to_stop, s->path, &o, NULL) == 0, "a silent pipe is opened"))
		return;
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 100000}}, NULL);
	rc = source_block(to_stop, 1, &b);
	ok(rc == ERR_STOPPED && seconds() - begin < 5, "a signal handler stops the waiting");
	ok(source_block(to_stop, 0, &b) == ERR_STOPPED, "of every queue");
	source_close(&to_stop);
	close(fd);
	wr_fini(&w);
}

/* Until its first bytes have told what it is there is nothing that could be stopped. */
static void test_end_opening(struct sample *s)
{
	static const struct {
		const char *bytes, *sentence;
	} cases[] = {
		{"", "nothing"},
		{"\xd4\xc3\xb2", "too little"},
		{"\x1f\x8b\x08", "too little of what is packed"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fd = open(s->path, O_RDWR); /* a writer that writes nothing more */
		int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		struct source_options o = {.ender = &timer};
		size_t len = strlen(cases[i].bytes);
		struct source *source;
		struct why why;
		double begin = seconds();
		int rc;

		if (timerfd_settime(timer, 0, &(struct itimerspec){.it_value = {0, 100000000}},
				    NULL) != 0 ||
		    write(fd, cases[i].bytes, len) != (ssize_t)len)
			abort();
		why_clear(&why);
		alarm(30); /* kills what nothing else ends */
		rc = source_open(&source, s->path, &o, &why);
		alarm(0);
		ok(rc == ERR_STOPPED && !source && seconds() - begin < 5,
		   "the ender ends an opening that got %s: %d", cases[i].sentence, rc);
		close(timer);
		close(fd);
	}
}

/* Standard input may be a file that stands somewhere in its middle. */
static void test_standard_input(struct sample *s)
{
	struct wr w = sample_pcap(100, 100);
	struct wr padded = wr_init(SAMPLE_LIMIT);
	int saved = dup(STDIN_FILENO);
	struct sample_run run;

	wr_fill(&padded, 'x', 1000);
	wr_bytes(&padded, w.bytes, w.len);
	sample_write(s, padded.bytes, padded.len);
	if (!freopen(s->path, "r", stdin) || lseek(STDIN_FILENO, 1000, SEEK_SET) != 1000)
		abort();
	run = sample_read("-", &(struct source_options){.n_queues = 3});
	ok(run.rc == ERR_END && run.n_frames == 100 && run.stats.size == w.len,
	   "standard input is read from where it stands");
	dup2(saved, STDIN_FILENO);
	close(saved);
	wr_fini(&padded);
	wr_fini(&w);
}

/* Nobody waits for a thread that would find nothing to read. */
static void test_few_pieces(struct sample *s)
{
	struct source_options o = {.n_queues = 8, .block_size = 4096};
	struct wr w = sample_pcap(0, 0);
	struct source *source;

	for (int pieces = 1; pieces <= 16; pieces *= 2) {
		wr_fill(&w, 0, (size_t)pieces * 4096 - 1 - w.len);
		sample_write(s, w.bytes, w.len);
		if (!ok(source_open(&source, s->path, &o, NULL) == 0, "%zu bytes are opened",
			w.len))
			continue;
		ok(source_n_queues(source) == (pieces < 8 ? pieces : 8), "and have %d queues of 8",
		   source_n_queues(source));
		source_close(&source);
	}
	wr_fini(&w);
}

int main(void)
{
	struct sample s;

	sample_init(&s);
	test_whole(&s);
	test_cuts(&s);
	test_damage(&s);
	test_large(&s);
	test_refused(&s);
	test_held(&s);
	test_two_at_once(&s);
	test_standard_input(&s);
	test_few_pieces(&s);
	test_pipe(&s); /* from here on the path is a pipe */
	test_slow_pipe(&s);
	test_end_opening(&s);
	test_stop(&s);
	sample_fini(&s);
	return tap_end();
}
