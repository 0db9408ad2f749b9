/* skeleton.c: every callback of the parallel engine, and what each is for.
 *
 *	cc -o skeleton skeleton.c $(pkg-config --cflags --libs libweir)
 *	./skeleton CAPTURE|int:IFACE [WORKERS]
 *
 * It counts packets by their transport protocol, second by second. Replace what is counted. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

#define SECOND 1000000000

enum { N_OPEN = 8 };

/* What one worker has gathered of one second. */
struct share {
	int64_t begin;
	uint64_t n[WEIR_N_PROTOS];
	bool is_used;
};

/* A worker's own state: nobody else touches it. */
struct local {
	struct share open[N_OPEN];
};

/* The program's: in every callback by weir_arg, or as arg. Here only the reporter changes it. */
struct program {
	struct share sum;
};

static struct weir_engine *engine;

static void on_signal(int number)
{
	(void)number;
	weir_engine_stop(engine);
}

/* A worker's first call, on its own thread. */
static int start(struct weir_worker *worker)
{
	weir_set_local(worker, calloc(1, sizeof(struct local)));
	return weir_local(worker) ? 0 : WEIR_ERR_NOMEM;
}

static struct share *share_of(struct local *local, int64_t begin)
{
	struct share *free_one = NULL;

	for (int i = 0; i < N_OPEN; i++) {
		if (local->open[i].is_used && local->open[i].begin == begin)
			return &local->open[i];
		if (!local->open[i].is_used)
			free_one = &local->open[i];
	}
	if (free_one) {
		memset(free_one, 0, sizeof *free_one);
		free_one->begin = begin;
		free_one->is_used = true;
	}
	return free_one;
}

static int publish_before(struct weir_worker *worker, int64_t end)
{
	struct local *local = weir_local(worker);

	for (int i = 0; i < N_OPEN; i++) {
		struct share *share = &local->open[i];
		struct weir_result result = {.key = (uint64_t)share->begin};
		int rc;

		if (!share->is_used || share->begin >= end)
			continue;
		result.value = malloc(sizeof *share);
		if (!result.value)
			return WEIR_ERR_NOMEM;
		memcpy(result.value, share, sizeof *share);
		share->is_used = false;
		rc = weir_publish(worker, &result);
		if (rc < 0) {
			free(result.value);
			return rc;
		}
	}
	return 0;
}

/* 1 to 64 frames, borrowed until this returns. Workers are here in parallel. */
static int batch(struct weir_worker *worker, struct weir_frame *frames, int n)
{
	for (int i = 0; i < n; i++) {
		int64_t begin = frames[i].time_ns - frames[i].time_ns % SECOND;
		struct share *share = share_of(weir_local(worker), begin);
		struct weir_packet packet;
		uint8_t proto = WEIR_PAYLOAD;

		/* many seconds in one block: publish what there is, the reporter adds shares up */
		if (!share) {
			int rc = publish_before(worker, INT64_MAX);

			if (rc < 0)
				return rc;
			share = share_of(weir_local(worker), begin);
		}
		weir_decode(&packet, &frames[i]);
		if (packet.transport != WEIR_NO_LAYER)
			proto = packet.layers[packet.transport].proto;
		share->n[proto]++;
	}
	return 0;
}

/* One worker at a time, after its block's batches and in the order of the blocks. What must be
 * done in order, and is short, belongs here: numbers, reservations, appending. */
static int turn(struct weir_worker *worker, uint64_t block)
{
	(void)worker;
	(void)block;
	return 0;
}

/* In parallel again; the block's frames are still there (weir_n_batches, weir_batch). */
static int fill(struct weir_worker *worker, uint64_t block)
{
	(void)worker;
	(void)block;
	return 0;
}

/* This worker will see nothing older than now_ns: what it has of that time is complete. */
static int tick(struct weir_worker *worker, int64_t now_ns)
{
	return publish_before(worker, now_ns);
}

/* A worker's last call, also after a failure. */
static int stop(struct weir_worker *worker)
{
	int rc = publish_before(worker, INT64_MAX);

	free(weir_local(worker));
	return rc;
}

static void print(struct share *sum)
{
	char text[WEIR_TIME_TEXT_LEN];

	if (!sum->is_used)
		return;
	weir_time_print(sum->begin, 0, text);
	printf("%s", text);
	for (int i = 0; i < WEIR_N_PROTOS; i++) {
		if (sum->n[i])
			printf(" %s %llu", weir_proto_name((enum weir_proto)i),
			       (unsigned long long)sum->n[i]);
	}
	printf("\n");
	fflush(stdout);
	memset(sum, 0, sizeof *sum);
}

/* The reporter's, one at a time, in the order of the keys; the value is ours now. */
static int result(void *arg, struct weir_result *r)
{
	struct program *program = arg;
	struct share *share = r->value;

	if (program->sum.is_used && program->sum.begin != share->begin)
		print(&program->sum);
	program->sum.is_used = true;
	program->sum.begin = share->begin;
	for (int i = 0; i < WEIR_N_PROTOS; i++)
		program->sum.n[i] += share->n[i];
	free(share);
	return 0;
}

/* No result with a key below this one will follow. */
static int watermark(void *arg, uint64_t key)
{
	struct program *program = arg;

	if (program->sum.is_used && program->sum.begin < (int64_t)key)
		print(&program->sum);
	return 0;
}

/* A result that will not be reported, since result or watermark failed. */
static void drop(void *arg, struct weir_result *r)
{
	(void)arg;
	free(r->value);
}

static int run(const char *uri, int n_workers, struct program *program, struct weir_why *why)
{
	static const struct weir_callbacks callbacks = {.start = start,
							.batch = batch,
							.turn = turn,
							.fill = fill,
							.tick = tick,
							.stop = stop,
							.result = result,
							.watermark = watermark,
							.drop = drop};
	struct weir_source_options queues = {.n_queues = n_workers};
	struct weir_engine_options options = {
		.n_workers = n_workers, .combiner = WEIR_SORTED, .tick_ns = SECOND};
	struct sigaction action = {.sa_handler = on_signal};
	struct weir_source *source;
	int rc = weir_open(&source, uri, &queues, why);

	if (rc < 0)
		return rc;
	rc = weir_engine_new(&engine, source, &callbacks, &options, program);
	if (rc == 0) {
		sigaction(SIGINT, &action, NULL);
		rc = weir_engine_run(engine);
		action.sa_handler = SIG_DFL;
		sigaction(SIGINT, &action, NULL);
		weir_engine_free(&engine);
	}
	if (rc < 0)
		*why = *weir_source_why(source);
	weir_close(&source);
	return rc;
}

int main(int argc, char **argv)
{
	struct program program = {.sum = {.is_used = false}};
	struct weir_why why = {.line = 0, .offset = -1};
	char text[600];
	int rc;

	if (argc < 2) {
		fprintf(stderr, "usage: skeleton CAPTURE|int:IFACE [WORKERS]\n");
		return 2;
	}
	rc = run(argv[1], argc > 2 ? (int)strtol(argv[2], NULL, 10) : 2, &program, &why);
	print(&program.sum);
	if (rc == 0 || rc == WEIR_ERR_STOPPED)
		return 0;
	weir_why_print(&why, text, sizeof text);
	fprintf(stderr, "%s\n", why.text[0] ? text : weir_error_text(rc));
	return 1;
}
