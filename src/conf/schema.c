/* JSON Schemas of records, from their field tables. */
#include "conf/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void member_text(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_text(j, text);
}

static void member_int(struct json *j, const char *key, int64_t number)
{
	json_key(j, key);
	json_i64(j, number);
}

static bool is_int(const struct conf_type *type)
{
	return type->is_bare && type != &conf_bool;
}

static void print_default(const struct conf_field *field, struct json *j)
{
	if (!field->otherwise)
		return;
	json_key(j, "default");
	if (field->type == &conf_bool)
		json_bool(j, !strcmp(field->otherwise, "true"));
	else if (is_int(field->type))
		json_i64(j, strtoll(field->otherwise, NULL, 10));
	else
		json_text(j, field->otherwise);
}

static void print_words(const struct conf_field *field, struct json *j)
{
	json_key(j, "enum");
	json_open(j, '[');
	for (const struct conf_name *row = field->names; row->name; row++)
		json_text(j, row->name);
	json_close(j, ']');
}

/* Limits are told in octets, which a text of n characters has at least. */
static void print_limits(const struct conf_field *field, struct json *j)
{
	if (field->type == &conf_port) {
		member_int(j, "minimum", 1);
		member_int(j, "maximum", 65535);
	} else if (is_int(field->type)) {
		member_int(j, "minimum", field->min);
		member_int(j, "maximum", field->max);
	} else if (field->type == &conf_text) {
		if (field->min)
			member_int(j, "minLength", field->is_allowed ? field->min : 1);
		if (field->max)
			member_int(j, "maxLength", field->max);
	}
}

/* What a scalar, or each of a list's texts, must be. */
static void print_scalar(const struct conf_field *field, struct json *j)
{
	member_text(j, "type",
		    field->type == &conf_bool ? "boolean"
		    : is_int(field->type)     ? "integer"
					      : "string");
	if (field->names)
		print_words(field, j);
	if (field->type->pattern)
		member_text(j, "pattern", field->type->pattern);
	if (field->type == &conf_time)
		member_text(j, "format", "date-time");
	print_limits(field, j);
}

static void print_reference(const struct conf_record *record, struct json *j)
{
	char path[CONF_PATH_LEN];

	snprintf(path, sizeof path, "#/components/schemas/%s", record->name);
	member_text(j, "$ref", path);
}

static void print_list(const struct conf_field *field, struct json *j)
{
	int64_t most = field->of ? field->max : (int64_t)field->max_items;

	member_text(j, "type", "array");
	if (field->of && field->min)
		member_int(j, "minItems", field->min);
	if (most || !field->of)
		member_int(j, "maxItems", most ? most : CONF_MAX_TEXTS);
	json_key(j, "items");
	json_open(j, '{');
	if (field->of)
		print_reference(field->of, j);
	else
		print_scalar(field, j);
	json_close(j, '}');
}

/* The field's meaning, what is wanted in words, and what its words mean. */
static void print_description(const struct conf_field *field, struct json *j)
{
	char room[2048];
	struct wr w = wr_of(room, sizeof room);
	char want[CONF_WANT_LEN];

	wr_text(&w, "%s", field->doc);
	if (field->type && !field->names) {
		field->type->want(field, want, sizeof want);
		wr_text(&w, " (%s%s)", field->is_list ? "each: " : "", want);
	}
	for (const struct conf_name *row = field->names; row && row->name; row++) {
		if (row->doc)
			wr_text(&w, "; %s: %s", row->name, row->doc);
	}
	json_key(j, "description");
	json_text_of(j, room, w.len);
}

static void print_field(const struct conf_field *field, struct json *j)
{
	json_key(j, field->name);
	json_open(j, '{');
	if (field->is_list)
		print_list(field, j);
	else if (field->of)
		print_reference(field->of, j);
	else
		print_scalar(field, j);
	if (field->type && !field->is_list)
		print_default(field, j);
	if (field->is_secret)
		member_text(j, "format", "password");
	print_description(field, j);
	json_close(j, '}');
}

void conf_schema(const struct conf_record *record, struct json *j)
{
	json_open(j, '{');
	member_text(j, "type", "object");
	if (record->doc)
		member_text(j, "description", record->doc);
	json_key(j, "additionalProperties");
	json_bool(j, false);
	json_key(j, "required");
	json_open(j, '[');
	for (size_t i = 0; i < record->n_fields; i++) {
		if (record->fields[i].is_required)
			json_text(j, record->fields[i].name);
	}
	json_close(j, ']');
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < record->n_fields; i++)
		print_field(&record->fields[i], j);
	json_close(j, '}');
	json_close(j, '}');
}
