#include "collection/crew.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "jail/jail.h"

enum { LOOK_MS = 100 };

static struct engine_callbacks callbacks;

static int start(struct worker *w)
{
	int rc = jail_parser();

	return rc ? rc : intercept_callbacks.start(w);
}

static void fill(void)
{
	callbacks = intercept_callbacks;
	callbacks.start = start;
}

const struct engine_callbacks *crew_callbacks(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill);
	return &callbacks;
}

struct crew {
	struct engine *engine;
	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t ended;
	bool has_ended;
	int rc;
};

static void *run(void *arg)
{
	struct crew *crew = arg;
	int rc = engine_run(crew->engine);

	pthread_mutex_lock(&crew->lock);
	crew->rc = rc;
	crew->has_ended = true;
	pthread_cond_signal(&crew->ended);
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static void attend(struct crew *crew, struct source *source)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&crew->lock);
	while (!crew->has_ended) {
		next.tv_nsec += LOOK_MS * (long)NANOS_PER_MS;
		if (next.tv_nsec >= NANOS_PER_S) {
			next.tv_nsec -= NANOS_PER_S;
			next.tv_sec++;
		}
		if (pthread_cond_timedwait(&crew->ended, &crew->lock, &next) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&crew->lock);
		source_attend(source);
		pthread_mutex_lock(&crew->lock);
	}
	pthread_mutex_unlock(&crew->lock);
}

int crew_run(struct engine *engine, struct source *source)
{
	struct crew crew = {.engine = engine};
	pthread_condattr_t attr;
	pthread_t thread;
	int rc;

	pthread_mutex_init(&crew.lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&crew.ended, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&thread, NULL, run, &crew) ? ERR_NOMEM : 0;
	if (!rc) {
		attend(&crew, source);
		pthread_join(thread, NULL);
		rc = crew.rc;
	}
	pthread_cond_destroy(&crew.ended);
	pthread_mutex_destroy(&crew.lock);
	return rc;
}
