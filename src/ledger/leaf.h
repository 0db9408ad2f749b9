/* Inside ledger only: the book's file, and what is known of it in memory. */
#ifndef LEDGER_LEAF_H
#define LEDGER_LEAF_H

#include "ledger/book.h"

enum { LEAF_PAGE = 4096 };

/* What ledger_step is about to do. */
struct step {
	uint64_t is_due;
	uint32_t mark, slot, column;
	uint64_t offset, count;
};

struct head {
	char magic[8];
	uint32_t version;
	uint32_t row_size; /* of this table of columns and reasons: another one is another file */
	uint32_t max_rows;
	uint32_t n_allocated; /* rows that the file system has room for */
	uint32_t n_slots;     /* that were used ever */
	uint32_t n_marks;
	uint64_t id;
	uint64_t has_spools; /* 0: they were begun with it */
	int64_t lived_ns;
	struct step step;
};

struct draft {
	uint32_t is_sealed;
	uint32_t n;
	struct ledger_mark mark;
	uint32_t slots[LEDGER_MAX_DRAFT];
	struct ledger_row rows[LEDGER_MAX_DRAFT];
};

/* As it lies in the file. */
struct leaf {
	struct head head;
	char rest[LEAF_PAGE - sizeof(struct head)];
	struct ledger_mark marks[LEDGER_MAX_MARKS];
	struct ledger_gap gaps[LEDGER_MAX_GAPS];
	struct draft draft;
	struct ledger_row rows[];
};

enum { LEAF_NO_SLOT = UINT32_MAX };

struct ledger_book {
	struct leaf *leaf;
	size_t len;
	int fd;
	uint32_t *places; /* hash table: slots; NO_SLOT: empty */
	uint32_t n_places;
	uint16_t *drafted; /* by slot: 1 + index in the draft */
	uint32_t *spare;   /* free slots among those that were used */
	uint32_t n_spare;
	bool is_begun;         /* by this process */
	struct recalled {      /* by slot, of what the spool has; NULL: nothing was looked at yet */
		uint64_t next; /* number behind the last */
		uint64_t n;    /* records behind the saved state */
	} * recalled;
	struct settled { /* by slot, as of the state before the one that is being saved */
		uint64_t next, n_spooled;
	} * settled;
};

/* A step that an earlier process did not end. */
void ledger_step_again(struct ledger_book *book);

#endif
