/* Alarms: what is wrong, said in the log, in status and metrics, and to the agencies that it
 * concerns (HI1), all from one table.
 *
 *	raise --> begins: log, agencies     raise --> goes on: counted
 *	no more raised for the kind's time, or ended --> over: log, agencies
 *
 * Who looks says it again each time; the end is seen here. An agency that could not be told of the
 * begin until it was over hears of both at once. What is told is bounded in rate. Of one thread. */
#ifndef ALARM_ALARM_H
#define ALARM_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/nanos.h"
#include "base/why.h"

enum {
	ALARM_TEXT_LEN = 201, /* with its NUL: what a mediator takes of a collector */
	ALARM_ABOUT_LEN = 56, /* longer ones are cut, at their end */
	ALARM_MAX = 1024,     /* at once; more are counted, no more */
	ALARM_BURST = 16,     /* sentences to agencies at once … */
	ALARM_EACH_MS = 1000, /* … and one more in each such time */
	ALARM_AGAIN_S = 10,   /* until who said "later" hears it again */
	ALARM_SILENT_S = 60,  /* … or who said nothing */
	ALARM_KEPT_DAYS = 7,  /* that it is tried to tell of what is over */
	ALARM_GROWN_S = 5,    /* the file has numbers of what goes on so late */
};

/* Constant; key in status and metrics; seconds without it after which it is over, 0: it is a
 * moment, which has no end; what is counted; sentence at its begin; sentence when it is over; what
 * it means. */
#define ALARM_COLLECTOR_KINDS(X)                                                                   \
	X(OUTBOX_FULL, "outbox_full", 10, "records",                                               \
	  "records are lost, for there is no room left in the outbox",                             \
	  "there is room in the outbox again",                                                     \
	  "The mediator is away for longer than the collector's spool lasts, or too slow.")        \
	X(OUTBOX_DAMAGED, "outbox_damaged", 0, "octets",                                           \
	  "records are lost on the disk: whose is told later", "",                                 \
	  "The disk is broken, or was changed, or a key is gone.")                                 \
	X(RECORDS_DAMAGED, "records_damaged", 0, "records",                                        \
	  "records are lost: the collector's disk does not give them back", "",                    \
	  "Whose records they were, once what was not lost has gone out: see outbox_damaged.")     \
	X(OUTBOX_GONE, "outbox_gone", 0, "", "it is gone, with what waited in it, if anything",    \
	  "", "Its memory file system went with the machine, or somebody removed it.")             \
	X(RECORDS_ABANDONED, "records_abandoned", 0, "records",                                    \
	  "records are dropped with their agency", "",                                             \
	  "The agency was removed while they waited for a mediator: nobody can be told by HI1.")   \
	X(DISK_REFUSES, "disk_refuses", 10, "",                                                    \
	  "nothing can be written to the disk: memory alone takes what waits",                     \
	  "the disk takes records again",                                                          \
	  "The disk is full, read-only or broken. Nothing is lost while memory has room.")         \
	X(RING_DROPS, "ring_drops", 10, "packets",                                                 \
	  "packets are lost, for the kernel's ring is full", "no more packets are lost",           \
	  "The collector is too slow, or has no processor time.")                                  \
	X(CARD_DROPS, "card_drops", 10, "packets",                                                 \
	  "packets are lost by the network card or its driver",                                    \
	  "no more packets are lost by the network card",                                          \
	  "The card's own counters: its queues are too short, or frames come damaged.")            \
	X(INPUT_AWAY, "input_away", 5, "", "nothing is captured, for the input is not there",      \
	  "the input is captured again", "The interface is down, or gone.")                        \
	X(UNCAPTURED, "uncaptured", 0, "", "nothing was captured", "",                             \
	  "Between two processes of the collector, or until an interface was there again.")        \
	X(UNTIMED, "untimed", 0, "", "nothing was captured; how long is not known: clock set", "", \
	  "The machine was started again with a clock behind the one that the collector had: the " \
	  "times are what it says now and what it said last.")                                     \
	X(SILENT, "silent", 15, "", "a session is active, and no content comes",                   \
	  "content comes again, or is no longer to be expected",                                   \
	  "The subscriber may be asleep, or the packets take another way: see silence.")           \
	X(CALL_UNHEARD, "call_unheard", 15, "",                                                    \
	  "a call was answered, and no media come where they are expected",                        \
	  "media come, or are no longer to be expected",                                           \
	  "They take another way than past the collector, or nobody speaks: see media_silence.")

#define ALARM_MEDIATOR_KINDS(X)                                                                    \
	X(SPOOL_FULL, "spool_full", 10, "", "no room: what comes waits at the collectors",         \
	  "room again", "The agency is away, or too slow, for longer than the spool lasts.")       \
	X(SPOOL_DAMAGED, "spool_damaged", 0, "octets",                                             \
	  "records are lost on the disk: whose is told later", "",                                 \
	  "The disk is broken, or was changed, or a key is gone.")                                 \
	X(RECORDS_SPOILED, "records_spoiled", 0, "records",                                        \
	  "records are lost: the mediator's disk does not give them back", "",                     \
	  "Whose records they were, once what was not lost has gone out: see spool_damaged.")      \
	X(SPOOL_GONE, "spool_gone", 0, "", "it is gone, with what waited in it, if anything", "",  \
	  "Its memory file system went with the machine, or somebody removed it.")                 \
	X(RECORDS_UNDELIVERED, "records_undelivered", 0, "records",                                \
	  "records are dropped with their agency", "",                                             \
	  "The agency was removed, or another mediator's, while they waited for it: nobody can "   \
	  "be told by HI1.")                                                                       \
	X(STREAM_GAP, "stream_gap", 0, "octets", "octets that collectors had delivered are lost",  \
	  "",                                                                                      \
	  "A collector goes on behind what came last: it, or the mediator, has lost its spool.")   \
	X(COLLECTOR_AWAY, "collector_away", 15, "",                                                \
	  "is not connected: interception may be interrupted", "is connected again",               \
	  "The collector, or the way to it, is down.")                                             \
	X(ORDERS_AWAITED, "orders_awaited", 15, "",                                                \
	  "records wait at a collector for orders that cover them",                                \
	  "no records wait for orders any more",                                                   \
	  "The collector has newer orders than the mediator, which does not reach the "            \
	  "provisioner: see patience. Nothing is lost while the collector's outbox has room.")     \
	X(ORDERS_MISSED, "orders_missed", 0, "",                                                   \
	  "records are refused: no orders came in time that cover them", "",                       \
	  "The mediator's patience was over; until it hears the provisioner, what its orders do "  \
	  "not cover is refused, by reason.")                                                      \
	X(CLOCK_BACK, "clock_back", 0, "ms", "the clock was set back", "",                         \
	  "Times of records before and after do not fit together.")                                \
	X(CLOCK_FORWARD, "clock_forward", 0, "ms", "the clock was set forward", "",                \
	  "Times of records before and after do not fit together.")

#define ALARM_KINDS(X)                                                                             \
	ALARM_COLLECTOR_KINDS(X)                                                                   \
	ALARM_MEDIATOR_KINDS(X)

enum alarm_kind {
#define X(name, ...) ALARM_##name,
	ALARM_KINDS(X)
#undef X
		ALARM_N_KINDS
};

struct alarm_facts {
	const char *key;
	int64_t over_s;
	const char *unit;
	const char *begins;
	const char *ends;
	const char *doc;
	bool is_mediators;
};

/* By enum alarm_kind. */
extern const struct alarm_facts alarm_kinds[ALARM_N_KINDS];

/* What is wrong; texts are copied. */
struct alarm_fact {
	enum alarm_kind kind;
	const char *about;  /* "input int:eth1": of each kind and this there is one alarm at once */
	const char *liid;   /* of the agency that hears it; NULL: it is not of one LIID */
	uint64_t n;         /* so much more of the kind's unit */
	struct nanos from;  /* 0: now */
	struct nanos until; /* 0: now */
};

/* A sentence for an agency. */
struct alarm_message {
	uint64_t number; /* of the alarm */
	const char *agency;
	const char *liid; /* NULL: none */
	const char *text; /* printable ASCII */
};

enum alarm_outcome {
	ALARM_TOLD,
	ALARM_SENT,    /* alarms_answered says how it ends */
	ALARM_LATER,   /* not now */
	ALARM_REFUSED, /* never: it is not tried again */
};

typedef enum alarm_outcome (*alarm_tell_fn)(void *owner, const struct alarm_message *message);

struct alarm;
struct alarms;

MUST_CHECK int alarms_new(struct alarms **out, alarm_tell_fn tell, void *owner);
void alarms_free(struct alarms **alarms);

/* Reads what the last process left in this file, which may be absent: what agencies have not heard
 * yet they hear now, and what was so then ends where nobody says it again in its time. From now on
 * what there is is kept there, before anybody is told of it. Before the first alarm. */
MUST_CHECK int alarms_load(struct alarms *as, const char *path, struct nanos now, struct why *why);

/* Writes the file where something has changed; alarms_look does so too. */
void alarms_keep(struct alarms *as, struct nanos now);

/* Each that is not over, of this kind. */
typedef void (*alarm_each_fn)(void *owner, const char *about, struct nanos from);
void alarms_each(const struct alarms *as, enum alarm_kind kind, alarm_each_fn fn, void *owner);

/* It is so now. The alarm, new or not, until the next call of the room; NULL: there are too many,
 * or there is no memory, which is counted. */
struct alarm *alarms_raise(struct alarms *as, const struct alarm_fact *fact, struct nanos now);

/* This agency shall hear of it, too. NULL is accepted. */
void alarm_tell(struct alarm *alarm, const char *agency);

/* Whether half of the room for alarms is free: what can wait should until then. */
bool alarms_has_room(const struct alarms *as);

/* Whether there is one of this kind that is not over. */
bool alarms_is_on(const struct alarms *as, enum alarm_kind kind, const char *about);

/* It is over, where there is one. */
void alarms_end(struct alarms *as, enum alarm_kind kind, const char *about, struct nanos now);

/* Ends what was not raised for its time, and tells what is to be told. Now and then. */
void alarms_look(struct alarms *as, struct nanos now);

/* What became of a sentence that was sent: told, refused, or to be sent again later. */
void alarms_answered(struct alarms *as, uint64_t number, const char *agency,
		     enum alarm_outcome outcome);

/* What was sent and not answered is lost with its link: it is sent again. */
void alarms_forget_sent(struct alarms *as);

/* Member "alarms" of the object that is open: those there are, and by kind how many there are and
 * were; of a mediator's kinds or of a collector's. */
void alarms_print(const struct alarms *as, bool is_mediator, struct json *j);

#endif
