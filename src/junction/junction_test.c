#include "junction/junction.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"

enum { MOST_ITEMS = 4000, MOST_BRANCHES = 4 };

/* An item of a stream: the value of `state` that it must see is worked out beforehand. */
struct item {
	int64_t ns;
	bool is_point;
	uint64_t wanted;
	uint64_t seen;
};

struct stream {
	struct junction *junction;
	unsigned number;
	uint64_t seed;
	struct item items[MOST_ITEMS];
	size_t n;
	pthread_t thread;
};

static struct stream streams[MOST_BRANCHES];
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static uint64_t state; /* a hash of all points so far, in order; who has the turn changes it */

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed >> 33;
}

static uint64_t mixed(uint64_t hash, uint64_t with)
{
	return (hash ^ with) * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

static void fill(unsigned n_streams, uint64_t seed)
{
	for (unsigned s = 0; s < n_streams; s++) {
		struct stream *stream = &streams[s];
		int64_t ns = 0;

		stream->number = s;
		stream->seed = seed * 100 + s;
		stream->n = 500 + draw(&stream->seed) % (MOST_ITEMS - 500);
		for (size_t i = 0; i < stream->n; i++) {
			ns += (int64_t)(draw(&stream->seed) % 5);
			stream->items[i] =
				(struct item){.ns = ns, .is_point = draw(&stream->seed) % 9 == 0};
		}
	}
}

/* As one thread would have it: by time, then by branch, each branch in its own order. */
static void work_out(unsigned n_streams)
{
	size_t next[MOST_BRANCHES] = {0};
	uint64_t hash = 0;

	for (;;) {
		unsigned first = n_streams;

		for (unsigned s = 0; s < n_streams; s++) {
			if (next[s] < streams[s].n &&
			    (first == n_streams ||
			     streams[s].items[next[s]].ns < streams[first].items[next[first]].ns))
				first = s;
		}
		if (first == n_streams)
			return;
		struct item *item = &streams[first].items[next[first]];

		item->wanted = hash;
		if (item->is_point)
			hash = mixed(hash, first * 1000000 + next[first]);
		next[first]++;
	}
}

static struct junction_place place_of(const struct stream *s, size_t from, size_t to)
{
	struct junction_place place = {s->items[from].ns, s->items[to - 1].ns};

	for (size_t i = from; i < to; i++) {
		if (s->items[i].is_point) {
			place.point_ns = s->items[i].ns;
			break;
		}
	}
	return place;
}

static void pass_block(struct stream *s, size_t from, size_t to)
{
	struct junction_limits limits;

	pthread_mutex_lock(&turn);
	junction_hold(s->junction, s->number, s->items[from].ns, &limits);
	for (size_t i = from; i < to; i++) {
		struct item *item = &s->items[i];
		struct junction_place place = place_of(s, i, to);

		if (item->is_point)
			place.point_ns = item->ns;
		if (item->ns > (item->is_point ? limits.point_ns : limits.packet_ns)) {
			pthread_mutex_unlock(&turn);
			junction_wait(s->junction, s->number, &place, &limits);
			pthread_mutex_lock(&turn);
		}
		item->seen = state;
		if (item->is_point)
			state = mixed(state, s->number * 1000000 + i);
	}
	junction_pass(s->junction, s->number, s->items[to - 1].ns);
	pthread_mutex_unlock(&turn);
}

static void *run(void *arg)
{
	struct stream *s = arg;

	for (size_t from = 0; from < s->n;) {
		size_t to = from + 1 + draw(&s->seed) % 60;

		to = to < s->n ? to : s->n;
		pass_block(s, from, to);
		from = to;
		if (draw(&s->seed) % 3 == 0)
			sched_yield();
		if (from < s->n && draw(&s->seed) % 5 == 0)
			junction_quiet(s->junction, s->number, s->items[from].ns);
	}
	junction_leave(s->junction, s->number);
	return NULL;
}

static void one_world(unsigned n_streams, uint64_t seed)
{
	struct junction *j;
	size_t n_wrong = 0, n = 0;

	if (junction_new(&j, n_streams))
		abort();
	state = 0;
	fill(n_streams, seed);
	work_out(n_streams);
	for (unsigned s = 0; s < n_streams; s++) {
		streams[s].junction = j;
		if (pthread_create(&streams[s].thread, NULL, run, &streams[s]))
			abort();
	}
	for (unsigned s = 0; s < n_streams; s++)
		pthread_join(streams[s].thread, NULL);
	for (unsigned s = 0; s < n_streams; s++) {
		for (size_t i = 0; i < streams[s].n; i++, n++)
			n_wrong += streams[s].items[i].seen != streams[s].items[i].wanted;
	}
	ok(!n_wrong, "world %llu of %u: %zu items, each behind just the points that come before it",
	   (unsigned long long)seed, n_streams, n);
	junction_free(&j);
}

static bool may(struct junction *j, unsigned branch, int64_t item, int64_t point)
{
	const struct junction_place place = {item, point};
	struct junction_limits limits;

	return junction_ask(j, branch, &place, &limits);
}

static void rules(void)
{
	struct junction *j;
	struct junction_limits limits;

	ok(junction_new(&j, 0) == ERR_USAGE && junction_new(&j, 65) == ERR_USAGE,
	   "1 to 64 branches");
	if (junction_new(&j, 3))
		abort();
	ok(!may(j, 0, 10, 20), "a branch that was not heard of is waited for");
	junction_leave(j, 2);
	ok(!may(j, 0, 10, 20), "also when another went away");
	ok(may(j, 1, 5, 30), "but what is earlier than what others hold passes");
	ok(may(j, 0, 10, 20), "a packet passes packets of others");
	ok(!may(j, 0, 10, 10), "a point does not");
	ok(!may(j, 0, 31, 40), "nor a packet a point");
	ok(may(j, 0, 30, 40) && !may(j, 1, 40, 50), "of one moment the first branch comes first");
	junction_pass(j, 0, 60);
	ok(may(j, 1, 60 - 1, 60 - 1), "what has passed is not waited for");
	ok(!may(j, 1, 60, 70), "but at its very moment more may come");
	junction_quiet(j, 0, 100);
	ok(may(j, 1, 99, 99) && !may(j, 1, 101, 101), "one that is quiet is not, up to there");
	ok(junction_hold(j, 0, 99, &limits), "what comes after all is late");
	ok(!junction_hold(j, 0, 100, &limits), "at that moment it is not");
	junction_leave(j, 0);
	ok(may(j, 1, INT64_MAX, INT64_MAX), "alone, nobody is waited for");
	junction_join(j, 0);
	ok(!may(j, 1, 0, 0), "one that comes back is");
	junction_free(&j);
	junction_free(&j);
}

int main(void)
{
	rules();
	for (uint64_t seed = 1; seed <= 6; seed++) {
		one_world(2, seed);
		one_world(3, seed);
	}
	one_world(4, 7);
	one_world(1, 8);
	return tap_end();
}
