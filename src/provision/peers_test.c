/* Twenty collectors and two mediators in one process, on loopback and on one loop: what each is
 * sent, and that both ends agree. */
#include "provision/peers.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/tap.h"
#include "conf/record.h"
#include "warrant/change.h"
#include "warrant/view.h"

enum { N_COLLECTORS = 20, N_DAEMONS = N_COLLECTORS + 2, N_WARRANTS = 1000, N_USERS = 90000 };

/* A daemon as others write it: it keeps its orders, applies what comes, says what it has. */
struct fake {
	struct link *link;
	unsigned role;
	const char *name;
	struct orders orders;
	bool has_orders;
	bool is_up;
	int n_orders, n_changes;
	int n_lies; /* so many times it says something else */
	char digest[ORDERS_DIGEST_LEN];
	uint64_t current; /* number of the last question that was answered, with its digest … */
	size_t n_warrants_current; /* … and the warrants that it had then */
	int n_current;
	char reason[100];
};

static struct loop *loop;
static struct peers *peers;
static struct holding held;
static struct fake fakes[N_DAEMONS];
static char names[N_DAEMONS][8];

static void answer(struct fake *fake)
{
	char have[200];

	ok(!orders_digest(&fake->orders, fake->role, fake->digest) || fake->n_lies < 0,
	   "%s knows the digest of what it has", fake->name);
	snprintf(have, sizeof have, "{\"type\":\"have\",\"digest\":\"%s\"}",
		 fake->n_lies > 0 ? "lie" : fake->digest);
	fake->n_lies -= fake->n_lies > 0;
	if (link_send(fake->link, have, strlen(have)))
		ok(false, "%s can answer", fake->name);
}

static void on_message(void *owner, struct link *link, const char *type,
		       const struct conf_value *root)
{
	struct fake *fake = owner;
	struct why why = {.text = ""};
	struct orders next;
	bool is_whole = !strcmp(type, "orders");
	int rc;

	(void)link;
	if (!strcmp(type, "current") && !strcmp(link_text(root, "digest"), fake->digest)) {
		fake->n_current += link_number(root, "number", &fake->current);
		fake->n_warrants_current = fake->orders.warrants.n;
	}
	if (!is_whole && strcmp(type, "change"))
		return;
	fake->n_orders += is_whole;
	fake->n_changes += !is_whole;
	rc = is_whole ? orders_view_read(&next, conf_value_find(root, "orders"), fake->role, &why)
		      : orders_change_apply(&fake->orders, root, fake->role, &next, &why);
	if (rc) {
		ok(false, "%s takes %s: %s", fake->name, type, why.text);
		return;
	}
	if (fake->has_orders)
		orders_fini(&fake->orders);
	fake->orders = next;
	fake->has_orders = true;
	answer(fake);
	if (strcmp(fake->digest, link_text(root, "digest")))
		ok(false, "%s has what the message says", fake->name);
}

static void on_up(void *owner, struct link *link)
{
	static const char status[] = "{\"type\":\"status\",\"packets\":7}";
	struct fake *fake = owner;

	fake->is_up = true;
	if (link_send(link, status, strlen(status)))
		ok(false, "%s can send its status", fake->name);
}

static void on_down(void *owner, struct link *link, const char *reason)
{
	struct fake *fake = owner;

	(void)link;
	fake->is_up = false;
	snprintf(fake->reason, sizeof fake->reason, "%s", reason);
}

static const struct link_ops ops = {.up = on_up, .message = on_message, .down = on_down};

static void dial(struct fake *fake)
{
	struct link_options options = {.software = "fake",
				       .address = {{127, 0, 0, 1}, peers_port(peers), 4},
				       .peer_roles = 1u << TLS_PROVISIONER,
				       .ops = &ops,
				       .owner = fake,
				       .redial = {20 * NANOS_PER_MS},
				       .max_message = ORDERS_MAX_MESSAGE};
	struct why why = {.text = ""};

	options.self.role = fake->role == ORDERS_FOR_COLLECTOR ? TLS_COLLECTOR : TLS_MEDIATOR;
	snprintf(options.self.name, sizeof options.self.name, "%s", fake->name);
	if (link_dial(&fake->link, loop, &options, &why))
		ok(false, "%s dials: %s", fake->name, why.text);
}

static void hang_up(struct fake *fake)
{
	link_free(&fake->link);
	fake->is_up = false;
}

/* ---- what is held ---- */

static void put(enum kind_id id, const char *json)
{
	const struct kind *kind = &kinds[id];
	struct entry entry = {.revision = 1};
	struct why why = {.text = ""};
	char key[ORDERS_KEY_LEN] = "";
	void *item = calloc(1, kind->record->size);

	if (conf_parse_json(kind->record, json, strlen(json), item, &why) ||
	    holding_reserve(&held, kind))
		ok(false, "%s: %s", json, why.text);
	if (kind->key)
		kind->key(item, key);
	entry.key = strdup(key);
	holding_put(&held, kind, &entry, item);
	conf_fini(kind->record, item);
	free(item);
}

static void put_warrant(int i, const char *agency)
{
	char json[400];

	snprintf(json, sizeof json,
		 "{\"reference\":\"r\",\"authority\":\"c\",\"agency\":\"%s\",\"liid\":\"L%05d\","
		 "\"authorization_country\":\"NZ\",\"start\":\"2020-01-01T00:00:00Z\","
		 "\"end\":\"2090-01-01T00:00:00Z\",\"targets\":[{\"prefix\":\"10.%d.%d.0/24\","
		 "\"cin\":1}]}",
		 agency, i, i / 256, i % 256);
	put(KIND_WARRANTS, json);
}

static void fill(void)
{
	char json[200];

	for (int i = 0; i < N_DAEMONS; i++) {
		bool is_collector = i < N_COLLECTORS;

		snprintf(names[i], sizeof names[i], "%c%d", is_collector ? 'c' : 'm',
			 is_collector ? i : i - N_COLLECTORS);
		fakes[i].name = names[i];
		fakes[i].role = is_collector ? ORDERS_FOR_COLLECTOR : ORDERS_FOR_MEDIATOR;
		snprintf(json, sizeof json,
			 is_collector ? "{\"name\":\"%s\"}"
				      : "{\"name\":\"%s\",\"address\":\"192.0.2.1:9\"}",
			 names[i]);
		put(is_collector ? KIND_COLLECTORS : KIND_MEDIATORS, json);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(json, sizeof json,
			 "{\"id\":\"a%d\",\"country\":\"NZ\",\"hi2\":\"192.0.2.1:1\","
			 "\"hi3\":\"192.0.2.1:2\",\"mediator\":\"m%d\"}",
			 i, i);
		put(KIND_AGENCIES, json);
	}
	for (int i = 0; i < N_WARRANTS; i++)
		put_warrant(i, i % 10 ? "a0" : "a1");
}

/* ---- running until something is so ---- */

typedef bool (*so_fn)(void);
static so_fn so;
static int n_ticks;

static void tick(void *owner)
{
	(void)owner;
	if (so() || ++n_ticks > 2000)
		loop_stop(loop);
}

static bool until(so_fn fn)
{
	struct loop_timer timer = {.loop = NULL};
	int rc;

	so = fn;
	n_ticks = 0;
	loop_timer_init(&timer, loop, tick, NULL);
	loop_timer_every(&timer, (struct nanos){5 * NANOS_PER_MS});
	rc = loop_run(loop);
	loop_timer_fini(&timer);
	return !rc && so();
}

static struct wr shown;

/* How often the words stand in what REST shows. */
static int count_shown(const char *words)
{
	struct json json;
	int n = 0;

	wr_reset(&shown);
	json = json_of(&shown);
	peers_print(peers, &json);
	wr_u8(&shown, 0);
	for (const char *at = (const char *)shown.bytes; (at = strstr(at, words)); at++)
		n++;
	return n;
}

static bool all_agree(void)
{
	return count_shown("\"agreed\":true") == N_DAEMONS;
}

static bool all_connect(void)
{
	return count_shown("\"connected\":true") == N_DAEMONS;
}

static bool most_agree(void)
{
	return count_shown("\"agreed\":true") == N_DAEMONS - 1;
}

static bool one_agrees(void)
{
	return count_shown("\"agreed\":true") == 1;
}

static bool none_is_there(void)
{
	return count_shown("\"connected\":true") == 0;
}

static bool one_is_off(void)
{
	return count_shown("\"connected\":false") == 1;
}

/* After more than one attempt. */
static bool one_stays_off(void)
{
	return n_ticks > 20 && count_shown("\"connected\":true") == N_DAEMONS - 1;
}

static bool a_stranger_is_refused(void)
{
	return strstr(fakes[0].reason, "registered") != NULL;
}

/* ---- */

static void test_orders(void)
{
	struct fake *m0 = &fakes[N_COLLECTORS];
	struct fake *m1 = &fakes[N_COLLECTORS + 1];
	bool is_once = true;

	for (int i = 0; i < N_DAEMONS; i++)
		dial(&fakes[i]);
	ok(until(all_connect) && !fakes[0].n_orders,
	   "all connect; without an operator there are no orders to send");
	put(KIND_OPERATOR, "{\"id\":\"op\"}");
	peers_changed(peers);
	ok(until(all_agree), "with one, all get their orders and say so");
	for (int i = 0; i < N_DAEMONS; i++)
		is_once &= fakes[i].n_orders == 1 && fakes[i].n_changes == 0;
	ok(is_once, "each once");
	ok(fakes[3].orders.warrants.n == N_WARRANTS && fakes[3].orders.warrants.items[0].targets.n,
	   "a collector has every warrant with its targets");
	ok(m0->orders.warrants.n == N_WARRANTS - N_WARRANTS / 10 &&
		   m1->orders.warrants.n == N_WARRANTS / 10 && m1->orders.agencies.n == 1 &&
		   !m1->orders.warrants.items[0].targets.n &&
		   !fakes[3].orders.agencies.items[0].hi2.version,
	   "a mediator those of its agencies, without targets; a collector no agency's address");
	ok(count_shown("\"packets\":7") == N_DAEMONS, "each one's status is shown");
}

static void test_changes(void)
{
	struct peers_count before = peers_count(peers);
	struct peers_count after;

	put_warrant(N_WARRANTS, "a0");
	peers_changed(peers);
	ok(until(all_agree), "one more warrant reaches all whom it concerns");
	after = peers_count(peers);
	ok(after.n_changes - before.n_changes == N_COLLECTORS + 1 &&
		   after.n_orders == before.n_orders && after.n_pushes == before.n_pushes + 1,
	   "as one message each, made in one turn of the loop: %d, in %d us",
	   (int)(after.n_changes - before.n_changes), (int)(after.last_push.ns / NANOS_PER_US));
	ok(after.last_push.ns < NANOS_PER_S && fakes[7].orders.warrants.n == N_WARRANTS + 1 &&
		   fakes[N_COLLECTORS + 1].n_changes == 0,
	   "the other agency's mediator hears nothing of it");
	before = after;
	for (int i = 1; i <= 100; i++) {
		put_warrant(N_WARRANTS + i, "a0");
		peers_changed(peers);
	}
	ok(until(all_agree), "a hundred more");
	after = peers_count(peers);
	ok(after.n_changes - before.n_changes == N_COLLECTORS + 1,
	   "at once, are one message each again");
}

static void ask(struct fake *fake, int number)
{
	char question[80];

	snprintf(question, sizeof question, "{\"type\":\"ask\",\"number\":%d}", number);
	if (link_send(fake->link, question, strlen(question)))
		ok(false, "%s can ask", fake->name);
}

static bool seven_is_answered(void)
{
	return fakes[N_COLLECTORS].current == 7;
}

static bool eight_is_answered(void)
{
	return fakes[N_COLLECTORS].current == 8;
}

/* A mediator that asks has all that a collector can have heard of, once it is answered. */
static void test_questions(void)
{
	struct fake *m0 = &fakes[N_COLLECTORS];
	size_t n = m0->orders.warrants.n;

	ask(m0, 7);
	ok(until(seven_is_answered) && m0->n_current == 1,
	   "who asks is told that it has the newest");
	ask(m0, 8);
	put_warrant(N_WARRANTS + 101, "a0");
	peers_changed(peers);
	ok(until(eight_is_answered) && m0->n_warrants_current == n + 1 && m0->n_current == 2,
	   "where they change meanwhile, behind the change");
	ok(until(all_agree), "and all agree");
	holding_remove(&held, &kinds[KIND_WARRANTS], N_WARRANTS + 101);
	peers_changed(peers);
	ok(until(all_agree), "also when it is taken away");
}

static void test_offline(void)
{
	hang_up(&fakes[5]);
	ok(until(one_is_off), "one goes");
	holding_remove(&held, &kinds[KIND_WARRANTS], 3);
	peers_changed(peers);
	ok(until(most_agree), "the others are told what changes");
	ok(fakes[5].orders.warrants.n == N_WARRANTS + 101, "it is not");
	dial(&fakes[5]);
	ok(until(all_agree) && fakes[5].orders.warrants.n == N_WARRANTS + 100 &&
		   fakes[5].n_orders == 2,
	   "when it is back it gets them");
}

static void test_lie(void)
{
	int n_orders = fakes[2].n_orders;

	fakes[2].n_lies = 1;
	put_warrant(1, "a0");
	put_warrant(2000, "a0");
	peers_changed(peers);
	ok(until(all_agree) && fakes[2].n_orders == n_orders + 1 && peers_count(peers).n_again == 1,
	   "one that has something else is sent the whole again");
}

static void test_strangers(void)
{
	size_t i;

	holding_find(&held, &kinds[KIND_COLLECTORS], "c0", &i);
	holding_remove(&held, &kinds[KIND_COLLECTORS], i);
	peers_changed(peers);
	ok(until(a_stranger_is_refused), "who is not registered any more is sent away: %s",
	   fakes[0].reason);
	ok(until(one_stays_off) && !fakes[0].is_up, "and does not come in again");
	put(KIND_COLLECTORS, "{\"name\":\"c0\"}");
	ok(until(all_agree), "until it is registered");
}

/* 20 MB of a warrant. */
static void put_long(void)
{
	static const char head[] =
		"{\"reference\":\"r\",\"authority\":\"c\",\"agency\":\"a0\",\"liid\":\"LONG\","
		"\"authorization_country\":\"NZ\",\"start\":\"2020-01-01T00:00:00Z\","
		"\"end\":\"2090-01-01T00:00:00Z\",\"targets\":[";
	struct wr w = wr_init(32 << 20);

	wr_text(&w, "%s", head);
	for (int i = 0; i < N_USERS; i++)
		wr_text(&w, "%s{\"radius_user\":\"%0200d\"}", i ? "," : "", i);
	wr_text(&w, "]}");
	wr_u8(&w, 0);
	put(KIND_WARRANTS, (const char *)w.bytes);
	wr_fini(&w);
}

/* A view longer than a frame of a link comes as one message all the same. */
static void test_long(void)
{
	for (int i = 0; i < N_DAEMONS; i++) {
		hang_up(&fakes[i]);
		fakes[i].n_orders = fakes[i].n_changes = 0;
	}
	ok(until(none_is_there), "all hang up");
	put(KIND_CORE_SERVERS, "{\"kind\":\"radius\",\"address\":\"10.0.0.10\"}");
	put_long();
	peers_changed(peers);
	dial(&fakes[1]);
	ok(until(one_agrees), "a daemon agrees");
	ok(fakes[1].n_orders == 1 && fakes[1].n_changes <= 1 &&
		   fakes[1].orders.warrants.n == held.orders.warrants.n,
	   "more than 16 MiB came in a message: %zu warrants of %zu", fakes[1].orders.warrants.n,
	   held.orders.warrants.n);
}

int main(void)
{
	struct peers_options options = {.listen = {{127, 0, 0, 1}, 0, 4},
					.name = "p1",
					.software = "test",
					.held = &held,
					.again = {50 * NANOS_PER_MS}};
	struct why why = {.text = ""};

	log_open("peers-test", LOG_LEVEL_ERROR);
	shown = wr_init(1 << 20);
	kinds_init();
	fill();
	if (loop_new(&loop))
		return 1;
	options.loop = loop;
	ok(!peers_new(&peers, &options, &why), "the provisioner listens: %s", why.text);
	test_orders();
	test_changes();
	test_questions();
	test_offline();
	test_lie();
	test_strangers();
	test_long();
	for (int i = 0; i < N_DAEMONS; i++) {
		hang_up(&fakes[i]);
		if (fakes[i].has_orders)
			orders_fini(&fakes[i].orders);
	}
	peers_free(&peers);
	loop_free(&loop);
	holding_fini(&held);
	wr_fini(&shown);
	return tap_end();
}
