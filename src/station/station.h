/* A daemon's station: its end of the link to the provisioner.
 *
 *	provisioner                                    station
 *	    | -- orders, change ---------------------> |  the book, its file, ops->orders
 *	    | <------------- {"type":"have","digest"}  |
 *	    | <------------- {"type":"status",…} ----- |  at once and every 5 s, ops->status
 *	    | <------------- any message ------------- |  station_send: lost where the link is down
 *	    | <- {"type":"report","number","report"} - |  station_report: kept in a file until
 *	    | -- {"type":"heard","number"} ----------> |  this comes; one after the other
 *	    | <------------ {"type":"ask","number"} -- |  station_ask: are these the newest orders?
 *	    | -- {"type":"current","number","digest"}> |  behind all changes; ops->current
 *
 * All on the loop's thread. */
#ifndef STATION_STATION_H
#define STATION_STATION_H

#include "base/json.h"
#include "base/why.h"
#include "link/link.h"
#include "warrant/book.h"

struct station;

struct station_ops {
	/* The orders are book's now. Those from before are good until this returns. */
	void (*orders)(void *owner, const struct orders_book *book);
	/* The daemon's part of its status, as members of an object that is open in *j. */
	void (*status)(void *owner, struct json *j);
	/* The link is up, or has room again: what messages were lost may be sent anew. May be
	 * NULL. */
	void (*may_send)(void *owner);
	/* The orders were the newest when the provisioner answered this question. May be NULL. */
	void (*current)(void *owner, uint64_t number);
};

struct station_options {
	struct loop *loop;
	struct tls_identity self; /* a collector or a mediator */
	const char *software;     /* "weir-collector 0.1.0" */
	const struct tls *tls;    /* NULL: plain */
	struct conf_endpoint at;  /* the provisioner; version 0: there is none */
	const char *folder;       /* of orders.json and reports; it is there */
	const struct station_ops *ops;
	void *owner;
};

/* Reads the orders and the reports of the last time. No function of ops is called before
 * station_dial. What the options point to must stay. */
MUST_CHECK int station_new(struct station **out, const struct station_options *options,
			   struct why *why);
void station_free(struct station **station);

/* Begins to dial the provisioner, where there is one. */
MUST_CHECK int station_dial(struct station *station, struct why *why);

/* Has no orders where none were ever told. Good until the next ops->orders has returned. */
const struct orders_book *station_book(const struct station *station);

bool station_is_up(const struct station *station);

/* Sends a message now: an object with the member "type". ERR_END: the link is down; ERR_FULL: ask
 * again at may_send. */
MUST_CHECK int station_send(struct station *station, const char *json, size_t len);

/* Asks the provisioner whether the orders are the newest. The question may be lost, with its link:
 * ask again. */
void station_ask(struct station *station, uint64_t number);

/* Takes a report, an object in one line with the member "type": it reaches the provisioner, once,
 * in the order of reports, whatever ends in between. ERR_FULL, ERR_IO: it is not taken, which is
 * logged. */
MUST_CHECK int station_report(struct station *station, const char *json, size_t len);

/* How many reports wait. */
size_t station_n_reports(const struct station *station);

/* The whole status: name, software, start, digest of the orders, then the daemon's part, as members
 * of an object that is open in *j. */
void station_status(const struct station *station, struct json *j);

#endif
