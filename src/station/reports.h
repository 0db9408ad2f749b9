/* Reports that wait for the provisioner, in a file, in order: one line of JSON each, which is the
 * message as it is sent, and a line for each that was heard:
 *
 *	{"type":"report","number":1767225600000000,"report":{"type":"audit",…}}
 *	{"heard":1767225600000000}
 *
 * A report that was taken is on the disk; the file is emptied when none waits. A line that a crash
 * cut is not there. Numbers grow, also over restarts while the clock does. */
#ifndef STATION_REPORTS_H
#define STATION_REPORTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"

enum {
	REPORTS_MAX_LEN = 16 << 20, /* bytes of the file; beyond it none is taken */
	REPORT_MAX_LEN = 256 << 10, /* bytes of one */
};

struct reports;

struct report {
	struct report *next;
	uint64_t number;
	size_t len;
	char text[]; /* the message, without a line feed */
};

/* Opens or makes the file (0600), and reads what waits. One that is damaged is put aside as
 * PATH.damaged, which is logged. */
MUST_CHECK int reports_open(struct reports **out, const char *path, struct why *why);
void reports_free(struct reports **reports);

/* Takes an object of JSON in one line. ERR_FULL: too much waits, or it is too long; ERR_USAGE: it
 * is no object in one line; ERR_IO: the disk refuses, and it is not taken. */
MUST_CHECK int reports_add(struct reports *reports, const char *json, size_t len, struct nanos now);

/* The oldest, until it is heard; NULL where none waits. */
const struct report *reports_first(const struct reports *reports);

/* The oldest was heard, if that is its number: it goes. */
void reports_heard(struct reports *reports, uint64_t number);

/* How many wait. */
size_t reports_n(const struct reports *reports);

/* Adds to the queue what the lines say, as when a file is read; how many octets from the front
 * were whole lines. ERR_BAD: a line is none of ours; ERR_NOMEM. */
MUST_CHECK ssize_t reports_read(struct reports *reports, const char *lines, size_t len);

/* A queue without a file: what is added is gone with it. */
MUST_CHECK int reports_new(struct reports **out);

#endif
