/* Inside alarm only: an alarm, and who hears of it. */
#ifndef ALARM_INSIDE_H
#define ALARM_INSIDE_H

#include "alarm/alarm.h"

enum { AGENCY_LEN = 65, LIID_LEN = 26 };

/* How far somebody has heard of an alarm. */
enum heard { HEARD_NOTHING, HEARD_BEGIN, HEARD_END };

struct hearer {
	struct hearer *next;
	enum heard heard;
	enum heard sent;    /* … and is on its way; HEARD_NOTHING: nothing is */
	struct nanos tried; /* when it was sent last and not heard yet; 0: it was not */
	bool is_deaf;
	char agency[AGENCY_LEN];
};

struct alarm {
	struct alarm *next;
	struct alarms *alarms;
	uint64_t number;
	enum alarm_kind kind;
	char about[ALARM_ABOUT_LEN];
	char liid[LIID_LEN]; /* empty: none */
	bool is_over;
	uint64_t n;
	struct nanos from, until;
	struct nanos raised; /* last; of one that was read from the file: then */
	struct hearer *hearers;
};

struct alarms {
	alarm_tell_fn tell;
	void *owner;
	struct alarm *first;
	size_t n;
	uint64_t n_raised[ALARM_N_KINDS];
	uint64_t n_unkept; /* that found no room */
	uint64_t number;
	int64_t credit_ns; /* up to this moment sentences are paid for */

	char *path;         /* of the file; NULL: none */
	bool is_changed;    /* … since it was written */
	bool is_grown;      /* numbers and times alone */
	struct nanos saved; /* when */
	bool was_refused;   /* the file could not be written, which is logged once */
};

/* Puts an empty one in front; NULL: there is no room, or no memory. */
struct alarm *alarms_add(struct alarms *as);

/* Adds an agency that hears of it; NULL: there is no memory. */
struct hearer *alarm_add_hearer(struct alarm *alarm, const char *agency);

#endif
