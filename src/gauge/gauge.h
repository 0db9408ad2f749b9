/* A daemon's metrics: each is a row that names a member of the daemon's status, so that both come
 * from the same counters.
 *
 *	GET /metrics   Prometheus' text format 0.0.4
 *	GET /status    the status, as JSON
 *
 * Whoever reaches the port may read both: it belongs on loopback, or behind something that asks
 * who comes. Neither names a target; the status names warrants, metrics do not. */
#ifndef GAUGE_GAUGE_H
#define GAUGE_GAUGE_H

#include "base/json.h"
#include "base/why.h"
#include "conf/field.h"
#include "conf/value.h"
#include "loop/loop.h"

enum gauge_type { GAUGE_COUNTER, GAUGE_GAUGE };

/* path: names of members from the top, with a dot between them.
 *
 *	inputs[#=input,uri].dropped   each item of a list; labels: its number, its member "uri"
 *	agencies[id=agency].{interface}.waiting   each member of a map; label: its name
 *	agencies[id=agency].{interface}.state=up  1 where it is this text, else 0
 *
 * A whole number is itself, true is 1, a time is seconds since 1970. Where a status has no such
 * member there is no sample. */
struct gauge_row {
	const char *name; /* "weir_input_packets_total" */
	enum gauge_type type;
	const char *help;
	const char *path;
};

struct gauge_table {
	const char *daemon; /* "collector" */
	const struct gauge_row *rows;
	size_t n;
};

/* One for each daemon: collector, mediator, provisioner, agency. */
extern const struct gauge_table gauge_collector, gauge_mediator, gauge_provisioner, gauge_agency;

/* Writes all samples of a status. */
void gauge_print(const struct gauge_table *table, const struct conf_value *status, struct wr *w);

struct gauge;

struct gauge_options {
	struct loop *loop;
	struct conf_endpoint listen; /* version 0: nowhere */
	const struct gauge_table *table;
	/* The members of a status, into an object that is open in *j. */
	void (*status)(void *owner, struct json *j);
	void *owner;
};

/* Listens; *out is NULL where it is to listen nowhere. */
MUST_CHECK int gauge_new(struct gauge **out, const struct gauge_options *options, struct why *why);
void gauge_free(struct gauge **gauge);

#endif
