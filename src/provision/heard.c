/* What collectors and mediators tell, beside how they are: each type of message is a row. A report
 * is told until it is heard, so what it changes is committed together with its number, by which
 * one that comes again is known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "provision/own.h"

struct heard {
	struct provision *p;
	const struct tls_identity *from;
	const struct conf_value *body;
};

static const char *text_of(const struct heard *h, const char *key)
{
	const char *text = link_text(h->body, key);

	return text ? text : "";
}

/* Within a set of changes. */
static int add_entry(const struct heard *h, const char *what, struct why *why)
{
	const struct actor who = {h->from->name, tls_role_text(h->from->role), ""};
	const struct store_audit entry = {
		.what = what,
		.kind = text_of(h, "kind"),
		.key = text_of(h, "key"),
		.before = text_of(h, "before"),
		.after = text_of(h, "after"),
	};

	return change_audit(h->p, &who, &entry, why);
}

static int hear_audit(const struct heard *h, struct why *why)
{
	return add_entry(h, text_of(h, "what"), why);
}

static int hear_alarm(const struct heard *h, struct why *why)
{
	log_warn("%s %s: alarm: %.200s", tls_role_text(h->from->role), h->from->name,
		 text_of(h, "text"));
	return add_entry(h, "alarm", why);
}

static int hear_ledger(const struct heard *h, struct why *why)
{
	return ledger_hear(h->p, h->from, h->body, why);
}

static const struct {
	const char *type;
	bool is_report; /* else a message, which may be lost */
	int (*hear)(const struct heard *h, struct why *why);
} types[] = {
	{"audit", true, hear_audit},
	{"alarm", true, hear_alarm},
	{"ledger", false, hear_ledger},
};

/* One of an unknown type changes nothing: a newer daemon knows more than we do. */
static int hear(const struct heard *h, bool is_report, struct why *why)
{
	const char *type = text_of(h, "type");

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].is_report == is_report && !strcmp(types[i].type, type))
			return types[i].hear(h, why);
	log_debug("%s %s: what it says is passed over, being of the unknown type \"%.40s\"",
		  tls_role_text(h->from->role), h->from->name, type);
	return 0;
}

/* Whether the last report that was heard of this daemon has this number. */
static int is_again(const struct heard *h, const char *name, const char *number, bool *out,
		    struct why *why)
{
	char *last = NULL;
	int rc = store_meta_get(h->p->store, name, &last, why);

	*out = !rc && !strcmp(last, number);
	free(last);
	return rc == ERR_ABSENT ? 0 : rc;
}

static int hear_report(const struct heard *h, const char *number, struct why *why)
{
	char name[TLS_IDENTITY_TEXT_LEN + 16];
	bool was_heard = false;
	int rc = store_begin(h->p->store, why);

	snprintf(name, sizeof name, "report %s:%s", tls_role_text(h->from->role), h->from->name);
	if (!rc)
		rc = is_again(h, name, number, &was_heard, why);
	if (!rc && !was_heard)
		rc = hear(h, true, why);
	if (!rc && !was_heard)
		rc = store_meta_put(h->p->store, name, number, why);
	if (!rc)
		rc = store_commit(h->p->store, why);
	if (rc)
		store_rollback(h->p->store);
	return rc;
}

int heard_message(void *owner, const struct tls_identity *from, const struct conf_value *message,
		  struct why *why)
{
	const struct conf_value *report = conf_value_find(message, "report");
	struct heard h = {owner, from, report ? report : message};
	const char *number = link_text(message, "number");
	const char *type = link_text(message, "type");

	if (type && strcmp(type, "report"))
		return hear(&h, false, why);
	if (!report || report->kind != CONF_KIND_MAP || !number)
		return why_set(why, ERR_BAD, "a report without a number, or without its object");
	return hear_report(&h, number, why);
}
