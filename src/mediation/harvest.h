/* What of a parcel goes into a spool: its records read, judged by the warrants, and counted in the
 * ledger's draft. Records of one stream are judged together: what its warrant says is looked up
 * once, and only the time of each is held against it; they are counted in one sum. */
#ifndef MEDIATION_HARVEST_H
#define MEDIATION_HARVEST_H

#include "likeness/likeness.h"
#include "mediation/line.h"

enum {
	HARVEST_RUNS = 128,                /* of neighbouring records that are kept */
	HARVEST_GROUPS = LEDGER_MAX_DRAFT, /* streams */
};

/* The records of one stream, so far. */
struct harvest_group {
	uint64_t number;      /* the stream's */
	enum refusal refusal; /* of all of them; NONE: of those outside the window */
	struct scope_window window;
	struct ledger_row *draft, *row; /* where they count; NULL: nowhere */
	uint64_t n, n_kept;
	uint32_t last_seq; /* the highest */
	int64_t first_ns, last_ns;
};

struct harvest {
	struct line *line;
	const struct line_parcel *parcel;
	const struct line_rules *rules;
	size_t at; /* octets of the parcel that were looked at */
	struct {
		size_t at, len;
	} runs[HARVEST_RUNS];
	size_t n_runs, len; /* … and the octets in them */
	uint64_t n_records;
	bool is_held; /* the next record is in doubt: nothing goes on behind it … */
	char held[ETSI_MAX_LIID + 1]; /* … which is of this LIID */
	struct harvest_group groups[HARVEST_GROUPS];
	uint32_t n_groups;
	uint16_t group_of[LIKENESS_MAX_SLOTS]; /* 1 + index, by the stream's slot */
};

/* At the parcel's begin. */
void harvest_init(struct harvest *h, struct line *line, const struct line_parcel *parcel,
		  const struct line_rules *rules);

/* Goes on behind what was gathered, which must be stored or given up, until the parcel is at an
 * end, there is no room for more, or a record is in doubt. What cannot be told apart into records
 * is passed over to the parcel's end: else this stream would stand still for ever. */
void harvest_gather(struct harvest *h);

/* Copies what was gathered, h->len octets. */
void harvest_copy(const struct harvest *h, uint8_t *to);

/* Counts records of the mediator's own, as those of a parcel that are kept. */
void harvest_own(struct line *line, const uint8_t *octets, size_t len);

#endif
