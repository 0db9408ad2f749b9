#include "tool/capture.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/progress.h"

static struct source *_Atomic running;
static atomic_bool is_stopped;

static void on_signal(int number)
{
	struct source *source = atomic_load(&running);

	(void)number;
	atomic_store(&is_stopped, true);
	if (source)
		source_stop(source);
}

void capture_catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

bool capture_is_stopped(void)
{
	return atomic_load(&is_stopped);
}

void capture_set_source(struct source *source)
{
	atomic_store(&running, source);
	if (source && capture_is_stopped())
		source_stop(source);
}

struct source_options capture_options(const struct settings *set)
{
	uint64_t snap = set->snap > UINT32_MAX ? 0 : set->snap;
	uint64_t block = set->block_size > UINT32_MAX ? UINT32_MAX : set->block_size;
	uint64_t blocks = set->blocks > UINT32_MAX ? UINT32_MAX : set->blocks;

	return (struct source_options){
		.block_size = (uint32_t)block,
		.n_blocks = (uint32_t)blocks,
		.snap_len = (uint32_t)snap,
		.no_promisc = set->no_promisc,
		.hardware_time = set->hardware_time,
	};
}

bool capture_filter(const struct settings *set, char *out, int size)
{
	int n = 0;

	out[0] = 0;
	for (int i = 0; i < set->filter.n && n < size; i++)
		n += snprintf(out + n, (size_t)(size - n), "%s(%s)", i ? " or " : "",
			      set->filter.at[i]);
	return n < size;
}

static int n_workers(const struct capture *c)
{
	uint64_t n = c->n_workers ? (uint64_t)c->n_workers : c->set->threads;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (n == 0)
		n = online > 0 ? (uint64_t)online : 1;
	return n > 16 ? 16 : (int)n;
}

static int run_engine(const struct capture *c, struct source *source, struct engine_stats *stats,
		      struct why *why)
{
	/* a file has no more queues than are of use */
	struct engine_options options = {
		.n_workers = source_is_live(source) ? n_workers(c) : source_n_queues(source)};
	struct engine *engine;
	struct progress *progress;
	int rc = engine_new(&engine, source, c->callbacks, &options, c->arg);

	if (rc < 0)
		return why_set(why, rc, "%s", err_text(rc));
	progress = c->set->quiet ? NULL : progress_new(&source, 1);
	rc = engine_run(engine);
	progress_free(&progress);
	if (stats)
		*stats = engine_stats(engine);
	engine_free(&engine);
	if (rc < 0 && rc != ERR_STOPPED && source_why(source)->text[0] && !why->text[0])
		*why = *source_why(source);
	if (rc < 0 && rc != ERR_STOPPED)
		why_set(why, rc, "%s", err_text(rc));
	return rc;
}

int capture_run(const struct capture *c, const char *uri, struct engine_stats *stats,
		struct why *why)
{
	struct source_options options = capture_options(c->set);
	char filter[4096];
	struct source *source;
	int rc;

	if (capture_is_stopped())
		return ERR_STOPPED;
	if (c->is_filtered && !capture_filter(c->set, filter, sizeof filter))
		return why_set(why, ERR_USAGE, "the filters together are too long");
	options.filter = c->is_filtered && filter[0] ? filter : NULL;
	options.wants_meta = c->wants_meta;
	options.n_queues = n_workers(c);
	rc = source_open(&source, uri, &options, why);
	if (rc < 0)
		return rc;
	capture_set_source(source);
	if (c->opened)
		c->opened(c->arg, source);
	rc = run_engine(c, source, stats, why);
	capture_set_source(NULL);
	source_close(&source);
	return rc;
}

int capture_fail(const char *tool, const struct why *why)
{
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN + 64];

	why_print(why, text, sizeof text);
	fflush(stdout);
	fprintf(stderr, "weir %s: %s\n", tool, text);
	return 1;
}

int capture_close_output(const char *tool)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (errno != EPIPE)
		fprintf(stderr, "weir %s: standard output: %s\n", tool, strerror(errno));
	return 1;
}

static void add_stats(struct source_stats *to, const struct source_stats *from)
{
	to->received += from->received;
	to->delivered += from->delivered;
	to->filtered += from->filtered;
	to->errors += from->errors;
	to->dropped += from->dropped;
	to->bytes += from->bytes;
}

int capture_run_all(const struct capture *c, const char *tool, int n, char **uris,
		    struct source_stats *total)
{
	int status = 0;

	for (int i = 0; i < n && !capture_is_stopped(); i++) {
		struct engine_stats stats = {0};
		struct why why;
		int rc;

		why_clear(&why);
		rc = capture_run(c, uris[i], &stats, &why);
		if (total)
			add_stats(total, &stats.source);
		if (rc < 0 && rc != ERR_STOPPED)
			status = capture_fail(tool, &why);
	}
	return status;
}
