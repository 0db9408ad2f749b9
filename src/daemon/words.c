#include "daemon/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/nearest.h"
#include "conf/yaml.h"
#include "daemon/daemon.h"

enum { MAX_FILE_LEN = 4 << 20, MAX_NAMES = 80, NAME_LEN = 64 };

static const char *const own_words[] = {"config", "check", "reference", "version", "help"};
enum { N_OWN = sizeof own_words / sizeof *own_words };

/* One word and the value that it takes, if any. */
struct word {
	char name[NAME_LEN]; /* as a field's: '_' for '-' */
	const char *value;
	const struct conf_field *field; /* NULL: one of the daemon's own */
	int n;                          /* words taken: 1 or 2; 0: nonsense */
};

/* Scalars of the first level are options too. */
static bool is_option(const struct conf_field *field)
{
	return field->type && !field->is_list;
}

static const struct conf_field *find_field(const struct conf_record *record, const char *name)
{
	for (size_t i = 0; i < record->n_fields; i++)
		if (!strcmp(record->fields[i].name, name) && is_option(&record->fields[i]))
			return &record->fields[i];
	return NULL;
}

static bool is_own(const char *name)
{
	for (int i = 0; i < N_OWN; i++)
		if (!strcmp(own_words[i], name))
			return true;
	return false;
}

static struct word refuse(const struct conf_record *record, const char *word, struct why *why)
{
	const char *names[MAX_NAMES];
	const char *near;
	size_t n = 0;

	for (; n < N_OWN; n++)
		names[n] = own_words[n];
	for (size_t i = 0; i < record->n_fields && n < MAX_NAMES; i++)
		if (is_option(&record->fields[i]))
			names[n++] = record->fields[i].name;
	near = conf_nearest(word + strspn(word, "-"), names, n);
	why_set(why, ERR_USAGE, "unknown option \"%.60s\"%s%s%s", word,
		near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
	return (struct word){.n = 0};
}

/* "--hi2 VALUE", "--hi2=VALUE" or "--json" at words[0]. */
static struct word read_word(const struct conf_record *record, char *const *words, int left,
			     struct why *why)
{
	struct word w = {.n = 1};
	const char *text = words[0];
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	bool takes_value;

	if (strncmp(text, "--", 2) || len - 2 >= sizeof w.name)
		return refuse(record, text, why);
	for (size_t i = 2; i < len; i++)
		w.name[i - 2] = (char)(text[i] == '-' ? '_' : text[i]);
	w.field = find_field(record, w.name);
	if (!w.field && !is_own(w.name))
		return refuse(record, text, why);
	takes_value = w.field ? w.field->type != &conf_bool : !strcmp(w.name, "config");
	w.value = equals ? equals + 1 : takes_value && left > 1 ? words[1] : NULL;
	if (takes_value && !w.value)
		why_set(why, ERR_USAGE, "a value must follow --%s", w.name);
	else if (!takes_value && !w.field && w.value)
		why_set(why, ERR_USAGE, "no value goes with --%s", w.name);
	else if (!takes_value && !w.value)
		w.value = "true";
	else
		w.n = equals ? 1 : 2;
	if (why->text[0])
		w.n = 0;
	return w;
}

enum daemon_wish daemon_words_wish(const struct conf_record *record, int n, char *const *words,
				   struct why *why)
{
	enum daemon_wish wish = DAEMON_WISH_RUN;

	for (int i = 0; i < n;) {
		struct word w = read_word(record, words + i, n - i, why);

		if (!w.n)
			return DAEMON_WISH_NONSENSE;
		if (!w.field && !strcmp(w.name, "check"))
			wish = DAEMON_WISH_CHECK;
		else if (!w.field && strcmp(w.name, "config"))
			return DAEMON_WISH_TEXT;
		i += w.n;
	}
	return wish;
}

/* ---- printing ---- */

static void print_help(const struct daemon_program *program)
{
	printf("%s - %s\n\nusage: %s --config FILE [options]\n\n", program->name, program->doc,
	       program->name);
	printf("  %-26s %s\n  %-26s %s\n  %-26s %s\n  %-26s %s\n  %-26s %s\n\n"
	       "Each of these stands above what the file says:\n\n",
	       "--config FILE", "its configuration, in YAML", "--check",
	       "check the configuration, print it as it acts, and end", "--reference",
	       "print what a configuration may say, and end", "--version",
	       "print the version, and end", "--help", "this text");
	for (size_t i = 0; i < program->conf->n_fields; i++) {
		const struct conf_field *f = &program->conf->fields[i];
		char left[NAME_LEN];

		if (!is_option(f))
			continue;
		snprintf(left, sizeof left, "--%s%s", f->name,
			 f->type == &conf_bool ? "" : " VALUE");
		for (char *c = left + 2; *c && *c != ' '; c++)
			*c = (char)(*c == '_' ? '-' : *c);
		printf("  %-26s %s%s%s%s\n", left, f->doc, f->otherwise ? " (" : "",
		       f->otherwise ? f->otherwise : "", f->otherwise ? ")" : "");
	}
}

static void print_reference(const struct conf_record *record)
{
	struct wr w = wr_init(1 << 20);

	conf_reference(record, &w);
	fwrite(w.bytes, 1, w.len, stdout);
	wr_fini(&w);
}

int daemon_words_print(const struct daemon_program *program, char *const *words, int n)
{
	for (int i = 0; i < n; i++) {
		if (!strcmp(words[i], "--version"))
			printf("%s %s\n", program->name, program->version);
		else if (!strcmp(words[i], "--reference"))
			print_reference(program->conf);
		else if (!strcmp(words[i], "--help"))
			print_help(program);
		else
			continue;
		break;
	}
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}

/* ---- reading ---- */

static int read_file(struct conf_doc **doc, const char *path, struct why *why)
{
	char *text = malloc(MAX_FILE_LEN + 1);
	FILE *f = text ? fopen(path, "re") : NULL;
	size_t len = f ? fread(text, 1, MAX_FILE_LEN + 1, f) : 0;
	int rc = 0;

	if (!text)
		rc = ERR_NOMEM;
	else if (!f || ferror(f))
		rc = why_set(why, err_of_errno(errno), "%s", strerror(errno));
	else if (len > MAX_FILE_LEN)
		rc = why_set(why, ERR_FULL, "longer than %d MiB", MAX_FILE_LEN >> 20);
	else
		rc = conf_yaml_parse(doc, text, len, why);
	if (f)
		fclose(f);
	free(text);
	return rc;
}

/* Sets one field of the document's root, in place of what the file says. */
static int set_field(struct conf_doc *doc, const struct word *w)
{
	struct conf_value *root = conf_doc_root(doc);
	struct conf_value *value = root->first;
	struct conf_value *fresh = conf_value_scalar(doc, w->value, strlen(w->value));

	if (!fresh)
		return ERR_NOMEM;
	fresh->is_plain = true;
	fresh->key = w->field->name;
	while (value && strcmp(value->key, w->field->name))
		value = value->next;
	if (!value) {
		conf_value_append(root, fresh);
		return 0;
	}
	fresh->next = value->next;
	fresh->line = 0;
	*value = *fresh;
	return 0;
}

static int empty_doc(struct conf_doc **doc)
{
	struct conf_value *root;
	int rc = conf_doc_new(doc);

	if (rc)
		return rc;
	root = conf_value_new(*doc, CONF_KIND_MAP, 0);
	conf_doc_set_root(*doc, root);
	return root ? 0 : ERR_NOMEM;
}

const char *daemon_words_config(const struct conf_record *record, int n, char *const *words)
{
	const char *path = NULL;
	struct why why;

	why_clear(&why);
	for (int i = 0; i < n;) {
		struct word w = read_word(record, words + i, n - i, &why);

		if (!w.n)
			break;
		if (!w.field && !strcmp(w.name, "config"))
			path = w.value;
		i += w.n;
	}
	return path;
}

int daemon_words_read(const struct conf_record *record, int n, char *const *words, void *out,
		      struct why *why)
{
	const char *path = daemon_words_config(record, n, words);
	struct conf_doc *doc = NULL;
	int rc = path ? read_file(&doc, path, why) : empty_doc(&doc);
	bool is_map = !rc && conf_doc_root(doc)->kind == CONF_KIND_MAP;

	memset(out, 0, record->size);
	for (int i = 0; !rc && is_map && i < n;) {
		struct word w = read_word(record, words + i, n - i, why);

		rc = w.field ? set_field(doc, &w) : w.n ? 0 : ERR_USAGE;
		i += w.n;
	}
	if (!rc)
		rc = conf_read(record, conf_doc_root(doc), out, why);
	if (rc == ERR_NOMEM)
		why_set(why, rc, "%s", err_text(rc));
	if (rc && path)
		why_place(why, path);
	conf_doc_free(&doc);
	return rc;
}
