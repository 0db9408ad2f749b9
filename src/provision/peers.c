#include "provision/peers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/json.h"
#include "warrant/change.h"
#include "warrant/view.h"

enum {
	PEERS_SWEEP = 60,        /* seconds after which ended warrants are looked for */
	PEERS_AGAIN = 5,         /* seconds between two wholes for one who has something else */
	PEERS_QUEUE = 256 << 20, /* bytes that may wait for one */
	PEERS_STATUS = 4 << 20,  /* bytes of a status that is kept */
};

/* What daemons of one kind are to have, as they were told it. */
struct view {
	struct orders orders;
	char digest[ORDERS_DIGEST_LEN];
	bool is_made;
};

struct peer {
	struct peer *next;
	struct peers *peers;
	struct tls_identity id;
	struct link *link; /* NULL: not connected */
	struct view own;   /* of a mediator */
	int n_unanswered;  /* messages whose digest has not come back */
	bool is_agreed;
	bool is_told;   /* the whole was sent since it connected */
	bool is_behind; /* something could not be sent: the whole follows */
	uint64_t asked; /* whether it has the newest orders; 0: that is answered */
	char has[ORDERS_DIGEST_LEN];
	char software[LINK_SOFTWARE_LEN];
	char *status; /* the last, as JSON */
	struct nanos status_at;
	struct nanos since; /* of the connection, or of its end */
	struct nanos whole_at;
	struct loop_timer again;
};

struct peers {
	struct peers_options options;
	struct link_port *port;
	struct peer *first;
	struct view collectors; /* all of them have the same */
	struct loop_timer push;
	struct loop_timer sweep;
	bool is_due;
	struct peers_count count;
};

static unsigned whom(const struct peer *peer)
{
	return peer->id.role == TLS_COLLECTOR ? ORDERS_FOR_COLLECTOR : ORDERS_FOR_MEDIATOR;
}

static struct view *view_of(struct peer *peer)
{
	return peer->id.role == TLS_COLLECTOR ? &peer->peers->collectors : &peer->own;
}

/* Without an operator there are no orders yet, and nobody is told any. */
static bool has_orders(const struct peers *peers)
{
	return peers->options.held->shelves[KIND_OPERATOR].n > 0;
}

static void view_fini(struct view *view)
{
	if (view->is_made)
		orders_fini(&view->orders);
	view->is_made = false;
}

static int view_make(const struct peer *peer, struct view *out)
{
	struct orders_daemon daemon = {whom(peer), peer->id.name, loop_wall()};
	int rc = orders_view(&peer->peers->options.held->orders, &daemon, &out->orders);

	if (rc)
		return rc;
	rc = orders_digest(&out->orders, whom(peer), out->digest);
	if (rc)
		orders_fini(&out->orders);
	out->is_made = !rc;
	return rc;
}

static void log_failure(const struct peer *peer, int rc)
{
	log_error("%s %s: its orders cannot be sent: %s", tls_role_text(peer->id.role),
		  peer->id.name, err_text(rc));
}

/* Sends a message. One that finds no room makes the peer one that is behind. */
static int tell(struct peer *peer, const struct wr *w)
{
	int rc = w->ok ? link_send(peer->link, (const char *)w->bytes, w->len) : ERR_NOMEM;

	if (!rc) {
		peer->n_unanswered++;
		peer->is_agreed = false;
	} else if (rc == ERR_FULL) {
		peer->is_behind = true;
		rc = 0;
	} else if (rc != ERR_END) {
		log_failure(peer, rc);
	}
	return rc;
}

static void open_message(struct json *json, const char *type)
{
	json_open(json, '{');
	json_key(json, "type"), json_text(json, type);
}

static void close_message(struct json *json, const char *digest)
{
	json_key(json, "digest"), json_text(json, digest);
	json_close(json, '}');
}

static int print_whole(const struct orders *orders, unsigned role, const char *digest, struct wr *w)
{
	struct json json = json_of(w);
	int rc;

	wr_reset(w);
	open_message(&json, "orders");
	json_key(&json, "orders");
	rc = orders_view_print(orders, role, &json);
	close_message(&json, digest);
	return rc ? rc : w->ok ? 0 : ERR_FULL;
}

/* What makes `to` of `from`; *differs tells whether anything does. */
static int print_change(const struct orders *from, const struct view *to, unsigned role,
			struct wr *w, bool *differs)
{
	struct json json = json_of(w);
	int rc;

	wr_reset(w);
	open_message(&json, "change");
	rc = orders_change_print(from, &to->orders, role, &json, differs);
	close_message(&json, to->digest);
	return rc ? rc : w->ok ? 0 : ERR_FULL;
}

static void send_whole(struct peer *peer)
{
	struct view *view = view_of(peer);
	struct wr w = wr_init(ORDERS_MAX_MESSAGE);
	int rc = 0;

	if (!peer->link || !has_orders(peer->peers))
		return;
	peer->is_behind = false;
	peer->is_told = true;
	peer->whole_at = loop_now();
	if (!view->is_made)
		rc = view_make(peer, view);
	if (!rc)
		rc = print_whole(&view->orders, whom(peer), view->digest, &w);
	if (!rc)
		rc = tell(peer, &w);
	if (rc && rc != ERR_END)
		log_failure(peer, rc);
	else
		peer->peers->count.n_orders++;
	wr_fini(&w);
}

/* Once it was sent all that others may have heard of before it asked. */
static void answer_asked(struct peer *peer)
{
	const struct view *view = view_of(peer);
	uint8_t octets[ORDERS_DIGEST_LEN + 80];
	struct wr w = wr_of(octets, sizeof octets);
	struct json json = json_of(&w);

	if (!peer->asked || !peer->link || peer->peers->is_due || !peer->is_told ||
	    peer->is_behind || !view->is_made)
		return;
	open_message(&json, "current");
	json_key(&json, "number"), json_u64(&json, peer->asked);
	close_message(&json, view->digest);
	peer->asked = 0;
	/* one that is lost is asked again */
	(void)!link_send(peer->link, (const char *)octets, w.len);
}

static void on_again(void *owner)
{
	struct peer *peer = owner;

	peer->peers->count.n_again++;
	send_whole(peer);
}

/* ---- pushes ---- */

/* One message for all that share a view; whoever is behind gets the whole later. */
static void push_view(struct peers *peers, struct peer *peer, bool is_shared)
{
	struct view *view = view_of(peer);
	struct wr w = wr_init(ORDERS_MAX_MESSAGE);
	struct view next = {.is_made = false};
	bool differs = false;
	int rc = view_make(peer, &next);

	if (!rc && strcmp(next.digest, view->digest))
		rc = print_change(&view->orders, &next, whom(peer), &w, &differs);
	if (rc) {
		log_failure(peer, rc);
		view_fini(&next);
		wr_fini(&w);
		return;
	}
	view_fini(view);
	*view = next;
	for (; differs && peer; peer = is_shared ? peer->next : NULL) {
		if (!peer->is_told || peer->is_behind || view_of(peer) != view)
			continue;
		(void)!tell(peer, &w);
		peers->count.n_changes++;
	}
	wr_fini(&w);
}

static bool is_registered(const struct peers *peers, const struct tls_identity *id)
{
	const struct kind *kind =
		&kinds[id->role == TLS_COLLECTOR ? KIND_COLLECTORS : KIND_MEDIATORS];
	size_t i;

	return holding_find(peers->options.held, kind, id->name, &i);
}

static void forget(struct peer **slot)
{
	struct peer *peer = *slot;

	*slot = peer->next;
	loop_timer_fini(&peer->again);
	view_fini(&peer->own);
	free(peer->status);
	free(peer);
}

/* Who is no longer registered is sent away, and forgotten when gone. */
static void dismiss(struct peers *peers)
{
	struct peer **slot = &peers->first;

	while (*slot) {
		struct peer *peer = *slot;

		if (is_registered(peers, &peer->id)) {
			slot = &peer->next;
		} else if (peer->link) {
			link_refuse(peer->link, "it is not registered any more");
			slot = &peer->next;
		} else {
			forget(slot);
		}
	}
}

static void push(void *owner)
{
	struct peers *peers = owner;
	struct nanos began = loop_now();
	bool is_first = true;
	bool has_collector = false;

	peers->is_due = false;
	peers->count.n_pushes++;
	dismiss(peers);
	for (struct peer *peer = peers->first; peer; peer = peer->next) {
		bool is_shared = peer->id.role == TLS_COLLECTOR;

		if (!peer->link || !has_orders(peers))
			continue;
		has_collector |= is_shared;
		if (!peer->is_told) {
			send_whole(peer);
		} else if (!is_shared || is_first) {
			push_view(peers, peer, is_shared);
			is_first &= !is_shared;
		}
	}
	/* what nobody has is made anew for the next who comes */
	if (!has_collector)
		view_fini(&peers->collectors);
	for (struct peer *peer = peers->first; peer; peer = peer->next)
		answer_asked(peer);
	peers->count.last_push = (struct nanos){loop_now().ns - began.ns};
}

/* A pause as long as the last push took: at most half of the time goes into pushes. */
void peers_changed(struct peers *peers)
{
	if (!peers || peers->is_due)
		return;
	peers->is_due = true;
	loop_timer_after(&peers->push, peers->count.last_push);
}

static void on_sweep(void *owner)
{
	peers_changed(owner);
}

/* ---- links ---- */

static struct peer *find(struct peers *peers, const struct tls_identity *id)
{
	struct peer *peer = peers->first;

	while (peer && !tls_identity_is_equal(&peer->id, id))
		peer = peer->next;
	return peer;
}

static bool is_welcome(void *owner, const struct tls_identity *id, struct why *why)
{
	if (is_registered(owner, id))
		return true;
	why_set(why, ERR_ACCESS, "no %s \"%s\" is registered", tls_role_text(id->role), id->name);
	return false;
}

static void on_up(void *owner, struct link *link)
{
	struct peers *peers = owner;
	struct peer *peer = find(peers, link_peer(link));

	if (!peer) {
		peer = calloc(1, sizeof *peer);
		if (!peer) {
			link_close(link, err_text(ERR_NOMEM));
			return;
		}
		peer->peers = peers;
		peer->id = *link_peer(link);
		loop_timer_init(&peer->again, peers->options.loop, on_again, peer);
		peer->next = peers->first;
		peers->first = peer;
	}
	peer->link = link;
	peer->n_unanswered = 0;
	peer->asked = 0;
	peer->is_agreed = peer->is_told = false;
	peer->has[0] = 0;
	peer->since = loop_wall();
	snprintf(peer->software, sizeof peer->software, "%s", link_software(link));
	/* a mediator's view is made anew; collectors that are connected have the shared one */
	if (peer->id.role == TLS_MEDIATOR)
		view_fini(&peer->own);
	send_whole(peer);
}

/* The link of a peer that has not been replaced by a newer one. */
static struct peer *peer_of(struct peers *peers, const struct link *link)
{
	struct peer *peer = peers->first;

	while (peer && peer->link != link)
		peer = peer->next;
	return peer;
}

static void heard_have(struct peer *peer, const char *digest)
{
	const struct view *view = view_of(peer);
	bool is_same;

	snprintf(peer->has, sizeof peer->has, "%s", digest ? digest : "");
	if (peer->n_unanswered > 0)
		peer->n_unanswered--;
	/* only the last of several messages tells whether both agree in the end */
	if (peer->n_unanswered || peer->is_behind || !view->is_made)
		return;
	is_same = !strcmp(peer->has, view->digest);
	if (is_same && !peer->is_agreed)
		log_info("%s %s has its orders (digest %.16s)", tls_role_text(peer->id.role),
			 peer->id.name, view->digest);
	peer->is_agreed = is_same;
	if (!is_same) {
		int64_t wait = peer->whole_at.ns + peer->peers->options.again.ns - loop_now().ns;

		log_warn("%s %s has other orders (digest %.16s) than it should (%.16s): it is "
			 "sent the whole again",
			 tls_role_text(peer->id.role), peer->id.name, peer->has, view->digest);
		loop_timer_after(&peer->again, (struct nanos){wait > 0 ? wait : 0});
	}
}

static void heard_ask(struct peer *peer, const struct conf_value *root)
{
	if (link_number(root, "number", &peer->asked))
		answer_asked(peer);
}

static void heard_status(struct peer *peer, const struct conf_value *root)
{
	struct wr w = wr_init(PEERS_STATUS);
	struct json json = json_of(&w);

	conf_json_print(root, &json);
	wr_u8(&w, 0);
	if (!w.ok) {
		wr_fini(&w);
		return;
	}
	free(peer->status);
	peer->status = (char *)w.bytes;
	peer->status_at = loop_wall();
}

/* A number that does not reach the peer is asked for again. */
static void heard_other(struct peer *peer, const struct conf_value *root)
{
	const struct peers_options *options = &peer->peers->options;
	struct why why = {.text = ""};
	char answer[80];
	uint64_t number;
	int rc = options->hear(options->owner, &peer->id, root, &why);
	int len;

	if (rc) {
		log_error("%s %s: what it tells cannot be kept: %s", tls_role_text(peer->id.role),
			  peer->id.name, why.text[0] ? why.text : err_text(rc));
	} else if (conf_value_find(root, "report") && link_number(root, "number", &number)) {
		len = snprintf(answer, sizeof answer, "{\"type\":\"heard\",\"number\":%" PRIu64 "}",
			       number);
		(void)!link_send(peer->link, answer, (size_t)len);
	}
}

static void on_message(void *owner, struct link *link, const char *type,
		       const struct conf_value *root)
{
	struct peer *peer = peer_of(owner, link);

	if (!peer)
		return;
	if (!strcmp(type, "ask"))
		heard_ask(peer, root);
	else if (!strcmp(type, "have"))
		heard_have(peer, link_text(root, "digest"));
	else if (!strcmp(type, "status"))
		heard_status(peer, root);
	else if (peer->peers->options.hear)
		heard_other(peer, root);
}

static void on_may_send(void *owner, struct link *link)
{
	struct peer *peer = peer_of(owner, link);

	if (peer && peer->is_behind)
		send_whole(peer);
	if (peer)
		answer_asked(peer);
}

static void on_down(void *owner, struct link *link, const char *reason)
{
	struct peers *peers = owner;
	struct peer *peer = peer_of(peers, link);

	(void)reason;
	if (!peer)
		return;
	peer->link = NULL;
	peer->is_agreed = peer->is_behind = peer->is_told = false;
	peer->since = loop_wall();
	loop_timer_stop(&peer->again);
	view_fini(&peer->own);
}

static const struct link_ops ops = {
	.is_welcome = is_welcome,
	.up = on_up,
	.message = on_message,
	.may_send = on_may_send,
	.down = on_down,
};

int peers_new(struct peers **out, const struct peers_options *options, struct why *why)
{
	struct peers *peers = calloc(1, sizeof *peers);
	struct link_options link = {.software = options->software,
				    .tls = options->tls,
				    .address = options->listen,
				    .peer_roles = 1u << TLS_COLLECTOR | 1u << TLS_MEDIATOR,
				    .ops = &ops,
				    .owner = peers,
				    .max_queue = PEERS_QUEUE,
				    .max_message = ORDERS_MAX_MESSAGE,
				    .max_links = 2000};
	int rc = peers ? 0 : ERR_NOMEM;

	*out = peers;
	if (rc)
		return rc;
	peers->options = *options;
	if (!peers->options.again.ns)
		peers->options.again = nanos_from_s(PEERS_AGAIN);
	loop_timer_init(&peers->push, options->loop, push, peers);
	loop_timer_init(&peers->sweep, options->loop, on_sweep, peers);
	loop_timer_every(&peers->sweep, nanos_from_s(PEERS_SWEEP));
	link.self.role = TLS_PROVISIONER;
	snprintf(link.self.name, sizeof link.self.name, "%s", options->name);
	rc = link_listen(&peers->port, options->loop, &link, why);
	if (rc)
		peers_free(out);
	return rc;
}

void peers_free(struct peers **peers)
{
	struct peers *gone = *peers;

	if (!gone)
		return;
	link_port_free(&gone->port);
	while (gone->first)
		forget(&gone->first);
	view_fini(&gone->collectors);
	loop_timer_fini(&gone->push);
	loop_timer_fini(&gone->sweep);
	free(gone);
	*peers = NULL;
}

uint16_t peers_port(const struct peers *peers)
{
	return link_port_number(peers->port);
}

struct peers_count peers_count(const struct peers *peers)
{
	return peers->count;
}

/* ---- what REST shows ---- */

static void print_one(const struct peers *peers, enum tls_role role, const char *name,
		      struct json *j)
{
	struct tls_identity id = {.role = role};
	const struct peer *peer;

	snprintf(id.name, sizeof id.name, "%s", name);
	peer = find((struct peers *)(uintptr_t)peers, &id);
	json_open(j, '{');
	json_key(j, "role"), json_text(j, tls_role_text(role));
	json_key(j, "name"), json_text(j, name);
	json_key(j, "connected"), json_bool(j, peer && peer->link);
	json_key(j, "agreed"), json_bool(j, peer && peer->is_agreed && !peers->is_due);
	if (peer) {
		const struct view *view = view_of((struct peer *)(uintptr_t)peer);

		json_key(j, "since"), json_time(j, peer->since);
		json_key(j, "software"), json_text(j, peer->software);
		json_key(j, "digest"), json_text(j, view->is_made ? view->digest : "");
		json_key(j, "has"), json_text(j, peer->has);
	}
	if (peer && peer->status) {
		json_key(j, "status_at"), json_time(j, peer->status_at);
		json_key(j, "status");
		wr_bytes(j->w, peer->status, strlen(peer->status));
		j->needs_comma = true;
	}
	json_close(j, '}');
}

void peers_print(const struct peers *peers, struct json *j)
{
	const struct holding *held = peers->options.held;

	json_open(j, '[');
	for (size_t i = 0; i < held->collectors.n; i++)
		print_one(peers, TLS_COLLECTOR, held->collectors.items[i].name, j);
	for (size_t i = 0; i < held->orders.mediators.n; i++)
		print_one(peers, TLS_MEDIATOR, held->orders.mediators.items[i].name, j);
	json_close(j, ']');
}
