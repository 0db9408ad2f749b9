/* A station and a provisioner of the test's own, on one loop, over loopback without TLS. */
#include "station/station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"
#include "conf/file.h"

enum { WITHIN_MS = 3000, SPIN_MS = 2 };

static char folder[] = "/tmp/station-XXXXXX";
static struct loop *loop;

/* What the provisioner has heard. */
static struct {
	struct link_port *port;
	struct link *link;
	int n_up, n_status, n_reports, n_other, n_have, n_asked;
	bool is_deaf; /* says of no report that it heard it */
	char digest[ORDERS_DIGEST_LEN];
	char all[256]; /* "n" of all reports */
	uint64_t asked;
} p;

/* And the daemon. */
static struct {
	struct station *station;
	int n_orders, n_may_send, n_current;
	uint64_t current;
	char operator[64], before[64];
} d;

/* ---- the provisioner ---- */

static void on_up(void *owner, struct link *link)
{
	(void)owner;
	p.link = link;
	p.n_up++;
}

static void hear_report(struct link *link, const struct conf_value *root)
{
	const struct conf_value *report = conf_value_find(root, "report");
	char heard[80];
	size_t len;

	p.n_reports++;
	len = strlen(p.all);
	snprintf(p.all + len, sizeof p.all - len, "%s", link_text(report, "n"));
	snprintf(heard, sizeof heard, "{\"type\":\"heard\",\"number\":%s}",
		 link_text(root, "number"));
	if (!p.is_deaf && link_send(link, heard, strlen(heard)))
		ok(false, "the provisioner can answer");
}

static void on_message(void *owner, struct link *link, const char *type,
		       const struct conf_value *root)
{
	(void)owner;
	if (!strcmp(type, "status")) {
		p.n_status++;
		p.n_other += !link_text(root, "software") || !link_text(root, "packets");
	} else if (!strcmp(type, "have")) {
		p.n_have++;
		snprintf(p.digest, sizeof p.digest, "%s", link_text(root, "digest"));
	} else if (!strcmp(type, "ask")) {
		p.n_asked += link_number(root, "number", &p.asked);
	} else if (!strcmp(type, "report")) {
		hear_report(link, root);
	} else {
		p.n_other++;
	}
}

static void on_down(void *owner, struct link *link, const char *reason)
{
	(void)owner, (void)link, (void)reason;
	p.link = NULL;
}

static const struct link_ops provisioner_ops = {
	.up = on_up, .message = on_message, .down = on_down};

static uint16_t listen_at(uint16_t port)
{
	const struct link_options options = {
		.self = {.role = TLS_PROVISIONER, .name = "p1"},
		.software = "test",
		.address = {{127, 0, 0, 1}, port, 4},
		.peer_roles = 1u << TLS_COLLECTOR,
		.ops = &provisioner_ops,
	};
	struct why why = {.text = ""};

	if (link_listen(&p.port, loop, &options, &why))
		ok(false, "the provisioner listens: %s", why.text);
	return link_port_number(p.port);
}

static void say(const char *json)
{
	if (!p.link || link_send(p.link, json, strlen(json)))
		ok(false, "the provisioner can send");
}

/* ---- the daemon ---- */

static void take_orders(void *owner, const struct orders_book *book)
{
	(void)owner;
	d.n_orders++;
	memcpy(d.before, d.operator, sizeof d.before);
	snprintf(d.operator, sizeof d.operator, "%s", book->orders.operator.id);
}

static void print_status(void *owner, struct json *j)
{
	(void)owner;
	json_key(j, "packets"), json_u64(j, 7);
}

static void may_send(void *owner)
{
	(void)owner;
	d.n_may_send++;
}

static void hear_current(void *owner, uint64_t number)
{
	(void)owner;
	d.n_current++;
	d.current = number;
}

static const struct station_ops station_ops = {.orders = take_orders,
					       .status = print_status,
					       .may_send = may_send,
					       .current = hear_current};

static void start(uint16_t port)
{
	const struct station_options options = {
		.loop = loop,
		.self = {.role = TLS_COLLECTOR, .name = "c1"},
		.software = "weir-collector 0",
		.at = {{127, 0, 0, 1}, port, 4},
		.folder = folder,
		.ops = &station_ops,
	};
	struct why why = {.text = ""};

	if (station_new(&d.station, &options, &why) || station_dial(d.station, &why))
		ok(false, "the station starts: %s", why.text);
}

static int report(const char *json)
{
	return station_report(d.station, json, strlen(json));
}

/* ---- time ---- */

struct waiting {
	bool (*is_true)(void);
	struct nanos until;
	struct loop_timer timer;
};

static void look(void *owner)
{
	struct waiting *w = owner;

	if (w->is_true() || loop_now().ns > w->until.ns)
		loop_stop(loop);
}

static bool comes_true(bool (*is_true)(void))
{
	struct waiting w = {.is_true = is_true};

	w.until.ns = loop_now().ns + WITHIN_MS * (int64_t)NANOS_PER_MS;
	loop_timer_init(&w.timer, loop, look, &w);
	loop_timer_every(&w.timer, (struct nanos){SPIN_MS * (int64_t)NANOS_PER_MS});
	if (loop_run(loop))
		ok(false, "the loop runs");
	loop_timer_fini(&w.timer);
	return is_true();
}

static bool is_up(void)
{
	return p.link && p.n_status && station_is_up(d.station);
}

static bool is_down(void)
{
	return !station_is_up(d.station);
}

static bool has_two_orders(void)
{
	return p.n_have == 2;
}

static bool has_three_haves(void)
{
	return p.n_have == 3;
}

static bool is_asked(void)
{
	return p.n_asked == 1;
}

static bool is_current(void)
{
	return d.current == 78;
}

static bool has_heard_all(void)
{
	return station_n_reports(d.station) == 0;
}

static bool has_one_report(void)
{
	return p.n_reports > 0;
}

static bool has_other(void)
{
	return p.n_other > 0;
}

/* ---- what holds ---- */

static void orders_come_down(void)
{
	char last[ORDERS_DIGEST_LEN];

	say("{\"type\":\"orders\",\"orders\":{\"operator\":{\"id\":\"FIRST\","
	    "\"network_element\":\"e\"},\"agencies\":[],\"warrants\":[]},\"digest\":\"\"}");
	say("{\"type\":\"change\",\"put\":{\"operator\":{\"id\":\"SECOND\","
	    "\"network_element\":\"e\"}}}");
	ok(comes_true(has_two_orders) && d.n_orders == 2, "orders and a change are taken");
	ok(!strcmp(d.operator, "SECOND") && !strcmp(d.before, "FIRST"), "one after the other");
	ok(!strcmp(p.digest, station_book(d.station)->digest), "each is answered by its digest");
	memcpy(last, p.digest, sizeof last);
	say("{\"type\":\"change\",\"remove\":{\"agencies\":[\"none\"]}}");
	ok(comes_true(has_three_haves) && d.n_orders == 2 && !strcmp(p.digest, last),
	   "a change that does not fit is answered by the digest from before");
}

static void it_asks_whether_orders_are_the_newest(void)
{
	char answer[200];

	station_ask(d.station, 77);
	ok(comes_true(is_asked) && p.asked == 77, "it asks whether its orders are the newest");
	say("{\"type\":\"current\",\"number\":77,\"digest\":\"00\"}");
	say("{\"type\":\"current\",\"number\":77}");
	snprintf(answer, sizeof answer, "{\"type\":\"current\",\"number\":78,\"digest\":\"%s\"}",
		 station_book(d.station)->digest);
	say(answer);
	ok(comes_true(is_current) && d.n_current == 1,
	   "only an answer that is about its own orders says so");
}

static void reports_go_up_once(uint16_t port)
{
	p.all[0] = 0;
	ok(!report("{\"type\":\"audit\",\"n\":1}") && !report("{\"type\":\"audit\",\"n\":2}") &&
		   !report("{\"type\":\"audit\",\"n\":3}"),
	   "reports are taken");
	ok(comes_true(has_heard_all) && !strcmp(p.all, "123"), "and heard, once, in order: %s",
	   p.all);
	link_port_free(&p.port);
	p.link = NULL;
	ok(comes_true(is_down), "the provisioner goes");
	ok(!report("{\"type\":\"audit\",\"n\":4}") && !report("{\"type\":\"audit\",\"n\":5}"),
	   "while it is away reports are taken too");
	ok(station_send(d.station, "{\"type\":\"x\"}", 12) == ERR_END, "messages are not");
	station_ask(d.station, 79);
	ok(p.n_asked == 1, "and nobody is asked");
	station_free(&d.station);
	p.n_reports = p.n_status = 0;
	p.is_deaf = true;
	listen_at(port);
	start(port);
	ok(station_n_reports(d.station) == 2, "a restart of the daemon loses none");
	ok(!strcmp(station_book(d.station)->orders.operator.id, "SECOND"), "nor the orders");
	ok(comes_true(has_one_report) && !strcmp(p.all, "1234"), "when it is back one is sent");
	link_port_free(&p.port);
	p.link = NULL;
	ok(comes_true(is_down), "it goes again, and has not said that it heard");
	p.is_deaf = false;
	listen_at(port);
	ok(comes_true(has_heard_all) && !strcmp(p.all, "123445"),
	   "what it may not have heard is sent again, then the rest: %s", p.all);
}

int main(void)
{
	char path[64];
	uint16_t port;

	log_open("test", LOG_LEVEL_ERROR);
	if (!ok(mkdtemp(folder) && !loop_new(&loop), "a folder and a loop"))
		return tap_end();
	port = listen_at(0);
	start(port);
	ok(comes_true(is_up) && p.n_status == 1, "the station dials, and says how it is");
	ok(d.n_may_send == 1, "the daemon is told that it may send");
	orders_come_down();
	it_asks_whether_orders_are_the_newest();
	ok(!station_send(d.station, "{\"type\":\"ledger\"}", 17) && comes_true(has_other),
	   "a message of another room reaches the provisioner");
	reports_go_up_once(port);
	station_free(&d.station);
	link_port_free(&p.port);
	loop_free(&loop);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, i ? "reports" : "orders.json");
		unlink(path);
	}
	rmdir(folder);
	return tap_end();
}
