#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/nanos.h"

enum { LINE_LEN = 2048 };

static const struct {
	int number; /* of syslog(3) */
	const char *text;
} levels[] = {
#define X(name, number, text, doc) {number, text},
	LOG_LEVELS(X)
#undef X
};

static struct {
	const char *name;
	_Atomic int level;
	_Atomic bool is_journal;
} current = {"weir", LOG_LEVEL_INFO, false};

/* systemd says in JOURNAL_STREAM which device and inode the journal's end has. */
static bool is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	struct stat st;
	char have[64];

	if (!text || fstat(STDERR_FILENO, &st))
		return false;
	snprintf(have, sizeof have, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return !strcmp(have, text);
}

const char *log_level_text(enum log_level level)
{
	return levels[level].text;
}

void log_open(const char *name, enum log_level level)
{
	current.name = name;
	current.level = (int)level;
	current.is_journal = is_journal();
}

bool log_is_on(enum log_level level)
{
	return (int)level <= current.level;
}

static int begin(enum log_level level, char *line, size_t size)
{
	char when[NANOS_TEXT_LEN];
	struct timespec ts;

	if (current.is_journal)
		return snprintf(line, size, "<%d>", levels[level].number);
	clock_gettime(CLOCK_REALTIME, &ts);
	nanos_print((struct nanos){(int64_t)ts.tv_sec * NANOS_PER_S + ts.tv_nsec}, 3, when);
	return snprintf(line, size, "%s %s: %s: ", when, current.name, levels[level].text);
}

__attribute__((format(printf, 2, 0))) static void put(enum log_level level, const char *format,
						      va_list args)
{
	char line[LINE_LEN];
	size_t len;
	ssize_t n;

	if (!log_is_on(level))
		return;
	len = (size_t)begin(level, line, sizeof line - 1);
	vsnprintf(line + len, sizeof line - 1 - len, format, args);
	/* a peer's words may be part of it: they begin no line and move no cursor */
	for (len = 0; line[len]; len++)
		if ((unsigned char)line[len] < 0x20 || line[len] == 0x7f)
			line[len] = ' ';
	line[len++] = '\n';
	n = write(STDERR_FILENO, line, len);
	(void)n;
}

#define LOG_FUNCTION(name, level)                                                                  \
	void log_##name(const char *format, ...)                                                   \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		put(level, format, args);                                                          \
		va_end(args);                                                                      \
	}

LOG_FUNCTION(error, LOG_LEVEL_ERROR)
LOG_FUNCTION(warn, LOG_LEVEL_WARN)
LOG_FUNCTION(info, LOG_LEVEL_INFO)
LOG_FUNCTION(debug, LOG_LEVEL_DEBUG)
