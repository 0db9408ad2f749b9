#include "junction/junction.h"

#include <pthread.h>
#include <stdlib.h>

struct branch {
	bool is_away;
	struct junction_place next; /* nothing of it comes before that */
	int64_t quiet_ns;           /* it was said to be quiet up to here */
};

struct junction {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned n_waiting;
	unsigned n;
	struct branch branches[];
};

int junction_new(struct junction **out, unsigned n)
{
	struct junction *j = NULL;

	if (n && n <= JUNCTION_MAX_BRANCHES)
		j = calloc(1, sizeof *j + n * sizeof j->branches[0]);
	*out = j;
	if (!j)
		return n && n <= JUNCTION_MAX_BRANCHES ? ERR_NOMEM : ERR_USAGE;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->moved, NULL);
	j->n = n;
	for (unsigned b = 0; b < n; b++)
		j->branches[b] = (struct branch){
			.next = {INT64_MIN, INT64_MIN},
			.quiet_ns = INT64_MIN,
		};
	return 0;
}

void junction_free(struct junction **jp)
{
	struct junction *j = *jp;

	if (!j)
		return;
	pthread_mutex_destroy(&j->lock);
	pthread_cond_destroy(&j->moved);
	free(j);
	*jp = NULL;
}

static void wake(struct junction *j)
{
	if (j->n_waiting)
		pthread_cond_broadcast(&j->moved);
}

static void set_away(struct junction *j, unsigned branch, bool is_away)
{
	struct branch *b = &j->branches[branch];

	pthread_mutex_lock(&j->lock);
	b->is_away = is_away;
	b->next = (struct junction_place){INT64_MIN, INT64_MIN};
	b->quiet_ns = INT64_MIN;
	wake(j);
	pthread_mutex_unlock(&j->lock);
}

void junction_join(struct junction *j, unsigned branch)
{
	set_away(j, branch, false);
}

void junction_leave(struct junction *j, unsigned branch)
{
	set_away(j, branch, true);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void junction_quiet(struct junction *j, unsigned branch, int64_t ns)
{
	struct branch *b = &j->branches[branch];

	pthread_mutex_lock(&j->lock);
	b->quiet_ns = later(b->quiet_ns, ns);
	b->next.item_ns = later(b->next.item_ns, ns);
	b->next.point_ns = later(b->next.point_ns, ns);
	wake(j);
	pthread_mutex_unlock(&j->lock);
}

void junction_pass(struct junction *j, unsigned branch, int64_t ns)
{
	struct branch *b = &j->branches[branch];

	pthread_mutex_lock(&j->lock);
	b->next.item_ns = later(b->next.item_ns, ns);
	b->next.point_ns = later(b->next.point_ns, ns);
	wake(j);
	pthread_mutex_unlock(&j->lock);
}

/* Up to which time this branch comes before the other's item of that time. */
static int64_t limit_of(unsigned branch, unsigned other, int64_t ns)
{
	return branch < other || ns == INT64_MIN ? ns : ns - 1;
}

static struct junction_limits limits_of(const struct junction *j, unsigned branch)
{
	struct junction_limits limits = {INT64_MAX, INT64_MAX};

	for (unsigned k = 0; k < j->n; k++) {
		const struct branch *other = &j->branches[k];
		int64_t packet_ns, point_ns;

		if (k == branch || other->is_away)
			continue;
		packet_ns = limit_of(branch, k, other->next.point_ns);
		point_ns = limit_of(branch, k, other->next.item_ns);
		limits.packet_ns = packet_ns < limits.packet_ns ? packet_ns : limits.packet_ns;
		limits.point_ns = point_ns < limits.point_ns ? point_ns : limits.point_ns;
	}
	return limits;
}

bool junction_hold(struct junction *j, unsigned branch, int64_t first_ns,
		   struct junction_limits *limits)
{
	bool is_late;

	pthread_mutex_lock(&j->lock);
	is_late = first_ns < j->branches[branch].quiet_ns;
	*limits = limits_of(j, branch);
	pthread_mutex_unlock(&j->lock);
	return is_late;
}

static bool may_pass(const struct junction_place *place, const struct junction_limits *limits)
{
	bool is_point = place->point_ns == place->item_ns;

	return place->item_ns <= (is_point ? limits->point_ns : limits->packet_ns);
}

/* What a branch holds may lie before what was said of it: then it is told as it is. */
static bool ask(struct junction *j, unsigned branch, const struct junction_place *place,
		struct junction_limits *limits)
{
	j->branches[branch].next = *place;
	*limits = limits_of(j, branch);
	return may_pass(place, limits);
}

bool junction_ask(struct junction *j, unsigned branch, const struct junction_place *place,
		  struct junction_limits *limits)
{
	bool may;

	pthread_mutex_lock(&j->lock);
	may = ask(j, branch, place, limits);
	wake(j);
	pthread_mutex_unlock(&j->lock);
	return may;
}

void junction_wait(struct junction *j, unsigned branch, const struct junction_place *place,
		   struct junction_limits *limits)
{
	pthread_mutex_lock(&j->lock);
	if (!ask(j, branch, place, limits)) {
		wake(j);
		j->n_waiting++;
		do
			pthread_cond_wait(&j->moved, &j->lock);
		while (!ask(j, branch, place, limits));
		j->n_waiting--;
	}
	pthread_mutex_unlock(&j->lock);
}
