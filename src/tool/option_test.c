#include "tool/option.h"

#include <string.h>

#include "base/tap.h"

static int run_nothing(const struct settings *set, int n, char **operands)
{
	(void)set;
	(void)n;
	(void)operands;
	return 0;
}

static const enum option options[] = {OPTION_filter,   OPTION_json,  OPTION_snap,
				      OPTION_output,   OPTION_count, OPTION_interval,
				      OPTION_compress, OPTION_N};
static const struct tool tool = {.name = "probe",
				 .doc = "for this test",
				 .operands = "CAPTURE...",
				 .min_operands = 1,
				 .max_operands = 2,
				 .options = options,
				 .run = run_nothing};

static struct settings set;

/* Parses the words of a line; they are cut in place. */
static int parse(const char *line, char **argv, char *room)
{
	int argc = 1;

	argv[0] = room;
	snprintf(room, 256, "%s", line);
	for (char *c = room; *c; c++) {
		if (*c == ' ') {
			*c = 0;
			argv[argc++] = c + 1;
		}
	}
	argv[argc] = NULL;
	return option_parse(&tool, &set, argc, argv);
}

static void good_lines(void)
{
	char *argv[32];
	char room[256];

	ok(parse("probe -f tcp --filter=udp a.pcap --json -s 2k b.pcap", argv, room) == 2,
	   "options and operands may mix");
	ok(set.filter.n == 2 && !strcmp(set.filter.at[0], "tcp") &&
		   !strcmp(set.filter.at[1], "udp"),
	   "an option may be repeated");
	ok(set.json && set.snap == 2048, "a flag is set, 2k is 2,048");
	ok(!strcmp(argv[1], "a.pcap") && !strcmp(argv[2], "b.pcap"), "operands keep their order");
	ok(parse("probe -- -x", argv, room) == 1 && !strcmp(argv[1], "-x"),
	   "after -- everything is an operand");
	ok(parse("probe -", argv, room) == 1, "a lone dash is an operand");
	ok(!strcmp(set.output, "text") && set.interval.ns == 1000000000 && !set.json,
	   "what was not given has its default");
	ok(parse("probe -osvg -i250ms x", argv, room) == 1 && !strcmp(set.output, "svg") &&
		   set.interval.ns == 250000000,
	   "a value may stick to its letter");
	ok(set.is_given[OPTION_interval] && set.is_given[OPTION_output] &&
		   !set.is_given[OPTION_count],
	   "what was given is told from a default");
	ok(parse("probe -z zstd:19 x", argv, room) == 1 && set.compress.is_given &&
		   set.compress.codec == SINK_ZSTD && set.compress.level == 19,
	   "a compression may have a level");
	ok(parse("probe --compress=gz x", argv, room) == 1 && set.compress.is_given &&
		   set.compress.codec == SINK_GZIP && set.compress.level == 0,
	   "and need not have one");
	ok(parse("probe x", argv, room) == 1 && !set.compress.is_given,
	   "none is asked for by default");
}

static void bad_lines(void)
{
	static const char *const lines[] = {
		"probe",
		"probe a b c",
		"probe --nonsense a",
		"probe -x a",
		"probe a -s",
		"probe -s 5x a",
		"probe -s 99999999999999999999 a",
		"probe --json=1 a",
		"probe -o yaml a",
		"probe -o text|csv a",
		"probe -o  a",
		"probe -c -1 a",
		"probe -s 16777216T a",
		"probe --blocks 1 a",
		"probe -z zip a",
		"probe -z  a",
		"probe -z gzip: a",
		"probe -z gzip:0 a",
		"probe -z gzip:20 a",
		"probe -z gzip:9x a",
		"probe -z gzip:+9 a",
		"probe -z nothingthatisthislong:9 a",
	};
	char *argv[32];
	char room[256];

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		ok(parse(lines[i], argv, room) == -2, "\"%s\" is refused", lines[i]);
}

int main(void)
{
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	good_lines();
	bad_lines();
	return tap_end();
}
