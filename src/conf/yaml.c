#include "conf/yaml.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* Where the parser stands: the lists and maps that are open, outermost first. */
struct yaml_walk {
	struct conf_doc *doc;
	struct why *why;
	struct conf_value *open[CONF_MAX_DEPTH];
	int depth;
	const char *key; /* of the open map: read, its value still to come */
	int key_line;
	int n_documents;
};

static int refuse(struct yaml_walk *walk, int line, int err, const char *text)
{
	why_set(walk->why, err, "%s", text);
	why_line(walk->why, line);
	return err;
}

/* Hangs a value into the open list or map, or makes it the root. */
static int place(struct yaml_walk *walk, struct conf_value *value)
{
	struct conf_value *parent = walk->depth ? walk->open[walk->depth - 1] : NULL;

	if (!parent) {
		conf_doc_set_root(walk->doc, value);
		return 0;
	}
	value->key = walk->key;
	value->key_line = walk->key_line;
	walk->key = NULL;
	conf_value_append(parent, value);
	return 0;
}

static bool expects_key(const struct yaml_walk *walk)
{
	return walk->depth && walk->open[walk->depth - 1]->kind == CONF_KIND_MAP && !walk->key;
}

static int on_scalar(struct yaml_walk *walk, const yaml_event_t *event, int line)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct conf_value *value;

	if (memchr(text, 0, len))
		return refuse(walk, line, ERR_BAD, "a zero character has no place in a text");
	if (expects_key(walk)) {
		walk->key = conf_doc_text(walk->doc, text, len);
		walk->key_line = line;
		return walk->key ? 0 : ERR_NOMEM;
	}
	value = conf_value_scalar(walk->doc, text, len);
	if (!value)
		return ERR_NOMEM;
	value->line = line;
	value->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return place(walk, value);
}

static int on_open(struct yaml_walk *walk, enum conf_kind kind, int line)
{
	struct conf_value *value;

	if (expects_key(walk))
		return refuse(walk, line, ERR_BAD, "a key must be a single word");
	if (walk->depth == CONF_MAX_DEPTH)
		return refuse(walk, line, ERR_BAD, "lists and maps are nested too deeply");
	value = conf_value_new(walk->doc, kind, line);
	if (!value)
		return ERR_NOMEM;
	place(walk, value);
	walk->open[walk->depth++] = value;
	return 0;
}

/* Anchors and tags would give the same text a second meaning. */
static bool is_bare(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return !event->data.scalar.anchor && !event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return !event->data.sequence_start.anchor && !event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return !event->data.mapping_start.anchor && !event->data.mapping_start.tag;
	default:
		return true;
	}
}

static int on_event(struct yaml_walk *walk, const yaml_event_t *event)
{
	int line = (int)event->start_mark.line + 1;

	if (!is_bare(event))
		return refuse(walk, line, ERR_BAD, "anchors and tags are not allowed");
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (walk->n_documents++)
			return refuse(walk, line, ERR_BAD, "only one document is allowed");
		if (event->data.document_start.version_directive ||
		    event->data.document_start.tag_directives.start !=
			    event->data.document_start.tag_directives.end)
			return refuse(walk, line, ERR_BAD, "directives are not allowed");
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse(walk, line, ERR_BAD, "aliases are not allowed");
	case YAML_SCALAR_EVENT:
		return on_scalar(walk, event, line);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(walk, CONF_KIND_LIST, line);
	case YAML_MAPPING_START_EVENT:
		return on_open(walk, CONF_KIND_MAP, line);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		walk->depth--;
		return 0;
	default:
		return 0;
	}
}

/* All events until the end of the stream. */
static int walk_events(struct yaml_walk *walk, yaml_parser_t *parser)
{
	yaml_event_t event;
	bool is_done = false;
	int rc = 0;

	while (!rc && !is_done) {
		if (!yaml_parser_parse(parser, &event)) {
			if (parser->error == YAML_MEMORY_ERROR)
				return ERR_NOMEM;
			why_set(walk->why, ERR_BAD, "this is not YAML: %s",
				parser->problem ? parser->problem : "unreadable");
			why_line(walk->why, (int)parser->problem_mark.line + 1);
			return ERR_BAD;
		}
		rc = on_event(walk, &event);
		is_done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return rc;
}

int conf_yaml_parse(struct conf_doc **out, const char *text, size_t len, struct why *why)
{
	struct yaml_walk walk = {.why = why};
	yaml_parser_t parser;
	int rc;

	*out = NULL;
	if (len > CONF_MAX_LEN)
		return why_set(why, ERR_FULL, "the document is longer than %d MiB",
			       CONF_MAX_LEN >> 20);
	rc = conf_doc_new(&walk.doc);
	if (!rc && !yaml_parser_initialize(&parser))
		rc = ERR_NOMEM;
	if (!rc) {
		yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
		yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
		rc = walk_events(&walk, &parser);
		yaml_parser_delete(&parser);
	}
	if (!rc && !conf_doc_root(walk.doc))
		rc = why_set(why, ERR_BAD, "the document is empty");
	if (rc) {
		if (rc == ERR_NOMEM)
			why_set(why, rc, "%s", err_text(rc));
		conf_doc_free(&walk.doc);
	}
	*out = walk.doc;
	return rc;
}

/* Whether a text can stand without quotes and is no word that some reader of YAML takes for a
 * truth value, a null or a number. */
static bool is_safe_bare(const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on",
					    "off",  "y",     "n",   "t",  "null"};

	if (!isalpha((unsigned char)*text))
		return false;
	for (const char *at = text; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("-_./", *at))
			return false;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!strcasecmp(text, words[i]))
			return false;
	}
	return true;
}

static void print_quoted(const char *text, struct wr *w)
{
	static const char hex[] = "0123456789abcdef";

	wr_u8(w, '"');
	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;

		if (c == '"' || c == '\\')
			wr_u8(w, '\\');
		if (c < ' ' || c == 0x7f)
			wr_text(w, "\\x%c%c", hex[c >> 4], hex[c & 15]);
		else
			wr_u8(w, c);
	}
	wr_u8(w, '"');
}

static void print_scalar(const struct conf_value *value, struct wr *w)
{
	if (value->is_plain || is_safe_bare(value->text))
		wr_bytes(w, value->text, strlen(value->text));
	else
		print_quoted(value->text, w);
}

/* A value after "key:" or "- "; depth is that of its own children. */
static void print_value(const struct conf_value *value, int depth, bool is_item, struct wr *w)
{
	bool is_first = true;

	if (value->kind == CONF_KIND_SCALAR) {
		print_scalar(value, w);
		wr_u8(w, '\n');
		return;
	}
	if (!value->n) {
		wr_text(w, value->kind == CONF_KIND_LIST ? "[]\n" : "{}\n");
		return;
	}
	for (const struct conf_value *child = value->first; child; child = child->next) {
		bool is_map = value->kind == CONF_KIND_MAP;
		bool is_nested = child->kind != CONF_KIND_SCALAR && child->n;

		if (!(is_first && is_item))
			wr_fill(w, ' ', (size_t)depth * 2);
		is_first = false;
		if (is_map)
			wr_text(w, "%s:%s", child->key, is_nested ? "\n" : " ");
		else
			wr_text(w, "- ");
		print_value(child, depth + 1, !is_map, w);
	}
}

void conf_yaml_print(const struct conf_value *root, struct wr *w)
{
	print_value(root, 0, true, w);
}
