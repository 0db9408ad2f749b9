/* Marks, and drafts: rows that change together with one. */
#include "ledger/leaf.h"

static struct ledger_mark *find_mark(const struct ledger_book *b, const struct ledger_mark *mark)
{
	for (uint32_t k = 0; k < b->leaf->head.n_marks; k++) {
		struct ledger_mark *m = &b->leaf->marks[k];

		if (m->owner == mark->owner && m->part == mark->part)
			return m;
	}
	return NULL;
}

bool ledger_mark_get(const struct ledger_book *b, struct ledger_mark *mark)
{
	const struct ledger_mark *m = find_mark(b, mark);

	if (m)
		mark->offset = m->offset;
	return m != NULL;
}

void ledger_mark_set(struct ledger_book *b, const struct ledger_mark *mark)
{
	struct ledger_mark *m = find_mark(b, mark);

	if (m) {
		m->offset = mark->offset;
	} else if (b->leaf->head.n_marks < LEDGER_MAX_MARKS) {
		b->leaf->marks[b->leaf->head.n_marks] = *mark;
		b->leaf->head.n_marks++;
	}
}

struct ledger_mark *ledger_mark_at(struct ledger_book *b, const struct ledger_mark *mark)
{
	if (!find_mark(b, mark))
		ledger_mark_set(b, mark);
	return find_mark(b, mark);
}

static void take_step(struct leaf *leaf)
{
	const struct step *step = &leaf->head.step;

	leaf->rows[step->slot].counts[step->column] = step->count;
	leaf->marks[step->mark].offset = step->offset;
	__atomic_store_n(&leaf->head.step.is_due, 0, __ATOMIC_RELEASE);
}

void ledger_step(struct ledger_book *b, const struct ledger_stride *stride)
{
	struct step *step = &b->leaf->head.step;

	step->mark = (uint32_t)(stride->mark - b->leaf->marks);
	step->slot = (uint32_t)(stride->row - b->leaf->rows);
	step->column = stride->column;
	step->offset = stride->offset;
	step->count = stride->row->counts[stride->column] + stride->n;
	__atomic_store_n(&step->is_due, 1, __ATOMIC_RELEASE);
	take_step(b->leaf);
}

void ledger_step_again(struct ledger_book *b)
{
	const struct step *step = &b->leaf->head.step;

	if (step->is_due && step->mark < LEDGER_MAX_MARKS && step->slot < b->leaf->head.n_slots &&
	    step->column < LEDGER_N_COLUMNS)
		take_step(b->leaf);
	b->leaf->head.step.is_due = 0;
}

struct ledger_row *ledger_draft_row(struct ledger_book *b, const struct ledger_key *key)
{
	struct draft *d = &b->leaf->draft;
	struct ledger_row *row = ledger_book_row(b, key);
	uint32_t slot = (uint32_t)(row - b->leaf->rows);

	if (b->drafted[slot])
		return &d->rows[b->drafted[slot] - 1];
	if (d->n == LEDGER_MAX_DRAFT)
		return NULL;
	d->slots[d->n] = slot;
	d->rows[d->n] = *row;
	b->drafted[slot] = (uint16_t)(++d->n);
	return &d->rows[d->n - 1];
}

void ledger_draft_seal(struct ledger_book *b, const struct ledger_mark *mark)
{
	b->leaf->draft.mark = *mark;
	__atomic_store_n(&b->leaf->draft.is_sealed, 1, __ATOMIC_RELEASE);
}

static void forget_draft(struct ledger_book *b)
{
	struct draft *d = &b->leaf->draft;

	__atomic_store_n(&d->is_sealed, 0, __ATOMIC_RELEASE);
	for (uint32_t k = 0; k < d->n; k++)
		b->drafted[d->slots[k]] = 0;
	d->n = 0;
}

/* Again and again the same: rows and mark are as the draft says. */
void ledger_draft_apply(struct ledger_book *b)
{
	struct draft *d = &b->leaf->draft;

	for (uint32_t k = 0; k < d->n; k++)
		b->leaf->rows[d->slots[k]] = d->rows[k];
	ledger_mark_set(b, &d->mark);
	forget_draft(b);
}

void ledger_draft_drop(struct ledger_book *b)
{
	forget_draft(b);
}

bool ledger_draft_is_left(const struct ledger_book *b, struct ledger_mark *mark)
{
	*mark = b->leaf->draft.mark;
	return b->leaf->draft.is_sealed;
}
