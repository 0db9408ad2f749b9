/* Whether the sums of a warrant's page close, in words where they do not.
 *
 *	matched  = encoded + refused by the collector          by reason
 *	encoded  = spooled + lost in the collector             by reason
 *	spooled  = handed + lost on the collector's disk + held by the collector
 *	handed  <= received <= spooled                          an acknowledgement may be on its way
 *	received = kept + refused by the mediator              by reason
 *	kept     = acknowledged + lost on the mediator's disk + held by the mediator,
 *	acknowledged <= sent <= kept
 *
 * (of a row that grows, collector and mediator tell at different moments: that is said, no more)
 * and the numbers of a session's records, first to last, are as many as were encoded. What is
 * held is not lost: it is said. Where old rows were folded on one side, both sides are compared by
 * their sums. */
#ifndef LEDGER_CHECK_H
#define LEDGER_CHECK_H

#include "ledger/entry.h"

enum {
	LEDGER_REMARK_LEN = 400,
	LEDGER_MOVING_S = 10, /* a row whose last record is younger is one that grows */
};

struct ledger_verdict {
	bool closes;
	bool is_complete; /* … and nothing was lost or not captured, and nothing is held */
	uint64_t n_lost;  /* records, in the collector and the mediator */
	/* … that a collector made and the mediator did not deliver, by its own orders; not those
	 * that an agency does not want (NO_CAPTURE) */
	uint64_t n_refused;
	uint64_t n_held;
	size_t n_gaps;
};

/* Each sentence of what is to be said; other than 0 ends it. */
typedef int (*ledger_remark_fn)(void *arg, const char *text);

/* 0, or what the function returned. */
MUST_CHECK int ledger_check(const struct ledger_page *page, struct ledger_verdict *verdict,
			    ledger_remark_fn remark, void *arg);

/* Fills in the page's own verdict and remarks, which were empty. */
MUST_CHECK int ledger_judge(struct ledger_page *page);

/* The same for a page that somebody has judged before: what he said of it goes. */
MUST_CHECK int ledger_judge_anew(struct ledger_page *page);

/* The verdict in one line: "complete", "12 records lost, …". */
void ledger_verdict_print(const struct ledger_verdict *verdict, char *out, size_t size);

/* "cc of CIN 7"; "iri of 12 folded sessions". */
void ledger_row_name(const struct ledger_row *row, char *out, size_t size);

#endif
