#include "collection/collection.h"

#include <stdio.h>
#include <string.h>

static const struct conf_name collection_paces[] = {
#define X(name, text, doc) {text, COLLECTION_PACE_##name, doc},
	COLLECTION_PACES(X)
#undef X
		{NULL, 0, NULL}};

static const struct conf_name collection_times[] = {
#define X(name, text, doc) {text, COLLECTION_TIMES_##name, doc},
	COLLECTION_TIMES(X)
#undef X
		{NULL, 0, NULL}};

#define X(...) CONF_ROW(collection_input, __VA_ARGS__)
static const struct conf_field input_fields[] = {COLLECTION_INPUT_FIELDS(X)};
#undef X

static const struct conf_record collection_input_record = {
	.name = "input",
	.fields = input_fields,
	.n_fields = sizeof input_fields / sizeof *input_fields,
	.size = sizeof(struct collection_input),
};

static bool collection_is_graphic(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

#define X(...) CONF_ROW(collection_settings, __VA_ARGS__)
static const struct conf_field collection_fields[] = {COLLECTION_FIELDS(X)};
#undef X

/* Without one of its own its name stands for it, where that fits into a record. */
static bool check(const void *record, struct conf_fault *fault)
{
	const struct collection_settings *s = record;

	if (!daemon_check(record, fault))
		return false;
	if (s->network_element || strlen(s->name) <= ETSI_MAX_NETWORK_ELEMENT)
		return true;
	snprintf(fault->path, sizeof fault->path, "network_element");
	snprintf(fault->text, sizeof fault->text,
		 "is missing; the name, of more than %d characters, is too long to stand for it",
		 ETSI_MAX_NETWORK_ELEMENT);
	return false;
}

const struct conf_record collection_record = {
	.name = "collector",
	.doc = "Configuration of weir-collector.",
	.fields = collection_fields,
	.n_fields = sizeof collection_fields / sizeof *collection_fields,
	.size = sizeof(struct collection_settings),
	.check = check,
};
