/* weir: the tools, one binary. The river here is short: the first word names the tool, the option
 * table reads the rest, the tool runs. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <weir/weir.h>

#include "tool/capture.h"
#include "tool/tools.h"

static void help(void)
{
	printf("weir - see, keep and lawfully hand over a network's traffic\n\n"
	       "usage: weir TOOL [options] ...\n\n");
	for (const struct tool *const *t = tools; *t; t++)
		printf("  %-12s %s\n", (*t)->name, (*t)->doc);
	printf("  %-12s %s\n  %-12s %s\n\nweir TOOL --help tells of one tool; weir --version of "
	       "this one.\n",
	       "help", "this text, or that of a tool", "completion",
	       "a script for a shell's completion (bash)");
}

static const struct tool *find(const char *name)
{
	for (const struct tool *const *t = tools; *t; t++) {
		if (!strcmp((*t)->name, name))
			return *t;
	}
	return NULL;
}

static int run(const struct tool *tool, int argc, char **argv)
{
	struct settings set;
	int n = option_parse(tool, &set, argc, argv);

	if (n < 0)
		return n == -1 ? capture_close_output(tool->name) : 2;
	capture_catch_signals();
	return tool->run(&set, n, argv + 1);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* Words that are no tool's; false: no such word, or none that it knows behind it. */
static bool tell(const char *word, const char *about)
{
	const struct tool *tool = about ? find(about) : NULL;

	if (is_help(word) && tool)
		option_help(tool);
	else if (is_help(word) && (!about || is_help(about) || !strcmp(about, "completion")))
		help();
	else if (!strcmp(word, "--version"))
		printf("weir %d.%d.%d\n", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR,
		       WEIR_VERSION_PATCH);
	else
		return !strcmp(word, "completion") &&
		       option_completion(about ? about : "bash", tools);
	return true;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "help", *about = argc > 2 ? argv[2] : NULL;
	const struct tool *tool = find(word);

	if (tool)
		return run(tool, argc - 1, argv + 1);
	if (tell(word, about)) {
		int status = capture_close_output(word);

		return argc > 1 ? status : 2;
	}
	if (!strcmp(word, "completion"))
		fprintf(stderr, "weir: there is no completion for the shell \"%s\"\n", about);
	else
		fprintf(stderr, "weir: no tool is called \"%s\" (try: weir help)\n",
			is_help(word) ? about : word);
	return 2;
}
