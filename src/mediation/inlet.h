/* An inlet: the link to one collector, and the channels that it has opened, one for each agency
 * and interface. The collector asks how far we have its stream, sends records from there on, and
 * is told what it may forget.
 *
 *	collector                                      mediator
 *	  {"type":"channel","channel":N,"agency":ID,
 *	   "interface":"hi2","stream":"HEX"}    ---->
 *	        <----  {"type":"channel","channel":N,"offset":O}
 *	  records N, O, PDUs                    ---->  into the agency's spool
 *	        <----  acknowledge N, O'
 *
 * "stream" names the collector's spool (spool_id), so that one that was lost begins at 0 again. An
 * answer that comes again says: what was sent in between could not be taken, go on from here. So it
 * is where the spool has no room, and where a record waits for orders that may cover it. */
#ifndef MEDIATION_INLET_H
#define MEDIATION_INLET_H

#include "alarm/alarm.h"
#include "doubt/doubt.h"
#include "link/link.h"
#include "mediation/outlet.h"

struct inlet;

/* What inlets need of the mediator. */
struct inlet_place {
	struct loop *loop;
	const struct scope *scope;
	struct doubt *doubt;
	/* The outlet of an agency; NULL: the orders do not name it (yet). */
	struct outlet *(*outlet)(void *owner, const char *agency);
	void *owner;
};

/* A collector may also say that something is wrong, to be told to an agency (HI1 alarm), of one of
 * its LIIDs or of all:
 *
 *	{"type":"alarm","number":N,"agency":ID,"liid":LIID,"text":"1 to 200 characters"}
 *	        <----  {"type":"alarm","number":N,"agency":ID,"outcome":"told"}
 *
 * What it says too often, or what the agency's spool has no room for, it shall say again "later".
 * What is not the agency's, or not in printable ASCII, is "refused". Without a number there is no
 * answer. */

/* For a link that is up. */
MUST_CHECK int inlet_new(struct inlet **out, const struct inlet_place *place, struct link *link);
void inlet_free(struct inlet **inlet);

void inlet_message(struct inlet *inlet, const char *type, const struct conf_value *root);
void inlet_records(struct inlet *inlet, const struct link_frame *records);

/* The orders changed: outlets that were there may be gone (call it before they go, too), others
 * have come. */
void inlet_forget_outlets(struct inlet *inlet);
void inlet_find_outlets(struct inlet *inlet);

/* A doubt is settled: what waited for orders is judged by those that are there. */
void inlet_settle(struct inlet *inlet);

/* Raises alarms: records that wait for orders for some time; or, if they are given up now, all that
 * waited. */
void inlet_look(struct inlet *inlet, struct alarms *alarms, bool is_given_up);

/* Whose it is, and the owner of its place. */
const char *inlet_name(const struct inlet *inlet);
void *inlet_owner(const struct inlet *inlet);

/* As one value. */
void inlet_status(const struct inlet *inlet, struct json *j);

#endif
