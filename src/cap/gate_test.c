#include "cap/gate.h"

#include <unistd.h>

#include "base/tap.h"

static struct gate gate;
static atomic_bool is_stopped;
static _Atomic int n_in;

static const struct nanos no_time = {0};
static const struct nanos short_time = {30 * NANOS_PER_MS};
static const struct nanos long_time = {20 * (int64_t)NANOS_PER_S};

static void *come_in(void *arg)
{
	(void)arg;
	if (gate_enter(&gate, long_time, &is_stopped) == 0) {
		atomic_fetch_add(&n_in, 1);
		gate_leave(&gate, true);
	}
	return NULL;
}

static void sleep_until_asleep(int n)
{
	for (int i = 0; i < 5000; i++) {
		int n_asleep;

		pthread_mutex_lock(&gate.lock);
		n_asleep = gate.n_asleep;
		pthread_mutex_unlock(&gate.lock);
		if (n_asleep == n)
			return;
		usleep(1000);
	}
}

static void all_come_in(bool is_inviting, const char *sentence)
{
	pthread_t threads[3];
	int n = 0, rc = gate_enter(&gate, no_time, &is_stopped);

	atomic_store(&n_in, 0);
	for (; n < 3 && !pthread_create(&threads[n], NULL, come_in, NULL); n++)
		;
	sleep_until_asleep(n);
	ok(!rc && atomic_load(&n_in) == 0, "while one is in, others wait");
	gate_leave(&gate, is_inviting);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	ok(n == 3 && atomic_load(&n_in) == n, "%s", sentence);
}

int main(void)
{
	gate_init(&gate);
	ok(!gate_enter(&gate, no_time, &is_stopped), "an empty gate lets in");
	ok(gate_enter(&gate, no_time, &is_stopped) == ERR_AGAIN, "and nobody else");
	ok(gate_enter(&gate, short_time, &is_stopped) == ERR_AGAIN, "nor after a while");
	atomic_store(&is_stopped, true);
	ok(gate_enter(&gate, long_time, &is_stopped) == ERR_STOPPED, "a stop ends the waiting");
	atomic_store(&is_stopped, false);
	gate_leave(&gate, false);
	all_come_in(true, "who was invited comes in, one after the other");
	all_come_in(false, "who was not invited comes in by itself");
	gate_fini(&gate);
	return tap_end();
}
