/* Runs captures through the engine the way every tool does: options, progress, signals. */
#ifndef TOOL_CAPTURE_H
#define TOOL_CAPTURE_H

#include <weir/frame.h>

#include "base/err.h"
#include "base/why.h"
#include "cap/source.h"
#include "engine/engine.h"
#include "tool/option.h"

/* Runs one capture: opens uri with the settings' options, runs the engine in shared mode with
 * the callbacks, shows progress on a terminal, and ends in good order on SIGINT or SIGTERM
 * (ERR_STOPPED). n_workers 0: as the settings say. stats may be NULL. Anything but 0 and
 * ERR_STOPPED has a reason in *why. */
struct capture {
	const struct settings *set;
	const struct engine_callbacks *callbacks;
	void *arg;
	int n_workers;
	bool wants_meta;
	bool is_filtered; /* live: push the settings' filter (all of them, or-ed) into the kernel */
	/* Called once the source is open, before it runs; may be NULL. */
	void (*opened)(void *arg, struct source *source);
};

MUST_CHECK int capture_run(const struct capture *c, const char *uri, struct engine_stats *stats,
			   struct why *why);

/* Runs one capture after the other until one is stopped, saying on stderr what broke; adds up
 * their source's counts in *total (NULL: not wanted). Returns the exit status: 0, or 1 when any
 * failed. */
int capture_run_all(const struct capture *c, const char *tool, int n, char **uris,
		    struct source_stats *total);

/* Source options as the settings give them. */
struct source_options capture_options(const struct settings *set);

/* All the settings' filters as one expression, "(a) or (b)", in out; "" where there is none.
 * False where it does not fit. */
bool capture_filter(const struct settings *set, char *out, int size);

/* SIGINT and SIGTERM stop the running source from now on, instead of ending the process;
 * SIGPIPE becomes a failed write. Called once by main. */
void capture_catch_signals(void);
bool capture_is_stopped(void);

/* For tools that read sources themselves: the one to stop on a signal, NULL when done. */
void capture_set_source(struct source *source);

/* Says the reason on stderr, "weir TOOL: place: reason", and returns exit status 1. */
int capture_fail(const char *tool, const struct why *why);

/* Flushes standard output; 0, or 1 after saying why it could not (silent where the reader has
 * gone away). */
int capture_close_output(const char *tool);

#endif
