#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/own.h"

/* The item's child with this field's value, if it is a secret one that is there. */
static struct conf_value *secret_of(const struct conf_field *field, struct conf_value *item)
{
	struct conf_value *child = item->first;

	if (!field->is_secret)
		return NULL;
	while (child && strcmp(child->key, field->name))
		child = child->next;
	return child && child->kind == CONF_KIND_SCALAR ? child : NULL;
}

static int set_text(struct conf_doc *doc, struct conf_value *value, const char *text)
{
	value->text = conf_doc_text(doc, text, strlen(text));
	value->is_plain = value->is_typed = false;
	return value->text ? 0 : ERR_NOMEM;
}

typedef int (*seal_fn)(const struct seal *seal, const char *text, const char *place, char **out);

struct sealing {
	const struct seal *seal;
	seal_fn turn;
	const char *key;
	struct conf_doc *doc;
};

static int turn_all(const struct sealing *sealing, const struct kind *kind, struct conf_value *item)
{
	char place[ORDERS_KEY_LEN + 100];
	int rc = 0;

	for (size_t i = 0; !rc && i < kind->record->n_fields; i++) {
		const struct conf_field *field = &kind->record->fields[i];
		struct conf_value *value = secret_of(field, item);
		char *text = NULL;

		if (!value)
			continue;
		snprintf(place, sizeof place, "%s/%s/%s", kind->name, sealing->key, field->name);
		rc = sealing->turn(sealing->seal, value->text, place, &text);
		if (!rc)
			rc = set_text(sealing->doc, value, text);
		free(text);
	}
	return rc;
}

int secret_seal(const struct seal *seal, const struct kind *kind, const char *key,
		struct conf_doc *doc, struct conf_value *item)
{
	struct sealing sealing = {seal, seal_put, key, doc};

	return turn_all(&sealing, kind, item);
}

int secret_open(const struct seal *seal, const struct kind *kind, const char *key,
		struct conf_doc *doc, struct conf_value *item)
{
	struct sealing sealing = {seal, seal_get, key, doc};

	return turn_all(&sealing, kind, item);
}

/* The key of an item that is not read yet; false where it has none. */
static bool key_of_tree(const struct kind *kind, const struct conf_value *item,
			char out[ORDERS_KEY_LEN])
{
	size_t len = 0;

	for (const char *const *name = kind->key_fields; *name; name++) {
		const struct conf_value *part = conf_value_find(item, *name);

		if (!part || part->kind != CONF_KIND_SCALAR)
			return false;
		len += (size_t)snprintf(out + len, ORDERS_KEY_LEN - len, "%s%s", len ? "/" : "",
					part->text);
		if (len >= ORDERS_KEY_LEN)
			return false;
	}
	return true;
}

int secret_keep(const struct holding *held, const struct kind *kind, struct conf_doc *doc,
		struct conf_value *item, struct refusal *refusal)
{
	char key[ORDERS_KEY_LEN];
	size_t i = 0;
	bool is_held = kind->key_fields && item->kind == CONF_KIND_MAP &&
		       key_of_tree(kind, item, key) && holding_find(held, kind, key, &i);
	int rc = 0;

	if (!kind->key_fields || item->kind != CONF_KIND_MAP)
		return 0;
	for (size_t f = 0; !rc && f < kind->record->n_fields; f++) {
		const struct conf_field *field = &kind->record->fields[f];
		struct conf_value *value = secret_of(field, item);
		char room[CONF_WANT_LEN];
		const char *text = NULL;

		if (!value || strcmp(value->text, CONF_SECRET_TEXT))
			continue;
		if (is_held)
			text = field->type->print(
				field, (const char *)holding_item(held, kind, i) + field->offset,
				room, sizeof room);
		rc = text ? set_text(doc, value, text)
			  : refuse(refusal, 422, field->name,
				   "\"%s\" means the one that is kept, and none is",
				   CONF_SECRET_TEXT);
	}
	return rc;
}
