#include "base/log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static char said[8192];

/* Runs fn with standard error going to a pipe; what it wrote is in said. */
static void catch_lines(void (*fn)(void), bool is_journal)
{
	int keep = dup(STDERR_FILENO);
	int ends[2];
	ssize_t n;

	if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0)
		exit(2);
	if (is_journal) {
		struct stat st;
		char name[64];

		fstat(STDERR_FILENO, &st);
		snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
		setenv("JOURNAL_STREAM", name, 1);
	}
	fn();
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(ends[1]);
	n = read(ends[0], said, sizeof said - 1);
	said[n > 0 ? n : 0] = 0;
	close(ends[0]);
	unsetenv("JOURNAL_STREAM");
}

static void say_each_level(void)
{
	log_open("weir-test", LOG_LEVEL_INFO);
	log_error("first %d", 1);
	log_warn("second");
	log_info("third");
	log_debug("fourth");
}

static void say_foreign_words(void)
{
	log_open("weir-test", LOG_LEVEL_DEBUG);
	log_debug("peer says \"%s\"", "a\nb\x1b[1m");
}

static void say_too_much(void)
{
	char text[5000];

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = 0;
	log_open("weir-test", LOG_LEVEL_INFO);
	log_info("%s", text);
}

int main(void)
{
	catch_lines(say_each_level, false);
	ok(strstr(said, "Z weir-test: error: first 1\n") != NULL, "a line has name, level, text");
	ok(strstr(said, "warning: second\n") && strstr(said, "info: third\n"), "up to the level");
	ok(!strstr(said, "fourth") && !log_is_on(LOG_LEVEL_DEBUG), "and no further");
	catch_lines(say_each_level, true);
	ok(!strcmp(said, "<3>first 1\n<4>second\n<6>third\n"),
	   "the journal gets levels as it does");
	catch_lines(say_foreign_words, false);
	ok(strstr(said, "\"a b [1m\"\n") && strlen(strchr(said, '\n')) == 1,
	   "foreign words make no second line");
	catch_lines(say_too_much, false);
	ok(strlen(said) == 2048 - 0 - 1 && said[2046] == '\n', "a line too long is cut, and ends");
	ok(!strcmp(log_level_text(LOG_LEVEL_WARN), "warning"), "levels have names");
	return tap_end();
}
