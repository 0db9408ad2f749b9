#include "collection/collection.h"

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

#define X(...) CONF_ROW(collection_settings, __VA_ARGS__)
static const struct conf_field collection_fields[] = {COLLECTION_FIELDS(X)};
#undef X

const struct conf_record collection_record = {
	.name = "collector",
	.doc = "Configuration of weir-collector.",
	.fields = collection_fields,
	.n_fields = sizeof collection_fields / sizeof *collection_fields,
	.size = sizeof(struct collection_settings),
	.check = daemon_check,
};
