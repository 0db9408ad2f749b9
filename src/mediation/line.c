#include "mediation/line.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "etsi/decode.h"
#include "etsi/pdu.h"
#include "loop/loop.h"
#include "mediation/file.h"
#include "mediation/harvest.h"

enum { PATH_SIZE = 4096 };

/* What of a spool a mark of the ledger counts. */
enum {
	LINE_PART_OWN,              /* announcements in it */
	LINE_PART_ACKNOWLEDGED,     /* octets that the agency has */
	LINE_PART_SENT,             /* octets that were written to it */
	LINE_PART_MISSING,          /* 1: what was lost is not counted yet */
	LINE_PART_STREAM = 1 << 30, /* a bit: of collectors' streams */
};

static struct tally_place place_of(const struct line *l)
{
	return (struct tally_place){l->agency, l->interface == INTERFACE_HI3};
}

static void told_full(struct line *l)
{
	if (!l->is_full)
		log_error("%s: %s: what comes waits at the collectors", l->name,
			  spool_why(l->spool)->text);
	l->is_full = true;
}

static size_t write_marks(const struct marks *marks, uint8_t octets[SPOOL_USER_MAX])
{
	struct wr w = wr_of(octets, SPOOL_USER_MAX);

	marks_write(marks, &w);
	assert(w.ok);
	return w.len;
}

/* What is counted together with a mark of the spool's: of a collector's stream, or of
 * announcements (part 0). */
static struct ledger_mark draft_mark(const struct line *l, const struct mark *mark)
{
	uint64_t part = UINT64_C(0xcbf29ce484222325) ^ mark->stream;

	for (const char *at = mark->collector; *at; at++)
		part = (part ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
	return (struct ledger_mark){spool_id(l->spool), part | LINE_PART_STREAM, mark->offset};
}

static void seal(const struct line *l, const struct ledger_mark *mark)
{
	if (l->ledger)
		ledger_draft_seal(l->ledger, mark);
}

static void apply(const struct line *l)
{
	if (l->ledger)
		ledger_draft_apply(l->ledger);
}

/* Puts the runs into the spool and moves the mark, both in one step. */
static int store(struct harvest *h, struct mark *mark)
{
	struct line *l = h->line;
	struct spool_claim claim;
	uint8_t user[SPOOL_USER_MAX];
	struct ledger_mark counted;
	int rc = h->len ? spool_reserve(l->spool, h->len, &claim) : 0;

	if (rc) {
		told_full(l);
		ends_undo(l->ends, spool_end(l->spool));
		if (l->ledger)
			ledger_draft_drop(l->ledger);
		return ERR_FULL;
	}
	mark->offset = h->parcel->offset + h->at;
	counted = draft_mark(l, mark);
	seal(l, &counted);
	if (!h->len) {
		spool_set_user(l->spool, user, write_marks(&l->marks, user));
		apply(l);
		return 0;
	}
	harvest_copy(h, claim.bytes);
	spool_commit_with(l->spool, &claim, user, write_marks(&l->marks, user));
	apply(l);
	l->counts.n_spooled += h->n_records;
	l->is_full = false;
	return 0;
}

/* Steps over what came before: the mark must lie at a record's end. */
static int skip_known(struct harvest *h, uint64_t mark, struct why *why)
{
	size_t len, known = (size_t)(mark - h->parcel->offset);

	while (h->at < known) {
		if (etsi_pdu_len(h->parcel->bytes + h->at, h->parcel->len - h->at, &len, NULL) ||
		    len > known - h->at)
			return why_set(why, ERR_BAD, "octet %llu of the stream begins no record",
				       (unsigned long long)mark);
		h->at += len;
	}
	return 0;
}

/* What a collector no longer has, since we once had it, cannot come again. */
static void jump(struct line *l, struct mark *mark, const struct line_parcel *parcel)
{
	log_error("%s: collector %s: octets %llu to %llu of its stream were here and are lost",
		  l->name, parcel->collector, (unsigned long long)mark->offset,
		  (unsigned long long)parcel->offset);
	l->counts.n_lost += parcel->offset - mark->offset;
	mark->offset = parcel->offset;
}

int line_take(struct line *l, const struct line_parcel *parcel, const struct line_rules *rules,
	      struct line_progress *out, struct why *why)
{
	struct mark *mark = marks_of(&l->marks, parcel->collector, parcel->stream);
	struct line_counts before;
	struct harvest h;
	int rc = 0;

	if (!mark)
		return why_set(why, ERR_BAD, "there are too many collectors");
	*out = (struct line_progress){.offset = mark->offset};
	if (parcel->offset > mark->offset && parcel->is_first)
		jump(l, mark, parcel);
	if (parcel->offset > mark->offset)
		return why_set(why, ERR_BAD, "octets %llu to %llu of the stream are missing",
			       (unsigned long long)mark->offset,
			       (unsigned long long)parcel->offset);
	if (parcel->offset + parcel->len <= mark->offset)
		return 0;
	harvest_init(&h, l, parcel, rules);
	rc = skip_known(&h, mark->offset, why);
	while (!rc && h.at < parcel->len && !h.is_held) {
		before = l->counts;
		harvest_gather(&h);
		rc = store(&h, mark);
		if (rc) /* they come again: they are not counted yet */
			l->counts = before;
	}
	out->offset = mark->offset;
	memcpy(out->held, h.held, sizeof out->held);
	return !rc && h.is_held ? ERR_AGAIN : rc;
}

int line_announce(struct line *l, const void *octets, size_t len, uint64_t number)
{
	const struct ledger_mark counted = {spool_id(l->spool), LINE_PART_OWN, number};
	struct spool_claim claim;
	uint8_t user[SPOOL_USER_MAX];

	if (spool_reserve(l->spool, len, &claim)) {
		told_full(l);
		return ERR_FULL;
	}
	memcpy(claim.bytes, octets, len);
	l->marks.n_announced = number;
	harvest_own(l, octets, len);
	seal(l, &counted);
	spool_commit_with(l->spool, &claim, user, write_marks(&l->marks, user));
	apply(l);
	l->is_full = false;
	return 0;
}

/* ---- the whole ---- */

/* A draft that an earlier process had sealed: whether the spool has what is counted in it. */
static void settle_draft(struct line *l)
{
	struct ledger_mark left;
	bool is_stored;

	if (!l->ledger || !ledger_draft_is_left(l->ledger, &left) ||
	    left.owner != spool_id(l->spool))
		return;
	is_stored = left.part == LINE_PART_OWN && l->marks.n_announced >= left.offset;
	for (size_t i = 0; i < l->marks.n; i++)
		is_stored |= draft_mark(l, &l->marks.items[i]).part == left.part &&
			     l->marks.items[i].offset >= left.offset;
	if (is_stored)
		ledger_draft_apply(l->ledger);
	else
		ledger_draft_drop(l->ledger);
}

int line_open(struct line *l, const char *folder, const struct spool_options *options,
	      struct why *why)
{
	struct wr w = wr_of(l->name, sizeof l->name - 1);
	char path[PATH_SIZE], disk[PATH_SIZE], file[LINE_NAME_SIZE];
	struct spool_options here = *options;
	const void *user;
	size_t len;
	int rc;

	wr_text(&w, "agency %s, %s", l->agency, interface_text(l->interface));
	l->name[w.len] = '\0';
	w = wr_of(file, sizeof file - 1);
	wr_text(&w, "%s.%s", l->agency, interface_text(l->interface));
	file[w.len] = '\0';
	rc = file_path(path, sizeof path, folder, file, why);
	if (!rc)
		rc = options->disk ? file_path(disk, sizeof disk, options->disk, file, why) : 0;
	here.disk = options->disk ? disk : NULL;
	if (!rc)
		rc = spool_open(&l->spool, path, &here, why);
	if (rc)
		return rc;
	len = spool_user(l->spool, &user);
	rc = marks_read(&l->marks, user, len, why);
	if (rc)
		why_place(why, path);
	else
		settle_draft(l);
	if (!rc)
		rc = ends_new(&l->ends, l->spool);
	if (!rc)
		rc = likeness_new(&l->like);
	return rc;
}

void line_close(struct line *l)
{
	likeness_free(&l->like);
	ends_free(&l->ends);
	spool_close(&l->spool);
}

/* ---- behind the spool ---- */

/* The row of the record that lies there, from its octets; NULL: it is none, or cannot be read. */
static struct ledger_row *read_row(struct line *l, uint64_t offset, uint64_t end)
{
	const struct tally_place place = place_of(l);
	struct tally_seen *seen = NULL;
	const uint8_t *bytes;
	uint32_t seq;

	if (spool_peek(l->spool, offset, &bytes) >= end - offset)
		seen = tally_see(&l->sight, &place, bytes, (size_t)(end - offset), &seq);
	if (seen && !seen->row)
		seen->row = ledger_book_row(l->ledger, &seen->key);
	if (seen)
		ends_tell(l->ends, offset, seen->row);
	return seen ? seen->row : NULL;
}

/* The first of the records from offset on that are of one row; false: there are none. */
static bool take_run(struct line *l, uint64_t offset, uint64_t end, struct ends_run *run)
{
	if (!ends_run(l->ends, offset, end, run))
		return false;
	if (!run->whose)
		run->whose = read_row(l, offset, run->end);
	return true;
}

/* How far records were counted; at first from where the spool begins. */
static struct ledger_mark *mark_at(const struct line *l, uint64_t part)
{
	const struct ledger_mark mark = {spool_id(l->spool), part, spool_acked(l->spool)};

	return ledger_mark_at(l->ledger, &mark);
}

static struct ledger_mark *sent_mark(struct line *l)
{
	if (!l->sent_mark)
		l->sent_mark = mark_at(l, LINE_PART_SENT);
	return l->sent_mark;
}

static struct ledger_mark *acknowledged_mark(struct line *l)
{
	if (!l->acknowledged_mark)
		l->acknowledged_mark = mark_at(l, LINE_PART_ACKNOWLEDGED);
	return l->acknowledged_mark;
}

/* Whether something was lost of which it is not counted yet whose it was. */
static bool is_missing(const struct line *l)
{
	struct ledger_mark mark = {spool_id(l->spool), LINE_PART_MISSING, 0};

	return ledger_mark_get(l->ledger, &mark) && mark.offset;
}

static void set_missing(const struct line *l, bool missing)
{
	const struct ledger_mark mark = {spool_id(l->spool), LINE_PART_MISSING, missing};

	if (missing || is_missing(l))
		ledger_mark_set(l->ledger, &mark);
}

/* The time of the record at offset; 0: none is there, or it has none. */
static struct nanos time_at(const struct line *l, uint64_t offset)
{
	struct etsi_decoded facts = {0};
	const uint8_t *bytes;
	size_t n = spool_peek(l->spool, offset, &bytes), len;

	if (n && !etsi_pdu_len(bytes, n, &len, NULL) && len <= n)
		etsi_pdu_facts(bytes, len, &facts);
	return facts.has_time ? facts.time : (struct nanos){0};
}

/* Only a disk has holes. */
static void note_last(struct line *l, uint64_t offset, uint64_t end)
{
	uint64_t n;

	l->last_end = 0;
	if (!spool_stats(l->spool).is_on_disk)
		return;
	l->last = time_at(l, ends_last(l->ends, offset, end - 1, &n));
	l->last_end = end;
}

/* From the record before a hole to the one behind it. */
static struct ledger_stretch stretch_of(const struct line *l, uint64_t begin, uint64_t end,
					struct nanos now)
{
	struct nanos behind = time_at(l, end);

	return (struct ledger_stretch){l->last_end == begin ? l->last.ns : 0,
				       behind.ns ? behind.ns : now.ns};
}

static void take_stock(struct line *l, const struct ledger_stretch *when)
{
	const struct ledger_stock_rule rule = {LEDGER_KEPT, LEDGER_ACKNOWLEDGED, LEDGER_SPOILED,
					       *when};
	uint64_t ends[LEDGER_STOCK_SPOOLS];

	set_missing(l, true);
	for (size_t i = 0; i < LEDGER_STOCK_SPOOLS; i++)
		ends[i] = spool_end(l->pair[i].spool);
	if (ledger_stock_take(l->stock, l->ledger, l->agency, &rule, ends))
		log_error("%s: what it lost is not counted: %s", l->name, err_text(ERR_NOMEM));
}

/* Whether it is known now what was lost. */
static void look_for_missing(const struct line *l)
{
	const struct ledger_mark *mark;

	for (size_t i = 0; i < LEDGER_STOCK_SPOOLS && *l->stock; i++) {
		mark = acknowledged_mark(&l->pair[i]);
		if (mark)
			ledger_stock_reached(l->stock, i, mark->offset, l->losses);
	}
	for (size_t i = 0; i < LEDGER_STOCK_SPOOLS && !*l->stock; i++)
		set_missing(&l->pair[i], false);
}

void line_lost(struct line *l, uint64_t end, struct nanos now)
{
	struct ledger_mark *mark = l->ledger ? acknowledged_mark(l) : NULL;
	struct ledger_stretch when;

	if (!mark || end <= mark->offset)
		return;
	when = stretch_of(l, mark->offset, end, now);
	if (ledger_stock_covers(*l->stock, l->interface, end))
		ledger_stock_widen(*l->stock, &when);
	else
		take_stock(l, &when);
	mark->offset = end;
	mark = sent_mark(l);
	if (mark && mark->offset < end)
		mark->offset = end;
	look_for_missing(l);
}

void line_give_up(struct line *l)
{
	uint64_t end = spool_end(l->spool);
	struct ledger_mark *mark = l->ledger ? acknowledged_mark(l) : NULL;

	if (mark && mark->offset < end)
		mark->offset = end;
	mark = l->ledger ? sent_mark(l) : NULL;
	if (mark && mark->offset < end)
		mark->offset = end;
	if (l->ledger)
		set_missing(l, false);
	spool_ack(l->spool, end);
	ends_drop(l->ends, end);
}

void line_find_lost(struct line *l, struct nanos now)
{
	if (!l->ledger || !is_missing(l))
		return;
	take_stock(l, &(struct ledger_stretch){0, now.ns});
	look_for_missing(l);
}

void line_sent(struct line *l, uint64_t offset, uint64_t end)
{
	struct ledger_mark *mark = l->ledger && offset < end ? sent_mark(l) : NULL;
	struct ends_run run;

	for (; mark && offset < end; offset = run.end) {
		bool is_again = offset < mark->offset;

		if (!take_run(l, offset, is_again && mark->offset < end ? mark->offset : end, &run))
			return;
		if (run.whose && is_again)
			ledger_count(run.whose, LEDGER_SENT_AGAIN, run.n);
		else if (run.whose)
			ledger_step(l->ledger, &(struct ledger_stride){mark, run.end, run.whose,
								       LEDGER_SENT, run.n});
	}
}

void line_acknowledged(struct line *l, uint64_t offset, uint64_t end)
{
	struct ledger_mark *mark = l->ledger && offset < end ? acknowledged_mark(l) : NULL;
	struct ledger_row *row;
	struct ends_run run = {0};

	if (mark && offset < mark->offset)
		offset = mark->offset;
	for (; mark && offset < end; offset = run.end) {
		/* what was lost is known by single records */
		if (!take_run(l, offset, *l->stock ? ends_next(l->ends, offset) : end, &run))
			return;
		row = run.whose;
		if (!row && spool_hole(l->spool, offset) > offset)
			line_lost(l, run.end, loop_wall());
		if (!row)
			continue;
		ledger_step(l->ledger, &(struct ledger_stride){mark, run.end, row,
							       LEDGER_ACKNOWLEDGED, run.n});
		if (*l->stock) {
			ledger_stock_strike(*l->stock, l->interface, run.end, &row->key);
			look_for_missing(l);
		}
		if (run.end >= end)
			note_last(l, offset, run.end);
	}
}

void line_forget_rows(struct line *l)
{
	tally_forget_rows(&l->sight);
	ends_forget(l->ends);
}

void line_status(const struct line *l, struct json *j)
{
	const struct spool_stats stats = spool_stats(l->spool);

	json_key(j, "received"), json_u64(j, l->counts.n_received);
	json_key(j, "spooled"), json_u64(j, l->counts.n_spooled);
	json_key(j, "refused"), json_open(j, '{');
	for (int i = 0; i < N_REFUSALS; i++)
		json_key(j, refusal_text((enum refusal)i)), json_u64(j, l->counts.n_refused[i]);
	json_close(j, '}');
	json_key(j, "unframed_octets"), json_u64(j, l->counts.n_unframed);
	json_key(j, "lost_octets"), json_u64(j, l->counts.n_lost);
	json_key(j, "end"), json_u64(j, spool_end(l->spool));
	json_key(j, "waiting"), json_u64(j, spool_end(l->spool) - spool_acked(l->spool));
	json_key(j, "in_memory"), json_u64(j, stats.memory);
	json_key(j, "on_disk"), json_u64(j, stats.disk);
	json_key(j, "spool_size"), json_u64(j, spool_size(l->spool));
	json_key(j, "spool_limit"), json_u64(j, spool_limit(l->spool));
	json_key(j, "is_full"), json_bool(j, l->is_full);
}
