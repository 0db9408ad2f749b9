#include "base/turn.h"

#include "base/tap.h"

enum { N_THREADS = 4, N_TICKETS = 20000 };

static struct turn turnstile;
static _Atomic uint64_t next_ticket;
static uint64_t passed; /* guarded by the turnstile itself */
static bool is_in_order = true;

static void *walk(void *arg)
{
	(void)arg;
	for (;;) {
		uint64_t ticket = atomic_fetch_add(&next_ticket, 1);

		if (!turn_wait(&turnstile, ticket))
			return NULL;
		is_in_order &= passed++ == ticket;
		if (ticket >= N_TICKETS)
			turn_stop(&turnstile);
		else
			turn_pass(&turnstile);
	}
}

int main(void)
{
	pthread_t threads[N_THREADS];

	turn_init(&turnstile);
	for (int i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, walk, NULL);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	ok(is_in_order && passed == N_TICKETS + 1, "%d tickets passed in order", N_TICKETS + 1);
	ok(!turn_wait(&turnstile, 99999999), "a stopped turnstile lets nobody wait");
	turn_fini(&turnstile);
	return tap_end();
}
