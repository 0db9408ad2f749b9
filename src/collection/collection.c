#include "collection/collection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/log.h"
#include "conf/file.h"
#include "collection/delivery.h"
#include "collection/health.h"
#include "collection/input.h"
#include "collection/proof.h"
#include "collection/sentry.h"
#include "collection/state.h"
#include "gauge/gauge.h"
#include "spool/ground.h"
#include "station/station.h"

enum {
	PATH_LEN = 4096,
	TICK_MS = 250, /* the clock, at least */
	DRAIN_S = 3,   /* that links get at the end */
	DRAIN_MS = 20,
	SLOW_SAVES = 20, /* saving takes at most a twentieth of the time */
};

struct collection {
	struct collection_place place;
	struct tls *tls;
	struct tls_identity self;
	char state_path[PATH_LEN], spools[PATH_LEN], keys[PATH_LEN];
	char executed_path[PATH_LEN], pulse_path[PATH_LEN], alarms_path[PATH_LEN];
	struct pulse *pulse;
	struct custody *custody; /* NULL: nothing goes to a disk */
	struct station *station;
	struct gauge *gauge;
	struct signer *signer;
	struct intercept *intercept;
	struct proof *proof;
	struct alarms *alarms;
	struct sentry *sentry;
	struct delivery *delivery;
	struct spool_ground ground;
	struct inputs *inputs;
	struct loop_timer tick, save, drain, spools_timer;
	struct nanos drain_until;
	struct nanos may_save; /* again, before it is due */
	uint64_t saved_version;
	bool is_save_near;
};

static struct loop *loop_of(const struct collection *c)
{
	return c->place.daemon->loop;
}

/* ---- state ---- */

/* The provisioner's audit log says that nobody can read what was sealed any more. */
static void tell_gone(void *owner, const char *liid, uint64_t key)
{
	const struct collection *c = owner;
	uint8_t octets[CUSTODY_REPORT_LEN];
	size_t len = custody_report(octets, liid, key);

	if (!len || station_report(c->station, (const char *)octets, len))
		log_error("LIID %s: the provisioner is not told that its key is destroyed", liid);
}

static void tell_dropped(void *owner, const struct ledger_lost *lost)
{
	const struct collection *c = owner;
	uint8_t octets[CUSTODY_REPORT_LEN];
	size_t len = custody_report_dropped(octets, lost->warrant, lost->n);

	if (!len || station_report(c->station, (const char *)octets, len))
		log_error("warrant %s: the provisioner is not told of what is dropped",
			  lost->warrant);
}

static void look_at_spools(void *owner)
{
	struct collection *c = owner;
	const struct orders_book *book = station_book(c->station);
	size_t n = delivery_n_boxes(c->delivery);
	struct spool **spools = calloc(n + 1, sizeof(struct spool *));
	const struct custody_view view = {&book->orders, spools, n, loop_wall()};

	for (size_t i = 0; spools && i < n; i++)
		spools[i] = delivery_box(c->delivery, i)->spool;
	if (spools && book->has_orders && c->custody)
		custody_look(c->custody, &view, tell_gone, c);
	if (spools)
		custody_scour(&view);
	free(spools);
}

/* What takes long is done less often. */
static void save(void *owner)
{
	struct collection *c = owner;
	struct nanos began = loop_now();
	int64_t pause_ns = c->place.settings->checkpoint.ns;
	int64_t spent_ns;
	struct why why;
	int rc;

	why_clear(&why);
	c->saved_version = intercept_version(c->intercept);
	c->is_save_near = false;
	rc = state_save(c->state_path, c->intercept, c->delivery, &why);
	if (rc) {
		log_error("sessions and numbers are not saved: %s: %s", why.place, why.text);
		proof_unsettle(c->proof);
	}
	spent_ns = loop_now().ns - began.ns;
	if (spent_ns * SLOW_SAVES > pause_ns)
		pause_ns = spent_ns * SLOW_SAVES;
	c->may_save = (struct nanos){loop_now().ns + (rc ? pause_ns : spent_ns * SLOW_SAVES)};
	if (!c->place.daemon->is_ending)
		loop_timer_after(&c->save, (struct nanos){pause_ns});
}

/* A target's session has changed: it should outlive us from now on, where that is cheap. */
static void save_soon(struct collection *c)
{
	if (intercept_version(c->intercept) != c->saved_version &&
	    loop_now().ns >= c->may_save.ns && !c->place.daemon->is_ending)
		save(c);
}

/* The spool holds records for the state alone: it is saved as soon as it may be. */
static void save_next(void *owner)
{
	struct collection *c = owner;
	int64_t wait_ns = c->may_save.ns - loop_now().ns;

	if (c->is_save_near || c->place.daemon->is_ending)
		return;
	c->is_save_near = true;
	loop_timer_after(&c->save, (struct nanos){wait_ns > 0 ? wait_ns : 0});
}

/* ---- orders ---- */

/* The provisioner keeps it in its audit log. */
static void report_gaps(struct collection *c)
{
	struct input_gap gap;

	while (inputs_next_gap(c->inputs, &gap)) {
		char octets[8192], from[NANOS_TEXT_LEN], until[NANOS_TEXT_LEN];
		struct wr w = wr_of(octets, sizeof octets);
		struct json j = json_of(&w);

		proof_gap(c->proof, &gap);
		sentry_gap(c->sentry, &gap);
		nanos_print(gap.from, 6, from);
		nanos_print(gap.until, 6, until);
		json_open(&j, '{');
		json_key(&j, "type"), json_text(&j, "alarm");
		json_key(&j, "kind"), json_text(&j, "gap");
		json_key(&j, "key"), json_text(&j, gap.uri);
		json_key(&j, "text");
		json_text(&j, gap.is_unknown ? "nothing was captured for a time that nobody knows: "
					       "the clock was set back"
					     : "nothing was captured between two moments");
		json_key(&j, "before"), json_text(&j, from);
		json_key(&j, "after"), json_text(&j, until);
		json_close(&j, '}');
		if (!w.ok || station_report(c->station, octets, w.len))
			log_warn("input %s: the provisioner is not told of its gap", gap.uri);
	}
}

static void do_tick(void *owner)
{
	struct collection *c = owner;
	struct nanos now = loop_wall();
	struct nanos next = intercept_tick(c->intercept, now);
	int64_t most = now.ns + TICK_MS * (int64_t)NANOS_PER_MS;

	if (c->inputs) {
		inputs_beat(c->inputs);
		report_gaps(c);
		save_soon(c);
	}
	loop_timer_at(&c->tick, (struct nanos){next.ns < most ? next.ns : most});
}

/* An agency that asks for signatures gets hashes alone where there is no key. */
static void look_for_key(const struct collection *c, const struct orders *orders)
{
	for (size_t k = 0; k < orders->agencies.n && !c->signer; k++) {
		const struct agency *a = &orders->agencies.items[k];

		if (a->sign_count)
			log_error("agency %s asks for signatures, and there is no signing_key",
				  a->id);
	}
}

/* The orders that were executed last: what they named and others do not any more must be ended,
 * also by the next process. */
static void keep_executed(const struct collection *c, const struct orders_book *book)
{
	struct why why;

	why_clear(&why);
	if (book->has_orders && orders_book_save(book, c->executed_path, &why))
		log_error("%s: %s", why.place, why.text);
}

static void take_orders(void *owner, const struct orders_book *book)
{
	struct collection *c = owner;
	struct why why;

	why_clear(&why);
	proof_expect(c->proof, book->orders.warrants.n);
	if (intercept_update(c->intercept, &book->orders, loop_wall(), &why))
		log_error("the orders are not executed whole: %s", why.text);
	look_for_key(c, &book->orders);
	delivery_route(c->delivery, &book->orders);
	keep_executed(c, book);
	do_tick(c);
}

static void print_status(void *owner, struct json *j)
{
	struct collection *c = owner;
	const struct health_watch watch = {loop_wall(), c->place.settings->silence};

	json_key(j, "inputs"), inputs_status(c->inputs, j);
	delivery_status(c->delivery, j);
	spool_ground_print(&c->ground, j);
	alarms_print(c->alarms, false, j);
	proof_status(c->proof, j);
	json_key(j, "intercept"), json_open(j, '{');
	intercept_report(c->intercept, j);
	health_print(c->intercept, &watch, j);
	json_close(j, '}');
}

static void may_send(void *owner)
{
	struct collection *c = owner;

	proof_may_send(c->proof);
}

static const struct station_ops station_ops = {
	.orders = take_orders, .status = print_status, .may_send = may_send};

/* ---- the whole ---- */

static int make_path(char *out, const char *folder, const char *name, struct why *why)
{
	struct wr w = wr_of(out, PATH_LEN - 1);

	wr_text(&w, "%s%s%s", folder, name ? "/" : "", name ? name : "");
	out[w.ok ? w.len : 0] = '\0';
	return w.ok ? 0 : why_set(why, ERR_USAGE, "%s: the path is too long", folder);
}

static int open_folder(struct collection *c, struct why *why)
{
	const struct collection_settings *s = c->place.settings;
	int rc = make_path(c->state_path, s->folder, "state", why);

	if (!rc)
		rc = make_path(c->executed_path, s->folder, "executed.json", why);
	if (!rc)
		rc = make_path(c->pulse_path, s->folder, "pulse", why);
	if (!rc)
		rc = make_path(c->alarms_path, s->folder, "alarms.json", why);
	if (!rc)
		rc = s->spools ? make_path(c->spools, s->spools, NULL, why)
			       : make_path(c->spools, s->folder, "spools", why);
	if (!rc && mkdir(s->folder, S_IRWXU) != 0 && errno != EEXIST) {
		why_place(why, s->folder);
		rc = why_set(why, err_of_errno(errno), "cannot be made: %s", strerror(errno));
	}
	return rc;
}

static int open_tls(struct collection *c, struct why *why)
{
	const struct collection_settings *s = c->place.settings;
	struct tls_files files = {s->certificate, s->key, s->authority};

	c->self.role = TLS_COLLECTOR;
	memcpy(c->self.name, s->name, strlen(s->name) + 1); /* at most 63 */
	return s->transport == DAEMON_PLAIN ? 0 : tls_new(&c->tls, &files, why);
}

/* Beside the spools, since it lives and dies with them. */
static int open_proof(struct collection *c, struct why *why)
{
	if (mkdir(c->spools, S_IRWXU) == 0 || errno == EEXIST)
		return proof_open(&c->proof, c->spools, why);
	why_place(why, c->spools);
	return why_set(why, err_of_errno(errno), "cannot be made: %s", strerror(errno));
}

/* Keys, where there is a disk. */
static int open_custody(struct collection *c, struct why *why)
{
	const struct collection_settings *s = c->place.settings;
	int rc = s->disk ? make_path(c->keys, s->folder, "keys", why) : 0;

	return !rc && s->disk ? custody_new(&c->custody, s->keys ? s->keys : c->keys, why) : rc;
}

static enum alarm_outcome tell_agency(void *owner, const struct alarm_message *message)
{
	const struct collection *c = owner;

	return delivery_tell(c->delivery, message);
}

/* Interception does not wait for a file of alarms that cannot be read. */
static int open_alarms(struct collection *c)
{
	struct why why;
	int rc = alarms_new(&c->alarms, tell_agency, c);

	why_clear(&why);
	if (!rc && alarms_load(c->alarms, c->alarms_path, loop_wall(), &why))
		log_error("what agencies were not told of yet is not known: %s: %s", why.place,
			  why.text);
	return rc;
}

static int open_sentry(struct collection *c)
{
	const struct sentry_options options = {.loop = loop_of(c),
					       .settings = c->place.settings,
					       .alarms = c->alarms,
					       .intercept = c->intercept,
					       .delivery = c->delivery,
					       .proof = c->proof,
					       .before = pulse_latest(c->pulse),
					       .dropped = tell_dropped,
					       .owner = c};

	return sentry_new(&c->sentry, &options);
}

static int open_delivery(struct collection *c, struct why *why)
{
	const struct delivery_options options = {
		.vault = custody_vault(c->custody),
		.loop = loop_of(c),
		.settings = c->place.settings,
		.spools = c->spools,
		.software = c->place.software,
		.tls = c->tls,
		.self = c->self,
		.alarms = c->alarms,
		.acked = proof_acked,
		.owner = c->proof,
		.held = save_next,
		.held_owner = c,
	};

	c->ground = spool_ground_look(c->spools, (uint64_t)options.settings->spool_limit);
	return delivery_new(&c->delivery, &options, why);
}

static int open_signer(struct collection *c, struct why *why)
{
	const char *path = c->place.settings->signing_key;
	struct wr w = wr_init(1 << 20);
	int rc;

	if (!path)
		return 0;
	rc = conf_file_read(path, &w, why);
	if (!rc)
		rc = signer_parse(&c->signer, (const char *)w.bytes, w.len, true, why);
	if (rc)
		why_place(why, path);
	explicit_bzero(w.bytes, w.len);
	wr_fini(&w);
	return rc;
}

/* Sessions of the last time belong to the orders of the last time; then those of now take over. */
static int resume(struct collection *c, const struct intercept_options *options, struct why *why)
{
	const struct orders_book *book = station_book(c->station);
	struct orders_book before = orders_book_init(ORDERS_FOR_COLLECTOR);
	const struct orders *first = &book->orders;
	uint64_t n_recalled = 0;
	int rc = orders_book_load(&before, ORDERS_FOR_COLLECTOR, c->executed_path, why);

	if (!rc && before.has_orders && strcmp(before.digest, book->digest) != 0)
		first = &before.orders;
	if (!rc)
		rc = intercept_new(&c->intercept, first, options, why);
	if (!rc)
		rc = state_load(c->state_path, c->intercept, c->delivery, &n_recalled, why);
	if (!rc && first != &book->orders)
		rc = intercept_update(c->intercept, &book->orders, options->now, why);
	orders_book_fini(&before);
	if (!rc && n_recalled)
		log_info("%llu records were made after sessions and numbers were saved last",
			 (unsigned long long)n_recalled);
	if (!rc)
		keep_executed(c, book);
	return rc;
}

static int open_intercept(struct collection *c, struct why *why)
{
	struct intercept_options options = {
		.open = delivery_open,
		.arg = c->delivery,
		.is_live = true,
		.has_inputs = c->place.settings->inputs.n > 1,
		.lag = c->place.settings->lag,
		.alive = pulse_latest(c->pulse),
		.network_element = c->place.settings->network_element
					   ? c->place.settings->network_element
					   : c->place.settings->name,
		.now = loop_wall(),
		.max_sessions = (uint32_t)c->place.settings->max_sessions,
		.max_legs = (uint32_t)c->place.settings->max_legs,
		.signer = c->signer,
		.ledger = proof_book(c->proof),
	};

	if (getrandom(&options.seed, sizeof options.seed, 0) != sizeof options.seed)
		return why_set(why, ERR_IO, "the kernel gives no random numbers");
	return resume(c, &options, why);
}

static int open_station(struct collection *c, struct why *why)
{
	const struct station_options options = {
		.loop = loop_of(c),
		.self = c->self,
		.software = c->place.software,
		.tls = c->tls,
		.at = c->place.settings->provisioner,
		.folder = c->place.settings->folder,
		.ops = &station_ops,
		.owner = c,
	};

	return station_new(&c->station, &options, why);
}

static void print_whole_status(void *owner, struct json *j)
{
	collection_status(owner, j);
}

static int open_gauge(struct collection *c, struct why *why)
{
	const struct gauge_options options = {.loop = loop_of(c),
					      .listen = c->place.settings->metrics,
					      .table = &gauge_collector,
					      .status = print_whole_status,
					      .owner = c};

	return gauge_new(&c->gauge, &options, why);
}

static void init_timers(struct collection *c)
{
	loop_timer_init(&c->tick, loop_of(c), do_tick, c);
	loop_timer_init(&c->save, loop_of(c), save, c);
	loop_timer_init(&c->spools_timer, loop_of(c), look_at_spools, c);
}

int collection_new(struct collection **out, const struct collection_place *place, struct why *why)
{
	struct collection *c = calloc(1, sizeof *c);
	const struct orders_book *book;
	int rc = c ? 0 : ERR_NOMEM;

	*out = c;
	if (!c)
		return rc;
	c->place = *place;
	init_timers(c);
	rc = open_folder(c, why);
	if (!rc)
		rc = open_tls(c, why);
	if (!rc)
		rc = open_station(c, why);
	if (!rc)
		rc = open_proof(c, why);
	if (!rc)
		rc = open_custody(c, why);
	if (!rc)
		rc = open_alarms(c);
	if (!rc)
		rc = open_delivery(c, why);
	if (!rc)
		rc = open_signer(c, why);
	if (!rc)
		rc = pulse_open(&c->pulse, c->pulse_path, why);
	if (!rc)
		rc = open_intercept(c, why);
	if (!rc)
		rc = proof_begin(c->proof,
				 &(struct proof_place){loop_of(c), c->station, c->intercept,
						       place->settings, c->pulse});
	if (!rc)
		rc = open_sentry(c);
	if (!rc) {
		proof_deliver(c->proof, c->delivery);
		rc = station_dial(c->station, why);
	}
	if (!rc)
		rc = inputs_new(&c->inputs,
				&(struct inputs_options){place->settings, c->intercept, c->pulse},
				why);
	if (!rc)
		rc = open_gauge(c, why);
	if (rc)
		return rc;
	proof_watch(c->proof, c->inputs);
	sentry_watch(c->sentry, c->inputs);
	book = station_book(c->station);
	if (book->has_orders)
		delivery_route(c->delivery, &book->orders);
	loop_timer_every(&c->spools_timer, nanos_from_s(CUSTODY_LOOK_S));
	do_tick(c);
	save(c);
	return 0;
}

static void wait_for_links(void *owner)
{
	struct collection *c = owner;

	if (delivery_is_drained(c->delivery) || loop_now().ns >= c->drain_until.ns) {
		save(c); /* what was acknowledged meanwhile may go */
		proof_tell(c->proof);
		daemon_end(c->place.daemon, 0);
	}
}

void collection_stop(struct collection *c)
{
	proof_watch(c->proof, NULL);
	sentry_watch(c->sentry, NULL);
	report_gaps(c);
	inputs_free(&c->inputs);
	loop_timer_stop(&c->tick);
	if (intercept_pause(c->intercept))
		log_error("what waited for fragments is not delivered");
	save(c);
	c->drain_until.ns = loop_now().ns + nanos_from_s(DRAIN_S).ns;
	loop_timer_init(&c->drain, loop_of(c), wait_for_links, c);
	loop_timer_every(&c->drain, (struct nanos){DRAIN_MS * (int64_t)NANOS_PER_MS});
}

void collection_free(struct collection **cp)
{
	struct collection *c = *cp;

	if (!c)
		return;
	gauge_free(&c->gauge);
	inputs_free(&c->inputs);
	loop_timer_fini(&c->tick);
	loop_timer_fini(&c->save);
	loop_timer_fini(&c->drain);
	loop_timer_fini(&c->spools_timer);
	sentry_free(&c->sentry);
	intercept_free(&c->intercept);
	delivery_free(&c->delivery);
	alarms_free(&c->alarms);
	proof_free(&c->proof);
	custody_free(&c->custody);
	pulse_free(&c->pulse);
	station_free(&c->station);
	signer_free(&c->signer);
	tls_free(&c->tls);
	free(c);
	*cp = NULL;
}

void collection_status(struct collection *c, struct json *j)
{
	station_status(c->station, j);
}
