/* Loaded before a program's libraries: its clock of the day differs from the machine's by what a
 * file says (eight bytes, ns, in the machine's order), which may change at any moment. The
 * machine's own clock cannot be stepped for a test, and a time namespace has none of this kind.
 * What the kernel stamps (packets) keeps the machine's time. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { S = 1000000000, US = 1000 };

static const volatile int64_t *offset;
static int (*real_clock)(clockid_t clock, struct timespec *out);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("WEIR_TEST_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);

	*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	if (map != MAP_FAILED)
		offset = map;
	if (fd >= 0)
		close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int rc = real_clock(clock, out);
	int64_t ns;

	if (rc || !offset || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return rc;
	ns = (int64_t)out->tv_sec * S + out->tv_nsec + *offset;
	*out = (struct timespec){ns / S, ns % S};
	return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){now.tv_sec, now.tv_nsec / US};
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
