/* The log of a daemon: one line a message on standard error, for the person who runs it.
 *
 *	2026-01-01T00:00:00.000Z weir-mediator: warning: agency a1: no answer for 30 s
 *
 * Where standard error is systemd's journal, the time and the name are the journal's, and a
 * line begins with its level ("<4>"). Said once, where a decision is taken; packets, records,
 * keys and passwords are never logged. A line is written whole, from any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#define LOG_LEVELS(X)                                                                              \
	X(ERROR, 3, "error", "what stops the work or loses something")                             \
	X(WARN, 4, "warning", "what somebody should look at")                                      \
	X(INFO, 6, "info", "what changed: connections, orders, start and end")                     \
	X(DEBUG, 7, "debug", "each step of the control plane")

enum log_level {
#define X(name, number, text, doc) LOG_LEVEL_##name,
	LOG_LEVELS(X)
#undef X
		LOG_N_LEVELS
};

const char *log_level_text(enum log_level level);

/* Names the program and says up to which level lines are written. Before that: all but debug,
 * under "weir". name is borrowed for good. */
void log_open(const char *name, enum log_level level);

/* Whether a line of this level would be written. */
bool log_is_on(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
