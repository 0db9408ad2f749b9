/* The manual's reference of a document, from its field tables. */
#include "conf/record.h"

#include <stdio.h>
#include <string.h>

static void print_names(const struct conf_field *field, struct wr *w)
{
	for (const struct conf_name *row = field->names; row && row->name; row++) {
		if (row->doc)
			wr_text(w, "        %-18s %s\n", row->name, row->doc);
	}
}

static long long most_items(const struct conf_field *field)
{
	return field->of          ? (long long)field->max
	       : field->max_items ? (long long)field->max_items
				  : CONF_MAX_TEXTS;
}

static void print_field(const struct conf_field *field, const char *path, struct wr *w)
{
	char want[CONF_WANT_LEN] = "";
	char item[CONF_WANT_LEN / 2] = "";

	if (field->is_list && field->type)
		field->type->want(field, item, sizeof item);
	if (field->is_list)
		snprintf(want, sizeof want, "a list of %lld to %lld, each item: %s",
			 (long long)(field->of ? field->min : 0), most_items(field),
			 field->of ? field->of->name : item);
	else if (field->of)
		snprintf(want, sizeof want, "a map");
	else
		field->type->want(field, want, sizeof want);
	wr_text(w, "%s\n    %s; %s", path, want, field->is_required ? "required" : "optional");
	if (field->otherwise)
		wr_text(w, ", otherwise %s", field->otherwise);
	wr_text(w, "\n    %s\n", field->doc);
	print_names(field, w);
}

static void print_record(const struct conf_record *record, const char *prefix, struct wr *w)
{
	for (size_t i = 0; i < record->n_fields; i++) {
		const struct conf_field *field = &record->fields[i];
		char path[CONF_PATH_LEN];

		snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", field->name);
		if (field->is_list)
			snprintf(path + strlen(path), sizeof path - strlen(path), "[]");
		print_field(field, path, w);
		if (field->of)
			print_record(field->of, path, w);
	}
}

void conf_reference(const struct conf_record *record, struct wr *w)
{
	wr_text(w, "%s\n\n", record->doc);
	print_record(record, "", w);
}
