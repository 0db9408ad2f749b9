#include "mediation/harvest.h"

#include <string.h>

#include "base/log.h"
#include "etsi/decode.h"

void harvest_init(struct harvest *h, struct line *line, const struct line_parcel *parcel,
		  const struct line_rules *rules)
{
	h->line = line;
	h->parcel = parcel;
	h->rules = rules;
	h->at = h->len = h->n_runs = 0;
	h->n_records = 0;
	h->n_groups = 0;
	h->is_held = false;
	h->held[0] = '\0';
}

/* ---- the ledger ---- */

static struct scope_place place_of(const struct harvest *h)
{
	return (struct scope_place){h->rules->agency, h->line->interface, h->rules->now};
}

/* The rows in which a record counts, now and later; false: the draft must be applied first. */
static bool find_rows(const struct line *l, const struct etsi_record *record,
		      struct ledger_row **draft, struct ledger_row **row)
{
	const struct tally_place place = {l->agency, l->interface == INTERFACE_HI3};
	struct ledger_key key;

	*draft = *row = NULL;
	if (!l->ledger)
		return true;
	tally_key(&key, &place, record);
	*draft = ledger_draft_row(l->ledger, &key);
	if (*draft)
		*row = ledger_book_row(l->ledger, &key);
	return *draft != NULL;
}

static void count_refused(struct ledger_row *draft, enum refusal refusal, int64_t ns)
{
	if (draft)
		ledger_tally_add(draft, LEDGER_MALFORMED + (enum ledger_reason)refusal, 1, ns);
}

static void count_one(struct ledger_row *draft, const struct etsi_record *record,
		      enum refusal refusal, struct nanos now)
{
	int64_t ns = record->has_time ? record->time.ns : now.ns;

	if (!draft)
		return;
	ledger_count(draft, LEDGER_RECEIVED, 1);
	ledger_row_see(draft, record->seq, ns);
	if (refusal == REFUSAL_NONE)
		ledger_count(draft, LEDGER_KEPT, 1);
	else
		count_refused(draft, refusal, ns);
}

/* ---- doubt ---- */

/* Whether a record waits for other orders instead of being refused, nothing of it being counted. */
static bool hold(struct harvest *h, enum refusal refusal, const struct etsi_record *record)
{
	size_t n = record->liid.len < ETSI_MAX_LIID ? record->liid.len : ETSI_MAX_LIID;

	if (refusal == REFUSAL_NONE || h->parcel->offset + h->at < h->parcel->sure ||
	    !scope_may_change(refusal, record))
		return false;
	for (size_t i = 0; i < n; i++)
		h->held[i] = (char)(record->liid.bytes[i] >= ' ' && record->liid.bytes[i] <= '~'
					    ? record->liid.bytes[i]
					    : '?');
	h->held[n] = '\0';
	h->is_held = true;
	return true;
}

/* ---- streams ---- */

/* Counts what a group has gathered. */
static void settle(const struct harvest_group *g)
{
	if (!g->draft)
		return;
	ledger_count(g->draft, LEDGER_RECEIVED, g->n);
	ledger_count(g->draft, LEDGER_KEPT, g->n_kept);
	ledger_row_see(g->draft, g->last_seq, g->first_ns);
	ledger_row_see(g->draft, g->last_seq, g->last_ns);
}

static enum refusal refusal_of(const struct harvest_group *g, const struct likeness_own *own)
{
	bool is_out = g->refusal == REFUSAL_NONE && !scope_window_has(&g->window, own->time);

	return is_out ? REFUSAL_OUT_OF_TIME : g->refusal;
}

/* The group of a stream of which this is a record; NULL: there is no room, in the draft or here, or
 * the record is held. */
static struct harvest_group *group_of(struct harvest *h, const struct likeness_stream *stream,
				      const struct likeness_own *own)
{
	uint16_t *place = &h->group_of[stream->slot];
	struct harvest_group *g = *place ? &h->groups[*place - 1] : NULL;
	const struct scope_place where = place_of(h);

	if (g && g->number == stream->number)
		return g;
	if (h->n_groups == HARVEST_GROUPS)
		return NULL;
	g = &h->groups[h->n_groups];
	*g = (struct harvest_group){.number = stream->number,
				    .last_seq = own->seq,
				    .first_ns = own->time.ns,
				    .last_ns = own->time.ns};
	g->refusal = scope_window(h->rules->scope, &where, &stream->record, &g->window);
	if (hold(h, refusal_of(g, own), &stream->record) ||
	    !find_rows(h->line, &stream->record, &g->draft, &g->row))
		return NULL;
	if (g->draft)
		ledger_row_see(g->draft, own->seq, own->time.ns);
	*place = (uint16_t)++h->n_groups;
	return g;
}

/* Judges a record of a stream and counts it; *row: whose it is. False: it is held, or what was
 * gathered must be stored first. A stream's records are CCs with a time of their own and with their
 * packet, so that the window is all that scope_check asks of each. */
static bool judge_like(struct harvest *h, const struct likeness_stream *stream,
		       const struct likeness_own *own, enum refusal *refusal,
		       struct ledger_row **row)
{
	struct harvest_group *g = group_of(h, stream, own);

	if (!g)
		return false;
	*refusal = refusal_of(g, own);
	if (hold(h, *refusal, &stream->record))
		return false;
	g->n++;
	if ((int32_t)(own->seq - g->last_seq) > 0) /* numbers begin again at 0 */
		g->last_seq = own->seq;
	if (own->time.ns < g->first_ns)
		g->first_ns = own->time.ns;
	if (own->time.ns > g->last_ns)
		g->last_ns = own->time.ns;
	if (*refusal == REFUSAL_NONE)
		g->n_kept++;
	else
		count_refused(g->draft, *refusal, own->time.ns);
	*row = g->row;
	return true;
}

/* The same of any record. */
static bool judge(struct harvest *h, const uint8_t *pdu, size_t len, enum refusal *refusal,
		  struct ledger_row **row)
{
	const struct scope_place where = place_of(h);
	const struct likeness_stream *stream;
	struct likeness_own own;
	struct etsi_record record;
	struct ledger_row *draft;

	*row = NULL;
	*refusal = REFUSAL_MALFORMED;
	stream = likeness_find(h->line->like, pdu, len, &own);
	if (stream)
		return judge_like(h, stream, &own, refusal, row);
	if (etsi_record_read(pdu, len, &record, NULL))
		return true;
	*refusal = scope_check(h->rules->scope, &where, &record);
	if (hold(h, *refusal, &record) || !find_rows(h->line, &record, &draft, row))
		return false;
	count_one(draft, &record, *refusal, h->rules->now);
	likeness_keep(h->line->like, pdu, len, &record);
	return true;
}

/* ---- the whole ---- */

static void keep(struct harvest *h, size_t len, struct ledger_row *row)
{
	size_t last = h->n_runs - 1;
	uint64_t offset = spool_end(h->line->spool) + h->len;

	if (h->n_runs && h->runs[last].at + h->runs[last].len == h->at) {
		h->runs[last].len += len;
	} else {
		h->runs[h->n_runs].at = h->at;
		h->runs[h->n_runs++].len = len;
	}
	ends_add(h->line->ends, offset, offset + len, row);
	h->len += len;
	h->n_records++;
}

static void pass_over(struct harvest *h)
{
	struct line *l = h->line;
	size_t left = h->parcel->len - h->at;

	log_error("%s: collector %s: %zu octets at %llu of its stream are no records: refused",
		  l->name, h->parcel->collector, left,
		  (unsigned long long)(h->parcel->offset + h->at));
	l->counts.n_unframed += left;
	l->counts.n_refused[REFUSAL_MALFORMED]++;
	h->at = h->parcel->len;
}

static void gather(struct harvest *h)
{
	struct line *l = h->line;
	struct ledger_row *row;
	enum refusal refusal;
	size_t len, left;

	while (h->at < h->parcel->len && h->n_runs < HARVEST_RUNS) {
		left = h->parcel->len - h->at;
		if (etsi_pdu_len(h->parcel->bytes + h->at, left, &len, NULL) || len > left) {
			pass_over(h);
			return;
		}
		if (!judge(h, h->parcel->bytes + h->at, len, &refusal, &row))
			return;
		l->counts.n_received++;
		if (refusal == REFUSAL_NONE)
			keep(h, len, row);
		else
			l->counts.n_refused[refusal]++;
		h->at += len;
	}
}

void harvest_gather(struct harvest *h)
{
	h->n_runs = h->len = 0;
	h->n_records = 0;
	h->n_groups = 0;
	memset(h->group_of, 0, sizeof h->group_of);
	gather(h);
	for (uint32_t i = 0; i < h->n_groups; i++)
		settle(&h->groups[i]);
}

void harvest_copy(const struct harvest *h, uint8_t *to)
{
	size_t at = 0;

	for (size_t i = 0; i < h->n_runs; i++) {
		memcpy(to + at, h->parcel->bytes + h->runs[i].at, h->runs[i].len);
		at += h->runs[i].len;
	}
}

void harvest_own(struct line *l, const uint8_t *octets, size_t len)
{
	struct ledger_row *draft, *row;
	struct etsi_record record;
	size_t n;

	for (size_t at = 0; l->ledger && at < len; at += n) {
		if (etsi_pdu_len(octets + at, len - at, &n, NULL) || n > len - at)
			return;
		if (!etsi_record_read(octets + at, n, &record, NULL) &&
		    find_rows(l, &record, &draft, &row))
			count_one(draft, &record, REFUSAL_NONE, (struct nanos){0});
	}
}
