/* The mediator: collectors on one side, agencies on the other, the provisioner above.
 *
 *	collectors --link--> inlet --scope--> outlet: spool --sender--> agency (HI2, HI3)
 *	provisioner --link--> book --------------^  announcements (HI1)
 *
 * All on one loop. Orders lie in a file too, so that it works on, and starts again, without the
 * provisioner. */
#ifndef MEDIATION_MEDIATION_H
#define MEDIATION_MEDIATION_H

#include "base/json.h"
#include "custody/custody.h"
#include "daemon/daemon.h"
#include "tls/tls.h"

#define MEDIATION_FIELDS(X)                                                                        \
	DAEMON_FIELDS(X)                                                                           \
	X(HOST_PORT, provisioner,                                                                  \
	  .doc = "where the provisioner is; without it, orders are those of the last time")        \
	X(LISTEN, listen, .is_required = true, .doc = "where collectors reach it")                 \
	X(PATH, folder, .place = CONF_PLACE_FOLDER, .otherwise = "/var/lib/weir/mediator",         \
	  .doc = "folder of its orders and of what agencies were told; its parent must be there")  \
	X(PATH, spools, .place = CONF_PLACE_FOLDER,                                                \
	  .doc = "folder of what is not delivered yet, where that is not FOLDER/spools: on a "     \
		 "file system in memory it is fastest, on a disk it outlives the machine")         \
	X(INT, spool_limit, .otherwise = "1073741824", .min = 1 << 20, .max = INT64_C(1) << 44,    \
	  .doc = "bytes that may wait for an agency there, for each of HI2 and HI3")               \
	X(SPAN, patience, .otherwise = "1h", .max = 31 * 86400,                                    \
	  .doc = "how long records of a warrant that it has not heard of, or not as they need "    \
		 "it, "                                                                            \
		 "wait at their collector, with what comes behind them for the same agency and "   \
		 "interface, while the provisioner cannot be asked; 0: such records are refused")  \
	CUSTODY_FIELDS(X)                                                                          \
	X(PATH, captures, .place = CONF_PLACE_FOLDER,                                              \
	  .doc = "folder of captures, where that is not FOLDER/captures; each agency that "        \
		 "receives captures has a folder in it")                                           \
	X(TEXT, capture_name, .otherwise = "%L-%Y%m%dT%H%M%SZ.pcap", .min = 1, .max = 100,         \
	  .doc = "name of a capture: %L is the LIID, the rest as in strftime(3), in UTC")          \
	X(INT, capture_size, .otherwise = "1073741824", .max = INT64_C(1) << 44,                   \
	  .doc = "bytes after which a capture is finished and the next one begun; 0: none")

struct mediation_settings {
	CONF_STRUCT(MEDIATION_FIELDS)
};

extern const struct conf_record mediation_record;

struct mediation;

struct mediation_place {
	struct loop *loop;
	const struct mediation_settings *settings; /* outlive it */
	const char *software;                      /* "weir-mediator 0.1.0" */
};

/* Opens all that is there, listens, and dials. */
MUST_CHECK int mediation_new(struct mediation **out, const struct mediation_place *place,
			     struct why *why);

/* Ends connections in good order; what is not delivered stays. Sets NULL. */
void mediation_free(struct mediation **m);

/* Where it listens: the port that the kernel chose. */
uint16_t mediation_port(const struct mediation *m);

/* What it has counted, as the members of an object that is open in *j. */
void mediation_status(const struct mediation *m, struct json *j);

#endif
