#include "collection/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "etsi/decode.h"
#include "spool/spool.h"
#include "station/account.h"
#include "tally/tally.h"

enum {
	PATH_LEN = 4096,
	PART_HANDED = 1,
	PART_MISSING = 2,
	ROWS_OF_A_WARRANT = 3,
	ROWS_BEYOND = 4096
};

/* An input, as it was looked at last. */
struct watched {
	uint64_t n_dropped;
	uint64_t n_card;
	uint64_t n_returns;
};

/* An agency, records of which were in a hole of a spool: what of it is left is being found out. */
struct missing {
	struct missing *next;
	struct ledger_stock *stock; /* NULL: that is known by now */
	char agency[];
};

struct proof {
	struct ledger_book *book;
	struct account *account;
	struct intercept *intercept;
	const struct collection_settings *settings;
	struct inputs *inputs; /* NULL: none are looked at */
	struct watched *watched;
	struct loop_timer timer;
	int64_t looked_ns, began_ns;
	struct box *acked;         /* in hand */
	struct box *orphan;        /* likewise */
	struct delivery *delivery; /* NULL: it is not known yet */
	struct missing *missing;
	struct ledger_losses losses; /* that nobody was told of */
	size_t n_expected;
};

static void hold(void *owner, void (*fn)(void *arg), void *arg)
{
	const struct proof *p = owner;

	intercept_hold(p->intercept, fn, arg);
}

/* ---- what mediators have ---- */

static struct missing *missing_of(const struct proof *p, const char *agency)
{
	struct missing *m = p->missing;

	while (m && strcmp(m->agency, agency) != 0)
		m = m->next;
	return m;
}

static struct missing *add_missing(struct proof *p, const char *agency)
{
	size_t len = strlen(agency) + 1;
	struct missing *m = calloc(1, sizeof *m + len);

	if (!m)
		return NULL;
	memcpy(m->agency, agency, len);
	m->next = p->missing;
	p->missing = m;
	return m;
}

static size_t side_of(const struct box *box)
{
	return box->interface == INTERCEPT_HI3;
}

static struct box *box_of(const struct proof *p, const char *agency, size_t side)
{
	for (size_t i = 0; i < delivery_n_boxes(p->delivery); i++) {
		struct box *box = delivery_box(p->delivery, i);

		if (side_of(box) == side && !strcmp(box->agency, agency))
			return box;
	}
	return NULL;
}

static void mark_missing(const struct proof *p, const struct box *box, bool is_missing)
{
	struct ledger_mark mark = {spool_id(box->spool), PART_MISSING, 0};

	if (is_missing || ledger_mark_get(p->book, &mark)) {
		mark.offset = is_missing;
		ledger_mark_set(p->book, &mark);
	}
}

/* From the record before a hole to the one behind it. */
static struct ledger_stretch stretch_of(const struct box *box, uint64_t begin, uint64_t end)
{
	struct ledger_stretch when = {.to_ns = loop_wall().ns};
	const uint8_t *bytes;
	struct nanos behind = {0};
	size_t n, len;

	if (box->sent.end == begin)
		when.from_ns = box->sent.last.ns;
	n = spool_peek(box->spool, end, &bytes);
	if (n && !etsi_pdu_len(bytes, n, &len, NULL) && len <= n)
		behind = parcel_time(bytes, len);
	if (behind.ns)
		when.to_ns = behind.ns;
	return when;
}

/* A hole of this box: while nobody counts elsewhere, and no draft is open. */
static void note_missing(struct proof *p, const struct box *box, uint64_t begin, uint64_t end)
{
	const struct ledger_stock_rule rule = {LEDGER_SPOOLED, LEDGER_HANDED, LEDGER_DAMAGED,
					       stretch_of(box, begin, end)};
	struct missing *m = missing_of(p, box->agency);
	uint64_t ends[LEDGER_STOCK_SPOOLS] = {0};

	if (!m)
		m = add_missing(p, box->agency);
	if (m && ledger_stock_covers(m->stock, side_of(box), end)) {
		ledger_stock_widen(m->stock, &rule.when);
		return;
	}
	mark_missing(p, box, true);
	for (size_t k = 0; k < LEDGER_STOCK_SPOOLS; k++) {
		const struct box *other = box_of(p, box->agency, k);

		ends[k] = other ? spool_reserved(other->spool) : 0;
	}
	if (!m || ledger_stock_take(&m->stock, p->book, box->agency, &rule, ends))
		log_error("agency %s: what it lost is not counted: %s", box->agency,
			  err_text(ERR_NOMEM));
}

/* Whether it is known now what was lost. */
static void look_for_missing(struct proof *p, struct missing *m)
{
	const struct box *box;

	for (size_t k = 0; k < LEDGER_STOCK_SPOOLS && m->stock; k++) {
		box = box_of(p, m->agency, k);
		ledger_stock_reached(&m->stock, k, box ? box->acked : UINT64_MAX, &p->losses);
	}
	for (size_t k = 0; k < LEDGER_STOCK_SPOOLS && !m->stock; k++) {
		box = box_of(p, m->agency, k);
		if (box)
			mark_missing(p, box, false);
	}
}

enum piece { PIECE_WHOLE, PIECE_FULL, PIECE_HOLE };

static bool count_parcel(struct proof *p, const struct parcel *parcel)
{
	struct ledger_row *rows[PARCEL_KEYS];

	for (unsigned k = 0; k < parcel->n_keys; k++)
		if (!(rows[k] = ledger_draft_row(p->book, &parcel->of[k].key)))
			return false;
	for (unsigned k = 0; k < parcel->n_keys; k++)
		ledger_count(rows[k], LEDGER_HANDED, parcel->of[k].n);
	return true;
}

/* Goes on from where it was counted, as far as a draft reaches, or to a hole. */
static enum piece count_piece(struct proof *p, const struct tally_place *place,
			      struct ledger_stock *stock, uint64_t *at)
{
	struct box *box = p->acked;
	struct tally_sight sight = {0};
	const struct parcel *parcel;
	const uint8_t *bytes;
	size_t here, len;

	while (!stock && (parcel = parcels_find(&box->sent, *at, box->acked))) {
		if (!count_parcel(p, parcel))
			return PIECE_FULL;
		*at = parcel->to;
	}

	while (*at < box->acked && (here = spool_peek(box->spool, *at, &bytes)) > 0) {
		for (size_t done = 0; done < here && *at < box->acked; done += len, *at += len) {
			struct tally_seen *seen;
			uint32_t seq;

			if (etsi_pdu_len(bytes + done, here - done, &len, NULL) ||
			    len > here - done)
				return PIECE_WHOLE;
			seen = tally_see(&sight, place, bytes + done, len, &seq);
			if (seen && !seen->row)
				seen->row = ledger_draft_row(p->book, &seen->key);
			if (seen && !seen->row)
				return PIECE_FULL;
			if (!seen)
				continue;
			ledger_count(seen->row, LEDGER_HANDED, 1);
			ledger_stock_strike(stock, side_of(box), *at + len, &seen->row->key);
		}
	}
	return *at < box->acked && spool_hole(box->spool, *at) > *at ? PIECE_HOLE : PIECE_WHOLE;
}

/* While nobody counts elsewhere. */
static void count_acked(void *arg)
{
	struct proof *p = arg;
	const struct box *box = p->acked;
	const struct tally_place place = {box->agency, box->interface == INTERCEPT_HI3};
	struct ledger_mark mark = {spool_id(box->spool), PART_HANDED, spool_acked(box->spool)};
	struct missing *m;
	enum piece piece;

	(void)ledger_mark_get(p->book, &mark);
	do {
		m = missing_of(p, box->agency);
		piece = count_piece(p, &place, m ? m->stock : NULL, &mark.offset);
		ledger_draft_seal(p->book, &mark);
		ledger_draft_apply(p->book);
		if (piece == PIECE_HOLE) {
			uint64_t begin = mark.offset;

			mark.offset = spool_hole(box->spool, begin);
			note_missing(p, box, begin, mark.offset);
			if (mark.offset > box->acked)
				mark.offset = box->acked;
		}
	} while (piece != PIECE_WHOLE);
	if (m && m->stock)
		look_for_missing(p, m);
}

static void recall_missing(void *arg)
{
	struct proof *p = arg;

	for (size_t i = 0; i < delivery_n_boxes(p->delivery); i++) {
		const struct box *box = delivery_box(p->delivery, i);
		struct ledger_mark mark = {spool_id(box->spool), PART_MISSING, 0};

		if (ledger_mark_get(p->book, &mark) && mark.offset)
			note_missing(p, box, UINT64_MAX, spool_end(box->spool));
	}
	for (struct missing *m = p->missing; m; m = m->next)
		look_for_missing(p, m);
}

/* All that is left, up to where the box ends, is nobody's any more. */
static void close_box(const struct proof *p, struct box *box)
{
	const struct ledger_mark mark = {spool_id(box->spool), PART_HANDED, spool_end(box->spool)};

	ledger_mark_set(p->book, &mark);
	mark_missing(p, box, false);
	delivery_give_up(p->delivery, box);
}

static bool is_left(const struct box *box)
{
	return box && box->is_orphan && box->acked < spool_end(box->spool);
}

/* Records of both interfaces, which the rows do not tell apart, unless one is in hand. */
static void give_up(void *arg)
{
	struct proof *p = arg;
	struct box *box = p->orphan, *boxes[LEDGER_STOCK_SPOOLS];
	const struct ledger_stock_rule rule = {
		LEDGER_SPOOLED, LEDGER_HANDED, LEDGER_ABANDONED, {0, loop_wall().ns}};
	struct missing *m = missing_of(p, box->agency);

	for (size_t k = 0; k < LEDGER_STOCK_SPOOLS; k++) {
		boxes[k] = box_of(p, box->agency, k);
		if (boxes[k] && spool_reserved(boxes[k]->spool) != spool_end(boxes[k]->spool))
			return;
	}
	log_error("agency %s: what waited for its mediator is dropped with it", box->agency);
	if (ledger_stock_give_up(p->book, box->agency, &rule, &p->losses))
		log_error("agency %s: what is dropped is not counted: %s", box->agency,
			  err_text(ERR_NOMEM));
	if (m)
		ledger_stock_free(&m->stock);
	for (size_t k = 0; k < LEDGER_STOCK_SPOOLS; k++) {
		if (boxes[k])
			close_box(p, boxes[k]);
	}
}

void proof_give_up(struct proof *p)
{
	for (size_t i = 0; i < delivery_n_boxes(p->delivery); i++) {
		p->orphan = delivery_box(p->delivery, i);
		if (is_left(p->orphan))
			intercept_hold(p->intercept, give_up, p);
	}
}

bool proof_next_loss(struct proof *p, struct ledger_lost *out)
{
	if (!p->losses.n) {
		ledger_losses_fini(&p->losses);
		return false;
	}
	*out = p->losses.items[--p->losses.n];
	return true;
}

void proof_deliver(struct proof *p, struct delivery *delivery)
{
	p->delivery = delivery;
	for (size_t i = 0; i < delivery_n_boxes(delivery); i++)
		if (spool_end(delivery_box(delivery, i)->spool))
			ledger_book_has_spools(p->book);
	intercept_hold(p->intercept, recall_missing, p);
}

void proof_acked(void *proof, struct box *box)
{
	struct proof *p = proof;

	p->acked = box;
	if (p->delivery)
		intercept_hold(p->intercept, count_acked, p);
}

/* ---- what inputs did not capture ---- */

static struct ledger_gap gap_of(const char *uri, enum ledger_reason reason, int64_t from_ns,
				int64_t to_ns)
{
	/* a clock that was set back meanwhile */
	bool is_back = to_ns < from_ns;
	struct ledger_gap gap = {.reason = reason,
				 .from_ns = is_back ? to_ns : from_ns,
				 .to_ns = is_back ? from_ns : to_ns};

	snprintf(gap.input, sizeof gap.input, "%s", uri);
	return gap;
}

/* Of an interface it is known to the packet (input.h). */
static bool is_fifo(const char *uri)
{
	const char *behind = strchr(uri, ':');
	struct stat st;

	return (!stat(uri, &st) && S_ISFIFO(st.st_mode)) ||
	       (behind && !stat(behind + 1, &st) && S_ISFIFO(st.st_mode));
}

struct passed {
	struct proof *proof;
	struct ledger_gap gap;
};

static void note_passed(void *arg)
{
	struct passed *passed = arg;

	ledger_gap_add(passed->proof->book, &passed->gap);
}

void proof_gap(struct proof *p, const struct input_gap *gap)
{
	enum ledger_reason known = gap->from.ns < p->began_ns ? LEDGER_RESTART : LEDGER_INPUT_DOWN;
	enum ledger_reason reason = gap->is_unknown ? LEDGER_CLOCK : known;
	struct passed passed = {p, gap_of(gap->uri, reason, gap->from.ns, gap->until.ns)};

	intercept_hold(p->intercept, note_passed, &passed);
}

static void look(void *arg)
{
	struct proof *p = arg;
	int64_t now_ns = loop_wall().ns;
	struct input_look seen;

	for (size_t k = 0; inputs_look(p->inputs, k, &seen); k++) {
		struct watched *w = &p->watched[k];
		struct ledger_gap gap = gap_of(seen.uri, LEDGER_KERNEL, p->looked_ns, now_ns);

		gap.n_packets = seen.n_dropped - w->n_dropped;
		if (gap.n_packets)
			ledger_gap_add(p->book, &gap);
		w->n_dropped = seen.n_dropped;
		gap = gap_of(seen.uri, LEDGER_CARD, p->looked_ns, now_ns);
		gap.n_packets = seen.n_card - w->n_card;
		if (gap.n_packets)
			ledger_gap_add(p->book, &gap);
		w->n_card = seen.n_card;
		gap = gap_of(seen.uri, LEDGER_INPUT_DOWN, p->looked_ns, now_ns);
		if (seen.is_down || seen.n_returns != w->n_returns)
			ledger_gap_add(p->book, &gap);
		w->n_returns = seen.n_returns;
	}
	p->looked_ns = now_ns;
}

static void tick(void *owner)
{
	struct proof *p = owner;

	if (p->inputs)
		intercept_hold(p->intercept, look, p);
}

void proof_watch(struct proof *p, struct inputs *inputs)
{
	if (p->inputs && !inputs)
		intercept_hold(p->intercept, look, p);
	p->inputs = inputs;
	p->looked_ns = loop_wall().ns;
}

/* ---- the whole ---- */

/* A machine that was started again may have another clock than the last process had. */
static struct ledger_gap restart_of(const char *uri, int64_t lived_ns, int64_t now_ns)
{
	if (lived_ns < now_ns)
		return gap_of(uri, LEDGER_RESTART, lived_ns, now_ns);
	return gap_of(uri, LEDGER_CLOCK, now_ns, lived_ns);
}

static void note_restart(struct proof *p, int64_t lived_ns)
{
	int64_t now_ns = loop_wall().ns;

	for (size_t k = 0; k < p->settings->inputs.n && lived_ns; k++) {
		const char *uri = p->settings->inputs.items[k].uri;
		struct ledger_gap gap = restart_of(uri, lived_ns, now_ns);

		if (is_fifo(uri))
			ledger_gap_add(p->book, &gap);
	}
}

int proof_begin(struct proof *p, const struct proof_place *place)
{
	const struct account_options options = {.loop = place->loop,
						.station = place->station,
						.book = p->book,
						.hold = hold,
						.owner = p};
	int64_t lived_ns = ledger_book_lived(p->book);

	if (lived_ns)
		lived_ns = pulse_today(place->pulse, (struct nanos){lived_ns}).ns;
	p->intercept = place->intercept;
	p->began_ns = loop_wall().ns;
	p->settings = place->settings;
	p->watched = calloc(p->settings->inputs.n + 1, sizeof *p->watched);
	if (!p->watched)
		return ERR_NOMEM;
	ledger_book_tidy(p->book, (uint32_t)station_book(place->station)->orders.warrants.n *
						  ROWS_OF_A_WARRANT +
					  ROWS_BEYOND);
	ledger_book_recover(p->book, lived_ns ? lived_ns : loop_wall().ns);
	note_restart(p, lived_ns);
	loop_timer_init(&p->timer, place->loop, tick, p);
	loop_timer_every(&p->timer, nanos_from_s(1));
	return account_new(&p->account, &options);
}

static void unsettle(void *arg)
{
	struct proof *p = arg;

	ledger_book_unsettle(p->book);
}

void proof_unsettle(struct proof *p)
{
	intercept_hold(p->intercept, unsettle, p);
}

static void expect(void *arg)
{
	struct proof *p = arg;

	ledger_book_tidy(p->book, (uint32_t)p->n_expected * ROWS_OF_A_WARRANT + ROWS_BEYOND);
}

void proof_expect(struct proof *p, size_t n_warrants)
{
	p->n_expected = n_warrants;
	intercept_hold(p->intercept, expect, p);
}

void proof_may_send(struct proof *p)
{
	account_may_send(p->account);
}

void proof_tell(struct proof *p)
{
	account_tell(p->account);
}

struct sum {
	struct ledger_book *book;
	struct ledger_sums sums;
	bool has_more;
};

/* Some rows, while they stand still. */
static void add_up(void *arg)
{
	struct sum *sum = arg;

	sum->has_more = ledger_book_add_up(sum->book, &sum->sums);
}

void proof_status(const struct proof *p, struct json *j)
{
	struct sum sum = {.book = p->book};

	do {
		intercept_hold(p->intercept, add_up, &sum);
	} while (sum.has_more);
	ledger_sums_print(sum.sums.n, LEDGER_AT_COLLECTOR, j);
}

struct ledger_book *proof_book(const struct proof *p)
{
	return p->book;
}

int proof_open(struct proof **out, const char *folder, struct why *why)
{
	struct proof *p = calloc(1, sizeof *p);
	char path[PATH_LEN];
	struct why fault;
	int rc;

	*out = p;
	if (!p)
		return ERR_NOMEM;
	why_clear(&fault);
	if (snprintf(path, sizeof path, "%s/ledger", folder) >= (int)sizeof path)
		return why_set(why, ERR_USAGE, "%s: the path is too long", folder);
	rc = ledger_book_open(&p->book, path, 0, &fault);
	if (rc)
		*why = fault;
	else if (*fault.text)
		log_error("%s: %s", fault.place, fault.text);
	/* sessions that go on open theirs again */
	for (uint32_t k = 0; !rc && k < ledger_book_n_slots(p->book); k++)
		if (ledger_book_slot(p->book, k))
			ledger_book_close_row(ledger_book_slot(p->book, k));
	return rc;
}

void proof_free(struct proof **proof)
{
	struct proof *p = *proof;
	struct missing *m;

	*proof = NULL;
	if (!p)
		return;
	while ((m = p->missing)) {
		p->missing = m->next;
		ledger_stock_free(&m->stock);
		free(m);
	}
	ledger_losses_fini(&p->losses);
	account_free(&p->account);
	loop_timer_fini(&p->timer);
	ledger_book_close(&p->book);
	free(p->watched);
	free(p);
}
