/* The words of a daemon's command line: what is wished, and which fields they set. */
#ifndef DAEMON_WORDS_H
#define DAEMON_WORDS_H

#include "base/err.h"
#include "base/why.h"
#include "conf/record.h"

struct daemon_program;

enum daemon_wish {
	DAEMON_WISH_RUN,
	DAEMON_WISH_CHECK,
	DAEMON_WISH_TEXT,     /* --help, --version or --reference */
	DAEMON_WISH_NONSENSE, /* the reason says why */
};

enum daemon_wish daemon_words_wish(const struct conf_record *record, int n, char *const *words,
				   struct why *why);

/* Prints what --help, --version or --reference asks for; returns the exit status. */
int daemon_words_print(const struct daemon_program *program, char *const *words, int n);

/* Reads the file that --config names, sets what other words set, and fills *out (conf_read). */
MUST_CHECK int daemon_words_read(const struct conf_record *record, int n, char *const *words,
				 void *out, struct why *why);

/* The path that --config names, or NULL. */
const char *daemon_words_config(const struct conf_record *record, int n, char *const *words);

#endif
