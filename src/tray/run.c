/* The block's records for one agency, in the order of their numbers. */
#include "tray/tray.h"

#include "ledger/row.h"

/* One record more of this row, most of which come in a row. */
static void share(struct run *run, const struct ledger_row *row)
{
	unsigned k = run->latest_share;

	if (run->is_mixed)
		return;
	if (k == run->n_shares || run->shares[k].row != row)
		for (k = 0; k < run->n_shares && run->shares[k].row != row; k++)
			;
	if (k == OUTBOX_SHARES || !row) {
		run->is_mixed = true;
		return;
	}
	if (k == run->n_shares) {
		run->shares[k].row = row;
		run->shares[k].n = 0;
		run->n_shares++;
	}
	run->shares[k].n++;
	run->latest_share = k;
}

void tray_put(struct tray *tray, uint32_t i, uint32_t agency, size_t len)
{
	struct run *run;

	if (tray->run_of[agency] == TRAY_NONE) {
		tray->run_of[agency] = tray->n_runs;
		tray->runs[tray->n_runs++] = (struct run){.agency = agency, .first = i, .last = i};
	}
	run = &tray->runs[tray->run_of[agency]];
	tray->pending[run->last].next = i;
	tray->pending[i].next = TRAY_NONE;
	run->last = i;
	run->last_at = run->len;
	run->len += len;
	share(run, tray->pending[i].row);
}

void tray_tell(const struct run *run)
{
	uint64_t from = run->claim.spool.offset;
	struct outbox_docket docket = {.from = from,
				       .to = from + run->len,
				       .last = from + run->last_at,
				       .n_shares = run->n_shares};

	if (!run->hi3->docket || run->is_mixed)
		return;
	for (unsigned k = 0; k < run->n_shares; k++) {
		docket.shares[k].whose = &run->shares[k].row->key;
		docket.shares[k].n = run->shares[k].n;
	}
	run->hi3->docket(run->hi3->docket_owner, &docket);
}
