#include "mediation/line.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "etsi/decode.h"
#include "mediation/file.h"
#include "mediation/likeness.h"

enum { MAX_RUNS = 128 /* runs of accepted records in one commit */, PATH_SIZE = 4096 };

/* What of a parcel goes into the spool, as runs of neighbouring records. */
struct harvest {
	struct line *line;
	const struct line_parcel *parcel;
	const struct line_rules *rules;
	size_t at; /* octets of the parcel that were looked at */
	struct {
		size_t at, len;
	} runs[MAX_RUNS];
	size_t n_runs, len; /* … and the octets in them */
	uint64_t n_records;
	struct likeness like; /* of the record that was read whole last */
};

static enum refusal judge(struct harvest *h, const uint8_t *pdu, size_t len)
{
	struct etsi_record record;

	if (!likeness_read(&h->like, pdu, len, &record)) {
		if (etsi_record_read(pdu, len, &record, NULL))
			return REFUSAL_MALFORMED;
		likeness_keep(&h->like, pdu, len, &record);
	}
	return scope_check(h->rules->scope, h->rules->agency, h->line->interface, &record,
			   h->rules->now);
}

static void keep(struct harvest *h, size_t len)
{
	size_t last = h->n_runs - 1;

	if (h->n_runs && h->runs[last].at + h->runs[last].len == h->at) {
		h->runs[last].len += len;
	} else {
		h->runs[h->n_runs].at = h->at;
		h->runs[h->n_runs++].len = len;
	}
	h->len += len;
	h->n_records++;
}

/* Goes on until the parcel or the runs are at an end. What cannot be told apart into records is
 * passed over to the parcel's end: else this stream would stand still for ever. */
static void gather(struct harvest *h)
{
	struct line *l = h->line;
	size_t len, left;
	enum refusal refusal;

	while (h->at < h->parcel->len && h->n_runs < MAX_RUNS) {
		left = h->parcel->len - h->at;
		if (etsi_pdu_len(h->parcel->bytes + h->at, left, &len, NULL) || len > left) {
			log_error("%s: collector %s: %zu octets at %llu of its stream are no "
				  "records: refused",
				  l->name, h->parcel->collector, left,
				  (unsigned long long)(h->parcel->offset + h->at));
			l->n_unframed += left;
			l->n_refused[REFUSAL_MALFORMED]++;
			h->at = h->parcel->len;
			return;
		}
		refusal = judge(h, h->parcel->bytes + h->at, len);
		l->n_received++;
		if (refusal == REFUSAL_NONE)
			keep(h, len);
		else
			l->n_refused[refusal]++;
		h->at += len;
	}
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

/* Puts the runs into the spool and moves the mark, both in one step. */
static int store(struct harvest *h, struct mark *mark)
{
	struct line *l = h->line;
	struct spool_claim claim;
	uint8_t user[SPOOL_USER_MAX];
	size_t at = 0;
	int rc = h->len ? spool_reserve(l->spool, h->len, &claim) : 0;

	if (rc) {
		told_full(l);
		return ERR_FULL;
	}
	mark->offset = h->parcel->offset + h->at;
	if (!h->len) {
		spool_set_user(l->spool, user, write_marks(&l->marks, user));
		return 0;
	}
	for (size_t i = 0; i < h->n_runs; i++) {
		memcpy(claim.bytes + at, h->parcel->bytes + h->runs[i].at, h->runs[i].len);
		at += h->runs[i].len;
	}
	spool_commit_with(l->spool, &claim, user, write_marks(&l->marks, user));
	l->n_spooled += h->n_records;
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
	l->n_lost += parcel->offset - mark->offset;
	mark->offset = parcel->offset;
}

int line_take(struct line *l, const struct line_parcel *parcel, const struct line_rules *rules,
	      uint64_t *offset, struct why *why)
{
	struct mark *mark = marks_of(&l->marks, parcel->collector, parcel->stream);
	struct harvest h = {.line = l, .parcel = parcel, .rules = rules};
	struct line before;
	int rc = 0;

	if (!mark)
		return why_set(why, ERR_BAD, "there are too many collectors");
	*offset = mark->offset;
	if (parcel->offset > mark->offset && parcel->is_first)
		jump(l, mark, parcel);
	if (parcel->offset > mark->offset)
		return why_set(why, ERR_BAD, "octets %llu to %llu of the stream are missing",
			       (unsigned long long)mark->offset,
			       (unsigned long long)parcel->offset);
	if (parcel->offset + parcel->len <= mark->offset)
		return 0;
	rc = skip_known(&h, mark->offset, why);
	while (!rc && h.at < parcel->len) {
		before = *l;
		h.n_runs = h.len = 0;
		h.n_records = 0;
		gather(&h);
		rc = store(&h, mark);
		if (rc) { /* they come again: they are not counted yet */
			l->n_received = before.n_received;
			l->n_unframed = before.n_unframed;
			memcpy(l->n_refused, before.n_refused, sizeof before.n_refused);
		}
	}
	*offset = mark->offset;
	return rc;
}

int line_announce(struct line *l, const void *octets, size_t len, uint64_t number)
{
	struct spool_claim claim;
	uint8_t user[SPOOL_USER_MAX];

	if (spool_reserve(l->spool, len, &claim)) {
		told_full(l);
		return ERR_FULL;
	}
	memcpy(claim.bytes, octets, len);
	l->marks.n_announced = number;
	spool_commit_with(l->spool, &claim, user, write_marks(&l->marks, user));
	l->is_full = false;
	return 0;
}

/* ---- the whole ---- */

int line_open(struct line *l, const char *folder, const char *agency,
	      const struct spool_options *options, struct why *why)
{
	struct wr w = wr_of(l->name, sizeof l->name - 1);
	char path[PATH_SIZE], file[LINE_NAME_SIZE];
	const void *user;
	size_t len;
	int rc;

	wr_text(&w, "agency %s, %s", agency, interface_text(l->interface));
	l->name[w.len] = '\0';
	w = wr_of(file, sizeof file - 1);
	wr_text(&w, "%s.%s", agency, interface_text(l->interface));
	file[w.len] = '\0';
	rc = file_path(path, sizeof path, folder, file, why);
	if (!rc)
		rc = spool_open(&l->spool, path, options, why);
	if (rc)
		return rc;
	len = spool_user(l->spool, &user);
	rc = marks_read(&l->marks, user, len, why);
	if (rc)
		why_place(why, path);
	return rc;
}

void line_close(struct line *l)
{
	spool_close(&l->spool);
}

void line_status(const struct line *l, struct json *j)
{
	json_key(j, "received"), json_u64(j, l->n_received);
	json_key(j, "spooled"), json_u64(j, l->n_spooled);
	json_key(j, "refused"), json_open(j, '{');
	for (int i = 0; i < N_REFUSALS; i++)
		json_key(j, refusal_text((enum refusal)i)), json_u64(j, l->n_refused[i]);
	json_close(j, '}');
	json_key(j, "unframed_octets"), json_u64(j, l->n_unframed);
	json_key(j, "lost_octets"), json_u64(j, l->n_lost);
	json_key(j, "end"), json_u64(j, spool_end(l->spool));
	json_key(j, "waiting"), json_u64(j, spool_end(l->spool) - spool_acked(l->spool));
	json_key(j, "spool_size"), json_u64(j, spool_size(l->spool));
	json_key(j, "spool_limit"), json_u64(j, spool_limit(l->spool));
	json_key(j, "is_full"), json_bool(j, l->is_full);
}
