/* What the daemons have in common: the command line, the configuration, the log, the loop, and
 * an end in good order. A daemon is a configuration's field table and four functions:
 *
 *	#define COLLECTOR_FIELDS(X)                                                      \
 *		DAEMON_FIELDS(X)                                                            \
 *		X(HOST_PORT, provisioner, .is_required = true, .doc = "…")
 *	struct collector_conf { CONF_STRUCT(COLLECTOR_FIELDS) };
 *	…
 *	const struct conf_record collector_record =
 *		CONF_RECORD(collector_conf, fields, .doc = "…", .check = daemon_check);
 *
 *	int main(int argc, char **argv) { return daemon_main(&collector_program, argc, argv); }
 *
 * Command line of each: --config FILE, --check (prints the configuration as it acts, and ends),
 * --reference (the manual's part), --version, --help; and --FIELD VALUE for each scalar of the
 * first level, which stands above the file's. Without --config the other fields have their
 * defaults. Exit status: 0, 1 where it failed, 2 where what it was told makes no sense. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "base/why.h"
#include "conf/record.h"
#include "jail/jail.h"
#include "loop/loop.h"

enum daemon_transport { DAEMON_TLS, DAEMON_PLAIN };
enum daemon_jail { DAEMON_JAIL_OFF, DAEMON_JAIL_ON, DAEMON_JAIL_WHOLE };

extern const struct conf_name daemon_transports[];
extern const struct conf_name daemon_levels[];
extern const struct conf_name daemon_jails[];
bool daemon_is_name(const char *text);

/* What confines it (jail/jail.h). */
#define DAEMON_JAIL_FIELDS(X)                                                                      \
	X(TEXT, user, .min = 1, .max = 32,                                                         \
	  .doc = "the user as which it works when root starts it; without it, \"weir\" where "     \
		 "that "                                                                           \
		 "user exists and reaches all that is named here, else root without what root "    \
		 "may")                                                                            \
	X(WORD, jail, .otherwise = "on", .names = daemon_jails,                                    \
	  .doc = "whether it confines itself to what this configuration names")

/* Where machines that watch a daemon read what it has counted. */
#define DAEMON_METRICS_FIELDS(X)                                                                   \
	X(LISTEN, metrics,                                                                         \
	  .doc = "where it shows /metrics (Prometheus) and /status (JSON) over HTTP to whoever "   \
		 "reaches it, best on loopback, as 127.0.0.1:9600; without it, nowhere")

/* The first fields of each daemon's configuration. Paths may be absent where transport is plain;
 * they go to tls_new as they are. */
#define DAEMON_FIELDS(X)                                                                           \
	X(TEXT, name, .is_required = true, .min = 1, .max = 63, .is_allowed = daemon_is_name,      \
	  .alphabet = "letters, digits, '.', '-' and '_', of which the first is a letter or "      \
		      "digit",                                                                     \
	  .doc = "the name by which others know it; with TLS the one in its certificate")          \
	X(WORD, transport, .otherwise = "tls", .names = daemon_transports,                         \
	  .doc = "how it talks to other daemons")                                                  \
	X(PATH, certificate, .place = CONF_PLACE_REREAD,                                           \
	  .doc = "file (PEM) of its certificate; tls needs it")                                    \
	X(PATH, key, .place = CONF_PLACE_REREAD,                                                   \
	  .doc = "file (PEM) of the certificate's key; tls needs it")                              \
	X(PATH, authority, .place = CONF_PLACE_REREAD,                                             \
	  .doc = "file (PEM) of the authority whose certificates it believes; tls needs it")       \
	X(WORD, log, .otherwise = "info", .names = daemon_levels, .doc = "what goes to its log")   \
	DAEMON_METRICS_FIELDS(X)                                                                   \
	DAEMON_JAIL_FIELDS(X)

struct daemon_settings {
	CONF_STRUCT(DAEMON_FIELDS)
};

/* The cross check of a record that begins with DAEMON_FIELDS: with TLS, all three files are named.
 * A daemon with checks of its own calls it first. */
bool daemon_check(const void *record, struct conf_fault *fault);

struct daemon_program;

/* A daemon at work. */
struct daemon {
	const struct daemon_program *program;
	const void *conf;  /* filled and checked, of program->conf; the daemon's */
	struct loop *loop; /* the daemon's */
	void *owner;       /* the program's own; set by start */
	int status;        /* the exit status */
	bool is_ending;
	void *old; /* rest: daemon.c's own */
	struct loop_signal signals[3];
	int n_words;
	char **words;
};

struct daemon_program {
	const char *name; /* "weir-collector" */
	const char *doc;  /* one line */
	const char *version;
	const struct conf_record *conf; /* begins with DAEMON_FIELDS */
	enum jail_role role; /* in its jail, which is up before start; what may be read and written
				is said by the rows of conf that are paths */
	/* Sets all up, before the loop runs. A failure ends the program: its reason is logged, and
	 * fini is called all the same. */
	int (*start)(struct daemon *d, struct why *why);
	/* SIGHUP: d->conf is the file as it is now, old as it was; old goes when this returns.
	 * NULL: the program reads no changes. A file that is no good is logged, no more. */
	void (*reload)(struct daemon *d, const void *old);
	/* SIGTERM or SIGINT: begins to end, and calls daemon_end when it is done. NULL: ends at
	 * once. A second signal ends at once. */
	void (*stop)(struct daemon *d);
	/* After the loop: gives back all. May be NULL. */
	void (*fini)(struct daemon *d);
};

/* Runs a program from its command line to its exit status. */
int daemon_main(const struct daemon_program *program, int argc, char **argv);

/* Ends the loop, with this exit status. */
void daemon_end(struct daemon *d, int status);

#endif
