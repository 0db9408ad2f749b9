#include "collection/pulse.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"

static char path[] = "/tmp/weir-pulse-XXXXXX";

static struct pulse *open_it(void)
{
	struct pulse *p;

	if (pulse_open(&p, path, NULL))
		abort();
	return p;
}

/* What lies at this place of the first slot. */
static void spoil(off_t at, int64_t by)
{
	int fd = open(path, O_RDWR);
	int64_t value;

	if (fd < 0 || pread(fd, &value, sizeof value, at) != sizeof value)
		abort();
	value += by;
	if (pwrite(fd, &value, sizeof value, at) != sizeof value)
		abort();
	close(fd);
}

static bool is_near(int64_t a, int64_t b)
{
	return a - b < NANOS_PER_S && b - a < NANOS_PER_S;
}

static void test_clock(void)
{
	enum { AHEAD_AT = 24, BOOT_AT = 32 };
	const int64_t hour_ns = 3600 * INT64_C(1000000000), now = 1700000000000000000;
	struct pulse *p = open_it();

	pulse_beat(p, "int:a", (struct nanos){now});
	pulse_free(&p);
	p = open_it();
	ok(is_near(pulse_last(p, "int:a").ns, now), "a clock that nobody set");
	pulse_free(&p);
	spoil(AHEAD_AT, hour_ns); /* as if it had been an hour ahead */
	p = open_it();
	ok(is_near(pulse_last(p, "int:a").ns, now - hour_ns) &&
		   is_near(pulse_latest(p).ns, now - hour_ns) &&
		   is_near(pulse_today(p, (struct nanos){now + 5}).ns, now - hour_ns),
	   "one that was set back an hour meanwhile: what was is told by the clock that is");
	pulse_free(&p);
	p = open_it();
	ok(is_near(pulse_last(p, "int:a").ns, now - hour_ns),
	   "also to the next, where the first said nothing of that input");
	pulse_free(&p);
	spoil(BOOT_AT, 1);
	p = open_it();
	ok(pulse_last(p, "int:a").ns == now && pulse_today(p, (struct nanos){5}).ns == 5,
	   "of a machine that was started since nothing more is known than what it said");
	pulse_free(&p);
}

int main(void)
{
	int fd = mkstemp(path);
	struct pulse *p, *next;
	char uri[32];

	ok(fd >= 0 && write(fd, "rubbish", 7) == 7, "a file of another shape");
	close(fd);
	p = open_it();
	ok(!pulse_last(p, "int:a").ns, "says nothing of an input");
	pulse_beat(p, "int:a", (struct nanos){100});
	pulse_beat(p, "int:b", (struct nanos){7});
	pulse_beat(p, "int:a", (struct nanos){200});
	ok(!pulse_last(p, "int:a").ns, "what this process says is for the next one");
	next = open_it(); /* the first is as if it were killed */
	ok(pulse_last(next, "int:a").ns == 200 && pulse_last(next, "int:b").ns == 7,
	   "which finds the latest of each input");
	ok(!pulse_last(next, "int:c").ns && pulse_latest(next).ns == 200, "and nothing of another");
	pulse_beat(next, "int:b", (struct nanos){300});
	pulse_free(&next);
	for (int k = 0; k < PULSE_SLOTS; k++) {
		snprintf(uri, sizeof uri, "int:x%d", k);
		pulse_beat(p, uri, (struct nanos){1000 + k});
	}
	pulse_free(&p);
	pulse_free(&p);
	p = open_it();
	ok(!pulse_last(p, "int:a").ns && pulse_last(p, "int:x0").ns == 1000 &&
		   pulse_last(p, uri).ns == 1000 + PULSE_SLOTS - 1,
	   "where there are too many, the oldest makes room");
	pulse_free(&p);
	ok(unlink(path) == 0, "another file");
	test_clock();
	ok(truncate(path, 50) == 0, "cut");
	p = open_it();
	ok(!pulse_last(p, uri).ns, "a cut file is begun anew");
	pulse_free(&p);
	ok(unlink(path) == 0 && symlink("/dev/null", path) == 0 && pulse_open(&p, path, NULL) < 0 &&
		   !p,
	   "a link is not followed");
	unlink(path);
	return tap_end();
}
