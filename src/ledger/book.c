#include "ledger/book.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/leaf.h"

enum {
	VERSION = 1,
	CHUNK = 1024, /* rows that are allocated at once */
	OLD_LEN = 4096,
};

static const char magic[8] = {'W', 'E', 'I', 'R', 'L', 'D', 'G', 'R'};

/* ---- keys to slots ---- */

static uint32_t hash(const struct ledger_key *key)
{
	uint64_t words[sizeof *key / 8], h = 0x9e3779b97f4a7c15;

	_Static_assert(sizeof *key % 8 == 0, "a key is whole words");
	memcpy(words, key, sizeof words);
	for (size_t k = 0; k < sizeof words / 8; k++) {
		h = (h ^ words[k]) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

/* The place of a key, or the empty one where it would be. */
static uint32_t place_of(const struct ledger_book *b, const struct ledger_key *key)
{
	uint32_t mask = b->n_places - 1, at = hash(key) & mask;

	while (b->places[at] != LEAF_NO_SLOT &&
	       !ledger_key_is_equal(&b->leaf->rows[b->places[at]].key, key))
		at = (at + 1) & mask;
	return at;
}

static void index_all(struct ledger_book *b)
{
	b->n_spare = 0;
	for (uint32_t k = 0; k < b->n_places; k++)
		b->places[k] = LEAF_NO_SLOT;
	for (uint32_t k = 0; k < b->leaf->head.n_slots; k++) {
		if (b->leaf->rows[k].is_used)
			b->places[place_of(b, &b->leaf->rows[k].key)] = k;
		else
			b->spare[b->n_spare++] = k;
	}
}

struct ledger_row *ledger_book_find(struct ledger_book *b, const struct ledger_key *key)
{
	uint32_t at = b->places[place_of(b, key)];

	return at == LEAF_NO_SLOT ? NULL : &b->leaf->rows[at];
}

static uint32_t take_slot(struct ledger_book *b)
{
	struct head *head = &b->leaf->head;

	if (b->n_spare)
		return b->spare[--b->n_spare];
	return head->n_slots < head->n_allocated ? head->n_slots++ : LEAF_NO_SLOT;
}

/* NULL where there is no slot. */
static struct ledger_row *make_row(struct ledger_book *b, const struct ledger_key *key)
{
	uint32_t slot = take_slot(b);
	struct ledger_row *row;

	if (slot == LEAF_NO_SLOT)
		return NULL;
	row = &b->leaf->rows[slot];
	memset(row, 0, sizeof *row);
	b->settled[slot] = (struct settled){0};
	row->key = *key;
	b->places[place_of(b, key)] = slot;
	row->is_used = 1;
	return row;
}

static struct ledger_key folded(const struct ledger_key *key)
{
	struct ledger_key sum = *key;

	sum.cin = 0;
	sum.span = LEDGER_SPAN_FOLDED;
	return sum;
}

struct ledger_row *ledger_book_row(struct ledger_book *b, const struct ledger_key *key)
{
	struct ledger_row *row = ledger_book_find(b, key);
	struct ledger_key sum;

	if (!row)
		row = make_row(b, key);
	if (row) {
		row->is_closed = 0;
		return row;
	}
	sum = folded(key);
	row = ledger_book_find(b, &sum);
	return row ? row : &b->leaf->rows[0];
}

void ledger_book_close_row(struct ledger_row *row)
{
	row->is_closed = 1;
}

uint32_t ledger_book_n_slots(const struct ledger_book *b)
{
	return b->leaf->head.n_slots;
}

struct ledger_row *ledger_book_slot(struct ledger_book *b, uint32_t slot)
{
	struct ledger_row *row = &b->leaf->rows[slot];

	return row->is_used ? row : NULL;
}

bool ledger_book_add_up(struct ledger_book *b, struct ledger_sums *sums)
{
	uint32_t n_slots = ledger_book_n_slots(b);
	uint32_t end = sums->slot + CHUNK;

	for (; sums->slot < end && sums->slot < n_slots; sums->slot++) {
		const struct ledger_row *row = ledger_book_slot(b, sums->slot);

		for (int k = 0; row && k < LEDGER_N_REASONS; k++)
			sums->n[k] += row->tallies[k].n;
	}
	return sums->slot < n_slots;
}

/* ---- room ---- */

static bool allocate(struct ledger_book *b)
{
	struct head *head = &b->leaf->head;
	uint32_t n = head->max_rows - head->n_allocated;
	size_t at = offsetof(struct leaf, rows) + (size_t)head->n_allocated * sizeof *b->leaf->rows;

	if (n > CHUNK)
		n = CHUNK;
	if (!n || posix_fallocate(b->fd, (off_t)at, (off_t)(n * sizeof *b->leaf->rows)))
		return false;
	head->n_allocated += n;
	return true;
}

/* Nothing of it will change: its records are where they were going. */
static bool is_final(const struct ledger_row *row)
{
	const uint64_t *c = row->counts;

	if (!row->is_used || row->key.span != LEDGER_SPAN_SESSION)
		return false;
	if (c[LEDGER_RECEIVED] || c[LEDGER_KEPT])
		return c[LEDGER_ACKNOWLEDGED] + row->tallies[LEDGER_SPOILED].n +
			       row->tallies[LEDGER_UNDELIVERED].n ==
		       c[LEDGER_KEPT];
	return row->is_closed && c[LEDGER_HANDED] + row->tallies[LEDGER_DAMAGED].n +
						 row->tallies[LEDGER_ABANDONED].n >=
					 c[LEDGER_SPOOLED];
}

static int by_age(const void *a, const void *b)
{
	const struct ledger_row *x = *(struct ledger_row *const *)a;
	const struct ledger_row *y = *(struct ledger_row *const *)b;

	return x->last_ns < y->last_ns ? -1 : x->last_ns > y->last_ns;
}

static bool fold(struct ledger_book *b, struct ledger_row *row)
{
	struct ledger_key key = folded(&row->key);
	struct ledger_row *sum = ledger_book_find(b, &key);

	if (!sum)
		sum = make_row(b, &key);
	if (!sum)
		return false;
	ledger_row_add(sum, row);
	sum->n_folded++;
	row->is_used = 0;
	return true;
}

/* Folds the oldest rows that are final, n of them or an eighth of all, whichever is more. */
static void fold_oldest(struct ledger_book *b, uint32_t n)
{
	uint32_t n_slots = b->leaf->head.n_slots, n_final = 0;
	struct ledger_row **final = calloc(n_slots + 1, sizeof *final);

	if (!final)
		return;
	for (uint32_t k = 1; k < n_slots; k++)
		if (is_final(&b->leaf->rows[k]))
			final[n_final++] = &b->leaf->rows[k];
	qsort(final, n_final, sizeof *final, by_age);
	if (n < n_slots / 8)
		n = n_slots / 8;
	for (uint32_t k = 0; k < n_final && k < n; k++)
		if (!fold(b, final[k]))
			break;
	free(final);
	index_all(b);
}

bool ledger_book_tidy(struct ledger_book *b, uint32_t n_free)
{
	const struct head *head = &b->leaf->head;

	while (head->n_allocated - head->n_slots + b->n_spare < n_free && allocate(b))
		;
	if (head->n_allocated - head->n_slots + b->n_spare >= n_free || b->leaf->draft.is_sealed)
		return false;
	fold_oldest(b, n_free);
	return true;
}

/* ---- what the spool really holds ---- */

void ledger_book_settle(struct ledger_book *b)
{
	for (uint32_t k = 0; k < b->leaf->head.n_slots; k++) {
		struct ledger_row *row = &b->leaf->rows[k];

		b->settled[k] = (struct settled){row->settled, row->n_settled};
		row->settled = row->next;
		row->n_settled = row->counts[LEDGER_SPOOLED];
	}
}

void ledger_book_unsettle(struct ledger_book *b)
{
	for (uint32_t k = 0; k < b->leaf->head.n_slots; k++) {
		b->leaf->rows[k].settled = b->settled[k].next;
		b->leaf->rows[k].n_settled = b->settled[k].n_spooled;
	}
}

void ledger_book_recall(struct ledger_book *b, const struct ledger_key *key, uint32_t seq,
			int64_t ns)
{
	struct ledger_row *row = ledger_book_row(b, key);
	uint32_t slot = (uint32_t)(row - b->leaf->rows);
	uint64_t next = (row->next ? ledger_seq(row->next, seq) : seq) + 1;

	if (!b->recalled)
		b->recalled = calloc(b->leaf->head.max_rows, sizeof *b->recalled);
	if (b->recalled && next > b->recalled[slot].next)
		b->recalled[slot].next = next;
	if (b->recalled && next > row->settled)
		b->recalled[slot].n++;
	if (next <= row->next)
		return;
	row->counts[LEDGER_MATCHED]++;
	ledger_row_spooled(row, seq, ns);
}

/* Of the numbers behind the last that is there, some were of records that found no room: those are
 * lost already, and were never in the spool. */
static void recover(struct ledger_row *row, const struct recalled *there, int64_t ns)
{
	uint64_t next = there->next > row->settled ? there->next : row->settled;
	uint64_t n_spooled = row->n_settled + there->n, n_cut = row->next - next;
	uint64_t n_missing = row->counts[LEDGER_SPOOLED] > n_spooled
				     ? row->counts[LEDGER_SPOOLED] - n_spooled
				     : 0;

	if (row->key.span == LEDGER_SPAN_FOLDED || row->next <= next)
		return;
	row->n_again += n_cut;
	if (n_cut > n_missing)
		n_cut = n_missing;
	row->counts[LEDGER_SPOOLED] -= n_cut;
	if (n_cut)
		ledger_tally_add(row, LEDGER_KILLED, n_cut, ns);
	row->next = next;
	row->last_seq = next ? next - 1 : 0;
}

/* What was between two additions when the process ended. */
static void level(struct ledger_row *row)
{
	uint64_t *c = row->counts;

	c[LEDGER_ENCODED] =
		c[LEDGER_SPOOLED] + row->tallies[LEDGER_FULL].n + row->tallies[LEDGER_KILLED].n;
	c[LEDGER_MATCHED] = c[LEDGER_ENCODED] + ledger_row_refused(row, LEDGER_AT_COLLECTOR) +
			    row->tallies[LEDGER_NUMBERS].n;
}

void ledger_book_recover(struct ledger_book *b, int64_t ns)
{
	for (uint32_t k = 0; k < b->leaf->head.n_slots; k++) {
		struct ledger_row *row = &b->leaf->rows[k];
		struct recalled there = b->recalled ? b->recalled[k] : (struct recalled){0};

		if (!row->is_used)
			continue;
		recover(row, &there, ns);
		level(row);
	}
	free(b->recalled);
	b->recalled = NULL;
}

/* ---- the whole ---- */

void ledger_book_live(struct ledger_book *b, int64_t ns)
{
	b->leaf->head.lived_ns = ns;
}

int64_t ledger_book_lived(const struct ledger_book *b)
{
	return b->leaf->head.lived_ns;
}

uint64_t ledger_book_id(const struct ledger_book *b)
{
	return b->leaf->head.id;
}

void ledger_book_has_spools(struct ledger_book *b)
{
	if (b->is_begun)
		b->leaf->head.has_spools = 1;
}

bool ledger_book_is_fresh(const struct ledger_book *b)
{
	return !b->leaf->head.has_spools;
}

static int fail(struct why *why, const char *path, const char *what)
{
	int rc = err_of_errno(errno);

	why_set(why, rc, "%s: %s", what, strerror(errno));
	why_place(why, path);
	return rc;
}

/* Whether what lies there is a book of ours; of an empty file nothing is said. */
static bool is_sound(int fd, struct why *why)
{
	struct head head;
	struct stat st;

	if (fstat(fd, &st) || st.st_size == 0)
		return false;
	if (pread(fd, &head, sizeof head, 0) == sizeof head &&
	    !memcmp(head.magic, magic, sizeof magic) && head.version == VERSION &&
	    head.row_size == sizeof(struct ledger_row) && head.max_rows && head.n_slots &&
	    head.n_slots <= head.n_allocated && head.n_allocated <= head.max_rows &&
	    head.n_marks <= LEDGER_MAX_MARKS &&
	    (uint64_t)st.st_size ==
		    sizeof(struct leaf) + (uint64_t)head.max_rows * sizeof(struct ledger_row))
		return true;
	(void)why_set(why, ERR_BAD, "is no ledger of this version: it is set aside as PATH.old");
	return false;
}

static int set_aside(const char *path, struct why *why)
{
	char old[OLD_LEN];

	if (!*why->text)
		return 0;
	why_place(why, path);
	if (snprintf(old, sizeof old, "%s.old", path) >= (int)sizeof old)
		return ERR_USAGE;
	return rename(path, old) ? fail(why, path, "cannot be set aside") : 0;
}

static int map(struct ledger_book *b, uint32_t max_rows, const char *path, struct why *why)
{
	b->len = sizeof(struct leaf) + (size_t)max_rows * sizeof(struct ledger_row);
	if (ftruncate(b->fd, (off_t)b->len) ||
	    (errno = posix_fallocate(b->fd, 0, offsetof(struct leaf, rows))))
		return fail(why, path, "there is no room for it");
	b->leaf = mmap(NULL, b->len, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	if (b->leaf != MAP_FAILED)
		return 0;
	b->leaf = NULL;
	return fail(why, path, "cannot be mapped");
}

/* A new book: its first row is for what finds no other. */
static int begin(struct ledger_book *b, uint32_t max_rows, const char *path, struct why *why)
{
	struct head *head;
	uint64_t id;
	int rc = map(b, max_rows, path, why);

	if (rc)
		return rc;
	if (getrandom(&id, sizeof id, 0) != sizeof id)
		return fail(why, path, "the kernel gives no random numbers");
	head = &b->leaf->head;
	*head = (struct head){.version = VERSION,
			      .row_size = sizeof(struct ledger_row),
			      .max_rows = max_rows,
			      .id = id};
	if (!allocate(b))
		return fail(why, path, "there is no room for it");
	b->leaf->rows[0].is_used = 1;
	b->leaf->rows[0].key.span = LEDGER_SPAN_FOLDED;
	head->n_slots = 1;
	b->is_begun = true;
	memcpy(head->magic, magic, sizeof magic); /* now it is one */
	return 0;
}

static int open_file(struct ledger_book *b, const char *path, uint32_t max_rows, struct why *why)
{
	struct head head;
	int rc;

	b->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->fd < 0)
		return fail(why, path, "cannot be opened");
	if (is_sound(b->fd, why))
		return pread(b->fd, &head, sizeof head, 0) == sizeof head
			       ? map(b, head.max_rows, path, why)
			       : ERR_IO;
	rc = set_aside(path, why);
	if (!rc && *why->text) {
		close(b->fd);
		b->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		rc = b->fd < 0 ? fail(why, path, "cannot be made") : 0;
	}
	return rc ? rc : begin(b, max_rows, path, why);
}

static int index_new(struct ledger_book *b)
{
	uint32_t max_rows = b->leaf->head.max_rows;

	b->n_places = 64;
	while (b->n_places < max_rows * 2)
		b->n_places *= 2;
	b->places = calloc(b->n_places, sizeof *b->places);
	b->drafted = calloc(max_rows, sizeof *b->drafted);
	b->spare = calloc(max_rows, sizeof *b->spare);
	b->settled = calloc(max_rows, sizeof *b->settled);
	if (!b->places || !b->drafted || !b->spare || !b->settled)
		return ERR_NOMEM;
	index_all(b);
	ledger_step_again(b);
	if (!b->leaf->draft.is_sealed || b->leaf->draft.n > LEDGER_MAX_DRAFT)
		b->leaf->draft.n = b->leaf->draft.is_sealed = 0;
	for (uint32_t k = 0; k < b->leaf->draft.n; k++)
		if (b->leaf->draft.slots[k] >= b->leaf->head.n_slots)
			return ERR_BAD;
	return 0;
}

int ledger_book_open(struct ledger_book **out, const char *path, uint32_t max_rows, struct why *why)
{
	struct ledger_book *b = calloc(1, sizeof *b);
	int rc;

	*out = b;
	if (!b)
		return ERR_NOMEM;
	b->fd = -1;
	rc = open_file(b, path, max_rows < 2 ? LEDGER_MAX_ROWS : max_rows, why);
	if (!rc)
		rc = index_new(b);
	if (rc)
		ledger_book_close(out);
	return rc;
}

void ledger_book_close(struct ledger_book **book)
{
	struct ledger_book *b = *book;

	*book = NULL;
	if (!b)
		return;
	if (b->leaf)
		munmap(b->leaf, b->len);
	if (b->fd >= 0)
		close(b->fd);
	free(b->places);
	free(b->drafted);
	free(b->spare);
	free(b->recalled);
	free(b->settled);
	free(b);
}
