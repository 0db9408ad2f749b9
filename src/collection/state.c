#include "collection/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "collection/ends.h"
#include "conf/file.h"
#include "etsi/pdu.h"
#include "spool/spool.h"

/* Up to 10 million sessions, at some 300 bytes each. */
#define MOST_BYTES ((size_t)4 << 30)

static void put_boxes(struct wr *w, struct delivery *d, const uint64_t *ends, size_t n)
{
	ends_open(w, (uint32_t)n);
	for (size_t k = 0; k < n; k++) {
		const struct box *box = delivery_box(d, k);

		ends_put(w, &(struct spool_end){
				    .agency = rd_of(box->agency, strlen(box->agency)),
				    .interface = box->interface,
				    .stream = spool_id(box->spool),
				    .offset = ends[k],
			    });
	}
}

/* The ends are looked at before the numbers: what is made in between is read again on start. */
int state_save(const char *path, struct intercept *i, struct delivery *d, struct why *why)
{
	size_t n = delivery_n_boxes(d);
	uint64_t *ends = calloc(n + 1, sizeof *ends);
	struct wr w = wr_init(MOST_BYTES);
	int rc = ends ? 0 : ERR_NOMEM;

	for (size_t k = 0; k < n && !rc; k++)
		ends[k] = spool_end(delivery_box(d, k)->spool);
	if (!rc) {
		put_boxes(&w, d, ends, n);
		intercept_save(i, &w);
		rc = w.ok ? conf_file_save(path, w.bytes, w.len, why) : ERR_NOMEM;
	}
	for (size_t k = 0; k < n && !rc; k++)
		delivery_keep(d, delivery_box(d, k), ends[k]);
	free(ends);
	wr_fini(&w);
	return rc ? why_set(why, rc, "%s", err_text(rc)) : 0;
}

static struct box *find_box(struct delivery *d, struct rd name, unsigned interface)
{
	size_t len = rd_left(&name);
	const uint8_t *text = rd_take(&name, len);

	for (size_t k = 0; text && k < delivery_n_boxes(d); k++) {
		struct box *box = delivery_box(d, k);

		if (box->interface == interface && strlen(box->agency) == len &&
		    !memcmp(box->agency, text, len))
			return box;
	}
	return NULL;
}

/* Where the reading of each spool begins: froms[k] for the k-th box. */
static int take_boxes(struct rd *r, struct delivery *d, uint64_t *froms, struct why *why)
{
	struct spool_end end;
	uint32_t n;
	int rc = ends_begin(r, &n, why);

	for (uint32_t k = 0; k < n && !rc; k++) {
		struct box *box;

		if (!ends_take(r, &end))
			return why_set(why, ERR_CUT, "%s", err_text(ERR_CUT));
		box = find_box(d, end.agency, end.interface);
		if (box && spool_id(box->spool) == end.stream)
			froms[box->number] = end.offset;
		else if (box && end.offset)
			box->is_begun_anew = true;
	}
	return rc;
}

static int recall_box(struct intercept *i, const struct box *box, uint64_t at, uint64_t *n)
{
	const uint8_t *bytes;
	size_t n_here, len;

	while ((n_here = spool_peek(box->spool, (at = spool_hole(box->spool, at)), &bytes)) > 0) {
		for (size_t done = 0; done < n_here; done += len) {
			int rc = etsi_pdu_len(bytes + done, n_here - done, &len, NULL);

			if (!rc)
				rc = intercept_recall(i, box->agency, box->interface, bytes + done,
						      len);
			if (rc)
				return rc;
			++*n;
		}
		at += n_here;
	}
	return 0;
}

static int load_file(const char *path, struct intercept *i, struct delivery *d, uint64_t *froms,
		     struct why *why)
{
	struct wr w = wr_init(MOST_BYTES);
	int rc = conf_file_read(path, &w, why);
	struct rd r = rd_of(w.bytes, w.len);

	if (!rc)
		rc = take_boxes(&r, d, froms, why);
	if (!rc)
		rc = intercept_load(i, &r, why);
	if (rc && rc != ERR_ABSENT)
		why_place(why, path);
	wr_fini(&w);
	return rc;
}

int state_load(const char *path, struct intercept *i, struct delivery *d, uint64_t *n_recalled,
	       struct why *why)
{
	size_t n = delivery_n_boxes(d);
	uint64_t *froms = calloc(n + 1, sizeof *froms);
	int rc = froms ? load_file(path, i, d, froms, why) : ERR_NOMEM;

	*n_recalled = 0;
	if (rc == ERR_ABSENT) {
		why_clear(why);
		rc = 0;
	}
	/* a ledger that is new has counted nothing of what lies there */
	if (froms && intercept_ledger(i) && !ledger_book_lived(intercept_ledger(i)))
		memset(froms, 0, n * sizeof *froms);
	for (size_t k = 0; k < n && !rc; k++) {
		const struct box *box = delivery_box(d, k);
		uint64_t acked = spool_acked(box->spool);

		rc = recall_box(i, box, froms[k] > acked ? froms[k] : acked, n_recalled);
		if (rc)
			why_set(why, rc, "outbox of %s: a record cannot be read", box->agency);
	}
	free(froms);
	return rc ? why_set(why, rc, "%s", err_text(rc)) : 0;
}
