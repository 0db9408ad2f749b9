#include "link/body.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "conf/json.h"
#include "link/frame.h"

const struct conf_value *link_value(const struct conf_value *map, const char *key)
{
	const struct conf_value *child = map && map->kind == CONF_KIND_MAP ? map->first : NULL;

	while (child && strcmp(child->key, key))
		child = child->next;
	return child;
}

const char *link_text(const struct conf_value *map, const char *key)
{
	const struct conf_value *value = link_value(map, key);

	return value && value->kind == CONF_KIND_SCALAR ? value->text : NULL;
}

bool link_number(const struct conf_value *map, const char *key, uint64_t *out)
{
	const char *text = link_text(map, key);
	char *rest;

	*out = 0;
	if (!text || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoull(text, &rest, 10);
	return !errno && !*rest;
}

int link_body_read(const void *body, size_t len, struct conf_doc **doc, struct why *why)
{
	int rc = conf_json_parse(doc, body, len, why);

	if (!rc && conf_doc_root(*doc)->kind != CONF_KIND_MAP) {
		conf_doc_free(doc);
		rc = why_set(why, ERR_BAD, "no JSON object");
	}
	return rc;
}

void link_hello_write(const struct tls_identity *self, const char *software, const char *to,
		      struct wr *w)
{
	struct json j = json_of(w);

	json_open(&j, '{');
	json_key(&j, "role");
	json_text(&j, tls_role_text(self->role));
	json_key(&j, "name");
	json_text(&j, self->name);
	json_key(&j, "version");
	json_u64(&j, LINK_VERSION);
	json_key(&j, "software");
	json_text(&j, software);
	if (to)
		json_key(&j, "to"), json_text(&j, to);
	json_close(&j, '}');
}

int link_hello_read(const void *body, size_t len, struct link_hello *out, struct why *why)
{
	struct conf_doc *doc = NULL;
	int rc = link_body_read(body, len, &doc, why);
	const struct conf_value *root = rc ? NULL : conf_doc_root(doc);
	const char *role = link_text(root, "role");
	const char *name = link_text(root, "name");
	const char *software = link_text(root, "software");
	const char *to = link_text(root, "to");
	uint64_t version;

	*out = (struct link_hello){.version = 0};
	if (!rc && (!link_number(root, "version", &version) || version > INT32_MAX))
		rc = why_set(why, ERR_BAD, "it has no version");
	if (!rc)
		out->version = (int)version;
	/* of another version nothing else is known */
	if (!rc && version == LINK_VERSION) {
		if (!role || !tls_role_of(role, &out->identity.role))
			rc = why_set(why, ERR_BAD, "it has no role that is known");
		else if (!name || !tls_name_is_allowed(name))
			rc = why_set(why, ERR_BAD, "it has no name");
		else
			snprintf(out->identity.name, sizeof out->identity.name, "%s", name);
		snprintf(out->software, sizeof out->software, "%s", software ? software : "");
		snprintf(out->to, sizeof out->to, "%s", to ? to : "");
	}
	conf_doc_free(&doc);
	return rc;
}

void link_refusal_read(const void *body, size_t len, char *out, size_t size)
{
	struct conf_doc *doc = NULL;
	int rc = link_body_read(body, len, &doc, NULL);
	const char *reason = rc ? NULL : link_text(conf_doc_root(doc), "reason");

	snprintf(out, size, "%s", reason ? reason : "without a reason");
	conf_doc_free(&doc);
}
