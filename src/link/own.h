/* What link.c and port.c share: a link's inside. */
#ifndef LINK_OWN_H
#define LINK_OWN_H

#include "link/link.h"
#include "link/talk.h"
#include "tls/wire.h"

struct link {
	struct loop *loop;
	struct link_options options;
	struct talk_rules rules;
	struct link_port *port; /* that accepted it; NULL: it dials */
	struct link *next;      /* of the port */
	struct conf_endpoint address;
	void *owner;
	struct talk talk;
	struct tls_wire wire;
	struct wr parts; /* of a message that is not whole yet */
	struct loop_fd watch;
	struct loop_timer tick;
	struct loop_timer
		kick; /* there is something to do, though the descriptor does not say so */
	struct loop_timer redial;
	size_t n_at_once;   /* bytes of records written since the loop's last turn */
	struct nanos pause; /* before the next attempt */
	struct nanos up_since;
	char last_reason[WHY_TEXT_LEN]; /* that was logged */
	bool is_shaken;                 /* bytes may flow */
	bool is_up;                     /* up was told, down was not */
	bool is_paused;
	bool is_shut;
	bool is_freed; /* by a function that it called: it goes when that returns */
	int in_call;
};

/* The options with their defaults in place of zeros. */
struct link_options link_options_of(const struct link_options *options);

/* A link of a port, over a descriptor that it takes. */
MUST_CHECK int link_accept(struct link **out, struct link_port *port, int fd,
			   const struct conf_endpoint *from);

/* Gives it back, at once. */
void link_drop(struct link *link);

/* Of the port that accepted a link. */
const struct link_options *link_port_options(const struct link_port *port);
struct loop *link_port_loop(const struct link_port *port);

/* A link of the port is up: an older one of the same peer ends. */
void link_port_met(struct link_port *port, struct link *link);

/* A link of the port is over: it is taken out and freed. */
void link_port_over(struct link_port *port, struct link *link);

/* Whether one more refusal may be logged now; strangers cannot flood the log. */
bool link_port_may_log(struct link_port *port);

#endif
