#include "collection/collection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/log.h"
#include "conf/file.h"
#include "collection/delivery.h"
#include "collection/input.h"
#include "collection/state.h"
#include "link/link.h"
#include "warrant/book.h"

enum {
	PATH_LEN = 4096,
	STATUS_S = 5,
	TICK_MS = 250, /* the clock, at least */
	DRAIN_S = 3,   /* that links get at the end */
	DRAIN_MS = 20,
	SLOW_SAVES = 20, /* saving takes at most a twentieth of the time */
	STATUS_MAX = 16 << 20,
};

struct collection {
	struct collection_place place;
	struct tls *tls;
	struct tls_identity self;
	char orders_path[PATH_LEN], state_path[PATH_LEN], spools[PATH_LEN];
	struct orders_book book;
	struct signer *signer;
	struct intercept *intercept;
	struct delivery *delivery;
	struct inputs *inputs;
	struct link *provisioner;
	struct loop_timer status, tick, save, drain;
	struct nanos started, drain_until;
};

static struct loop *loop_of(const struct collection *c)
{
	return c->place.daemon->loop;
}

/* ---- orders ---- */

static void send_object(struct collection *c, const struct wr *w)
{
	if (!w->ok || link_send(c->provisioner, (const char *)w->bytes, w->len))
		log_warn("the provisioner is not told: its link is full");
}

static void send_have(struct collection *c)
{
	uint8_t octets[256];
	struct wr w = wr_of(octets, sizeof octets);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "have");
	json_key(&j, "digest"), json_text(&j, c->book.digest);
	json_close(&j, '}');
	send_object(c, &w);
}

static void send_status(struct collection *c)
{
	struct wr w = wr_init(STATUS_MAX);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "status");
	collection_status(c, &j);
	json_close(&j, '}');
	send_object(c, &w);
	wr_fini(&w);
}

static void do_tick(void *owner)
{
	struct collection *c = owner;
	struct nanos now = loop_wall();
	struct nanos next = intercept_tick(c->intercept, now);
	int64_t most = now.ns + TICK_MS * (int64_t)NANOS_PER_MS;

	loop_timer_at(&c->tick, (struct nanos){next.ns < most ? next.ns : most});
}

/* An agency that asks for signatures gets hashes alone where there is no key. */
static void look_for_key(const struct collection *c)
{
	for (size_t k = 0; k < c->book.orders.agencies.n && !c->signer; k++) {
		const struct agency *a = &c->book.orders.agencies.items[k];

		if (a->sign_count)
			log_error("agency %s asks for signatures, and there is no signing_key",
				  a->id);
	}
}

static void take_book(struct collection *c, struct orders_book *next)
{
	struct orders_book old = c->book;
	struct why why;

	why_clear(&why);
	c->book = *next;
	if (intercept_update(c->intercept, &c->book.orders, loop_wall(), &why))
		log_error("the orders are not executed whole: %s", why.text);
	look_for_key(c);
	delivery_route(c->delivery, &c->book.orders);
	orders_book_fini(&old);
	do_tick(c);
}

static void hear_orders(struct collection *c, const struct conf_value *root)
{
	struct orders_book next;
	struct why why;
	int rc;

	why_clear(&why);
	rc = orders_book_take(&c->book, root, &next, &why);
	if (rc) {
		log_error("the provisioner's orders are refused: %s",
			  *why.text ? why.text : err_text(rc));
		send_have(c); /* as before, so that it sends the whole again */
		return;
	}
	if (orders_book_save(&next, c->orders_path, &why))
		log_error("the orders are not kept for a restart: %s: %s", why.place, why.text);
	log_info("orders: %zu agencies, %zu warrants, digest %.16s", next.orders.agencies.n,
		 next.orders.warrants.n, next.digest);
	take_book(c, &next);
	send_have(c);
}

static void provisioner_up(void *owner, struct link *link)
{
	(void)link;
	send_status(owner);
}

static void provisioner_says(void *owner, struct link *link, const char *type,
			     const struct conf_value *root)
{
	(void)link;
	if (!strcmp(type, "orders") || !strcmp(type, "change"))
		hear_orders(owner, root);
	else
		log_debug("provisioner: a message of type %.40s is passed over", type);
}

static const struct link_ops provisioner_ops = {.up = provisioner_up, .message = provisioner_says};

static void tell_status(void *owner)
{
	struct collection *c = owner;

	if (c->provisioner && link_is_up(c->provisioner))
		send_status(c);
}

/* ---- state ---- */

/* What takes long is done less often. */
static void save(void *owner)
{
	struct collection *c = owner;
	struct nanos began = loop_now();
	int64_t pause_ns = c->place.settings->checkpoint.ns;
	int64_t spent_ns;
	struct why why;

	why_clear(&why);
	if (state_save(c->state_path, c->intercept, c->delivery, &why))
		log_error("sessions and numbers are not saved: %s: %s", why.place, why.text);
	spent_ns = loop_now().ns - began.ns;
	if (spent_ns * SLOW_SAVES > pause_ns)
		pause_ns = spent_ns * SLOW_SAVES;
	if (!c->place.daemon->is_ending)
		loop_timer_after(&c->save, (struct nanos){pause_ns});
}

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
	int rc = make_path(c->orders_path, s->folder, "orders.json", why);

	if (!rc)
		rc = make_path(c->state_path, s->folder, "state", why);
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

static int open_delivery(struct collection *c, struct why *why)
{
	const struct delivery_options options = {
		.loop = loop_of(c),
		.settings = c->place.settings,
		.spools = c->spools,
		.software = c->place.software,
		.tls = c->tls,
		.self = c->self,
	};

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

static int open_intercept(struct collection *c, struct why *why)
{
	struct intercept_options options = {
		.open = delivery_open,
		.arg = c->delivery,
		.is_live = true,
		.has_inputs = c->place.settings->inputs.n > 1,
		.now = loop_wall(),
		.max_sessions = (uint32_t)c->place.settings->max_sessions,
		.signer = c->signer,
	};
	uint64_t n_recalled;
	int rc;

	if (getrandom(&options.seed, sizeof options.seed, 0) != sizeof options.seed)
		return why_set(why, ERR_IO, "the kernel gives no random numbers");
	rc = intercept_new(&c->intercept, &c->book.orders, &options, why);
	if (!rc)
		rc = state_load(c->state_path, c->intercept, c->delivery, &n_recalled, why);
	if (!rc && n_recalled)
		log_info("%llu records were made after sessions and numbers were saved last",
			 (unsigned long long)n_recalled);
	return rc;
}

static int dial_provisioner(struct collection *c, struct why *why)
{
	const struct link_options options = {
		.self = c->self,
		.software = c->place.software,
		.tls = c->tls,
		.address = c->place.settings->provisioner,
		.peer_roles = 1u << TLS_PROVISIONER,
		.ops = &provisioner_ops,
		.owner = c,
	};

	if (!c->place.settings->provisioner.version)
		return 0;
	return link_dial(&c->provisioner, loop_of(c), &options, why);
}

static void init_timers(struct collection *c)
{
	loop_timer_init(&c->status, loop_of(c), tell_status, c);
	loop_timer_init(&c->tick, loop_of(c), do_tick, c);
	loop_timer_init(&c->save, loop_of(c), save, c);
}

static int open_orders(struct collection *c, struct why *why)
{
	int rc = orders_book_load(&c->book, ORDERS_FOR_COLLECTOR, c->orders_path, why);

	if (!rc && c->book.has_orders)
		log_info("orders of the last time: %zu agencies, %zu warrants",
			 c->book.orders.agencies.n, c->book.orders.warrants.n);
	return rc;
}

int collection_new(struct collection **out, const struct collection_place *place, struct why *why)
{
	struct collection *c = calloc(1, sizeof *c);
	int rc = c ? 0 : ERR_NOMEM;

	*out = c;
	if (!c)
		return rc;
	c->place = *place;
	c->started = loop_wall();
	c->book = orders_book_init(ORDERS_FOR_COLLECTOR);
	init_timers(c);
	rc = open_folder(c, why);
	if (!rc)
		rc = open_tls(c, why);
	if (!rc)
		rc = open_orders(c, why);
	if (!rc)
		rc = open_delivery(c, why);
	if (!rc)
		rc = open_signer(c, why);
	if (!rc)
		rc = open_intercept(c, why);
	if (!rc)
		rc = dial_provisioner(c, why);
	if (!rc)
		rc = inputs_new(&c->inputs, &(struct inputs_options){place->settings, c->intercept},
				why);
	if (rc)
		return rc;
	if (c->book.has_orders)
		delivery_route(c->delivery, &c->book.orders);
	do_tick(c);
	save(c);
	loop_timer_every(&c->status, nanos_from_s(STATUS_S));
	return 0;
}

static void wait_for_links(void *owner)
{
	struct collection *c = owner;

	if (delivery_is_drained(c->delivery) || loop_now().ns >= c->drain_until.ns) {
		save(c); /* what was acknowledged meanwhile may go */
		daemon_end(c->place.daemon, 0);
	}
}

void collection_stop(struct collection *c)
{
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
	inputs_free(&c->inputs);
	link_free(&c->provisioner);
	loop_timer_fini(&c->status);
	loop_timer_fini(&c->tick);
	loop_timer_fini(&c->save);
	loop_timer_fini(&c->drain);
	intercept_free(&c->intercept);
	delivery_free(&c->delivery);
	orders_book_fini(&c->book);
	signer_free(&c->signer);
	tls_free(&c->tls);
	free(c);
	*cp = NULL;
}

void collection_status(struct collection *c, struct json *j)
{
	json_key(j, "name"), json_text(j, c->self.name);
	json_key(j, "software"), json_text(j, c->place.software);
	json_key(j, "started"), json_time(j, c->started);
	json_key(j, "digest"), json_text(j, c->book.digest);
	json_key(j, "inputs"), inputs_status(c->inputs, j);
	delivery_status(c->delivery, j);
	json_key(j, "intercept"), json_open(j, '{');
	intercept_report(c->intercept, j);
	json_close(j, '}');
}
