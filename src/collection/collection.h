/* The collector: packets of its inputs on one side, mediators on the other, the provisioner above.
 *
 *	inputs --engine--> intercept --> spools --link--> mediators
 *	provisioner --link--> orders ----^
 *
 * There is a spool for each agency and interface. One loop for all that talks; a thread for each
 * input, and its workers. Orders lie in a file too, so that it works on, and starts again, without
 * the provisioner; sessions and numbers lie in another (state.h). */
#ifndef COLLECTION_COLLECTION_H
#define COLLECTION_COLLECTION_H

#include "base/json.h"
#include "custody/custody.h"
#include "daemon/daemon.h"
#include "etsi/header.h"

/* How fast a capture is read. */
#define COLLECTION_PACES(X)                                                                        \
	X(FAST, "fast", "as fast as it can be read")                                               \
	X(OWN, "own", "as its packets' times say")

enum collection_pace {
#define X(name, text, doc) COLLECTION_PACE_##name,
	COLLECTION_PACES(X)
#undef X
};

/* What time a capture's packets have. */
#define COLLECTION_TIMES(X)                                                                        \
	X(OWN, "own", "that of the capture")                                                       \
	X(NOW, "now", "as if the capture began when it is read")

enum collection_times {
#define X(name, text, doc) COLLECTION_TIMES_##name,
	COLLECTION_TIMES(X)
#undef X
};

#define COLLECTION_INPUT_FIELDS(X)                                                                 \
	X(TEXT, uri, .is_required = true, .min = 1, .max = 4096, .place = CONF_PLACE_SOURCE,       \
	  .doc = "where packets come from: int:IFACE, or a capture's [FORMAT:]PATH, which is "     \
		 "read once")                                                                      \
	X(INT, workers, .otherwise = "1", .min = 1, .max = 64,                                     \
	  .doc = "threads that match and encode; one where a capture keeps a pace or moves its "   \
		 "times")                                                                          \
	X(TEXT, filter, .min = 1, .max = 4096,                                                     \
	  .doc = "of an interface: what is looked at, in libpcap's syntax")                        \
	X(INT, buffer, .otherwise = "64", .min = 1, .max = 1024,                                   \
	  .doc = "of an interface: MiB that wait for the workers")                                 \
	X(INT, block_size, .otherwise = "0", .max = 16 << 20,                                      \
	  .doc = "bytes that a worker takes at once; 0: 256 KiB, of an interface a 512th of its "  \
		 "buffer, at least 128 and at most 512 KiB")                                       \
	X(SPAN, delay, .otherwise = "1ms", .max = 1,                                               \
	  .doc = "of an interface: how long packets wait for others to fill a block; what waits "  \
		 "for workers has room for buffer / block_size blocks")                            \
	X(WORD, pace, .otherwise = "fast", .names = collection_paces,                              \
	  .doc = "of a capture: how fast it is read")                                              \
	X(WORD, times, .otherwise = "own", .names = collection_times,                              \
	  .doc = "of a capture: what time its packets have")

#define COLLECTION_FIELDS(X)                                                                       \
	DAEMON_FIELDS(X)                                                                           \
	X(TEXT, network_element, .min = 1, .max = ETSI_MAX_NETWORK_ELEMENT,                        \
	  .is_allowed = collection_is_graphic,                                                     \
	  .alphabet = "ASCII letters, digits and signs, without spaces",                           \
	  .doc = "where, in the operator's network, it intercepts (networkElementIdentifier): "    \
		 "another for each collector; otherwise its name")                                 \
	X(HOST_PORT, provisioner,                                                                  \
	  .doc = "where the provisioner is; without it, orders are those of the last time")        \
	X(PATH, folder, .place = CONF_PLACE_FOLDER, .otherwise = "/var/lib/weir/collector",        \
	  .doc = "folder of its orders and its state; its parent must be there")                   \
	X(PATH, signing_key,                                                                       \
	  .doc = "file (PEM) of the key that signs integrity checks, where an agency asks for it") \
	X(PATH, spools, .place = CONF_PLACE_FOLDER,                                                \
	  .doc = "folder of what no mediator has yet, where that is not FOLDER/spools: on a file " \
		 "system in memory it is fastest")                                                 \
	X(INT, spool_limit, .otherwise = "1073741824", .min = 1 << 20, .max = INT64_C(1) << 44,    \
	  .doc = "bytes that may wait for a mediator there, for each agency and interface")        \
	CUSTODY_FIELDS(X)                                                                          \
	X(SPAN, checkpoint, .otherwise = "2s", .min = 1, .max = 3600,                              \
	  .doc = "time after which sessions and numbers are saved, or sooner where records that "  \
		 "mediators have wait for it in memory")                                           \
	X(SPAN, lag, .otherwise = "100ms", .max = 10,                                              \
	  .doc = "where there are several inputs: how long a packet may be on its way from one "   \
		 "that is silent, which is how long the others wait for what RADIUS says on it")   \
	X(SPAN, silence, .otherwise = "10m", .min = 1, .max = 31536000,                            \
	  .doc = "time without content in an active session after which a warrant is shown as "    \
		 "silent")                                                                         \
	X(BOOL, tell_silence, .otherwise = "false",                                                \
	  .doc = "agencies are told (HI1 alarm) of their warrants that are silent")                \
	X(SPAN, media_silence, .otherwise = "20s", .min = 1, .max = 86400,                         \
	  .doc = "time without media in a call that was answered, after which it is an alarm")     \
	X(INT, max_sessions, .otherwise = "1000000", .min = 1, .max = 100000000,                   \
	  .doc = "sessions of subscribers that are followed at once")                              \
	X(INT, max_legs, .otherwise = "250000", .min = 1000, .max = 10000000,                      \
	  .doc = "legs of calls that are followed at once, 2 to 3 kB each")                        \
	X(LIST(collection_input), inputs, .min = 1, .max = 64, .doc = "where packets come from")

struct collection_input {
	CONF_STRUCT(COLLECTION_INPUT_FIELDS)
};

struct collection_settings {
	CONF_STRUCT(COLLECTION_FIELDS)
};

extern const struct conf_record collection_record;

struct collection;

struct collection_place {
	struct daemon *daemon;
	const struct collection_settings *settings; /* outlive it */
	const char *software;                       /* "weir-collector 0.1.0" */
};

/* Opens all that is there, dials, and starts the inputs. */
MUST_CHECK int collection_new(struct collection **out, const struct collection_place *place,
			      struct why *why);

/* Ends the inputs, saves, gives the links a moment, and ends the daemon then. */
void collection_stop(struct collection *c);
void collection_free(struct collection **c);

/* What it has counted, as the members of an object that is open in *j. */
void collection_status(struct collection *c, struct json *j);

#endif
