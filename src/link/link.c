#include "link/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "link/own.h"
#include "link/socket.h"

/* Before others have their turn: of TLS 160 KB, so that what came is still near the processor when
 * it goes on. */
enum { MAX_READS = 10, MAX_AT_ONCE = 1 << 20 };

static const struct nanos at_once = {0};

struct link_options link_options_of(const struct link_options *options)
{
	struct link_options o = *options;

	if (!o.ping.ns)
		o.ping = nanos_from_s(5);
	if (!o.silence.ns)
		o.silence = nanos_from_s(15);
	if (!o.redial.ns)
		o.redial.ns = 250 * (int64_t)NANOS_PER_MS;
	if (!o.max_redial.ns)
		o.max_redial = nanos_from_s(5);
	if (!o.max_queue)
		o.max_queue = 4 << 20;
	if (!o.max_message)
		o.max_message = LINK_MAX_MESSAGE;
	if (!o.max_links)
		o.max_links = 256;
	return o;
}

/* ---- words for the log ---- */

enum { WHOM_LEN = TLS_IDENTITY_TEXT_LEN + CONF_ENDPOINT_TEXT_LEN + 8 };

/* "mediator:m1 at 192.0.2.1:9000", as far as it is known. */
static const char *whom(const struct link *link, char out[WHOM_LEN])
{
	char address[CONF_ENDPOINT_TEXT_LEN];
	char name[TLS_IDENTITY_TEXT_LEN] = "";

	conf_endpoint_print(&link->address, address);
	if (link->talk.peer.name[0])
		tls_identity_print(&link->talk.peer, name);
	else if (link->options.peer_name)
		snprintf(name, sizeof name, "%s", link->options.peer_name);
	snprintf(out, WHOM_LEN, "%s%s%s", name, name[0] ? " at " : "", address);
	return out;
}

/* Once, and of a dialler again only when the reason is another. */
static void log_over(struct link *link, bool was_up)
{
	const char *reason = link->talk.reason[0] ? link->talk.reason : "it ended";
	const char *verb = link->talk.is_refused    ? "refused by the peer: "
			   : link->talk.has_refused ? "refused: "
						    : "";
	char text[WHOM_LEN];

	if (link->port ? !was_up && !link_port_may_log(link->port)
		       : !was_up && !strcmp(reason, link->last_reason)) {
		log_debug("link with %s: %s%s", whom(link, text), verb, reason);
		return;
	}
	snprintf(link->last_reason, sizeof link->last_reason, "%s", reason);
	if (was_up && link->talk.is_orderly)
		log_info("link with %s: %s", whom(link, text), reason);
	else
		log_warn("link with %s: %s%s", whom(link, text), verb, reason);
}

/* There is something to do, though the descriptor does not say so. */
static void kick(struct link *link)
{
	if (!link->kick.is_armed)
		loop_timer_after(&link->kick, at_once);
}

/* ---- the end of a connection ---- */

static void close_wire(struct link *link)
{
	loop_fd_fini(&link->watch);
	loop_timer_stop(&link->tick);
	loop_timer_stop(&link->kick);
	tls_wire_fini(&link->wire);
	wr_fini(&link->parts);
	link->is_shaken = link->is_shut = false;
}

void link_drop(struct link *link)
{
	close_wire(link);
	loop_timer_fini(&link->tick);
	loop_timer_fini(&link->kick);
	loop_timer_fini(&link->redial);
	talk_fini(&link->talk);
	free(link);
}

/* Three quarters to five quarters of the pause, which then doubles. */
static void plan_redial(struct link *link)
{
	int64_t ns = link->pause.ns;
	uint16_t chance = 0;
	ssize_t n = getrandom(&chance, sizeof chance, GRND_NONBLOCK);

	(void)n;
	loop_timer_after(&link->redial,
			 (struct nanos){ns - ns / 4 + ns / 2 / UINT16_MAX * (int64_t)chance});
	link->pause.ns =
		2 * ns < link->options.max_redial.ns ? 2 * ns : link->options.max_redial.ns;
}

/* The connection is over: tells, logs, and dials again or goes. */
static void end_connection(struct link *link)
{
	bool was_up = link->is_up;

	log_over(link, was_up);
	close_wire(link);
	link->is_up = link->is_paused = false;
	if (was_up && link->options.ops->down) {
		link->in_call++;
		link->options.ops->down(link->owner, link, link->talk.reason);
		link->in_call--;
	}
	talk_fini(&link->talk);
	if (link->port) {
		link_port_over(link->port, link);
	} else if (link->is_freed) {
		link_drop(link);
	} else {
		if (was_up && loop_now().ns - link->up_since.ns > link->options.max_redial.ns)
			link->pause = link->options.redial;
		plan_redial(link);
	}
}

/* What to wait for next, or the end. Nothing of the link may be touched after it. */
static void settle(struct link *link)
{
	bool is_ending = link->talk.state == TALK_ENDING;
	bool may_read = !link->is_paused || is_ending;
	size_t n_out;

	if (link->in_call)
		return;
	if (link->is_freed && !link->port) {
		link_drop(link);
		return;
	}
	talk_out(&link->talk, &n_out);
	n_out += tls_wire_held(&link->wire);
	if (is_ending && !n_out && link->is_shaken && !link->is_shut) {
		link->is_shut = true;
		tls_wire_shut(&link->wire);
	}
	if (link->talk.state == TALK_OVER) {
		end_connection(link);
		return;
	}
	if (link->wire.fd < 0)
		return;
	if (loop_fd_want(&link->watch, link->is_shaken
					       ? tls_wire_wants(&link->wire, may_read, n_out > 0)
					       : tls_wire_wants(&link->wire, false, false))) {
		talk_lost(&link->talk, err_text(ERR_IO));
		end_connection(link);
	}
}

/* ---- frames ---- */

static void meet(struct link *link)
{
	const struct link_ops *ops = link->options.ops;
	char text[WHOM_LEN];
	struct why why;

	why_clear(&why);
	if (ops->is_welcome && !ops->is_welcome(link->owner, &link->talk.peer, &why)) {
		talk_refuse(&link->talk, why.text[0] ? why.text : "not welcome");
		return;
	}
	talk_welcome(&link->talk);
	if (link->talk.state != TALK_UP)
		return;
	if (link->port)
		link_port_met(link->port, link);
	link->is_up = true;
	link->up_since = loop_now();
	link->last_reason[0] = 0;
	log_info("link with %s is up (%s%s)", whom(link, text), link->talk.software,
		 link->options.tls ? "" : ", plain");
	if (ops->up)
		ops->up(link->owner, link);
}

/* Memory is taken for what has come, never for what is said to come. */
static bool take_part(struct link *link, const struct link_frame *frame)
{
	size_t max = link->options.max_message;
	char text[WHY_TEXT_LEN];

	if (frame->len <= max && link->parts.len <= max - frame->len) {
		if (!link->parts.len)
			link->parts = wr_init(max);
		wr_bytes(&link->parts, frame->body, frame->len);
		if (link->parts.ok)
			return true;
		talk_lost(&link->talk, err_text(ERR_NOMEM));
	} else {
		snprintf(text, sizeof text, "a message of more than %zu bytes", max);
		talk_refuse(&link->talk, text);
	}
	return false;
}

static void take_message(struct link *link, const struct link_frame *frame)
{
	struct conf_doc *doc = NULL;
	char text[WHY_TEXT_LEN];
	struct why why;
	const char *type;
	int rc;

	why_clear(&why);
	if (link->parts.len && !take_part(link, frame))
		return;
	rc = link->parts.len ? link_body_read(link->parts.bytes, link->parts.len, &doc, &why)
			     : link_body_read(frame->body, frame->len, &doc, &why);
	wr_fini(&link->parts);
	type = rc ? NULL : link_text(conf_doc_root(doc), "type");
	if (type) {
		link->options.ops->message(link->owner, link, type, conf_doc_root(doc));
	} else {
		snprintf(text, sizeof text, "bad message: %.200s",
			 rc ? why.text : "it has no \"type\"");
		talk_refuse(&link->talk, text);
	}
	conf_doc_free(&doc);
}

static void take(struct link *link, const struct link_frame *frame)
{
	const struct link_ops *ops = link->options.ops;

	switch (frame->type) {
	case LINK_HELLO:
		meet(link);
		break;
	case LINK_MESSAGE:
		take_message(link, frame);
		break;
	case LINK_PART:
		(void)take_part(link, frame);
		break;
	case LINK_RECORDS:
		if (ops->records)
			ops->records(link->owner, link, frame);
		else
			talk_refuse(&link->talk, "records are not taken here");
		break;
	case LINK_ACKNOWLEDGE:
		if (ops->acknowledge)
			ops->acknowledge(link->owner, link, frame->channel, frame->offset);
		break;
	default:
		break;
	}
}

static void take_all(struct link *link)
{
	struct link_frame frame;

	while (!link->is_paused && !link->is_freed && talk_next(&link->talk, &frame))
		take(link, &frame);
}

/* ---- bytes ---- */

/* An end that speaks plain learns from one that expects TLS only that it went away. */
static void lose(struct link *link, const char *reason)
{
	char text[WHY_TEXT_LEN];

	if (!link->options.tls && link->talk.state == TALK_GREETING) {
		snprintf(text, sizeof text,
			 "it ended before the peer's hello: perhaps that speaks TLS (%.200s)",
			 reason);
		reason = text;
	}
	talk_lost(&link->talk, reason);
}

static void read_some(struct link *link)
{
	ssize_t n = 1;
	struct why why;

	why_clear(&why);
	take_all(link);
	for (int i = 0; i < MAX_READS && n > 0 && !link->is_freed; i++) {
		bool may_read = !link->is_paused || link->talk.state == TALK_ENDING;
		size_t size;
		uint8_t *room = may_read ? talk_room(&link->talk, &size) : NULL;

		if (!room)
			return;
		n = tls_wire_read(&link->wire, room, size, &why);
		if (n > 0) {
			talk_fed(&link->talk, (size_t)n, loop_now());
			take_all(link);
		} else if (n == ERR_END) {
			link->talk.is_orderly = link->talk.state == TALK_UP;
			lose(link, "the peer ended the connection");
		} else if (n != ERR_AGAIN) {
			lose(link, why.text);
		}
	}
	if (n > 0 && tls_wire_has_bytes(&link->wire))
		kick(link);
}

/* What waits, as far as the wire takes it. */
static void write_queue(struct link *link)
{
	ssize_t n = 1;
	struct why why;
	size_t len;

	why_clear(&why);
	if (tls_wire_flush(&link->wire, &why) == ERR_IO) {
		lose(link, why.text);
		return;
	}
	while (n > 0) {
		const uint8_t *bytes = talk_out(&link->talk, &len);

		if (!bytes)
			break;
		link->wire.has_more = link_queued(link) > len;
		n = tls_wire_write(&link->wire, bytes, len, &why);
		if (n > 0)
			talk_sent(&link->talk, (size_t)n);
		else if (n != ERR_AGAIN)
			lose(link, why.text);
	}
}

static void write_some(struct link *link)
{
	write_queue(link);
	if (talk_may_send(&link->talk) && link->options.ops->may_send && !link->is_freed)
		link->options.ops->may_send(link->owner, link);
}

static void shake(struct link *link)
{
	struct tls_identity peer;
	struct why why;
	int rc;

	why_clear(&why);
	rc = tls_wire_shake(&link->wire, &why);
	if (rc == ERR_AGAIN)
		return;
	if (rc) {
		talk_lost(&link->talk, why.text[0] ? why.text : err_text(rc));
		return;
	}
	link->is_shaken = true;
	if (!link->wire.session) {
		talk_begin(&link->talk, NULL, loop_now());
		return;
	}
	rc = tls_peer(link->wire.session, &peer, &why);
	talk_begin(&link->talk, rc ? NULL : &peer, loop_now());
	if (rc)
		talk_refuse(&link->talk, why.text);
}

static void on_ready(void *owner, unsigned ready)
{
	struct link *link = owner;

	(void)ready; /* TLS may read in order to write: both are tried */
	if (link->wire.fd < 0)
		return;
	link->n_at_once = 0;
	link->in_call++;
	if (!link->is_shaken)
		shake(link);
	if (link->is_shaken) {
		read_some(link);
		write_some(link);
	}
	link->in_call--;
	settle(link);
}

static void on_kick(void *owner)
{
	on_ready(owner, 0);
}

static void on_tick(void *owner)
{
	struct link *link = owner;

	talk_tick(&link->talk, link->is_paused, loop_now());
	settle(link);
}

/* ---- making one ---- */

/* Over a descriptor, which it takes: waits for the connection, the handshake, the hello. */
static int begin(struct link *link, int fd)
{
	struct nanos every = {link->options.ping.ns / 4};
	int rc;

	talk_init(&link->talk, &link->rules);
	talk_connect(&link->talk, loop_now());
	rc = tls_wire_init(&link->wire, fd, link->options.tls, link->port != NULL);
	if (rc)
		return rc;
	loop_fd_init(&link->watch, link->loop, fd, on_ready, link);
	loop_timer_every(&link->tick, every);
	/* the first look says whether it stands, and what to wait for */
	kick(link);
	return 0;
}

static void dial(void *owner)
{
	struct link *link = owner;
	struct why why;
	int fd;
	int rc;

	why_clear(&why);
	fd = link_socket_dial(&link->options.address, &why);
	rc = fd < 0 ? fd : begin(link, fd);
	if (!rc)
		return;
	snprintf(link->talk.reason, sizeof link->talk.reason, "%s",
		 why.text[0] ? why.text : err_text(rc));
	end_connection(link);
}

static struct link *new_link(struct loop *loop, const struct link_options *options)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->loop = loop;
	link->options = link_options_of(options);
	link->owner = options->owner;
	link->address = options->address;
	link->wire.fd = -1;

	link->pause = link->options.redial;
	link->rules = (struct talk_rules){
		.self = options->self,
		.software = options->software ? options->software : "weir",
		.roles = options->peer_roles,
		.peer_name = options->peer_name,
		.is_dialler = true,
		.ping = link->options.ping,
		.silence = link->options.silence,
		.max_queue = link->options.max_queue,
		.max_message = link->options.max_message,
	};
	talk_init(&link->talk, &link->rules);
	loop_timer_init(&link->tick, loop, on_tick, link);
	loop_timer_init(&link->kick, loop, on_kick, link);
	loop_timer_init(&link->redial, loop, dial, link);
	return link;
}

int link_accept(struct link **out, struct link_port *port, int fd, const struct conf_endpoint *from)
{
	struct link *link = new_link(link_port_loop(port), link_port_options(port));
	int rc = link ? 0 : ERR_NOMEM;

	if (link) {
		link->port = port;
		link->address = *from;
		link->rules.is_dialler = false;
		rc = begin(link, fd);
	} else {
		close(fd);
	}
	if (rc && link) {
		link_drop(link);
		link = NULL;
	}
	*out = link;
	return rc;
}

int link_dial(struct link **out, struct loop *loop, const struct link_options *options,
	      struct why *why)
{
	struct link *link = NULL;
	int rc = 0;

	if (options->tls && !tls_identity_is_equal(tls_self(options->tls), &options->self))
		rc = why_set(why, ERR_USAGE, "the certificate names another than %s:%s",
			     tls_role_text(options->self.role), options->self.name);
	if (!rc) {
		link = new_link(loop, options);
		rc = link ? 0 : why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	if (link)
		loop_timer_after(&link->redial, at_once);
	*out = link;
	return rc;
}

void link_free(struct link **out)
{
	struct link *link = *out;

	*out = NULL;
	if (!link)
		return;
	link->is_freed = true;
	if (link->port)
		link_close(link, "closed");
	else if (!link->in_call)
		link_drop(link);
}

/* ---- using one ---- */

const struct tls_identity *link_peer(const struct link *link)
{
	return &link->talk.peer;
}

const char *link_software(const struct link *link)
{
	return link->talk.software;
}

bool link_is_up(const struct link *link)
{
	return link->is_up && link->talk.state == TALK_UP;
}

void link_set_owner(struct link *link, void *owner)
{
	link->owner = owner;
}

size_t link_queued(const struct link *link)
{
	return talk_queued(&link->talk);
}

static int send_frame(struct link *link, const struct link_frame *frame)
{
	int rc = talk_send(&link->talk, frame);

	if (!rc && !link->in_call)
		kick(link);
	return rc;
}

int link_send(struct link *link, const char *json, size_t len)
{
	const struct link_frame frame = {
		.type = LINK_MESSAGE, .body = (const uint8_t *)json, .len = len};

	return send_frame(link, &frame);
}

int link_send_records(struct link *link, uint32_t channel, uint64_t offset, const uint8_t *bytes,
		      size_t len)
{
	const struct link_frame frame = {.type = LINK_RECORDS,
					 .channel = channel,
					 .offset = offset,
					 .body = bytes,
					 .len = len};
	/* at once, while it lies near the processor: the next ones would push it out. Not for
	 * ever: others wait for the loop's turn */
	bool is_at_once = !link_queued(link) && link->is_shaken && link->n_at_once < MAX_AT_ONCE;
	int rc = is_at_once ? talk_lend(&link->talk, &frame) : talk_send(&link->talk, &frame);

	if (!rc && is_at_once) {
		link->n_at_once += len;
		write_queue(link);
		talk_keep(&link->talk);
	}
	if (!rc && !link->in_call && (link_queued(link) || link->talk.state != TALK_UP))
		kick(link);
	return rc;
}

int link_acknowledge(struct link *link, uint32_t channel, uint64_t offset)
{
	const struct link_frame frame = {
		.type = LINK_ACKNOWLEDGE, .channel = channel, .offset = offset};

	return send_frame(link, &frame);
}

void link_pause(struct link *link, bool is_paused)
{
	link->is_paused = is_paused;
	kick(link);
}

void link_refuse(struct link *link, const char *reason)
{
	talk_refuse(&link->talk, reason);
	kick(link);
}

void link_close(struct link *link, const char *reason)
{
	talk_lost(&link->talk, reason);
	kick(link);
}
