/* A spool's state, as a file system may give it back: it is refused, or what it says is consistent,
 * survives a change and is the same when it is opened again. The input is what stands at the places
 * that matter, the rest is 0; its first octet says which sums are mended. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "spool/state.h"

enum { MEND_HEAD = 1, MEND_SLOT = 2, FACTS = 4, SLOT_PART = 48 };

static char folder[] = "/dev/shm/weir-state-fuzz-XXXXXX";
static int dir = -1;

static void leave(void)
{
	state_remove(dir);
	close(dir);
	rmdir(folder);
}

static void mend_slot(uint8_t *at)
{
	struct spool_slot *slot = (struct spool_slot *)at;
	uint64_t facts[FACTS];
	uint64_t generation =
		atomic_load(&slot->generation) >> 1; /* one that can still be counted on */

	atomic_store(&slot->generation, generation);
	slot->user_len %= SPOOL_USER_MAX + 1;
	slot->user_hash = spool_hash(slot->user, slot->user_len);
	memcpy(facts, at, sizeof facts);
	slot->hash = spool_hash(facts, sizeof facts);
}

static void fill(uint8_t *file, struct rd *r)
{
	static const struct {
		size_t at, len;
	} places[] = {{0, sizeof(struct spool_head)},
		      {STATE_ACKED_AT, 16},
		      {SPOOL_PAGE, SLOT_PART},
		      {SPOOL_PAGE + STATE_SLOT_LEN, SLOT_PART}};
	uint8_t mend = rd_u8(r);

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		size_t n = rd_left(r) < places[i].len ? rd_left(r) : places[i].len;

		if (n)
			memcpy(file + places[i].at, rd_take(r, n), n);
	}
	if (mend & MEND_HEAD) {
		struct spool_head head;

		memcpy(&head, file, sizeof head);
		spool_head_fill(&head, head.id | 1, UINT64_MAX, 0);
		memcpy(file, &head, sizeof head);
	}
	for (int i = 0; i < 2; i++) {
		if (mend & (MEND_SLOT << i))
			mend_slot(file + SPOOL_PAGE + i * STATE_SLOT_LEN);
	}
}

static void put(const uint8_t *file)
{
	int fd = openat(dir, "state", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, file, STATE_LEN) != STATE_LEN)
		abort();
	close(fd);
}

static void look(void)
{
	const struct state_start any = {0};
	struct spool_state state;
	uint64_t end, later;
	const void *user;
	size_t len;

	if (state_open(&state, dir, folder, &any, NULL))
		return;
	end = state_end(&state);
	len = state_user(&state, &user);
	if (len > SPOOL_USER_MAX || atomic_load(state.acked) > end ||
	    atomic_load(state.disk_end) > end)
		abort();
	later = end < UINT64_MAX ? end + 1 : end;
	state_write(&state, later, "abc", 3);
	state_close(&state);
	if (state_open(&state, dir, folder, &any, NULL) || state_end(&state) != later ||
	    state_user(&state, &user) != 3 || memcmp(user, "abc", 3) != 0)
		abort();
	state_close(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t file[STATE_LEN];
	struct rd r = rd_of(bytes, len);

	if (dir < 0) {
		if (!mkdtemp(folder))
			abort();
		dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(leave);
	}
	memset(file, 0, sizeof file);
	fill(file, &r);
	put(file);
	look();
	return 0;
}
