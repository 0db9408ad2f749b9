#include "collection/health.h"

#include "base/tap.h"

static struct intercept_counts counts;
static struct intercept_health health;
static struct intercept_view view = {.key = "police/L1",
				     .is_active = true,
				     .delivers_cc = true,
				     .n_live = 1,
				     .counts = &counts,
				     .health = &health};

/* Looks at it so many seconds after the first look. */
static bool is_silent_at(int64_t s)
{
	const struct health_watch watch = {nanos_from_s(1000000 + s), nanos_from_s(600)};

	return health_look(&view, &watch);
}

/* The first and the last time of what was lost, whatever the order. */
static void test_lost(void)
{
	struct intercept_health h = {.lost = 0};

	intercept_health_lose(&h, 500);
	intercept_health_lose(&h, 300);
	intercept_health_lose(&h, 400);
	ok(h.lost_first.ns == 300 && h.lost_since.ns == 300 && h.lost_last.ns == 500,
	   "of what is lost the first and the last time are noted");
	h.lost_since.ns = 0;
	intercept_health_lose(&h, 900);
	ok(h.lost_first.ns == 300 && h.lost_since.ns == 900 && h.lost_last.ns == 900,
	   "and the first since somebody looked");
}

int main(void)
{
	test_lost();
	ok(!is_silent_at(0) && !is_silent_at(599), "a session without content is well for a while");
	ok(is_silent_at(600), "after ten minutes it is silent");
	counts.cc = 5;
	ok(!is_silent_at(605) && health.last_cc.ns == nanos_from_s(1000605).ns,
	   "until content comes, whose time is noted");
	ok(!is_silent_at(1204) && is_silent_at(1205), "and again ten minutes after the last");
	view.n_live = 0;
	ok(!is_silent_at(1300), "without a session nothing is to be expected");
	view.n_live = 1;
	ok(!is_silent_at(1301) && !is_silent_at(1899) && is_silent_at(1900),
	   "and a session has its ten minutes from its own begin");
	view.delivers_cc = false;
	ok(!is_silent_at(2000), "a warrant for information alone is never silent");
	view.delivers_cc = true;
	view.is_active = false;
	ok(!is_silent_at(3000), "nor one that is over");
	ok(health.last_cc.ns == nanos_from_s(1000605).ns, "the time of the last content stays");
	return tap_end();
}
