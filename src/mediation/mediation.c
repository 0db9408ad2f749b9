#include "mediation/mediation.h"

#include <stdlib.h>
#include <string.h>

#include "alarm/alarm.h"
#include "base/log.h"
#include "doubt/doubt.h"
#include "mediation/announce.h"
#include "mediation/capture.h"
#include "mediation/file.h"
#include "mediation/inlet.h"
#include "mediation/outlet.h"
#include "gauge/gauge.h"
#include "spool/ground.h"
#include "station/account.h"

enum {
	PATH_SIZE = 4096,
	STATUS_S = 5,
	MAX_INLETS = 256,
	MISSING_S = 10, /* a collector that is away so long is an alarm */
	MAX_KNOWN = 256,
	CLOCK_STEP_MS = 500, /* a wall clock that moves further by itself is an alarm */
	ALARM_SIZE = 200,
};

/* A collector that was connected since we started. */
struct known {
	char name[TLS_NAME_LEN];
	struct nanos lost; /* when its link was lost; 0: it is there */
};

struct mediation {
	struct mediation_place place;
	struct tls *tls;
	struct tls_identity self;
	struct outlet_place outlet_place;
	struct spool_ground ground;
	char spools[PATH_SIZE], captures[PATH_SIZE], withdrawn[PATH_SIZE], keys[PATH_SIZE];
	char alarms_path[PATH_SIZE];
	struct ledger_book *ledger;
	struct account *account;
	struct custody *custody; /* NULL: nothing goes to a disk */
	struct station *station;
	struct gauge *gauge;
	struct alarms *alarms;
	struct scope scope;
	struct doubt *doubt; /* whether that is the newest */
	struct outlet **outlets;
	size_t n_outlets;
	struct inlet *inlets[MAX_INLETS];
	size_t n_inlets;
	struct known known[MAX_KNOWN];
	size_t n_known;
	struct link_port *port;
	struct loop_timer status, announce, spools_timer;
	int64_t clock_ns; /* the wall clock less the monotonic one, at the last tick */
};

#define X(...) CONF_ROW(mediation_settings, __VA_ARGS__)
static const struct conf_field mediation_fields[] = {MEDIATION_FIELDS(X)};
#undef X

static bool check_settings(const void *record, struct conf_fault *fault)
{
	const struct mediation_settings *s = record;
	struct wr field = wr_of(fault->path, sizeof fault->path - 1);
	struct wr text = wr_of(fault->text, sizeof fault->text - 1);

	if (!daemon_check(record, fault))
		return false;
	if (capture_template_is_good(s->capture_name))
		return true;
	wr_text(&field, "capture_name");
	wr_text(&text, "holds no %%L, or a slash, or begins with a dot");
	fault->path[field.len] = fault->text[text.len] = '\0';
	return false;
}

const struct conf_record mediation_record = {
	.name = "mediator",
	.doc = "Configuration of weir-mediator.",
	.fields = mediation_fields,
	.n_fields = sizeof mediation_fields / sizeof *mediation_fields,
	.size = sizeof(struct mediation_settings),
	.check = check_settings,
};

/* ---- agencies ---- */

static struct outlet *outlet_of(void *owner, const char *agency)
{
	struct mediation *m = owner;

	for (size_t i = 0; i < m->n_outlets; i++)
		if (!strcmp(outlet_agency(m->outlets[i]), agency))
			return m->outlets[i];
	return NULL;
}

static const struct agency *agency_of(const struct orders *orders, const char *id)
{
	for (size_t i = 0; i < orders->agencies.n; i++)
		if (!strcmp(orders->agencies.items[i].id, id))
			return &orders->agencies.items[i];
	return NULL;
}

/* The provisioner's audit log has it, of each warrant. */
static void tell_dropped(struct mediation *m, const char *agency, const struct ledger_lost *lost)
{
	uint8_t octets[CUSTODY_REPORT_LEN];
	size_t len = custody_report_dropped(octets, lost->warrant, lost->n);
	char about[LEDGER_WARRANT_LEN + 16];
	const struct alarm_fact fact = {.kind = ALARM_RECORDS_UNDELIVERED,
					.about = about,
					.liid = lost->warrant + strlen(agency) + 1,
					.n = lost->n,
					.from = {lost->when.from_ns},
					.until = {lost->when.to_ns}};
	struct wr w = wr_of(about, sizeof about - 1);

	wr_text(&w, "warrant %s", lost->warrant);
	about[w.len] = '\0';
	(void)alarms_raise(m->alarms, &fact, loop_wall());
	if (!len || station_report(m->station, (const char *)octets, len))
		log_error("warrant %s: the provisioner is not told of what is dropped",
			  lost->warrant);
}

/* What is not delivered to an agency that is removed, or that another mediator serves now, is lost,
 * and said: who removed it had been told of it. */
static void give_up(struct mediation *m, struct outlet *o)
{
	struct ledger_losses losses = {.items = NULL};

	if (outlet_give_up(o, &losses))
		log_error("agency %s: what it was still owed is dropped", outlet_agency(o));
	for (size_t i = 0; i < losses.n; i++)
		tell_dropped(m, outlet_agency(o), &losses.items[i]);
	ledger_losses_fini(&losses);
}

/* Outlets whose agency is gone go too. */
static void drop_outlets(struct mediation *m, const struct orders *orders)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_outlets; i++) {
		if (agency_of(orders, outlet_agency(m->outlets[i]))) {
			m->outlets[kept++] = m->outlets[i];
			continue;
		}
		log_info("agency %s is no longer served", outlet_agency(m->outlets[i]));
		give_up(m, m->outlets[i]);
		outlet_free(&m->outlets[i]);
	}
	m->n_outlets = kept;
}

static void add_outlet(struct mediation *m, const struct orders *orders,
		       const struct agency *agency)
{
	struct outlet **items = reallocarray(m->outlets, m->n_outlets + 1, sizeof *items);
	struct outlet *o = NULL;
	struct why why = {0};
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];
	int rc = items ? 0 : ERR_NOMEM;

	if (items)
		m->outlets = items;
	why_clear(&why);
	if (!rc)
		rc = outlet_new(&o, &m->outlet_place, orders, agency, &why);
	if (rc) {
		(void)why_set(&why, rc, "%s", err_text(rc));
		why_print(&why, text, sizeof text);
		log_error("agency %s is not served: %s", agency->id, text);
		return;
	}
	m->outlets[m->n_outlets++] = o;
	log_info("agency %s is served", agency->id);
}

static void serve_agencies(struct mediation *m, const struct orders *orders)
{
	struct why why;

	for (size_t i = 0; i < orders->agencies.n; i++) {
		const struct agency *a = &orders->agencies.items[i];
		struct outlet *o = outlet_of(m, a->id);

		why_clear(&why);
		if (!o)
			add_outlet(m, orders, a);
		else if (outlet_update(o, orders, a, &why))
			log_error("agency %s is not served as ordered: %s", a->id, why.text);
	}
}

static void announce(void *owner)
{
	struct mediation *m = owner;
	const struct orders_book *book = station_book(m->station);
	struct nanos now = loop_wall(), wake;

	if (!book->has_orders)
		return;
	for (size_t i = 0; i < m->n_outlets; i++)
		outlet_announce(m->outlets[i], &book->orders, now);
	wake = announcements_wake(&book->orders, now);
	if (wake.ns != INT64_MAX)
		loop_timer_at(&m->announce, wake);
	else
		loop_timer_stop(&m->announce);
}

/* ---- orders ---- */

/* What is served, and within what scope. */
static void take_orders(void *owner, const struct orders_book *book)
{
	struct mediation *m = owner;
	int rc = scope_update(&m->scope, &book->orders, loop_wall());
	struct why why = {0};

	if (rc)
		log_error("the orders' scope is not enforced as ordered: %s", err_text(rc));
	if (scope_save(&m->scope, m->withdrawn, &why))
		log_error("what was withdrawn is not kept for a restart: %s", why.text);
	for (size_t i = 0; i < m->n_inlets; i++)
		inlet_forget_outlets(m->inlets[i]);
	drop_outlets(m, &book->orders);
	serve_agencies(m, &book->orders);
	for (size_t i = 0; i < m->n_inlets; i++)
		inlet_find_outlets(m->inlets[i]);
	announce(m);
}

static void print_status(void *owner, struct json *j)
{
	const struct mediation *m = owner;
	const struct orders_book *book = station_book(m->station);
	struct ledger_sums sums = {.slot = 0};

	json_key(j, "warrants"), json_u64(j, book->has_orders ? book->orders.warrants.n : 0);
	json_key(j, "collectors"), json_open(j, '[');
	for (size_t i = 0; i < m->n_inlets; i++)
		inlet_status(m->inlets[i], j);
	json_close(j, ']');
	spool_ground_print(&m->ground, j);
	alarms_print(m->alarms, true, j);
	while (ledger_book_add_up(m->ledger, &sums))
		;
	ledger_sums_print(sums.n, LEDGER_AT_MEDIATOR, j);
	json_key(j, "agencies"), json_open(j, '[');
	for (size_t i = 0; i < m->n_outlets; i++)
		outlet_status(m->outlets[i], j);
	json_close(j, ']');
}

static void may_send(void *owner)
{
	const struct mediation *m = owner;

	account_may_send(m->account);
	doubt_ask_again(m->doubt);
}

static void orders_are_current(void *owner, uint64_t question)
{
	const struct mediation *m = owner;

	doubt_answer(m->doubt, question);
}

static const struct station_ops station_ops = {.orders = take_orders,
					       .status = print_status,
					       .may_send = may_send,
					       .current = orders_are_current};

/* ---- what no orders cover ---- */

static void ask_for_orders(void *owner, uint64_t question)
{
	const struct mediation *m = owner;

	station_ask(m->station, question);
}

static void settle_doubts(void *owner)
{
	const struct mediation *m = owner;

	for (size_t i = 0; i < m->n_inlets; i++)
		inlet_settle(m->inlets[i]);
}

static void give_up_doubts(void *owner)
{
	const struct mediation *m = owner;

	log_error("records have waited long enough for orders: what those that are here do not "
		  "cover is refused until the provisioner is heard");
	for (size_t i = 0; i < m->n_inlets; i++)
		inlet_look(m->inlets[i], m->alarms, true);
}

/* Where no provisioner is there are no orders to wait for. */
static int open_doubt(struct mediation *m)
{
	const struct mediation_settings *s = m->place.settings;
	const struct doubt_options options = {
		.loop = m->place.loop,
		.patience = s->provisioner.version ? s->patience : (struct nanos){0},
		.ask = ask_for_orders,
		.settled = settle_doubts,
		.resigned = give_up_doubts,
		.owner = m};

	return doubt_new(&m->doubt, &options);
}

/* ---- the ledger ---- */

static void tidied(void *owner)
{
	const struct mediation *m = owner;

	for (size_t i = 0; i < m->n_outlets; i++)
		outlet_forget_rows(m->outlets[i]);
}

/* Beside the spools, since it lives and dies with them. */
static int open_ledger(struct mediation *m, struct why *why)
{
	char path[PATH_SIZE];
	struct why fault;
	int rc = file_path(path, sizeof path, m->outlet_place.spools, "ledger", why);

	why_clear(&fault);
	if (!rc)
		rc = ledger_book_open(&m->ledger, path, 0, &fault);
	if (!rc && *fault.text)
		log_error("%s: %s", fault.place, fault.text);
	if (rc && *fault.text)
		*why = fault;
	m->outlet_place.ledger = m->ledger;
	return rc;
}

static int open_account(struct mediation *m)
{
	const struct account_options options = {.loop = m->place.loop,
						.station = m->station,
						.book = m->ledger,
						.tidied = tidied,
						.owner = m};
	struct ledger_mark left;

	/* of an agency that is not served any more */
	if (ledger_draft_is_left(m->ledger, &left))
		ledger_draft_drop(m->ledger);
	return account_new(&m->account, &options);
}

/* ---- collectors ---- */

static struct known *known_of(struct mediation *m, const char *name)
{
	struct known *k = m->known, *end = k + m->n_known;

	while (k < end && strcmp(k->name, name))
		k++;
	if (k < end)
		return k;
	if (m->n_known == MAX_KNOWN)
		return NULL;
	*k = (struct known){0};
	memcpy(k->name, name, sizeof k->name);
	m->n_known++;
	return k;
}

static void name_daemon(char out[ALARM_SIZE], const char *role, const char *name)
{
	struct wr w = wr_of(out, ALARM_SIZE - 1);

	wr_text(&w, "%s %s", role, name);
	out[w.len] = '\0';
}

/* All agencies hear of it. */
static void raise_for_all(struct mediation *m, const struct alarm_fact *fact)
{
	struct alarm *alarm = alarms_raise(m->alarms, fact, loop_wall());

	for (size_t i = 0; i < m->n_outlets; i++)
		alarm_tell(alarm, outlet_agency(m->outlets[i]));
}

/* An alarm_tell_fn. */
static enum alarm_outcome tell_agency(void *owner, const struct alarm_message *message)
{
	struct mediation *m = owner;
	struct outlet *o = outlet_of(m, message->agency);
	char text[ALARM_TEXT_LEN + TLS_NAME_LEN + 16];
	struct wr w = wr_of(text, sizeof text - 1);

	if (!o)
		return ALARM_LATER;
	wr_text(&w, "mediator %s: %s", m->self.name, message->text);
	text[w.len < HI1_MAX_TEXT ? w.len : HI1_MAX_TEXT] = '\0';
	return outlet_outcome(outlet_alarm(o, message->liid, text, loop_wall()));
}

static void collector_up(void *owner, struct link *link)
{
	struct mediation *m = owner;
	struct inlet_place place = {m->place.loop, &m->scope, m->doubt, outlet_of, m};
	struct known *k = known_of(m, link_peer(link)->name);
	struct inlet *inlet;

	if (m->n_inlets == MAX_INLETS || inlet_new(&inlet, &place, link)) {
		link_refuse(link, "there is no room for another collector");
		return;
	}
	link_set_owner(link, inlet);
	m->inlets[m->n_inlets++] = inlet;
	if (k) {
		char about[ALARM_SIZE];

		name_daemon(about, "collector", k->name);
		alarms_end(m->alarms, ALARM_COLLECTOR_AWAY, about, loop_wall());
		alarms_look(m->alarms, loop_wall());
		k->lost.ns = 0;
	}
}

static void collector_down(void *owner, struct link *link, const char *reason)
{
	struct inlet *inlet = owner;
	struct mediation *m = inlet_owner(inlet);
	struct known *k = known_of(m, link_peer(link)->name);
	size_t kept = 0;

	(void)reason;
	if (k)
		k->lost = loop_now();
	for (size_t i = 0; i < m->n_inlets; i++) {
		/* the one that came in its place is there already */
		if (m->inlets[i] != inlet && k && !strcmp(inlet_name(m->inlets[i]), k->name))
			k->lost.ns = 0;
		if (m->inlets[i] != inlet)
			m->inlets[kept++] = m->inlets[i];
	}
	m->n_inlets = kept;
	inlet_free(&inlet);
}

static void collector_says(void *owner, struct link *link, const char *type,
			   const struct conf_value *root)
{
	(void)link;
	inlet_message(owner, type, root);
}

static void collector_records(void *owner, struct link *link, const struct link_frame *records)
{
	(void)link;
	inlet_records(owner, records);
}

static const struct link_ops collector_ops = {.up = collector_up,
					      .message = collector_says,
					      .records = collector_records,
					      .down = collector_down};

static void look_for_missing(struct mediation *m)
{
	struct nanos now = loop_now();
	char about[ALARM_SIZE];

	for (size_t i = 0; i < m->n_known; i++) {
		struct known *k = &m->known[i];

		struct alarm_fact fact = {.kind = ALARM_COLLECTOR_AWAY, .about = about};

		if (!k->lost.ns || now.ns - k->lost.ns < nanos_from_s(MISSING_S).ns)
			continue;
		name_daemon(about, "collector", k->name);
		fact.from.ns = loop_wall().ns - (now.ns - k->lost.ns);
		raise_for_all(m, &fact);
	}
}

/* One that was away when the last process ended. */
static void recall_missing(void *owner, const char *about, struct nanos from)
{
	struct mediation *m = owner;
	struct nanos now = loop_now();
	const char *name = strchr(about, ' ');
	int64_t away_ns = loop_wall().ns - from.ns;
	char key[TLS_NAME_LEN] = "";
	struct known *k;

	if (!name || strlen(name + 1) >= sizeof key)
		return;
	memcpy(key, name + 1, strlen(name + 1));
	k = known_of(m, key);
	if (!k)
		return;
	k->lost.ns = away_ns > 0 && away_ns < now.ns ? now.ns - away_ns : 1;
}

/* Whom to tell of what is known when orders have come. Delivery does not wait for a file of alarms
 * that cannot be read. */
static void load_alarms(struct mediation *m)
{
	struct why why;

	why_clear(&why);
	if (alarms_load(m->alarms, m->alarms_path, loop_wall(), &why))
		log_error("what agencies were not told of yet is not known: %s: %s", why.place,
			  why.text);
	alarms_each(m->alarms, ALARM_COLLECTOR_AWAY, recall_missing, m);
}

/* ---- the whole ---- */

/* A clock that was set: times of records before and after do not fit together, and starts and
 * ends of warrants were early or late. */
static void look_at_clock(struct mediation *m)
{
	int64_t now_ns = loop_wall().ns - loop_now().ns, step = now_ns - m->clock_ns;
	const struct alarm_fact fact = {.kind = step < 0 ? ALARM_CLOCK_BACK : ALARM_CLOCK_FORWARD,
					.about = "clock",
					.n = (uint64_t)(step < 0 ? -step : step) / NANOS_PER_MS};

	m->clock_ns = now_ns;
	if (step > -CLOCK_STEP_MS * (int64_t)NANOS_PER_MS &&
	    step < CLOCK_STEP_MS * (int64_t)NANOS_PER_MS)
		return;
	raise_for_all(m, &fact);
}

/* The provisioner's audit log says that nobody can read what was sealed any more. */
static void tell_gone(void *owner, const char *liid, uint64_t key)
{
	const struct mediation *m = owner;
	uint8_t octets[CUSTODY_REPORT_LEN];
	size_t len = custody_report(octets, liid, key);

	if (!len || station_report(m->station, (const char *)octets, len))
		log_error("LIID %s: the provisioner is not told that its key is destroyed", liid);
}

static void look_at_spools(void *owner)
{
	struct mediation *m = owner;
	const struct orders_book *book = station_book(m->station);
	struct spool **spools = calloc(m->n_outlets + 1, N_INTERFACES * sizeof(struct spool *));
	struct custody_view view = {&book->orders, spools, 0, loop_wall()};

	for (size_t i = 0; spools && i < m->n_outlets * N_INTERFACES; i++)
		spools[view.n_spools++] = outlet_spool(m->outlets[i / N_INTERFACES],
						       (enum interface)(i % N_INTERFACES));
	if (spools && book->has_orders && m->custody)
		custody_look(m->custody, &view, tell_gone, m);
	if (spools)
		custody_scour(&view);
	free(spools);
}

static void tick(void *owner)
{
	struct mediation *m = owner;

	look_for_missing(m);
	look_at_clock(m);
	for (size_t i = 0; i < m->n_inlets; i++)
		inlet_look(m->inlets[i], m->alarms, false);
	for (size_t i = 0; i < m->n_outlets; i++)
		outlet_look(m->outlets[i], m->alarms, loop_wall());
	alarms_look(m->alarms, loop_wall());
	announce(m); /* what could not be told for want of room */
}

static int open_tls(struct mediation *m, struct why *why)
{
	const struct mediation_settings *s = m->place.settings;
	struct tls_files files = {s->certificate, s->key, s->authority};

	m->self.role = TLS_MEDIATOR;
	memcpy(m->self.name, s->name, strlen(s->name) + 1); /* at most 63 */
	if (!s->certificate || !s->key || !s->authority)
		return 0;
	return tls_new(&m->tls, &files, why);
}

/* Keys and the folder on disk, where there is one. */
static int open_custody(struct mediation *m, struct why *why)
{
	const struct mediation_settings *s = m->place.settings;
	struct spool_options *spool = &m->outlet_place.spool;
	int rc = s->disk ? file_path(m->keys, PATH_SIZE, s->folder, "keys", why) : 0;

	if (s->disk && !rc)
		rc = custody_new(&m->custody, s->keys ? s->keys : m->keys, why);
	if (s->disk && !rc)
		rc = file_folder(s->disk, why);
	spool->disk = s->disk;
	spool->disk_limit = (uint64_t)s->disk_limit;
	spool->vault = custody_vault(m->custody);
	spool->owner = custody_owner;
	return rc;
}

static int open_folders(struct mediation *m, struct why *why)
{
	const struct mediation_settings *s = m->place.settings;
	int rc = file_path(m->spools, PATH_SIZE, s->folder, "spools", why);

	if (!rc)
		rc = file_path(m->withdrawn, PATH_SIZE, s->folder, "withdrawn.json", why);

	if (!rc)
		rc = file_path(m->alarms_path, PATH_SIZE, s->folder, "alarms.json", why);
	if (!rc)
		rc = file_path(m->captures, PATH_SIZE, s->folder, "captures", why);
	m->outlet_place = (struct outlet_place){
		.loop = m->place.loop,
		.tls = m->tls,
		.name = s->name,
		.spools = s->spools ? s->spools : m->spools,
		.folder = s->folder,
		.captures = s->captures ? s->captures : m->captures,
		.capture_name = s->capture_name,
		.capture_size = (uint64_t)s->capture_size,
		.spool = {.limit = (uint64_t)s->spool_limit},
	};
	if (!rc)
		rc = file_folder(s->folder, why);
	if (!rc)
		rc = file_folder(m->outlet_place.spools, why);
	if (!rc)
		rc = file_folder(m->outlet_place.captures, why);
	if (!rc)
		m->ground = spool_ground_look(m->outlet_place.spools, (uint64_t)s->spool_limit);
	return rc ? rc : open_custody(m, why);
}

static int listen_to_collectors(struct mediation *m, struct why *why)
{
	const struct mediation_settings *s = m->place.settings;
	const struct link_options options = {.self = m->self,
					     .software = m->place.software,
					     .tls = s->transport == DAEMON_PLAIN ? NULL : m->tls,
					     .address = s->listen,
					     .peer_roles = 1u << TLS_COLLECTOR,
					     .ops = &collector_ops,
					     .owner = m};

	return link_listen(&m->port, m->place.loop, &options, why);
}

static int open_station(struct mediation *m, struct why *why)
{
	const struct mediation_settings *s = m->place.settings;
	const struct station_options options = {.loop = m->place.loop,
						.self = m->self,
						.software = m->place.software,
						.tls = s->transport == DAEMON_PLAIN ? NULL : m->tls,
						.at = s->provisioner,
						.folder = s->folder,
						.ops = &station_ops,
						.owner = m};
	int rc = station_new(&m->station, &options, why);

	if (!rc && station_book(m->station)->has_orders)
		take_orders(m, station_book(m->station));
	return rc;
}

static void print_whole_status(void *owner, struct json *j)
{
	mediation_status(owner, j);
}

static int open_gauge(struct mediation *m, struct why *why)
{
	const struct gauge_options options = {.loop = m->place.loop,
					      .listen = m->place.settings->metrics,
					      .table = &gauge_mediator,
					      .status = print_whole_status,
					      .owner = m};

	return gauge_new(&m->gauge, &options, why);
}

int mediation_new(struct mediation **out, const struct mediation_place *place, struct why *why)
{
	struct mediation *m = calloc(1, sizeof *m);
	int rc = m ? 0 : ERR_NOMEM;

	*out = m;
	if (rc)
		return rc;
	m->place = *place;
	m->clock_ns = loop_wall().ns - loop_now().ns;
	scope_init(&m->scope);
	loop_timer_init(&m->status, place->loop, tick, m);
	loop_timer_init(&m->announce, place->loop, announce, m);
	loop_timer_init(&m->spools_timer, place->loop, look_at_spools, m);
	rc = alarms_new(&m->alarms, tell_agency, m);
	if (!rc)
		rc = open_tls(m, why);
	if (!rc)
		rc = open_folders(m, why);
	if (!rc)
		rc = open_ledger(m, why);
	if (!rc)
		load_alarms(m);
	if (!rc)
		rc = scope_load(&m->scope, m->withdrawn, why);
	if (!rc)
		rc = open_doubt(m);
	if (!rc)
		rc = open_station(m, why);
	if (!rc)
		rc = open_account(m);
	if (!rc)
		rc = listen_to_collectors(m, why);
	if (!rc)
		rc = station_dial(m->station, why);
	if (!rc)
		rc = open_gauge(m, why);
	if (rc) {
		mediation_free(out);
		return rc;
	}
	loop_timer_every(&m->status, nanos_from_s(STATUS_S));
	loop_timer_every(&m->spools_timer, nanos_from_s(CUSTODY_LOOK_S));
	return rc;
}

void mediation_free(struct mediation **mediation)
{
	struct mediation *m = *mediation;

	*mediation = NULL;
	if (!m)
		return;
	gauge_free(&m->gauge);
	link_port_free(&m->port);
	for (size_t i = 0; i < m->n_inlets; i++)
		inlet_free(&m->inlets[i]);
	for (size_t i = 0; i < m->n_outlets; i++)
		outlet_free(&m->outlets[i]);
	free(m->outlets);
	account_free(&m->account);
	loop_timer_fini(&m->status);
	loop_timer_fini(&m->announce);
	loop_timer_fini(&m->spools_timer);
	scope_fini(&m->scope);
	doubt_free(&m->doubt);
	station_free(&m->station);
	ledger_book_close(&m->ledger);
	custody_free(&m->custody);
	alarms_free(&m->alarms);
	tls_free(&m->tls);
	free(m);
}

uint16_t mediation_port(const struct mediation *m)
{
	return link_port_number(m->port);
}

void mediation_status(const struct mediation *m, struct json *j)
{
	station_status(m->station, j);
}
