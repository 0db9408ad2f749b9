#include "conf/value.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_LEN = 64 << 10, CHUNK_ALIGN = 16 };

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	_Alignas(CHUNK_ALIGN) char bytes[];
};

struct conf_doc {
	struct chunk *chunks; /* the newest first */
	struct conf_value *root;
	size_t n_bytes;
};

static void *take(struct conf_doc *doc, size_t len)
{
	struct chunk *chunk = doc->chunks;
	size_t need = (len + CHUNK_ALIGN - 1) / CHUNK_ALIGN * CHUNK_ALIGN;
	size_t size = need > CHUNK_LEN ? need : CHUNK_LEN;
	void *at;

	if (!chunk || need > chunk->size - chunk->used) {
		if (size > CONF_MAX_MEMORY - doc->n_bytes)
			return NULL;
		chunk = malloc(sizeof *chunk + size);
		if (!chunk)
			return NULL;
		*chunk = (struct chunk){.next = doc->chunks, .size = size};
		doc->chunks = chunk;
		doc->n_bytes += size;
	}
	at = chunk->bytes + chunk->used;
	chunk->used += need;
	return at;
}

/* The child that the next step of the path names ("name" or "[3]"), and the path after it. */
static const struct conf_value *step(const struct conf_value *at, const char **path)
{
	const struct conf_value *child = at->first;
	size_t len;

	if (**path == '[') {
		char *rest;
		unsigned long index = strtoul(*path + 1, &rest, 10);

		while (child && index--)
			child = child->next;
		*path = *rest == ']' ? rest + 1 : rest;
		return at->kind == CONF_KIND_LIST ? child : NULL;
	}
	*path += **path == '.';
	len = strcspn(*path, ".[");
	while (child && !(child->key && !strncmp(child->key, *path, len) && !child->key[len]))
		child = child->next;
	*path += len;
	return at->kind == CONF_KIND_MAP ? child : NULL;
}

int conf_doc_new(struct conf_doc **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? 0 : ERR_NOMEM;
}

void conf_doc_free(struct conf_doc **doc)
{
	if (!*doc)
		return;
	for (struct chunk *chunk = (*doc)->chunks; chunk;) {
		struct chunk *next = chunk->next;

		explicit_bzero(chunk->bytes, chunk->used); /* keys, perhaps */
		free(chunk);
		chunk = next;
	}
	free(*doc);
	*doc = NULL;
}

struct conf_value *conf_doc_root(const struct conf_doc *doc)
{
	return doc->root;
}

void conf_doc_set_root(struct conf_doc *doc, struct conf_value *root)
{
	doc->root = root;
}

struct conf_value *conf_value_new(struct conf_doc *doc, enum conf_kind kind, int line)
{
	struct conf_value *value = take(doc, sizeof *value);

	if (value)
		*value = (struct conf_value){.kind = kind, .line = line};
	return value;
}

char *conf_doc_text(struct conf_doc *doc, const char *text, size_t len)
{
	char *copy = take(doc, len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = 0;
	return copy;
}

struct conf_value *conf_value_scalar(struct conf_doc *doc, const char *text, size_t len)
{
	struct conf_value *value = conf_value_new(doc, CONF_KIND_SCALAR, 0);

	if (value)
		value->text = conf_doc_text(doc, text, len);
	return value && value->text ? value : NULL;
}

void conf_value_append(struct conf_value *parent, struct conf_value *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

const struct conf_value *conf_value_find(const struct conf_value *map, const char *key)
{
	const struct conf_value *child = map->kind == CONF_KIND_MAP ? map->first : NULL;

	while (child && strcmp(child->key, key))
		child = child->next;
	return child;
}

int conf_value_line(const struct conf_value *root, const char *path)
{
	int line = 0;

	for (const struct conf_value *at = root; at; at = *path ? step(at, &path) : NULL)
		line = at->line ? at->line : line;
	return line;
}
