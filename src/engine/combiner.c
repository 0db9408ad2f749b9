#include "engine/combiner.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

struct entry {
	struct engine_result result;
	uint64_t number; /* of its worker's results: how equal keys keep their order */
};

struct floors {
	uint64_t promised; /* by ticks or the program */
	uint64_t key;      /* … or by the last key, in ordered mode */
	uint64_t n_results;
	bool is_finished;
};

struct combiner {
	enum engine_combiner kind;
	int n_workers;
	struct floors *floors; /* n_workers */
	struct entry *heap;    /* the smallest first; unordered: a queue from `first` on */
	size_t first, len, cap;
	uint64_t low; /* results below may leave; with all finished, all may */
	bool is_finished;
	uint64_t n_late;
};

static bool is_less(const struct entry *a, const struct entry *b)
{
	if (a->result.key != b->result.key)
		return a->result.key < b->result.key;
	if (a->result.worker != b->result.worker)
		return a->result.worker < b->result.worker;
	return a->number < b->number;
}

static void sift_up(struct entry *heap, size_t at)
{
	struct entry moved = heap[at];

	while (at > 0 && is_less(&moved, &heap[(at - 1) / 2])) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = moved;
}

static void sift_down(struct entry *heap, size_t len)
{
	struct entry moved = heap[0];
	size_t at = 0, child = 1;

	while (child < len) {
		if (child + 1 < len && is_less(&heap[child + 1], &heap[child]))
			child++;
		if (!is_less(&heap[child], &moved))
			break;
		heap[at] = heap[child];
		at = child;
		child = 2 * at + 1;
	}
	heap[at] = moved;
}

static int grow(struct combiner *c)
{
	size_t cap = c->cap ? 2 * c->cap : FIRST_CAP;
	struct entry *heap;

	if (c->len < c->cap)
		return 0;
	heap = realloc(c->heap, cap * sizeof *heap);
	if (!heap)
		return ERR_NOMEM;
	c->heap = heap;
	c->cap = cap;
	return 0;
}

static void find_low(struct combiner *c)
{
	uint64_t low = UINT64_MAX;
	bool is_finished = true;

	for (int i = 0; i < c->n_workers; i++) {
		const struct floors *f = &c->floors[i];

		if (f->is_finished)
			continue;
		is_finished = false;
		if (f->key < low)
			low = f->key;
	}
	c->low = low;
	c->is_finished = is_finished;
}

static void raise_floor(struct combiner *c, struct floors *f, uint64_t key)
{
	bool was_low = f->key <= c->low;

	if (key <= f->key)
		return;
	f->key = key;
	if (was_low)
		find_low(c);
}

int combiner_new(struct combiner **out, enum engine_combiner kind, int n_workers)
{
	struct combiner *c = calloc(1, sizeof *c);

	if (c) {
		c->kind = kind;
		c->n_workers = n_workers;
		c->floors = calloc((size_t)n_workers, sizeof *c->floors);
	}
	if (c && !c->floors)
		combiner_free(&c);
	*out = c;
	return c ? 0 : ERR_NOMEM;
}

void combiner_free(struct combiner **c)
{
	if (*c) {
		free((*c)->floors);
		free((*c)->heap);
	}
	free(*c);
	*c = NULL;
}

int combiner_add(struct combiner *c, const struct engine_result *result)
{
	struct floors *f = &c->floors[result->worker];
	struct entry *e;

	if (grow(c) < 0)
		return ERR_NOMEM;
	e = &c->heap[c->len];
	*e = (struct entry){*result, f->n_results++};
	if (e->result.key < f->key) {
		e->result.key = f->key;
		c->n_late++;
	}
	c->len++;
	if (c->kind == ENGINE_UNORDERED)
		return 0;
	if (c->kind == ENGINE_ORDERED)
		raise_floor(c, f, e->result.key);
	sift_up(c->heap, c->len - 1);
	return 0;
}

void combiner_promise(struct combiner *c, int worker, uint64_t key)
{
	struct floors *f = &c->floors[worker];

	if (key > f->promised)
		f->promised = key;
	raise_floor(c, f, key);
}

void combiner_finish(struct combiner *c, int worker)
{
	c->floors[worker].is_finished = true;
	find_low(c);
}

static bool queue_next(struct combiner *c, struct engine_result *out)
{
	if (c->first < c->len) {
		*out = c->heap[c->first++].result;
		return true;
	}
	c->first = c->len = 0;
	return false;
}

bool combiner_drain(struct combiner *c, struct engine_result *out)
{
	if (c->kind == ENGINE_UNORDERED)
		return queue_next(c, out);
	if (c->len == 0)
		return false;
	*out = c->heap[0].result;
	c->heap[0] = c->heap[--c->len];
	if (c->len > 0)
		sift_down(c->heap, c->len);
	return true;
}

bool combiner_next(struct combiner *c, struct engine_result *out)
{
	if (c->kind != ENGINE_UNORDERED && !c->is_finished &&
	    (c->len == 0 || c->heap[0].result.key >= c->low))
		return false;
	return combiner_drain(c, out);
}

uint64_t combiner_mark(const struct combiner *c)
{
	uint64_t mark = UINT64_MAX;

	for (int i = 0; i < c->n_workers; i++) {
		const struct floors *f = &c->floors[i];

		if (!f->is_finished && f->promised < mark)
			mark = f->promised;
	}
	return mark;
}

uint64_t combiner_late(const struct combiner *c)
{
	return c->n_late;
}

size_t combiner_len(const struct combiner *c)
{
	return c->len - c->first;
}
