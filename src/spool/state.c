#include "spool/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wr.h"

enum { ORDER = 0x01020304, HASH_STEP = 8 };

_Static_assert(sizeof(struct spool_slot) <= STATE_SLOT_LEN, "a slot fits");
_Static_assert(sizeof(struct spool_head) <= STATE_ACKED_AT, "the head fits");

static const char state_name[] = "state", new_name[] = "state.new";

/* FNV-1a in steps of eight bytes: against torn writes, not against forgers. */
uint64_t spool_hash(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t hash = UINT64_C(0xcbf29ce484222325), word;

	for (; len; len -= len < HASH_STEP ? len : HASH_STEP, at += HASH_STEP) {
		word = 0;
		memcpy(&word, at, len < HASH_STEP ? len : HASH_STEP);
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
		hash ^= hash >> 29;
	}
	return hash;
}

void spool_head_fill(struct spool_head *head, uint64_t id, uint64_t base, uint64_t size)
{
	*head = (struct spool_head){.magic = SPOOL_MAGIC,
				    .version = SPOOL_VERSION,
				    .order = ORDER,
				    .id = id,
				    .base = base,
				    .size = size};
	head->hash = spool_hash(head, offsetof(struct spool_head, hash));
}

static int head_refused(struct why *why, size_t offset, const char *text)
{
	why_offset(why, (int64_t)offset);
	return why_set(why, ERR_BAD, "%s", text);
}

int spool_head_check(const struct spool_head *head, uint64_t id, struct why *why)
{
	if (head->magic != SPOOL_MAGIC)
		return head_refused(why, 0, "is no file of a spool");
	if (head->order != ORDER)
		return head_refused(why, offsetof(struct spool_head, order),
				    "was written by a machine of another byte order");
	if (head->version != SPOOL_VERSION)
		return head_refused(why, offsetof(struct spool_head, version),
				    "is of another version of the spool's format: have the program "
				    "that wrote it deliver what is there, or move the folder away");
	if (head->hash != spool_hash(head, offsetof(struct spool_head, hash)))
		return head_refused(why, offsetof(struct spool_head, hash), "its head is damaged");
	if (head->form)
		return head_refused(why, offsetof(struct spool_head, form),
				    "has a form that is not known here");
	if (id && head->id != id)
		return head_refused(why, offsetof(struct spool_head, id), "is of another spool");
	return 0;
}

static uint64_t slot_hash(const struct spool_slot *slot, uint64_t generation)
{
	uint64_t facts[4] = {generation, slot->end, slot->user_len, slot->user_hash};

	return spool_hash(facts, sizeof facts);
}

static bool slot_is_whole(const struct spool_slot *slot)
{
	uint64_t generation = atomic_load(&slot->generation);

	return generation && slot->hash == slot_hash(slot, generation) &&
	       slot->user_len <= SPOOL_USER_MAX &&
	       slot->user_hash == spool_hash(slot->user, slot->user_len);
}

static int state_map(struct spool_state *state, struct why *why)
{
	void *map = mmap(NULL, STATE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, state->fd, 0);

	if (map == MAP_FAILED)
		return why_set(why, err_of_errno(errno), "cannot be mapped: %s", strerror(errno));
	state->map = map;
	for (int i = 0; i < 2; i++)
		state->slots[i] =
			(struct spool_slot *)(state->map + SPOOL_PAGE + i * STATE_SLOT_LEN);
	state->acked = (_Atomic uint64_t *)(state->map + STATE_ACKED_AT);
	state->disk_end = (_Atomic uint64_t *)(state->map + STATE_DISK_END_AT);
	return 0;
}

static int state_failed(struct why *why, const char *verb)
{
	return why_set(why, err_of_errno(errno), "cannot be %s: %s", verb, strerror(errno));
}

/* Makes a state that is whole under another name, and then gives it its own. */
static int state_make(struct spool_state *state, int dir, const struct state_start *start,
		      struct why *why)
{
	struct spool_head *head;
	int rc;

	state->fd = openat(dir, new_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			   S_IRUSR | S_IWUSR);
	if (state->fd < 0)
		return state_failed(why, "made");
	rc = posix_fallocate(state->fd, 0, STATE_LEN);
	if (rc) {
		errno = rc;
		return state_failed(why, "made");
	}
	rc = state_map(state, why);
	if (rc)
		return rc;
	state->id = start->id;
	if (!state->id && getrandom(&state->id, sizeof state->id, 0) != sizeof state->id)
		return state_failed(why, "given a number");
	state->id |= 1; /* never 0 */
	head = (struct spool_head *)state->map;
	spool_head_fill(head, state->id, UINT64_MAX, 0);
	state_write(state, start->end, start->user, start->user_len);
	atomic_store(state->acked, start->acked);
	atomic_store(state->disk_end, start->disk_end);
	return renameat(dir, new_name, dir, state_name) ? state_failed(why, "named") : 0;
}

static int state_read(struct spool_state *state, uint64_t id, struct why *why)
{
	struct stat st;
	bool is_whole[2];
	int rc;

	if (fstat(state->fd, &st))
		return state_failed(why, "read");
	if (!S_ISREG(st.st_mode) || st.st_size != STATE_LEN) {
		why_offset(why, S_ISREG(st.st_mode) ? st.st_size : 0);
		return why_set(why, ERR_BAD, "is no whole state of a spool: %lld of %d bytes",
			       (long long)st.st_size, STATE_LEN);
	}
	rc = state_map(state, why);
	if (!rc)
		rc = spool_head_check((const struct spool_head *)state->map, id, why);
	if (rc)
		return rc;
	state->id = ((const struct spool_head *)state->map)->id;
	for (int i = 0; i < 2; i++)
		is_whole[i] = slot_is_whole(state->slots[i]);
	if (!is_whole[0] && !is_whole[1])
		return head_refused(why, SPOOL_PAGE, "its end is damaged");
	state->now =
		!is_whole[0] || (is_whole[1] && atomic_load(&state->slots[1]->generation) >
							atomic_load(&state->slots[0]->generation));
	state->generation = atomic_load(&state->slots[state->now]->generation);
	state->is_old[!state->now] = true;
	if (atomic_load(state->acked) > state_end(state))
		return head_refused(why, STATE_ACKED_AT, "more is acknowledged than there is");
	if (atomic_load(state->disk_end) > state_end(state))
		return head_refused(why, STATE_DISK_END_AT, "more is on disk than there is");
	return 0;
}

bool state_is_there(int dir)
{
	struct stat st;

	return !fstatat(dir, state_name, &st, AT_SYMLINK_NOFOLLOW);
}

void state_remove(int dir)
{
	unlinkat(dir, state_name, 0);
}

int state_open(struct spool_state *state, int dir, const char *path,
	       const struct state_start *start, struct why *why)
{
	int rc = 0;

	*state = (struct spool_state){
		.fd = openat(dir, state_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
	if (state->fd < 0 && errno == ENOENT) {
		state->is_new = true;
		rc = state_make(state, dir, start, why);
	} else if (state->fd < 0) {
		rc = state_failed(why, "opened");
	}
	if (!rc && !state->is_new)
		rc = state_read(state, start->id, why);
	if (rc) {
		char place[WHY_PLACE_LEN];
		struct wr w = wr_of(place, sizeof place - 1);

		wr_text(&w, "%s/%s", path, state_name);
		place[w.len] = '\0';
		why_place(why, place);
		state_close(state);
	}
	return rc;
}

void state_close(struct spool_state *state)
{
	if (state->map)
		munmap(state->map, STATE_LEN);
	if (state->fd >= 0)
		close(state->fd);
	*state = (struct spool_state){.fd = -1};
}

static void slot_set_user(struct spool_slot *slot, const void *user, size_t len)
{
	memcpy(slot->user, user, len);
	slot->user_len = len;
	slot->user_hash = spool_hash(user, len);
}

void state_write(struct spool_state *state, uint64_t end, const void *user, size_t user_len)
{
	int next = !state->now;
	struct spool_slot *slot = state->slots[next];
	const struct spool_slot *now = state->slots[state->now];

	/* not whole from here on … */
	atomic_store_explicit(&slot->generation, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	if (user) {
		slot_set_user(slot, user, user_len);
		state->is_old[state->now] = true;
	} else if (state->is_old[next]) {
		slot_set_user(slot, now->user, now->user_len);
	}
	state->is_old[next] = false;
	slot->end = end;
	state->generation++;
	slot->hash = slot_hash(slot, state->generation);
	/* … until here */
	atomic_store_explicit(&slot->generation, state->generation, memory_order_release);
	state->now = next;
}

uint64_t state_end(const struct spool_state *state)
{
	return state->slots[state->now]->end;
}

size_t state_user(const struct spool_state *state, const void **user)
{
	const struct spool_slot *slot = state->slots[state->now];

	*user = slot->user;
	return slot->user_len;
}

int state_sync(struct spool_state *state)
{
	return msync(state->map, STATE_LEN, MS_SYNC) ? errno : 0;
}
