/* One interface of one agency: its spool, how far each collector's stream has come into it, and
 * what was counted on the way. */
#ifndef MEDIATION_LINE_H
#define MEDIATION_LINE_H

#include "base/json.h"
#include "handover/ends.h"
#include "ledger/stock.h"
#include "likeness/likeness.h"
#include "mediation/marks.h"
#include "mediation/scope.h"
#include "spool/spool.h"
#include "tally/tally.h"

enum { LINE_NAME_SIZE = 96 };

struct line {
	enum interface interface;
	char name[LINE_NAME_SIZE]; /* for the log: "agency a1, hi2" */
	struct spool *spool;
	struct marks marks;
	const char *agency;
	struct ledger_book *ledger; /* where records are counted; borrowed; NULL: nowhere */
	struct ends *ends;          /* of its records, whose they are: rows of the ledger */
	struct likeness *like;      /* streams of collectors */
	struct tally_sight sight;   /* whose records were looked at last */
	struct ledger_mark *sent_mark, *acknowledged_mark; /* NULL: not looked for yet */
	struct line *pair;                                 /* the agency's lines, by interface */
	struct ledger_stock **stock;  /* of both, where some of it is lost; their owner's */
	struct ledger_losses *losses; /* of both, that nobody was told of; their owner's */
	struct nanos last;            /* time of the record behind which … */
	uint64_t last_end;            /* … the agency has it; 0: not known */
	bool is_full;                 /* … was logged */
	struct line_counts {
		uint64_t n_received, n_refused[N_REFUSALS], n_spooled;
		uint64_t n_unframed; /* octets that were no records */
		uint64_t n_lost;     /* octets that a collector no longer had, when it came again */
	} counts;
};

/* Opens the agency's spool in a folder of spools, the options' disk being such a folder too;
 * interface, agency, ledger, pair, stock and losses are set already.
 * What an earlier process had taken and not yet counted is counted now. */
MUST_CHECK int line_open(struct line *line, const char *folder, const struct spool_options *options,
			 struct why *why);
void line_close(struct line *line);

/* Whole PS-PDUs of a collector's stream, from offset on. */
struct line_parcel {
	enum interface interface;
	const char *collector;
	uint64_t stream;
	uint64_t offset;
	const uint8_t *bytes;
	size_t len;
	bool is_first; /* since the channel was opened: it may begin behind where the stream ended,
			* where our own memory of it was lost; that is said and counted */
	uint64_t sure; /* offset of the stream: from there on, what other orders might cover is not
			* refused, it waits for them; UINT64_MAX: nothing waits */
};

/* What became of a parcel. */
struct line_progress {
	uint64_t offset;              /* how far the stream has come */
	char held[ETSI_MAX_LIID + 1]; /* ERR_AGAIN: whose record is next, in printable characters */
};

/* By what records are judged. */
struct line_rules {
	const struct scope *scope;
	const struct agency *agency;
	struct nanos now;
};

/* Takes what of a parcel is new and in scope. ERR_FULL: the spool has no room, offer it again
 * later; ERR_AGAIN: so with the rest, which begins with a record in doubt; ERR_BAD with the
 * reason: it does not go on where the stream ended. */
MUST_CHECK int line_take(struct line *line, const struct line_parcel *parcel,
			 const struct line_rules *rules, struct line_progress *out,
			 struct why *why);

/* Puts octets of our own into the spool and says that announcements up to this number are there,
 * in one step. */
MUST_CHECK int line_announce(struct line *line, const void *octets, size_t len, uint64_t number);

/* Records of the spool, from offset to end, were written to the agency; the agency has them: say
 * so before they are acknowledged to the spool. Each counts once, however often it is said. */
void line_sent(struct line *line, uint64_t offset, uint64_t end);
void line_acknowledged(struct line *line, uint64_t offset, uint64_t end);

/* What is before this offset and was not acknowledged cannot be read any more. How many records of
 * whom these were is counted when all that was there at that time is delivered. */
void line_lost(struct line *line, uint64_t end, struct nanos now);

/* Nobody gets what is left: it is acknowledged, and not counted as had. */
void line_give_up(struct line *line);

/* What an earlier process had lost and not counted yet; both lines are open. */
void line_find_lost(struct line *line, struct nanos now);

/* The ledger's rows are elsewhere from now on. */
void line_forget_rows(struct line *line);

/* What it has counted, as members of the object that is open in *j. */
void line_status(const struct line *line, struct json *j);

#endif
