/* weir: the tools, one binary. The river here is short: the first word names the tool, the option
 * table reads the rest, the tool runs. */
#include <stdio.h>
#include <string.h>

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
		return n == -1 ? 0 : 2;
	capture_catch_signals();
	return tool->run(&set, n, argv + 1);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "help";
	const struct tool *tool = find(word);

	if (tool)
		return run(tool, argc - 1, argv + 1);
	if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h")) {
		tool = argc > 2 ? find(argv[2]) : NULL;
		if (tool)
			option_help(tool);
		else
			help();
		return argc > 1 ? 0 : 2;
	}
	if (!strcmp(word, "--version")) {
		printf("weir %s\n", WEIR_VERSION);
		return 0;
	}
	if (!strcmp(word, "completion") && option_completion(argc > 2 ? argv[2] : "bash", tools))
		return 0;
	fprintf(stderr, "weir: no tool is called \"%s\" (try: weir help)\n", word);
	return 2;
}
