#include "tool/option.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_TEXTS,
	OPTION_NUMBER,
	OPTION_BYTES,
	OPTION_TIME,
	OPTION_SPAN,
	OPTION_CODEC,
};

enum { CODEC_NAME_LEN = 16, CODEC_MAX_LEVEL = 19 };

static const struct row {
	const char *name; /* as a member; '_' is written '-' on the command line */
	char letter;
	enum option_type type;
	const char *fallback;
	const char *value;
	const char *doc;
	size_t offset;
} rows[] = {
#define X(name, letter, type, fallback, value, doc)                                                \
	{#name, letter, OPTION_##type, fallback, value, doc, offsetof(struct settings, name)},
	OPTIONS(X)
#undef X
};

enum { OPTION_NAME_LEN = 40 };

/* "--no-promisc" of the member no_promisc. */
static void long_name(const struct row *row, char out[OPTION_NAME_LEN])
{
	int n = snprintf(out, OPTION_NAME_LEN, "--%s", row->name);

	for (int i = 2; i < n && i < OPTION_NAME_LEN; i++) {
		if (out[i] == '_')
			out[i] = '-';
	}
}

static bool parse_number(const char *text, bool has_unit, uint64_t *out)
{
	static const char units[] = "kMGT";
	const char *unit;
	char *rest;
	uint64_t n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &rest, 10);
	if (errno)
		return false;
	if (has_unit && *rest && !rest[1]) {
		unit = strchr(units, *rest == 'K'   ? 'k'
				     : *rest == 'm' ? 'M'
				     : *rest == 'g' ? 'G'
						    : *rest);
		if (!unit || n > UINT64_MAX >> (10 * (unit - units + 1)))
			return false;
		n <<= 10 * (unit - units + 1);
		rest++;
	}
	*out = n;
	return !*rest;
}

static bool parse_codec(const char *text, struct codec_wanted *out)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	char name[CODEC_NAME_LEN];
	uint64_t level = 0;

	snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : 0), text);
	out->codec = sink_codec_of_name(name);
	if (out->codec == SINK_N_CODECS)
		return false;
	if (colon && (!parse_number(colon + 1, false, &level) || !level || level > CODEC_MAX_LEVEL))
		return false;
	out->level = (int)level;
	out->is_given = true;
	return true;
}

static bool is_word_of(const char *text, const char *words)
{
	size_t len = strlen(text);

	if (!strchr(words, '|'))
		return true;
	if (strchr(text, '|'))
		return false;
	while (words) {
		if (!strncmp(words, text, len) && (words[len] == '|' || !words[len]) && len)
			return true;
		words = strchr(words, '|');
		words = words ? words + 1 : NULL;
	}
	return false;
}

static bool set_text(const struct row *row, void *member, const char *text)
{
	if (!is_word_of(text, row->value))
		return false;
	*(const char **)member = text;
	return true;
}

static bool add_text(struct texts *texts, const char *text)
{
	if (texts->n == (int)(sizeof texts->at / sizeof *texts->at))
		return false;
	texts->at[texts->n++] = text;
	return true;
}

/* Fills the row's member from text; false where text is no such value. */
static bool set_value(const struct row *row, struct settings *set, const char *text)
{
	void *member = (char *)set + row->offset;

	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return true;
	case OPTION_TEXT:
		return set_text(row, member, text);
	case OPTION_TEXTS:
		return add_text(member, text);
	case OPTION_NUMBER:
		return parse_number(text, false, member);
	case OPTION_BYTES:
		return parse_number(text, true, member);
	case OPTION_TIME:
		return nanos_parse(text, member);
	case OPTION_SPAN:
		return nanos_parse_span(text, member);
	case OPTION_CODEC:
		return parse_codec(text, member);
	}
	return false;
}

static void set_defaults(const struct tool *tool, struct settings *set)
{
	(void)tool;
	memset(set, 0, sizeof *set);
	for (size_t i = 0; i < OPTION_N; i++) {
		if (rows[i].type == OPTION_TIME)
			((struct nanos *)((char *)set + rows[i].offset))->ns = OPTION_NO_TIME;
		if (rows[i].fallback)
			(void)set_value(&rows[i], set, rows[i].fallback);
	}
}

/* The tool's row of that long name (without the dashes, up to len) or letter. */
static const struct row *find(const struct tool *tool, const char *name, size_t len, char letter)
{
	char have[OPTION_NAME_LEN];

	for (const enum option *o = tool->options; *o != OPTION_N; o++) {
		const struct row *row = &rows[*o];

		if (letter && row->letter == letter)
			return row;
		long_name(row, have);
		if (name && !strncmp(have + 2, name, len) && !have[2 + len])
			return row;
	}
	return NULL;
}

static int refuse(const struct tool *tool, const char *what, const char *word)
{
	fprintf(stderr, "weir %s: %s %s (try: weir %s --help)\n", tool->name, what, word,
		tool->name);
	return -2;
}

/* One word that begins with '-', and its value where that is the next word. Returns how many
 * words it took, or -2. */
static int parse_option(const struct tool *tool, struct settings *set, char **words)
{
	const char *word = words[0];
	bool is_long = word[1] == '-';
	const char *equals = is_long ? strchr(word, '=') : NULL;
	size_t len = equals ? (size_t)(equals - word) - 2 : strlen(word) - (is_long ? 2 : 0);
	const struct row *row =
		is_long ? find(tool, word + 2, len, 0) : find(tool, NULL, 0, word[1]);
	const char *value = is_long ? (equals ? equals + 1 : NULL) : word[2] ? word + 2 : NULL;
	int n = 1;

	if (!row)
		return refuse(tool, "unknown option", word);
	if (row->type == OPTION_FLAG && value)
		return refuse(tool, "no value goes with", word);
	if (row->type != OPTION_FLAG && !value) {
		value = words[1];
		n = 2;
	}
	if (row->type != OPTION_FLAG && !value)
		return refuse(tool, "a value must follow", word);
	if (!set_value(row, set, value)) {
		fprintf(stderr, "weir %s: %s: \"%s\" is no %s\n", tool->name, word, value,
			row->value);
		return -2;
	}
	set->is_given[row - rows] = true;
	return n;
}

int option_parse(const struct tool *tool, struct settings *set, int argc, char **argv)
{
	bool is_all_operands = false;
	int n_operands = 0;

	set_defaults(tool, set);
	for (int i = 1; i < argc;) {
		int n;

		if (is_all_operands || argv[i][0] != '-' || !argv[i][1]) {
			argv[1 + n_operands++] = argv[i++];
			continue;
		}
		if (!strcmp(argv[i], "--")) {
			is_all_operands = true;
			i++;
			continue;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			option_help(tool);
			return -1;
		}
		n = parse_option(tool, set, argv + i);
		if (n < 0)
			return n;
		i += n;
	}
	if (n_operands < tool->min_operands)
		return refuse(tool, "it needs", tool->operands);
	if (tool->max_operands >= 0 && n_operands > tool->max_operands)
		return refuse(tool, "too much:", argv[1 + tool->max_operands]);
	return n_operands;
}

void option_help(const struct tool *tool)
{
	printf("weir %s - %s\n\nusage: weir %s [options] %s\n\n", tool->name, tool->doc, tool->name,
	       tool->operands);
	for (const enum option *o = tool->options; *o != OPTION_N; o++) {
		const struct row *row = &rows[*o];
		char name[OPTION_NAME_LEN];
		char left[100];

		long_name(row, name);
		if (row->letter)
			snprintf(left, sizeof left, "-%c, %s %s", row->letter, name,
				 row->value ? row->value : "");
		else
			snprintf(left, sizeof left, "    %s %s", name,
				 row->value ? row->value : "");
		printf("  %-30s %s", left, row->doc);
		if (row->fallback && strcmp(row->fallback, "0"))
			printf(" (%s)", row->fallback);
		printf("\n");
	}
	printf("  %-30s %s\n", "-h, --help", "this text");
	if (tool->details)
		printf("\n%s", tool->details);
}

static void complete_bash(const struct tool *const *tools)
{
	printf("_weir() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
	       "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='help completion");
	for (const struct tool *const *t = tools; *t; t++)
		printf(" %s", (*t)->name);
	printf("'\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (const struct tool *const *t = tools; *t; t++) {
		printf("\t\t%s) words='--help", (*t)->name);
		for (const enum option *o = (*t)->options; *o != OPTION_N; o++) {
			char name[OPTION_NAME_LEN];

			long_name(&rows[*o], name);
			printf(" %s", name);
		}
		printf("' ;;\n");
	}
	printf("\t\tesac\n\tfi\n"
	       "\tcase $cur in\n"
	       "\t-*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
	       "\t*) if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"$words\" -- "
	       "\"$cur\"));\n"
	       "\t   else COMPREPLY=($(compgen -f -- \"$cur\")); fi ;;\n"
	       "\tesac\n}\ncomplete -o filenames -F _weir weir\n");
}

bool option_completion(const char *shell, const struct tool *const *tools)
{
	if (strcmp(shell, "bash"))
		return false;
	complete_bash(tools);
	return true;
}
