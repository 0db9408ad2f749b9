/* Texts in either syntax to structs, and back. */
#include <string.h>

#include "conf/json.h"
#include "conf/record.h"
#include "conf/yaml.h"

static int read_doc(const struct conf_record *record, int rc, struct conf_doc *doc, void *out,
		    struct why *why)
{
	if (!rc)
		rc = conf_read(record, conf_doc_root(doc), out, why);
	else
		memset(out, 0, record->size);
	conf_doc_free(&doc);
	return rc;
}

int conf_parse(const struct conf_record *record, const char *text, size_t len, void *out,
	       struct why *why)
{
	struct conf_doc *doc = NULL;
	int rc = conf_yaml_parse(&doc, text, len, why);

	return read_doc(record, rc, doc, out, why);
}

int conf_parse_json(const struct conf_record *record, const char *text, size_t len, void *out,
		    struct why *why)
{
	struct conf_doc *doc = NULL;
	int rc = conf_json_parse(&doc, text, len, why);

	return read_doc(record, rc, doc, out, why);
}

int conf_print(const struct conf_record *record, const void *in, struct wr *w)
{
	return conf_print_as(record, in, &(struct conf_sight){.whom = 0}, w);
}

int conf_print_as(const struct conf_record *record, const void *in, const struct conf_sight *sight,
		  struct wr *w)
{
	struct conf_doc *doc = NULL;
	const struct conf_value *root;
	int rc = conf_doc_new(&doc);

	if (rc)
		return rc;
	root = conf_write_as(record, in, sight, doc);
	if (root)
		conf_yaml_print(root, w);
	conf_doc_free(&doc);
	return !root ? ERR_NOMEM : w->ok ? 0 : ERR_FULL;
}

int conf_print_json(const struct conf_record *record, const void *in,
		    const struct conf_sight *sight, struct json *j)
{
	struct conf_doc *doc = NULL;
	const struct conf_value *root;
	int rc = conf_doc_new(&doc);

	if (rc)
		return rc;
	root = conf_write_as(record, in, sight, doc);
	if (root)
		conf_json_print(root, j);
	conf_doc_free(&doc);
	return !root ? ERR_NOMEM : j->w->ok ? 0 : ERR_FULL;
}
