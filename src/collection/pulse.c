#include "collection/pulse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	TRIES = 10,
	NEAR_NS = 20 * 1000,
	STEP_NS = 1000 * 1000, /* less is no clock that was set */
};

struct slot {
	uint64_t input;
	int64_t ns;
	int64_t ahead_ns;
	uint64_t boot; /* 0: not known */
};

struct pulse_file {
	char magic[8];
	struct slot slots[PULSE_SLOTS];
};

struct pulse {
	struct pulse_file *file;
	struct slot last[PULSE_SLOTS]; /* as the last process left it, in today's time */
	int64_t step_ns;               /* by which the clock was set since its latest */
	uint64_t boot;
};

static const char magic[8] = {'W', 'E', 'I', 'R', 'P', 'U', 'L', '2'};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NANOS_PER_S + t.tv_nsec;
}

/* The two are read one after the other: of a few tries the one that took least counts. */
int64_t pulse_ahead_ns(void)
{
	int64_t least_ns = INT64_MAX, ahead_ns = 0;

	for (int k = 0; k < TRIES && least_ns > NEAR_NS; k++) {
		int64_t before_ns = clock_ns(CLOCK_BOOTTIME), wall_ns = clock_ns(CLOCK_REALTIME);
		int64_t spent_ns = clock_ns(CLOCK_BOOTTIME) - before_ns;

		if (spent_ns < least_ns)
			least_ns = spent_ns, ahead_ns = wall_ns - before_ns;
	}
	return ahead_ns;
}

static uint64_t hash_of(const char *uri)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *uri; uri++)
		hash = (hash ^ (uint8_t)*uri) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

static int map(struct pulse *p, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	struct stat st;
	void *at = MAP_FAILED;
	int rc = 0;

	if (fd < 0)
		return err_of_errno(errno);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = ERR_BAD;
	else if ((size_t)st.st_size != sizeof *p->file &&
		 (ftruncate(fd, 0) != 0 || ftruncate(fd, sizeof *p->file) != 0))
		rc = err_of_errno(errno);
	if (!rc)
		at = mmap(NULL, sizeof *p->file, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!rc && at == MAP_FAILED)
		rc = err_of_errno(errno);
	close(fd);
	p->file = rc ? NULL : at;
	return rc;
}

/* The number that the kernel drew when it was started. */
static uint64_t read_boot(void)
{
	char text[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? hash_of(text) : 0;
}

/* What the last process left, by the clock as it is now. */
static void begin(struct pulse *p)
{
	int64_t ahead_ns = pulse_ahead_ns(), latest_ns = INT64_MIN;

	p->boot = read_boot();
	if (memcmp(p->file->magic, magic, sizeof magic) != 0) {
		memset(p->file, 0, sizeof *p->file);
		memcpy(p->file->magic, magic, sizeof magic);
	}
	memcpy(p->last, p->file->slots, sizeof p->last);
	for (size_t k = 0; k < PULSE_SLOTS; k++) {
		struct slot *slot = &p->last[k];
		int64_t step_ns = ahead_ns - slot->ahead_ns;

		if (!slot->boot || slot->boot != p->boot)
			continue;
		if (step_ns > -STEP_NS && step_ns < STEP_NS)
			step_ns = 0;
		slot->ns += step_ns;
		if (slot->ns > latest_ns)
			p->step_ns = step_ns, latest_ns = slot->ns;
	}
}

struct nanos pulse_today(const struct pulse *p, struct nanos before)
{
	return (struct nanos){before.ns + p->step_ns};
}

int pulse_open(struct pulse **out, const char *path, struct why *why)
{
	struct pulse *p = calloc(1, sizeof *p);
	int rc = p ? map(p, path) : ERR_NOMEM;

	*out = p;
	if (rc) {
		pulse_free(out);
		why_place(why, path);
		return why_set(why, rc, "%s", err_text(rc));
	}
	begin(p);
	return 0;
}

void pulse_free(struct pulse **pp)
{
	struct pulse *p = *pp;

	if (!p)
		return;
	if (p->file)
		munmap(p->file, sizeof *p->file);
	free(p);
	*pp = NULL;
}

struct nanos pulse_last(const struct pulse *p, const char *uri)
{
	uint64_t input = hash_of(uri);

	for (size_t k = 0; k < PULSE_SLOTS; k++) {
		if (p->last[k].input == input)
			return (struct nanos){p->last[k].ns};
	}
	return (struct nanos){0};
}

struct nanos pulse_latest(const struct pulse *p)
{
	struct nanos latest = {0};

	for (size_t k = 0; k < PULSE_SLOTS; k++) {
		if (p->last[k].ns > latest.ns)
			latest.ns = p->last[k].ns;
	}
	return latest;
}

/* The input's slot, or a free one, or that of the input that was not heard of for longest. */
static struct slot *slot_of(struct pulse_file *file, uint64_t input)
{
	struct slot *oldest = &file->slots[0];

	for (size_t k = 0; k < PULSE_SLOTS; k++) {
		struct slot *slot = &file->slots[k];

		if (slot->input == input)
			return slot;
		if (oldest->input && (!slot->input || slot->ns < oldest->ns))
			oldest = slot;
	}
	return oldest;
}

void pulse_beat(struct pulse *p, const char *uri, struct nanos time)
{
	uint64_t input = hash_of(uri);
	struct slot *slot = slot_of(p->file, input);

	*slot = (struct slot){input, time.ns, pulse_ahead_ns(), p->boot};
}
