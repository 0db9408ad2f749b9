#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "intercept/intercept.h"

enum { N = 2500, LINE = 220 };

static int open_none(void *arg, const char *agency, enum intercept_interface which,
		     struct outbox *out, struct why *why)
{
	(void)arg, (void)agency, (void)which, (void)why;
	outbox_none(out);
	return 0;
}

/* Of orders with so many warrants. */
static struct intercept *with_many(void)
{
	static char text[N * LINE + 1000];
	struct wr w = wr_of(text, sizeof text);
	const struct intercept_options options = {.open = open_none,
						  .is_live = true,
						  .now = {INT64_C(1800000000) * NANOS_PER_S},
						  .max_sessions = 10};
	struct intercept *i = NULL;
	struct orders orders;
	struct why why;

	why_clear(&why);
	wr_text(&w, "operator: {id: EX}\nagencies: [{id: a, country: NZ, hi2: \"127.0.0.1:1\", "
		    "hi3: \"127.0.0.1:2\"}]\nwarrants:\n");
	for (int k = 0; k < N; k++)
		wr_text(&w,
			"  - {reference: W, authority: A, agency: a, liid: L%04d, "
			"authorization_country: NZ, start: 1970-01-01T00:00:00Z, "
			"end: 2200-01-01T00:00:00Z, targets: [{prefix: 10.0.%d.%d, cin: 1}]}\n",
			k, k / 256, k % 256);
	if (!w.ok || orders_parse(&orders, text, w.len, &why) ||
	    intercept_new(&i, &orders, &options, &why)) {
		printf("Bail out! %s\n", why.text);
		exit(1);
	}
	orders_fini(&orders);
	return i;
}

struct visit {
	struct intercept *intercept;
	_Atomic size_t n;      /* warrants that were looked at */
	bool is_in_order;      /* each once */
	_Atomic size_t n_held; /* times that somebody else had the turn with some of them left */
	_Atomic bool is_over;
};

static void see(void *arg, const struct intercept_view *view)
{
	struct visit *v = arg;
	char key[16];

	snprintf(key, sizeof key, "a/L%04zu", v->n++);
	v->is_in_order &= !strcmp(view->key, key);
}

static void take_turn(void *arg)
{
	struct visit *v = arg;

	v->n_held += v->n && v->n < N;
}

static void *somebody(void *arg)
{
	struct visit *v = arg;

	while (!v->is_over)
		intercept_hold(v->intercept, take_turn, v);
	return NULL;
}

int main(void)
{
	struct visit v = {.intercept = with_many(), .is_in_order = true};
	pthread_t thread;

	intercept_each(v.intercept, see, &v);
	ok(v.n == N && v.is_in_order, "each warrant is looked at once, in the order of the orders");
	if (pthread_create(&thread, NULL, somebody, &v))
		abort();
	for (int k = 0; k < 1000 && !v.n_held; k++) {
		v.n = 0;
		intercept_each(v.intercept, see, &v);
	}
	v.is_over = true;
	pthread_join(thread, NULL);
	ok(v.n_held > 0, "and whoever waits for the turn gets it in between");
	intercept_free(&v.intercept);
	return tap_end();
}
