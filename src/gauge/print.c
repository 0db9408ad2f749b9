#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nanos.h"
#include "base/wr.h"
#include "gauge/gauge.h"

enum { MAX_LABELS = 8, NAME_LEN = 48 };

struct label {
	char name[NAME_LEN];
	const char *value;
	size_t number; /* where value is NULL */
};

struct walk {
	const struct gauge_row *row;
	struct wr *w;
	struct label labels[MAX_LABELS];
	size_t n_labels;
	size_t n_samples;
};

static void walk(struct walk *k, const char *path, const struct conf_value *at);

/* ---- a sample ---- */

/* Backslash, double quote and line feed are escaped; nothing else is. */
static void put_value(struct wr *w, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			wr_text(w, "\\n");
		else if (*text == '\\' || *text == '"')
			wr_text(w, "\\%c", *text);
		else
			wr_u8(w, (uint8_t)*text);
	}
}

static void put_labels(const struct walk *k)
{
	for (size_t i = 0; i < k->n_labels; i++) {
		const struct label *l = &k->labels[i];

		wr_text(k->w, "%s%s=\"", i ? "," : "{", l->name);
		if (l->value)
			put_value(k->w, l->value);
		else
			wr_text(k->w, "%zu", l->number);
		wr_text(k->w, "\"");
	}
	if (k->n_labels)
		wr_text(k->w, "}");
}

/* False where the text has no value. */
static bool number_of(const char *text, const char *is, char out[NANOS_TEXT_LEN])
{
	struct nanos t;

	if (is)
		return snprintf(out, NANOS_TEXT_LEN, "%d", !strcmp(text, is)) > 0;
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return snprintf(out, NANOS_TEXT_LEN, "%d", *text == 't') > 0;
	if (strchr(text, 'T') && nanos_parse(text, &t))
		return snprintf(out, NANOS_TEXT_LEN, "%" PRId64 ".%03d", nanos_to_s(t),
				nanos_fraction(t) / NANOS_PER_MS) > 0;
	if (!isdigit((unsigned char)text[*text == '-']) || strlen(text) >= NANOS_TEXT_LEN)
		return false;
	return snprintf(out, NANOS_TEXT_LEN, "%s", text) > 0;
}

static void put_sample(struct walk *k, const struct conf_value *at, const char *is)
{
	char number[NANOS_TEXT_LEN];

	if (at->kind != CONF_KIND_SCALAR || !number_of(at->text, is, number))
		return;
	if (!k->n_samples++)
		wr_text(k->w, "# HELP %s %s\n# TYPE %s %s\n", k->row->name, k->row->help,
			k->row->name, k->row->type == GAUGE_COUNTER ? "counter" : "gauge");
	wr_text(k->w, "%s", k->row->name);
	put_labels(k);
	wr_text(k->w, " %s\n", number);
}

/* ---- the path ---- */

/* "id=agency" or "uri": the member's name, and the label's. */
static void split(const char *spec, size_t len, char member[NAME_LEN], char label[NAME_LEN])
{
	const char *equals = memchr(spec, '=', len);
	size_t n = equals ? (size_t)(equals - spec) : len;

	snprintf(member, NAME_LEN, "%.*s", (int)n, spec);
	snprintf(label, NAME_LEN, "%.*s", (int)(equals ? len - n - 1 : len),
		 equals ? equals + 1 : spec);
}

/* The labels of one item; how many, or -1 where it lacks a member that is one. */
static int push(struct walk *k, const char *specs, size_t len, const struct conf_value *item,
		size_t number)
{
	int n = 0;

	while (len && k->n_labels < MAX_LABELS) {
		const char *comma = memchr(specs, ',', len);
		size_t one = comma ? (size_t)(comma - specs) : len;
		struct label *l = &k->labels[k->n_labels];
		const struct conf_value *value;
		char member[NAME_LEN];

		split(specs, one, member, l->name);
		value = conf_value_find(item, member);
		if (strcmp(member, "#") && (!value || value->kind != CONF_KIND_SCALAR)) {
			k->n_labels -= (size_t)n;
			return -1;
		}
		l->value = value ? value->text : NULL;
		l->number = number;
		k->n_labels++;
		n++;
		specs += one + (comma != NULL);
		len -= one + (comma != NULL);
	}
	return n;
}

static const char *past(const char *end)
{
	return end + 1 + (end[1] == '.');
}

static void walk_list(struct walk *k, const char *path, const struct conf_value *list)
{
	const char *end = strchr(path, ']');
	size_t number = 0;

	if (list->kind != CONF_KIND_LIST)
		return;
	for (const struct conf_value *item = list->first; item; item = item->next) {
		int n = push(k, path + 1, (size_t)(end - path - 1), item, number++);

		if (n < 0)
			continue;
		walk(k, past(end), item);
		k->n_labels -= (size_t)n;
	}
}

static void walk_map(struct walk *k, const char *path, const struct conf_value *map)
{
	const char *end = strchr(path, '}');
	struct label *l = &k->labels[k->n_labels];

	if (map->kind != CONF_KIND_MAP || k->n_labels == MAX_LABELS)
		return;
	k->n_labels++;
	for (const struct conf_value *item = map->first; item; item = item->next) {
		snprintf(l->name, NAME_LEN, "%.*s", (int)(end - path - 1), path + 1);
		l->value = item->key;
		walk(k, past(end), item);
	}
	k->n_labels--;
}

static void walk(struct walk *k, const char *path, const struct conf_value *at)
{
	size_t len = strcspn(path, ".[{=");
	char name[NAME_LEN];

	if (*path == '{') {
		walk_map(k, path, at);
	} else if (*path == '[') {
		walk_list(k, path, at);
	} else if (!*path || *path == '=') {
		put_sample(k, at, *path ? path + 1 : NULL);
	} else {
		snprintf(name, sizeof name, "%.*s", (int)len, path);
		at = at->kind == CONF_KIND_MAP ? conf_value_find(at, name) : NULL;
		if (at)
			walk(k, path + len + (path[len] == '.'), at);
	}
}

void gauge_print(const struct gauge_table *table, const struct conf_value *status, struct wr *w)
{
	for (size_t i = 0; i < table->n; i++) {
		struct walk k = {.row = &table->rows[i], .w = w};

		walk(&k, table->rows[i].path, status);
	}
}
