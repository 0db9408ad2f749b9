#include "mediation/outlet.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "etsi/decode.h"
#include "handover/sender.h"
#include "mediation/announce.h"
#include "mediation/capture.h"
#include "mediation/file.h"
#include "mediation/line.h"

enum {
	PATH_SIZE = 4096,
	NAME_SIZE = 96,
	BATCH_MAX = 8 << 20,     /* octets of notifications told at once */
	CAPTURE_PIECE = 1 << 20, /* octets of records written at once */
	CAPTURE_TICK_S = 1,
	ALARM_SIZE = 257,
	ROOM = 1 << 20, /* octets that a spool should have before what waits is offered again */
};

struct outlet {
	const struct outlet_place *place;
	char agency[TLS_NAME_LEN + 1];
	const struct agency *order; /* in the orders; good until the next update */
	struct line lines[N_INTERFACES];
	struct ledger_stock *stock;           /* while it is found out what was lost */
	struct ledger_losses losses;          /* that nobody was told of */
	struct sender *senders[N_INTERFACES]; /* NULL: captures are made */
	struct announcements told;
	uint64_t n_told_lost[N_INTERFACES]; /* in an alarm: octets that never came */
	bool has_told_gone[N_INTERFACES];
	uint64_t n_told_damaged[N_INTERFACES]; /* … that the disk did not give back */
	char told_path[PATH_SIZE];
	const char *operator_id; /* … of the orders too */
	const char *network_element;

	struct captures *captures; /* NULL: records are sent */
	struct loop_fd bell;
	struct loop_timer tick;
};

const char *outlet_agency(const struct outlet *o)
{
	return o->agency;
}

void outlet_forget_rows(struct outlet *o)
{
	for (int i = 0; i < N_INTERFACES; i++)
		line_forget_rows(&o->lines[i]);
}

/* ---- headers of what we make ourselves ---- */

static struct etsi_stream stream_of(const struct outlet *o)
{
	const struct agency *a = o->order;

	return (struct etsi_stream){
		.authorization_country = a->country,
		.operator_id = a->operator_id ? a->operator_id : o->operator_id,
		.network_element = o->network_element,
		.has_no_cin = true,
		.header_version = (unsigned)a->header_version,
		.time_form = a->time_format == AGENCY_TIME_GENERALIZED ? ETSI_TIME_GENERALIZED
								       : ETSI_TIME_MICROSECONDS,
		.qualifier = ETSI_NO_QUALIFIER,
	};
}

/* Of TRIs and alarms, which belong to no warrant: our own name stands for the LIID (6.3.4). */
static int own_header(const struct outlet *o, struct etsi_header *header, struct why *why)
{
	struct etsi_stream stream = stream_of(o);
	char name[ETSI_MAX_LIID + 1];
	struct wr w = wr_of(name, sizeof name - 1);

	wr_bytes(&w, o->place->name,
		 strlen(o->place->name) < ETSI_MAX_LIID ? strlen(o->place->name) : ETSI_MAX_LIID);
	name[w.len] = '\0';
	stream.liid = name;
	return etsi_header_init(header, &stream, why);
}

/* ---- records from collectors ---- */

int outlet_take(struct outlet *o, const struct line_parcel *parcel, const struct scope *scope,
		struct line_progress *out, struct why *why)
{
	struct line_rules rules = {scope, o->order, loop_wall()};

	return line_take(&o->lines[parcel->interface], parcel, &rules, out, why);
}

int outlet_offset(struct outlet *o, enum interface interface, const char *collector,
		  uint64_t stream, uint64_t *offset)
{
	struct mark *mark = marks_of(&o->lines[interface].marks, collector, stream);

	*offset = mark ? mark->offset : 0;
	return mark ? 0 : ERR_FULL;
}

bool outlet_has_room(const struct outlet *o, enum interface interface)
{
	struct spool *spool = o->lines[interface].spool;

	return spool_size(spool) + ROOM <= spool_limit(spool);
}

/* ---- HI1 ---- */

struct telling {
	struct outlet *outlet;
	struct nanos now;
	struct wr octets;
};

static int tell_one(void *owner, enum hi1_operation operation, const struct announced *facts)
{
	struct telling *t = owner;
	struct etsi_stream stream = stream_of(t->outlet);
	struct hi1 hi1 = {.operation = operation,
			  .seq = (uint32_t)facts->next,
			  .time = t->now,
			  .at = t->now,
			  .liid = facts->liid,
			  .operator_id = stream.operator_id};
	struct etsi_header header;
	struct why why = {0};
	int rc;

	stream.liid = facts->liid;
	stream.authorization_country = facts->authorization_country;
	stream.delivery_country = facts->delivery_country;
	rc = etsi_header_init(&header, &stream, &why);
	if (!rc)
		rc = hi1_encode(&header, &hi1, &t->octets, &why);
	if (rc)
		log_error("agency %s: LIID %s: %s is not told: %s", t->outlet->agency, facts->liid,
			  hi1_operation_text(operation), why.text);
	else
		log_info("agency %s: LIID %s: %s", t->outlet->agency, facts->liid,
			 hi1_operation_text(operation));
	return rc == ERR_FULL ? rc : 0;
}

/* Puts what is pending into the spool, together with its number. */
static int spool_pending(struct outlet *o)
{
	struct line *l = &o->lines[INTERFACE_HI2];
	struct wr w = wr_init(BATCH_MAX);
	int rc;

	if (l->marks.n_announced == (uint64_t)o->told.number ||
	    !announcements_pending(&o->told, &w)) {
		wr_fini(&w);
		return 0;
	}
	rc = line_announce(l, w.bytes, w.len, (uint64_t)o->told.number);
	wr_fini(&w);
	return rc;
}

static void tell(struct outlet *o, struct telling *t)
{
	struct why why = {0};
	int rc;

	if (t->octets.len && t->octets.ok) {
		rc = announcements_set_pending(&o->told, t->octets.bytes, t->octets.len);
		if (!rc)
			rc = announcements_save(&o->told, o->told_path, &why);
		if (rc)
			log_error("agency %s: what it is told is not remembered: %s", o->agency,
				  *why.text ? why.text : err_text(rc));
		(void)!spool_pending(o);
	}
	wr_fini(&t->octets);
}

void outlet_announce(struct outlet *o, const struct orders *orders, struct nanos now)
{
	struct telling t = {o, now, wr_init(BATCH_MAX)};
	int rc;

	if (o->captures || spool_pending(o)) {
		wr_fini(&t.octets);
		return;
	}
	rc = announcements_due(&o->told, orders, o->agency, now, &(struct announcer){tell_one, &t});
	if (rc && rc != ERR_FULL)
		log_error("agency %s: not all is told: %s", o->agency, err_text(rc));
	tell(o, &t);
}

int outlet_alarm(struct outlet *o, const char *liid, const char *text, struct nanos now)
{
	struct telling t = {o, now, wr_init(BATCH_MAX)};
	struct hi1 hi1 = {.operation = HI1_ALARM,
			  .seq = (uint32_t)o->told.alarms,
			  .time = now,
			  .at = now,
			  .liid = liid,
			  .operator_id = stream_of(o).operator_id,
			  .text = text};
	struct etsi_header header;
	struct why why = {0};
	int rc = o->captures ? ERR_END : spool_pending(o);

	if (!rc)
		rc = own_header(o, &header, &why);
	if (!rc)
		rc = hi1_encode(&header, &hi1, &t.octets, &why);
	if (rc && !o->captures)
		log_error("agency %s: an alarm is not told: %s", o->agency,
			  *why.text ? why.text : err_text(rc));
	if (!rc)
		o->told.alarms++;
	else
		wr_reset(&t.octets);
	tell(o, &t);
	return rc;
}

enum alarm_outcome outlet_outcome(int rc)
{
	if (!rc)
		return ALARM_TOLD;
	return rc == ERR_FULL ? ALARM_LATER : ALARM_REFUSED;
}

/* Whether what it held when the last process ended went with its memory. */
static bool is_gone(const struct outlet *o, int i)
{
	return spool_stats(o->lines[i].spool).is_memory_lost ||
	       (o->senders[i] && sender_stats(o->senders[i]).is_begun_anew);
}

static void look_at_line(struct outlet *o, int i, struct alarms *alarms, struct nanos now)
{
	const struct line *l = &o->lines[i];
	uint64_t damaged = spool_stats(l->spool).lost;
	char about[ALARM_SIZE];
	struct wr w = wr_of(about, sizeof about - 1);
	struct alarm_fact fact = {.kind = ALARM_SPOOL_FULL, .about = about};

	wr_text(&w, "spool %s/%s", o->agency, interface_text((enum interface)i));
	about[w.len] = '\0';
	if (l->is_full && !outlet_has_room(o, (enum interface)i))
		alarm_tell(alarms_raise(alarms, &fact, now), o->agency);
	fact.kind = ALARM_SPOOL_GONE;
	if (!o->has_told_gone[i] && is_gone(o, i))
		alarm_tell(alarms_raise(alarms, &fact, now), o->agency);
	o->has_told_gone[i] = true;
	fact.kind = ALARM_STREAM_GAP;
	fact.n = l->counts.n_lost - o->n_told_lost[i];
	if (fact.n)
		alarm_tell(alarms_raise(alarms, &fact, now), o->agency);
	fact.kind = ALARM_SPOOL_DAMAGED;
	fact.n = damaged - o->n_told_damaged[i];
	if (fact.n)
		alarm_tell(alarms_raise(alarms, &fact, now), o->agency);
	o->n_told_lost[i] = l->counts.n_lost;
	o->n_told_damaged[i] = damaged;
}

/* Whose records the disk did not give back, as far as there is room for so many alarms. */
static void look_at_losses(struct outlet *o, struct alarms *alarms, struct nanos now)
{
	char about[ALARM_SIZE];

	while (o->losses.n && alarms_has_room(alarms)) {
		const struct ledger_lost *l = &o->losses.items[--o->losses.n];
		const struct alarm_fact fact = {.kind = ALARM_RECORDS_SPOILED,
						.about = about,
						.liid = l->warrant + strlen(o->agency) + 1,
						.n = l->n,
						.from = {l->when.from_ns},
						.until = {l->when.to_ns}};
		struct wr w = wr_of(about, sizeof about - 1);

		wr_text(&w, "warrant %s", l->warrant);
		about[w.len] = '\0';
		alarm_tell(alarms_raise(alarms, &fact, now), o->agency);
	}
	if (!o->losses.n)
		ledger_losses_fini(&o->losses);
}

void outlet_look(struct outlet *o, struct alarms *alarms, struct nanos now)
{
	look_at_losses(o, alarms, now);
	for (int i = 0; i < N_INTERFACES; i++)
		look_at_line(o, i, alarms, now);
}

/* ---- captures ---- */

/* What is in a capture was delivered. */
static void count_captured(struct outlet *o, uint64_t end)
{
	struct line *l = &o->lines[INTERFACE_HI3];

	line_sent(l, spool_acked(l->spool), end);
	line_acknowledged(l, spool_acked(l->spool), end);
}

/* All before it may go. */
static void give_back(struct line *l, uint64_t offset)
{
	spool_ack(l->spool, offset);
	ends_drop(l->ends, spool_acked(l->spool));
}

/* What can not be read any more is stepped over: where the next record is. */
static uint64_t pass_hole(struct line *l)
{
	uint64_t at = spool_acked(l->spool), next = spool_hole(l->spool, at);

	if (next == at)
		return at;
	log_error("%s: octets %llu to %llu of the spool can not be read any more: no capture has "
		  "them",
		  l->name, (unsigned long long)at, (unsigned long long)next);
	line_lost(l, next, loop_wall());
	give_back(l, next);
	return next;
}

static void write_captures(struct outlet *o)
{
	struct line *l = &o->lines[INTERFACE_HI3];
	uint64_t at = pass_hole(l), stop = at + CAPTURE_PIECE;
	struct nanos now = loop_wall();
	struct etsi_record record;
	struct why why = {0};
	const uint8_t *bytes;
	size_t here, len;
	int rc = 0;

	while (!rc && at < stop && (here = spool_peek(l->spool, at, &bytes))) {
		if (etsi_pdu_len(bytes, here, &len, &why) || len > here ||
		    etsi_record_read(bytes, len, &record, &why)) {
			log_error("%s: octet %llu of the spool begins no record", l->name,
				  (unsigned long long)at);
			return;
		}
		rc = captures_add(o->captures, &record, at, now, &why);
		at += len;
	}
	if (!rc)
		rc = captures_flush(o->captures, at, now, &why);
	if (!rc)
		count_captured(o, at);
	if (!rc)
		give_back(l, at);
	else if (!l->is_full)
		log_error("%s: captures wait: %s", l->name, *why.text ? why.text : err_text(rc));
	l->is_full = rc != 0;
	if (!rc && at < spool_end(l->spool))
		loop_timer_after(&o->tick, (struct nanos){NANOS_PER_MS});
}

static void capture_bell(void *owner, unsigned ready)
{
	struct outlet *o = owner;

	(void)ready;
	spool_hush(o->lines[INTERFACE_HI3].spool);
	write_captures(o);
}

static void capture_tick(void *owner)
{
	struct outlet *o = owner;
	struct why why = {0};

	loop_timer_after(&o->tick, nanos_from_s(CAPTURE_TICK_S));
	write_captures(o);
	if (captures_tick(o->captures, loop_wall(), &why))
		log_error("agency %s: a capture is not finished: %s", o->agency, why.text);
}

static int open_captures(struct outlet *o, struct why *why)
{
	const struct agency *a = o->order;
	char path[PATH_SIZE];
	struct capture_rules rules = {.folder = path,
				      .template = o->place->capture_name,
				      .rotation = a->pcap_rotation,
				      .size = o->place->capture_size};
	int rc = file_path(path, sizeof path, o->place->captures,
			   a->pcap_folder ? a->pcap_folder : a->id, why);

	if (!rc)
		rc = captures_new(&o->captures, &rules, why);
	if (rc)
		return rc;
	loop_fd_init(&o->bell, o->place->loop, spool_bell(o->lines[INTERFACE_HI3].spool),
		     capture_bell, o);
	loop_timer_init(&o->tick, o->place->loop, capture_tick, o);
	loop_timer_after(&o->tick, (struct nanos){NANOS_PER_MS});
	return loop_fd_want(&o->bell, LOOP_READ);
}

static void close_captures(struct outlet *o)
{
	loop_fd_fini(&o->bell);
	loop_timer_fini(&o->tick);
	captures_free(&o->captures);
}

/* ---- senders ---- */

static int set_terms(const struct outlet *o, enum interface interface, struct sender_terms *terms,
		     struct why *why)
{
	const struct agency *a = o->order;

	*terms = (struct sender_terms){
		.address = interface == INTERFACE_HI2 ? a->hi2 : a->hi3,
		.is_plain = a->transport == AGENCY_PLAIN,
		.peer = a->certificate_name ? a->certificate_name : a->id,
		.resend_window = (uint64_t)a->resend_window,
		.delivery = {.keepalive_interval = a->keepalive_interval,
			     .keepalive_wait = a->keepalive_wait,
			     .retry = a->retry},
	};
	if (own_header(o, &terms->header, why))
		return ERR_USAGE;
	terms->delivery.acknowledge =
		a->acknowledge && tri_is_known(&terms->header, ETSI_TRI_OPTION_REQUEST);
	return 0;
}

static void count_step(void *owner, enum sender_step step, uint64_t offset, uint64_t end)
{
	if (step == SENDER_ACKNOWLEDGED)
		line_acknowledged(owner, offset, end);
	else
		line_sent(owner, offset, end);
}

static void count_hole(void *owner, uint64_t end)
{
	line_lost(owner, end, loop_wall());
}

static int serve_line(struct outlet *o, struct line *l, struct why *why)
{
	char path[PATH_SIZE], file[NAME_SIZE + 16];
	struct wr w = wr_of(file, sizeof file - 1);
	struct sender_place place = {.loop = o->place->loop,
				     .tls = o->place->tls,
				     .spool = l->spool,
				     .ends = l->ends,
				     .name = l->name,
				     .progress = path,
				     .on_step = l->ledger ? count_step : NULL,
				     .on_hole = count_hole,
				     .owner = l};
	struct sender **sender = &o->senders[l->interface];
	struct sender_terms terms;
	int rc = set_terms(o, l->interface, &terms, why);

	if (rc)
		return rc;
	if (*sender) {
		sender_set_terms(*sender, &terms);
		return 0;
	}
	wr_text(&w, "%s.%s.sent", o->agency, interface_text(l->interface));
	file[w.len] = '\0';
	rc = file_path(path, sizeof path, o->place->folder, file, why);
	return rc ? rc : sender_new(sender, &place, &terms, why);
}

/* Serves the agency as its order says. */
static int serve(struct outlet *o, struct why *why)
{
	bool wants_captures = o->order->deliver_as == AGENCY_DELIVERS_PCAP;
	int rc = 0;

	if (!wants_captures && o->captures) {
		write_captures(o);
		if (captures_finish(o->captures, why))
			log_error("agency %s: its captures are not finished", o->agency);
		close_captures(o);
	}
	for (int i = 0; i < N_INTERFACES && !rc; i++) {
		if (wants_captures)
			sender_free(&o->senders[i]);
		else
			rc = serve_line(o, &o->lines[i], why);
	}
	if (wants_captures && !o->captures)
		rc = open_captures(o, why);
	return rc;
}

static void take_order(struct outlet *o, const struct orders *orders, const struct agency *agency)
{
	o->order = agency;
	o->operator_id = orders->operator.id;
	o->network_element = orders->operator.network_element;
}

int outlet_update(struct outlet *o, const struct orders *orders, const struct agency *agency,
		  struct why *why)
{
	take_order(o, orders, agency);
	return serve(o, why);
}

/* ---- the whole ---- */

static int load_told(struct outlet *o, struct why *why)
{
	char file[NAME_SIZE + 16];
	struct wr w = wr_of(file, sizeof file - 1);
	uint64_t spooled = o->lines[INTERFACE_HI2].marks.n_announced;
	int rc;

	wr_text(&w, "%s.announced", o->agency);
	file[w.len] = '\0';
	rc = file_path(o->told_path, sizeof o->told_path, o->place->folder, file, why);
	if (!rc)
		rc = announcements_load(&o->told, o->told_path, why);
	/* a file that was lost: the spool's numbers go on */
	if (!rc && (uint64_t)o->told.number < spooled)
		o->told.number = (int64_t)spooled;
	return rc;
}

int outlet_new(struct outlet **out, const struct outlet_place *place, const struct orders *orders,
	       const struct agency *agency, struct why *why)
{
	struct outlet *o = calloc(1, sizeof *o);
	struct wr w;
	int rc = o ? 0 : ERR_NOMEM;

	*out = o;
	if (rc)
		return rc;
	o->place = place;
	w = wr_of(o->agency, sizeof o->agency - 1);
	wr_text(&w, "%s", agency->id);
	o->agency[w.len] = '\0';
	take_order(o, orders, agency);
	for (int i = 0; i < N_INTERFACES; i++) {
		o->lines[i].interface = (enum interface)i;
		o->lines[i].agency = o->agency;
		o->lines[i].ledger = place->ledger;
		o->lines[i].pair = o->lines;
		o->lines[i].stock = &o->stock;
		o->lines[i].losses = &o->losses;
	}
	for (int i = 0; i < N_INTERFACES && !rc; i++)
		rc = line_open(&o->lines[i], place->spools, &place->spool, why);
	for (int i = 0; i < N_INTERFACES && !rc && place->ledger; i++)
		if (spool_end(o->lines[i].spool))
			ledger_book_has_spools(place->ledger);
	for (int i = 0; i < N_INTERFACES && !rc; i++)
		line_find_lost(&o->lines[i], loop_wall());
	if (!rc)
		rc = load_told(o, why);
	if (!rc)
		rc = serve(o, why);
	if (rc)
		outlet_free(out);
	return rc;
}

void outlet_free(struct outlet **outlet)
{
	struct outlet *o = *outlet;

	*outlet = NULL;
	if (!o)
		return;
	for (int i = 0; i < N_INTERFACES; i++)
		sender_free(&o->senders[i]);
	if (o->captures)
		write_captures(o);
	close_captures(o);
	for (int i = 0; i < N_INTERFACES; i++)
		line_close(&o->lines[i]);
	ledger_stock_free(&o->stock);
	ledger_losses_fini(&o->losses);
	announcements_fini(&o->told);
	free(o);
}

/* Before the spools are empty: whoever ends in between does it again. */
bool outlet_give_up(struct outlet *o, struct ledger_losses *losses)
{
	const int64_t now_ns = loop_wall().ns;
	const struct ledger_stock_rule rule = {
		LEDGER_KEPT, LEDGER_ACKNOWLEDGED, LEDGER_UNDELIVERED, {0, now_ns}};
	bool is_left = false;

	for (int i = 0; i < N_INTERFACES; i++)
		sender_free(&o->senders[i]);
	if (o->captures)
		write_captures(o);
	for (int i = 0; i < N_INTERFACES; i++)
		is_left |= spool_acked(o->lines[i].spool) < spool_end(o->lines[i].spool);
	if (!is_left)
		return false;
	if (o->place->ledger && ledger_stock_give_up(o->place->ledger, o->agency, &rule, losses))
		log_error("agency %s: what is given up is not counted: %s", o->agency,
			  err_text(ERR_NOMEM));
	for (int i = 0; i < N_INTERFACES; i++)
		line_give_up(&o->lines[i]);
	return true;
}

/* ---- status ---- */

static void sender_status(const struct sender *sender, struct json *j)
{
	struct sender_stats s = sender_stats(sender);

	json_key(j, "state"), json_text(j, delivery_state_text(s.state));
	json_key(j, "sent_octets"), json_u64(j, s.octets);
	json_key(j, "sent"), json_u64(j, s.sent);
	json_key(j, "sent_records"), json_u64(j, s.n_sent);
	json_key(j, "sent_again"), json_u64(j, s.n_again);
	json_key(j, "sent_again_octets"), json_u64(j, s.again_octets);
	json_key(j, "acknowledged_records"), json_u64(j, s.n_acked);
	json_key(j, "acknowledged"), json_u64(j, s.acked);
	json_key(j, "connections"), json_u64(j, s.n_connections);
	json_key(j, "keepalives"), json_u64(j, s.n_keepalives);
	json_key(j, "keepalive_answers"), json_u64(j, s.n_answers);
	if (s.answered.ns)
		json_key(j, "keepalive_at"), json_time(j, s.answered);
	json_key(j, "acknowledgements"), json_u64(j, s.n_acknowledgements);
	json_key(j, "refused_answers"), json_u64(j, s.n_refused);
}

static void interface_status(const struct outlet *o, int i, struct json *j)
{
	json_open(j, '{');
	line_status(&o->lines[i], j);
	if (o->senders[i])
		sender_status(o->senders[i], j);
	json_close(j, '}');
}

void outlet_status(const struct outlet *o, struct json *j)
{
	struct captures_stats s;

	json_open(j, '{');
	json_key(j, "id"), json_text(j, o->agency);
	for (int i = 0; i < N_INTERFACES; i++) {
		json_key(j, interface_text((enum interface)i));
		interface_status(o, i, j);
	}
	json_key(j, "announced"), json_i64(j, o->told.number);
	if (o->captures) {
		s = captures_stats(o->captures);
		json_key(j, "captures"), json_open(j, '{');
		json_key(j, "packets"), json_u64(j, s.n_packets);
		json_key(j, "finished"), json_u64(j, s.n_files);
		json_close(j, '}');
	}
	json_close(j, '}');
}

struct spool *outlet_spool(const struct outlet *o, enum interface interface)
{
	return o->lines[interface].spool;
}
