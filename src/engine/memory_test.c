/* Memory runs out at the first allocation or thread, at the second, at the third …: each time the
 * engine says so, or gets by, and leaves nothing behind. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/tap.h"
#include "engine/engine.h"
#include "engine/fake_source.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define HAS_OWN_MALLOC 1
#endif
#endif

#ifdef HAS_OWN_MALLOC

int main(void)
{
	skip("memory runs out: a sanitizer has an allocator of its own");
	return tap_end();
}

#else

enum { N_PACKETS = 3000, MAX_ALLOCATIONS = 2000 };

void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Atomic int64_t allowed = INT64_MAX; /* allocations that still succeed */

static bool is_allowed(void)
{
	return atomic_fetch_sub(&allowed, 1) > 0;
}

void *calloc(size_t n, size_t size)
{
	return is_allowed() ? __libc_calloc(n, size) : NULL;
}

void *realloc(void *at, size_t size)
{
	return is_allowed() ? __libc_realloc(at, size) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return is_allowed() ? __libc_memalign(alignment, size) : NULL;
}

typedef int (*create_fn)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *arg)
{
	static create_fn create;

	if (!create)
		*(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
	return is_allowed() ? create(thread, attributes, run, arg) : EAGAIN;
}

struct seen {
	_Atomic uint64_t n_published, n_reported, n_dropped;
};

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	struct seen *s = engine_arg(w);

	for (int i = 0; i < n; i++) {
		struct engine_result r = {.key = (uint64_t)frames[i].time_ns};
		int rc = engine_publish(w, &r);

		if (rc < 0)
			return rc;
		s->n_published++;
	}
	return 0;
}

static int turn(struct worker *w, uint64_t block)
{
	(void)w;
	(void)block;
	return 0;
}

static int result(void *arg, struct engine_result *r)
{
	struct seen *s = arg;

	(void)r;
	s->n_reported++;
	return 0;
}

static void drop(void *arg, struct engine_result *r)
{
	struct seen *s = arg;

	(void)r;
	s->n_dropped++;
}

/* One run with only so many allocations. Returns whether all went well; *is_fair: whether it did,
 * or failed for want of memory and nothing else. */
static bool run(const struct engine_options *options, bool has_turn, int64_t n, bool *is_fair)
{
	struct engine_callbacks callbacks = {.batch = batch, .result = result, .drop = drop};
	struct fake_options fake = {
		.n_packets = N_PACKETS, .n_flows = 9, .step_ns = 1, .is_live = true};
	struct seen s = {0};
	struct source *source;
	struct engine *e;
	int rc;

	callbacks.turn = has_turn ? turn : NULL;
	if (fake_source_new(&source, &fake) < 0)
		abort();
	atomic_store(&allowed, n);
	rc = engine_new(&e, source, &callbacks, options, &s);
	if (rc == 0)
		rc = engine_run(e);
	atomic_store(&allowed, INT64_MAX);
	*is_fair = rc == 0 || rc == ERR_NOMEM;
	*is_fair &= s.n_published == s.n_reported + s.n_dropped;
	*is_fair &= source_stats(source).in_flight == 0;
	*is_fair &= rc != 0 || s.n_reported == N_PACKETS;
	engine_free(&e);
	source_close(&source);
	return rc == 0;
}

static void memory_runs_out(const char *name, const struct engine_options *options, bool has_turn)
{
	bool is_fair = true, is_well = false;
	int64_t n = 0;

	while (is_fair && !is_well && n < MAX_ALLOCATIONS)
		is_well = run(options, has_turn, n++, &is_fair);
	ok(is_fair && is_well, "%s: fails for want of memory until %d allocations succeed", name,
	   (int)n - 1);
}

int main(void)
{
	struct engine_options alone = {.n_workers = 1, .combiner = ENGINE_SORTED};
	struct engine_options shared = {.n_workers = 3, .combiner = ENGINE_SORTED};
	struct engine_options hashed = {.n_workers = 3,
					.combiner = ENGINE_ORDERED,
					.is_hashed = true,
					.hash = fake_hash,
					.ring_size = 256};

	memory_runs_out("one worker", &alone, true);
	memory_runs_out("three, shared", &shared, true);
	memory_runs_out("three, hashed", &hashed, false);
	return tap_end();
}

#endif
