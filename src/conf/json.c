#include "conf/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the walk over jansson's values stands. */
struct json_walk {
	struct conf_doc *doc;
	struct why *why;
	int depth;
};

static struct conf_value *from_json(struct json_walk *walk, json_t *in);

static struct conf_value *refuse(struct json_walk *walk, const char *text)
{
	why_set(walk->why, ERR_BAD, "%s", text);
	return NULL;
}

/* A number or truth value, as the text that YAML would have. */
static struct conf_value *from_bare(struct json_walk *walk, const json_t *in)
{
	struct conf_value *value;
	char text[32];

	if (json_is_integer(in))
		snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(in));
	else if (json_is_real(in)) /* which no field is: shown as it is not a whole number */
		snprintf(text, sizeof text, "%#.17g", json_real_value(in));
	else
		snprintf(text, sizeof text, "%s", json_is_true(in) ? "true" : "false");
	value = conf_value_scalar(walk->doc, text, strlen(text));
	if (value)
		value->is_plain = value->is_typed = true;
	return value;
}

static bool append_object(struct json_walk *walk, json_t *in, struct conf_value *map)
{
	const char *key;
	json_t *member;

	json_object_foreach(in, key, member)
	{
		struct conf_value *child = from_json(walk, member);

		if (child)
			child->key = conf_doc_text(walk->doc, key, strlen(key));
		if (!child || !child->key)
			return false;
		conf_value_append(map, child);
	}
	return true;
}

static bool append_array(struct json_walk *walk, json_t *in, struct conf_value *list)
{
	for (size_t i = 0; i < json_array_size(in); i++) {
		struct conf_value *child = from_json(walk, json_array_get(in, i));

		if (!child)
			return false;
		conf_value_append(list, child);
	}
	return true;
}

static struct conf_value *from_nested(struct json_walk *walk, json_t *in)
{
	bool is_map = json_is_object(in);
	struct conf_value *value;
	bool is_whole;

	if (walk->depth == CONF_MAX_DEPTH)
		return refuse(walk, "lists and maps are nested too deeply");
	value = conf_value_new(walk->doc, is_map ? CONF_KIND_MAP : CONF_KIND_LIST, 0);
	if (!value)
		return NULL;
	walk->depth++;
	is_whole = is_map ? append_object(walk, in, value) : append_array(walk, in, value);
	walk->depth--;
	return is_whole ? value : NULL;
}

/* NULL with a reason, or without one when there is no memory. */
static struct conf_value *from_json(struct json_walk *walk, json_t *in)
{
	switch (json_typeof(in)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return from_nested(walk, in);
	case JSON_STRING:
		return conf_value_scalar(walk->doc, json_string_value(in), json_string_length(in));
	case JSON_NULL:
		return refuse(walk, "null is no value; what is absent is left out");
	default:
		return from_bare(walk, in);
	}
}

int conf_json_parse(struct conf_doc **out, const char *text, size_t len, struct why *why)
{
	struct json_walk walk = {.why = why};
	struct conf_value *value = NULL;
	json_error_t error;
	json_t *root;
	int rc;

	*out = NULL;
	if (len > CONF_MAX_LEN)
		return why_set(why, ERR_FULL, "the document is longer than %d MiB",
			       CONF_MAX_LEN >> 20);
	rc = conf_doc_new(&walk.doc);
	if (rc)
		return why_set(why, rc, "%s", err_text(rc));
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!root && json_error_code(&error) == json_error_out_of_memory)
		rc = why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else if (!root)
		rc = why_set(why, ERR_BAD, "this is not JSON: %s", error.text);
	if (rc)
		why_line(why, error.line > 0 ? error.line : 0);
	else
		value = from_json(&walk, root);
	if (!rc && !value)
		rc = why && why->text[0] ? ERR_BAD
					 : why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	json_decref(root);
	if (rc)
		conf_doc_free(&walk.doc);
	else
		conf_doc_set_root(walk.doc, value);
	*out = walk.doc;
	return rc;
}

static void print_bare(const char *text, struct json *j)
{
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		json_bool(j, *text == 't');
	else
		json_i64(j, strtoll(text, NULL, 10));
}

void conf_json_print(const struct conf_value *root, struct json *j)
{
	bool is_map = root->kind == CONF_KIND_MAP;

	if (root->kind == CONF_KIND_SCALAR && root->is_plain) {
		print_bare(root->text, j);
		return;
	}
	if (root->kind == CONF_KIND_SCALAR) {
		json_text(j, root->text);
		return;
	}
	json_open(j, is_map ? '{' : '[');
	for (const struct conf_value *child = root->first; child; child = child->next) {
		if (is_map)
			json_key(j, child->key);
		conf_json_print(child, j);
	}
	json_close(j, is_map ? '}' : ']');
}
