/* Capture files of other network analysers, for reading only: no file, no thread, no clock.
 *
 * Bytes are shown as to trace/reader.h, whose room wraps this one: a step takes one record from
 * the start of the window, and what it makes of it lies within the window. */
#ifndef ANALYSER_ANALYSER_H
#define ANALYSER_ANALYSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/frame.h>

#include "analyser/iptrace.h"
#include "analyser/netmon.h"
#include "analyser/netxray.h"
#include "analyser/sniffer.h"
#include "analyser/snoop.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/why.h"

enum analyser_format {
	ANALYSER_SNOOP,
	ANALYSER_IPTRACE,
	ANALYSER_NETMON,
	ANALYSER_SNIFFER,
	ANALYSER_NETXRAY,
	ANALYSER_N_FORMATS
};

enum {
	ANALYSER_MAX_PACKET = 262144, /* captured bytes that a packet may claim */
	ANALYSER_MAX_PADDING = 65536, /* … and bytes of its record beside them */
	ANALYSER_MAX_IFACES = 64,
	ANALYSER_NAME_LEN = 12,

	/* Of a network for which no link type is assigned, or none that is sure. */
	ANALYSER_LINK_UNNAMED = 0xffff,
};

/* What a file tells of an interface. */
struct analyser_iface {
	uint16_t link;
	uint8_t digits;               /* of the fraction of its times */
	char name[ANALYSER_NAME_LEN]; /* "" where it has none */
};

struct analyser;

/* Takes a record from rd: 1 where it is a packet, which *f then describes (all but block), 0
 * where it is none, ERR_AGAIN where it is not all there (a->need bytes are needed in all), or
 * another error with its reason. After an error rd may stand anywhere. */
typedef int (*analyser_step_fn)(struct analyser *a, struct rd *rd, struct weir_frame *f,
				struct why *why);

struct analyser {
	analyser_step_fn step;
	uint64_t at;    /* of the next step's first byte, from the start of the file */
	uint64_t least; /* the file's own word on how long it is; 0: none */
	size_t need;
	bool has_header;
	uint32_t n_ifaces;
	struct analyser_iface ifaces[ANALYSER_MAX_IFACES];
	union {
		struct snoop_state snoop;
		struct iptrace_state iptrace;
		struct netmon_state netmon;
		struct sniffer_state sniffer;
		struct netxray_state netxray;
	};
};

/* Whether a file that starts with these bytes is of the format. */
bool analyser_is(enum analyser_format format, const uint8_t *bytes, size_t len);

void analyser_init(struct analyser *a, enum analyser_format format);

/* One step; see analyser_step_fn. With an error rd stays where it was. Times are of UTC: the
 * formats that hold a local time do not say of which place. */
MUST_CHECK int analyser_step(struct analyser *a, struct rd *rd, struct weir_frame *f,
			     struct why *why);

/* At the end of the data, all of which was taken: 0, or ERR_CUT where more should have come. */
MUST_CHECK int analyser_end(const struct analyser *a, struct why *why);

/* The rest is for the formats. */

/* The record at hand needs so many bytes in all. */
static inline int analyser_need(struct analyser *a, size_t need)
{
	a->need = need;
	return ERR_AGAIN;
}

/* A packet's claim of captured bytes; ERR_BAD beyond ANALYSER_MAX_PACKET. */
MUST_CHECK int analyser_check_len(uint32_t cap_len, struct why *why);

/* The index of the interface like this one, which is added where it is new; or an error. */
MUST_CHECK int analyser_iface(struct analyser *a, const struct analyser_iface *iface,
			      struct why *why);

/* The link type by a table; ANALYSER_LINK_UNNAMED beyond it, and where it has 0. */
uint16_t analyser_link(const uint16_t *table, size_t n, uint32_t network);

/* Takes bytes up to an offset of the file, as far as they are there: 0 while there is something
 * to take or the offset is reached, else ERR_AGAIN. */
MUST_CHECK int analyser_skip_to(struct analyser *a, struct rd *rd, uint64_t offset);

/* A step: whatever follows the last record is of no interest. */
int analyser_rest(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why);

struct analyser_date {
	uint16_t year, month, day, hour, minute, second;
};

/* Seconds since the epoch; false where it is no date, or one that does not fit into ns. */
bool analyser_date_to_s(const struct analyser_date *d, int64_t *s);

#endif
