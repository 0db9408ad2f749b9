#include "station/station.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "station/reports.h"

enum { PATH_LEN = 4096, STATUS_S = 5, STATUS_MAX = 16 << 20 };

struct station {
	struct station_options options;
	char orders_path[PATH_LEN], reports_path[PATH_LEN];
	struct orders_book book;
	struct reports *reports;
	uint64_t sent; /* number of the report that was sent and not heard yet; 0: none */
	bool was_sent; /* at the last tick */
	struct link *link;
	struct loop_timer status;
	struct nanos started;
};

/* ---- what goes up ---- */

static void send_object(struct station *s, const struct wr *w)
{
	if (!w->ok || link_send(s->link, (const char *)w->bytes, w->len))
		log_warn("the provisioner is not told: its link is full");
}

static void send_have(struct station *s)
{
	uint8_t octets[256];
	struct wr w = wr_of(octets, sizeof octets);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "have");
	json_key(&j, "digest"), json_text(&j, s->book.digest);
	json_close(&j, '}');
	send_object(s, &w);
}

void station_status(const struct station *s, struct json *j)
{
	json_key(j, "name"), json_text(j, s->options.self.name);
	json_key(j, "software"), json_text(j, s->options.software);
	json_key(j, "started"), json_time(j, s->started);
	json_key(j, "digest"), json_text(j, s->book.digest);
	json_key(j, "reports"), json_u64(j, reports_n(s->reports));
	s->options.ops->status(s->options.owner, j);
}

static void send_status(struct station *s)
{
	struct wr w = wr_init(STATUS_MAX);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "status");
	station_status(s, &j);
	json_close(&j, '}');
	send_object(s, &w);
	wr_fini(&w);
}

/* The oldest report, where none is on its way; again when there is room. */
static void send_report(struct station *s)
{
	const struct report *report = reports_first(s->reports);

	if (report && !s->sent && station_is_up(s) &&
	    !link_send(s->link, report->text, report->len))
		s->sent = report->number;
}

/* A report that was not heard for so long is sent again. */
static void tick(void *owner)
{
	struct station *s = owner;

	if (!station_is_up(s))
		return;
	send_status(s);
	if (s->was_sent)
		s->sent = 0;
	s->was_sent = s->sent != 0;
	send_report(s);
}

static void hear_heard(struct station *s, const struct conf_value *root)
{
	uint64_t number;

	if (!link_number(root, "number", &number) || number != s->sent)
		return;
	s->sent = 0;
	s->was_sent = false;
	reports_heard(s->reports, number);
	send_report(s);
}

void station_ask(struct station *s, uint64_t number)
{
	uint8_t octets[80];
	struct wr w = wr_of(octets, sizeof octets);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "ask");
	json_key(&j, "number"), json_u64(&j, number);
	json_close(&j, '}');
	if (s->link && link_is_up(s->link))
		send_object(s, &w);
}

/* ---- what comes down ---- */

/* Orders that could not be taken are not those that the provisioner speaks of. */
static void hear_current(struct station *s, const struct conf_value *root)
{
	const char *digest = link_text(root, "digest");
	uint64_t number;

	if (link_number(root, "number", &number) && digest && s->book.has_orders &&
	    !strcmp(digest, s->book.digest) && s->options.ops->current)
		s->options.ops->current(s->options.owner, number);
}

static void hear_orders(struct station *s, const struct conf_value *root)
{
	struct orders_book next;
	struct orders_book old = s->book;
	struct why why;
	int rc;

	why_clear(&why);
	rc = orders_book_take(&s->book, root, &next, &why);
	if (rc) {
		log_error("the provisioner's orders are refused: %s",
			  *why.text ? why.text : err_text(rc));
		send_have(s); /* as before, so that it sends the whole again */
		return;
	}
	if (orders_book_save(&next, s->orders_path, &why))
		log_error("the orders are not kept for a restart: %s: %s", why.place, why.text);
	log_info("orders: %zu agencies, %zu warrants, digest %.16s", next.orders.agencies.n,
		 next.orders.warrants.n, next.digest);
	s->book = next;
	s->options.ops->orders(s->options.owner, &s->book);
	orders_book_forget_text(&s->book);
	orders_book_fini(&old);
	send_have(s);
}

static void on_message(void *owner, struct link *link, const char *type,
		       const struct conf_value *root)
{
	struct station *s = owner;

	(void)link;
	if (!strcmp(type, "orders") || !strcmp(type, "change"))
		hear_orders(s, root);
	else if (!strcmp(type, "heard"))
		hear_heard(s, root);
	else if (!strcmp(type, "current"))
		hear_current(s, root);
	else
		log_debug("provisioner: a message of type %.40s is passed over", type);
}

static void on_room(void *owner, struct link *link)
{
	struct station *s = owner;

	(void)link;
	send_report(s);
	if (s->options.ops->may_send)
		s->options.ops->may_send(s->options.owner);
}

static void on_up(void *owner, struct link *link)
{
	struct station *s = owner;

	s->sent = 0;
	send_status(s);
	on_room(s, link);
}

static const struct link_ops ops = {.up = on_up, .message = on_message, .may_send = on_room};

/* ---- the whole ---- */

static int path_of(char out[PATH_LEN], const char *folder, const char *name, struct why *why)
{
	struct wr w = wr_of(out, PATH_LEN - 1);

	wr_text(&w, "%s/%s", folder, name);
	out[w.ok ? w.len : 0] = '\0';
	return w.ok ? 0 : why_set(why, ERR_USAGE, "%s: the path is too long", folder);
}

static int open_files(struct station *s, struct why *why)
{
	int rc = path_of(s->orders_path, s->options.folder, "orders.json", why);

	if (!rc)
		rc = path_of(s->reports_path, s->options.folder, "reports", why);
	if (!rc)
		rc = orders_book_load(&s->book, s->book.role, s->orders_path, why);
	if (!rc && s->book.has_orders)
		log_info("orders of the last time: %zu agencies, %zu warrants",
			 s->book.orders.agencies.n, s->book.orders.warrants.n);
	return rc ? rc : reports_open(&s->reports, s->reports_path, why);
}

int station_new(struct station **out, const struct station_options *options, struct why *why)
{
	struct station *s = calloc(1, sizeof *s);
	int rc = s ? 0 : ERR_NOMEM;

	*out = s;
	if (rc)
		return rc;
	s->options = *options;
	s->started = loop_wall();
	s->book = orders_book_init(options->self.role == TLS_COLLECTOR ? ORDERS_FOR_COLLECTOR
								       : ORDERS_FOR_MEDIATOR);
	loop_timer_init(&s->status, options->loop, tick, s);
	rc = open_files(s, why);
	if (rc)
		station_free(out);
	return rc;
}

int station_dial(struct station *s, struct why *why)
{
	const struct link_options options = {
		.self = s->options.self,
		.software = s->options.software,
		.tls = s->options.tls,
		.address = s->options.at,
		.peer_roles = 1u << TLS_PROVISIONER,
		.ops = &ops,
		.owner = s,
		.max_message = ORDERS_MAX_MESSAGE,
	};

	if (!s->options.at.version)
		return 0;
	loop_timer_every(&s->status, nanos_from_s(STATUS_S));
	return link_dial(&s->link, s->options.loop, &options, why);
}

void station_free(struct station **station)
{
	struct station *s = *station;

	*station = NULL;
	if (!s)
		return;
	link_free(&s->link);
	loop_timer_fini(&s->status);
	reports_free(&s->reports);
	orders_book_fini(&s->book);
	free(s);
}

const struct orders_book *station_book(const struct station *s)
{
	return &s->book;
}

bool station_is_up(const struct station *s)
{
	return s->link && link_is_up(s->link);
}

int station_send(struct station *s, const char *json, size_t len)
{
	return s->link ? link_send(s->link, json, len) : ERR_END;
}

int station_report(struct station *s, const char *json, size_t len)
{
	int rc = reports_add(s->reports, json, len, loop_wall());

	if (rc)
		log_error("a report to the provisioner is lost: %s", err_text(rc));
	else
		send_report(s);
	return rc;
}

size_t station_n_reports(const struct station *s)
{
	return reports_n(s->reports);
}
