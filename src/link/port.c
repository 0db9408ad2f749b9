/* A port: it listens, and owns the links that it accepts. */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "link/own.h"
#include "link/socket.h"

enum { LOG_BURST = 20, LOG_WINDOW_S = 10 };

struct link_port {
	struct loop *loop;
	struct link_options options;
	struct loop_fd watch;   /* its fd is the port's; -1: none */
	struct loop_timer rest; /* while there are no descriptors left */
	struct link *links;
	int n_links;
	struct nanos window; /* of the log: when it began, lines in it, lines kept back */
	int n_logged;
	uint64_t n_unlogged;
};

const struct link_options *link_port_options(const struct link_port *port)
{
	return &port->options;
}

struct loop *link_port_loop(const struct link_port *port)
{
	return port->loop;
}

uint16_t link_port_number(const struct link_port *port)
{
	return link_socket_port(port->watch.fd);
}

bool link_port_may_log(struct link_port *port)
{
	struct nanos now = loop_now();

	if (now.ns - port->window.ns > nanos_from_s(LOG_WINDOW_S).ns) {
		if (port->n_unlogged)
			log_warn("%llu more connections failed or were refused",
				 (unsigned long long)port->n_unlogged);
		port->window = now;
		port->n_logged = 0;
		port->n_unlogged = 0;
	}
	if (port->n_logged >= LOG_BURST) {
		port->n_unlogged++;
		return false;
	}
	port->n_logged++;
	return true;
}

void link_port_met(struct link_port *port, struct link *link)
{
	for (struct link *other = port->links; other; other = other->next)
		if (other != link && other->is_up &&
		    tls_identity_is_equal(&other->talk.peer, &link->talk.peer))
			link_close(other, "the peer has come again");
}

void link_port_over(struct link_port *port, struct link *link)
{
	struct link **at = &port->links;

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	port->n_links--;
	link_drop(link);
}

static void take(struct link_port *port, int fd, const struct conf_endpoint *from)
{
	struct link *link;

	if (port->n_links >= port->options.max_links) {
		if (link_port_may_log(port))
			log_warn("a connection is closed: %d are open, no more are taken",
				 port->n_links);
		close(fd);
		return;
	}
	if (link_accept(&link, port, fd, from)) {
		log_error("a connection is closed: %s", err_text(ERR_NOMEM));
		return;
	}
	link->next = port->links;
	port->links = link;
	port->n_links++;
}

static void on_ready(void *owner, unsigned ready)
{
	struct link_port *port = owner;
	struct conf_endpoint from;
	int fd = 0;

	(void)ready;
	for (int i = 0; i < 16 && fd >= 0; i++) {
		fd = link_socket_accept(port->watch.fd, &from);
		if (fd >= 0)
			take(port, fd, &from);
	}
	if (fd == ERR_AGAIN || fd >= 0)
		return;
	log_error("no connection can be taken: %s", fd == ERR_FULL ? "no descriptors" : "failed");
	if (loop_fd_want(&port->watch, 0) == 0)
		loop_timer_after(&port->rest, nanos_from_s(1));
}

static void on_rested(void *owner)
{
	struct link_port *port = owner;

	if (loop_fd_want(&port->watch, LOOP_READ) < 0)
		loop_timer_after(&port->rest, nanos_from_s(1));
}

int link_listen(struct link_port **out, struct loop *loop, const struct link_options *options,
		struct why *why)
{
	struct link_port *port = calloc(1, sizeof *port);
	int fd = -1;
	int rc = port ? 0 : why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!rc && options->tls && !tls_identity_is_equal(tls_self(options->tls), &options->self))
		rc = why_set(why, ERR_USAGE, "the certificate names another than %s:%s",
			     tls_role_text(options->self.role), options->self.name);
	if (!rc) {
		fd = link_socket_listen(&options->address, why);
		rc = fd < 0 ? fd : 0;
	}
	if (!rc) {
		port->loop = loop;
		port->options = link_options_of(options);
		loop_fd_init(&port->watch, loop, fd, on_ready, port);
		loop_timer_init(&port->rest, loop, on_rested, port);
		rc = loop_fd_want(&port->watch, LOOP_READ);
	}
	if (rc && fd < 0) {
		free(port);
		port = NULL;
	} else if (rc) {
		link_port_free(&port);
	}
	*out = port;
	return rc;
}

void link_port_free(struct link_port **out)
{
	struct link_port *port = *out;

	*out = NULL;
	if (!port)
		return;
	while (port->links) {
		struct link *link = port->links;

		port->links = link->next;
		link_drop(link);
	}
	loop_timer_fini(&port->rest);
	loop_fd_fini(&port->watch);
	close(port->watch.fd);
	free(port);
}
