#include "tool/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_PERIOD_MS = 500, PROGRESS_LINE_LEN = 120 };

struct progress {
	struct source *const *sources;
	int n_sources;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_ended;
	struct timespec started;
};

/* 1,234,567 as "1.2 M". */
static void scale(double v, char out[16])
{
	static const char *const units[] = {"", " k", " M", " G", " T"};
	size_t i = 0;

	while (v >= 1000 && i + 1 < sizeof units / sizeof *units) {
		v /= 1000;
		i++;
	}
	snprintf(out, 16, i ? "%.1f%s" : "%.0f%s", v, units[i]);
}

void progress_print(const struct source_stats *stats, struct nanos elapsed, char *out, int size)
{
	double seconds = (double)elapsed.ns / NANOS_PER_S;
	char done[16];
	char all[16];
	char rate[16];
	double left;

	if (seconds <= 0)
		seconds = 1e-9;
	scale((double)stats->offset, done);
	scale((double)stats->received / seconds, rate);
	if (stats->size == 0 || stats->offset == 0) {
		snprintf(out, (size_t)size, "%" PRIu64 " packets  %s packets/s", stats->received,
			 rate);
		return;
	}
	scale((double)stats->size, all);
	left = seconds *
	       (double)(stats->size - (stats->offset < stats->size ? stats->offset : stats->size)) /
	       (double)stats->offset;
	snprintf(out, (size_t)size, "%3.0f%%  %sB of %sB  %s packets/s  %.0f s left",
		 100.0 * (double)stats->offset / (double)stats->size, done, all, rate, left);
}

/* Of all; without a size where one has none. */
static struct source_stats sum_up(const struct progress *p)
{
	struct source_stats sum = {0};
	bool is_endless = false;

	for (int i = 0; i < p->n_sources; i++) {
		struct source_stats one;

		if (!p->sources[i])
			continue;
		one = source_stats(p->sources[i]);
		sum.received += one.received;
		sum.offset += one.offset;
		sum.size += one.size;
		is_endless |= one.size == 0;
	}
	if (is_endless)
		sum.size = 0;
	return sum;
}

static void show(const struct progress *p)
{
	struct source_stats stats = sum_up(p);
	char line[PROGRESS_LINE_LEN];
	struct timespec now;
	struct nanos elapsed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	elapsed.ns = (now.tv_sec - p->started.tv_sec) * (int64_t)NANOS_PER_S + now.tv_nsec -
		     p->started.tv_nsec;
	progress_print(&stats, elapsed, line, sizeof line);
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
}

static void *run(void *arg)
{
	struct progress *p = arg;
	struct timespec wake;

	pthread_mutex_lock(&p->lock);
	while (!p->is_ended) {
		clock_gettime(CLOCK_REALTIME, &wake);
		wake.tv_nsec += PROGRESS_PERIOD_MS * NANOS_PER_MS;
		wake.tv_sec += wake.tv_nsec / NANOS_PER_S;
		wake.tv_nsec %= NANOS_PER_S;
		pthread_cond_timedwait(&p->ended, &p->lock, &wake);
		if (!p->is_ended)
			show(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct progress *progress_new(struct source *const *sources, int n)
{
	struct progress *p;

	if (!isatty(STDERR_FILENO))
		return NULL;
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sources = sources;
	p->n_sources = n;
	clock_gettime(CLOCK_MONOTONIC, &p->started);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->ended, NULL);
	if (pthread_create(&p->thread, NULL, run, p) == 0)
		return p;
	free(p);
	return NULL;
}

void progress_free(struct progress **progress)
{
	struct progress *p = *progress;

	*progress = NULL;
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_ended = true;
	pthread_cond_signal(&p->ended);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	fprintf(stderr, "\r\033[K");
	pthread_cond_destroy(&p->ended);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
