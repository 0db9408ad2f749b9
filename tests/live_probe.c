/* Captures live and does as it is told on standard input, for the tests of live capture.
 *
 *	live_probe URI [queues [block_size [n_blocks [snap_len [filter [hardware]]]]]]
 *
 * Says "ready", then obeys, a line each:
 *	go       reads the queues, a thread each, from now on
 *	hold N   keeps the next N blocks of each queue; release gives them back, newest first,
 *	         and says "changed N" of how many the first frame is no longer what it was
 *	stats    prints "stats received delivered filtered errors in_flight dropped bytes
 *	         returns"
 *	queue I  the same of one queue
 *	stop     source_stop, while the threads wait
 *	end      reads until nothing comes for a while, prints the frames and the stats, ends
 *
 * A frame is "frame QUEUE BLOCK TIME_NS DIRECTION CAP_LEN WIRE_LEN LINK FLAGS LOST HEX". */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wr.h"
#include "cap/source.h"

enum { MAX_TEXT = 512 * 1024 * 1024, MAX_HELD = 4096, MAX_KEPT = 256 };

/* A block that is held, and a copy of its first frame as it was then. */
struct hold {
	struct weir_block *block;
	const uint8_t *bytes;
	uint32_t len;
	uint8_t was[MAX_KEPT];
};

struct queue {
	pthread_t thread;
	struct source *source;
	int number;
	int rc;
	struct wr text;
	struct hold held[MAX_HELD];
	int n_held;
};

static struct queue queues[SOURCE_MAX_QUEUES];
static pthread_mutex_t holding = PTHREAD_MUTEX_INITIALIZER; /* held, n_held, n_wanted */
static _Atomic bool is_ending, is_stopped;
static int n_wanted[SOURCE_MAX_QUEUES];

static void write_frame(struct queue *q, const struct weir_frame *f, uint64_t block)
{
	wr_text(&q->text, "frame %d %llu %lld %d %u %u %u %u %u ", q->number,
		(unsigned long long)block, (long long)f->time_ns, f->direction, f->cap_len,
		f->wire_len, f->link, f->flags, f->lost);
	for (uint32_t i = 0; i < f->cap_len; i++)
		wr_text(&q->text, "%02x", f->bytes[i]);
	wr_text(&q->text, "\n");
}

static void hold_block(struct queue *q, const struct weir_frame *first, struct weir_block *b)
{
	struct hold *h = &q->held[q->n_held];

	if (n_wanted[q->number] == 0 || q->n_held == MAX_HELD)
		return;
	n_wanted[q->number]--;
	h->block = block_get(b);
	h->bytes = first->bytes;
	h->len = first->cap_len < MAX_KEPT ? first->cap_len : MAX_KEPT;
	memcpy(h->was, first->bytes, h->len);
	q->n_held++;
}

static void read_block(struct queue *q, struct weir_block *b)
{
	struct weir_frame *frames;
	bool is_first = true;
	int n;

	while ((n = block_batch(b, &frames)) > 0) {
		pthread_mutex_lock(&holding);
		if (is_first)
			hold_block(q, frames, b);
		pthread_mutex_unlock(&holding);
		is_first = false;
		for (int i = 0; i < n; i++)
			write_frame(q, &frames[i], block_number(b));
	}
}

static void *run(void *arg)
{
	struct queue *q = arg;
	struct weir_block *b = NULL;

	for (;;) {
		q->rc = source_block(q->source, q->number, &b);
		/* one that is stopped is asked until it says so */
		if (q->rc == ERR_AGAIN && (atomic_load(&is_stopped) || !atomic_load(&is_ending)))
			continue;
		if (q->rc)
			return NULL;
		read_block(q, b);
		block_put(&b);
	}
}

static void print_stats(struct source_stats st)
{
	printf("stats %llu %llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)st.received,
	       (unsigned long long)st.delivered, (unsigned long long)st.filtered,
	       (unsigned long long)st.errors, (unsigned long long)st.in_flight,
	       (unsigned long long)st.dropped, (unsigned long long)st.bytes,
	       (unsigned long long)st.returns);
}

static void release(int n)
{
	int n_changed = 0;

	pthread_mutex_lock(&holding);
	for (int i = 0; i < n; i++) {
		struct queue *q = &queues[i];

		while (q->n_held > 0) {
			struct hold *h = &q->held[--q->n_held];

			n_changed += memcmp(h->bytes, h->was, h->len) != 0;
			block_put(&h->block);
		}
	}
	pthread_mutex_unlock(&holding);
	printf("changed %d\n", n_changed);
}

static void want(int n, int number)
{
	pthread_mutex_lock(&holding);
	for (int i = 0; i < n; i++)
		n_wanted[i] = number;
	pthread_mutex_unlock(&holding);
}

static void start(struct source *s, int n)
{
	for (int i = 0; i < n; i++) {
		queues[i].source = s;
		queues[i].number = i;
		queues[i].text = wr_init(MAX_TEXT);
		if (pthread_create(&queues[i].thread, NULL, run, &queues[i]))
			exit(2);
	}
}

static void stop(struct source *s)
{
	source_stop(s);
	atomic_store(&is_stopped, true);
}

static void obey(struct source *s, const char *line, int n)
{
	int number = (int)strtol(line + strcspn(line, "0123456789"), NULL, 10);

	if (!strcmp(line, "go"))
		start(s, n);
	else if (!strncmp(line, "hold ", 5))
		want(n, number);
	else if (!strcmp(line, "release"))
		release(n);
	else if (!strcmp(line, "stats"))
		print_stats(source_stats(s));
	else if (!strncmp(line, "queue ", 6) && number < n)
		print_stats(source_queue_stats(s, number));
	else if (!strcmp(line, "stop"))
		stop(s);
	printf("done %s\n", line);
}

static void finish(struct source *s, int n)
{
	atomic_store(&is_ending, true);
	for (int i = 0; i < n; i++) {
		if (!queues[i].source)
			continue;
		pthread_join(queues[i].thread, NULL);
		fwrite(queues[i].text.bytes, 1, queues[i].text.len, stdout);
		printf("ended %d %d %d\n", i, queues[i].rc, queues[i].text.ok);
	}
	release(n);
	print_stats(source_stats(s));
}

static uint32_t number_of(char **argv, int argc, int i)
{
	return i < argc ? (uint32_t)strtoul(argv[i], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	struct source_options options = {
		.n_queues = (int)number_of(argv, argc, 2),
		.block_size = number_of(argv, argc, 3),
		.n_blocks = number_of(argv, argc, 4),
		.snap_len = number_of(argv, argc, 5),
		.filter = argc > 6 && *argv[6] ? argv[6] : NULL,
		.hardware_time = argc > 7,
	};
	struct source *s;
	struct why why;
	char text[600];
	char line[256];
	int rc;

	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	why_clear(&why);
	rc = source_open(&s, argv[1], &options, &why);
	if (rc) {
		why_print(&why, text, sizeof text);
		printf("refused %d %s\n", rc, text);
		return 1;
	}
	printf("ready %d\n", source_n_queues(s));
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "end"))
			break;
		obey(s, line, source_n_queues(s));
	}
	finish(s, source_n_queues(s));
	source_close(&s);
	return 0;
}
