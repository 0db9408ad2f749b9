#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "conf/json.h"
#include "provision/own.h"

enum { CHANGE_MAX_BODY = 256 << 20, CHANGE_NAMED = 5 };

int refuse(struct refusal *refusal, int status, const char *field, const char *format, ...)
{
	va_list args;

	refusal->status = status;
	snprintf(refusal->field, sizeof refusal->field, "%s", field ? field : "");
	va_start(args, format);
	vsnprintf(refusal->text, sizeof refusal->text, format, args);
	va_end(args);
	return ERR_BAD;
}

/* Conf names the record that lacks a key, or has one too many: the field is that key in it. */
static void name_key(struct refusal *refusal)
{
	static const char *const heads[] = {"\"", "unknown key \""};
	size_t len = strlen(refusal->field);

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		const char *name = refusal->text + strlen(heads[i]);
		size_t n;

		if (strncmp(refusal->text, heads[i], strlen(heads[i])))
			continue;
		n = strcspn(name, "\"");
		if (i == 0 && strncmp(name + n, "\" is missing", 12) &&
		    strncmp(name + n, "\" is given twice", 16))
			continue;
		snprintf(refusal->field + len, sizeof refusal->field - len, "%s%.*s",
			 len ? "." : "", (int)n, name);
		return;
	}
}

int refuse_why(struct refusal *refusal, int status, int rc, const struct why *why)
{
	size_t len = strcspn(why->text, " ");
	bool has_path = len > 1 && why->text[len] && why->text[len - 1] == ':' &&
			why->text[0] != '"' && len < sizeof refusal->field;

	if (rc == ERR_NOMEM || rc == ERR_IO || rc == ERR_FULL || rc == ERR_ACCESS)
		status = 500;
	refusal->status = status;
	snprintf(refusal->field, sizeof refusal->field, "%.*s", has_path ? (int)len - 1 : 0,
		 why->text);
	snprintf(refusal->text, sizeof refusal->text, "%s",
		 why->text[0] ? why->text + (has_path ? len + 1 : 0) : err_text(rc));
	name_key(refusal);
	return rc;
}

/* What the store gets of an item: JSON with its secrets sealed; the caller frees *out. */
static int body_of(const struct provision *p, const struct kind *kind, const char *key,
		   const void *item, char **out)
{
	struct wr w = wr_init(CHANGE_MAX_BODY);
	struct json json = json_of(&w);
	struct conf_doc *doc = NULL;
	struct conf_value *root = NULL;
	int rc = conf_doc_new(&doc);

	if (!rc)
		root = conf_write(kind->record, item, doc);
	if (!rc)
		rc = root ? secret_seal(p->seal, kind, key, doc, root) : ERR_NOMEM;
	if (!rc)
		conf_json_print(root, &json);
	wr_u8(&w, 0);
	if (!rc && !w.ok)
		rc = ERR_FULL;
	*out = NULL;
	if (!rc)
		*out = (char *)w.bytes;
	else
		wr_fini(&w);
	conf_doc_free(&doc);
	return rc;
}

int change_audit(struct provision *p, const struct actor *who, const struct store_audit *entry,
		 struct why *why)
{
	struct store_audit whole = *entry;

	whole.time = loop_wall();
	whole.who = who->name;
	whole.role = who->role;
	whole.address = who->address;
	return store_audit_add(p->store, &whole, why);
}

/* Puts an item into the store, within a set of changes; *entry gets what is to be held of it. */
static int keep(struct provision *p, const struct actor *who, const struct kind *kind,
		const void *item, struct entry *entry)
{
	const struct shelf *shelf = &p->held.shelves[kind->id];
	struct store_document document = {.key = entry->key};
	struct store_audit audit = {.what = "put", .kind = kind->name, .key = entry->key};
	struct why why = {.text = ""};
	char *body = NULL;
	size_t i;
	bool is_held = holding_find(&p->held, kind, entry->key, &i);
	int rc = body_of(p, kind, entry->key, item, &body);

	document.body = body;
	if (!rc)
		rc = store_put(p->store, kind->name, &document, &entry->revision, &why);
	store_digest(body, entry->digest);
	audit.before = is_held ? shelf->entries[i].digest : "";
	audit.after = entry->digest;
	if (!rc)
		rc = change_audit(p, who, &audit, &why);
	free(body);
	return rc;
}

static int drop(struct provision *p, const struct actor *who, const struct kind *kind, size_t i)
{
	const struct entry *entry = &p->held.shelves[kind->id].entries[i];
	struct store_audit audit = {.what = "remove",
				    .kind = kind->name,
				    .key = entry->key,
				    .before = entry->digest,
				    .after = ""};
	struct why why = {.text = ""};
	int rc = store_remove(p->store, kind->name, entry->key, &why);

	return rc ? rc : change_audit(p, who, &audit, &why);
}

static void key_of(const struct kind *kind, const void *item, char out[ORDERS_KEY_LEN])
{
	out[0] = 0;
	if (kind->key)
		kind->key(item, out);
}

/* Begins, lets `rc` of what is between decide, ends: the store's way of all or nothing. */
static int finish(struct provision *p, int rc, struct refusal *refusal)
{
	struct why why = {.text = ""};

	if (!rc)
		rc = store_commit(p->store, &why);
	if (rc) {
		store_rollback(p->store);
		refuse_why(refusal, 500, rc, &why);
	}
	return rc;
}

static bool is_same(const struct provision *p, const struct kind *kind, const char *key,
		    const void *item)
{
	size_t i;

	return holding_find(&p->held, kind, key, &i) &&
	       conf_is_equal(kind->record, item, holding_item(&p->held, kind, i), NULL);
}

/* Whether another mediator, or none, is to serve an agency that one serves. */
static bool is_moved(const struct provision *p, const char *key, const struct agency *item)
{
	const struct orders *orders = &p->held.orders;
	const struct kind *kind = &kinds[KIND_AGENCIES];
	size_t i, at;

	if (!holding_find(&p->held, kind, key, &i))
		return false;
	at = orders_mediator(orders, holding_item(&p->held, kind, i));
	return at < orders->mediators.n && orders_mediator(orders, item) != at;
}

int change_put(struct provision *p, const struct actor *who, const struct kind *kind, void *item,
	       struct refusal *refusal)
{
	char key[ORDERS_KEY_LEN];
	struct conf_fault fault;
	struct entry entry = {.key = NULL};
	struct why why = {.text = ""};
	int rc;

	key_of(kind, item, key);
	if (is_same(p, kind, key, item))
		return 0;
	if (kind->id == KIND_WARRANTS && !p->held.shelves[KIND_OPERATOR].n)
		return refuse(refusal, 409, NULL,
			      "warrants need the operator's id: PUT /api/v1/operator first");
	if (!holding_may_put(&p->held, kind, item, &fault))
		return refuse(refusal, kind->id == KIND_WARRANTS ? 422 : 409, fault.path, "%s",
			      fault.text);
	if (kind->id == KIND_AGENCIES && !who->may_drop && is_moved(p, key, item) &&
	    backlog_check(p, key, BACKLOG_AT_MEDIATORS, refusal))
		return ERR_BAD;
	rc = holding_reserve(&p->held, kind);
	entry.key = rc ? NULL : strdup(key);
	if (!rc && !entry.key)
		rc = ERR_NOMEM;
	if (!rc)
		rc = store_begin(p->store, &why);
	if (rc)
		return refuse_why(refusal, 500, rc, &why);
	rc = finish(p, keep(p, who, kind, item, &entry), refusal);
	if (rc) {
		free(entry.key);
		return rc;
	}
	holding_put(&p->held, kind, &entry, item);
	peers_changed(p->peers);
	return 0;
}

/* Warrants that name an agency, by their keys; false where none does. */
static bool is_used(const struct holding *held, const char *agency, char *out, size_t size)
{
	size_t n = 0;
	size_t len = 0;

	for (size_t i = 0; i < held->orders.warrants.n; i++) {
		if (strcmp(held->orders.warrants.items[i].agency, agency))
			continue;
		n++;
		if (n <= CHANGE_NAMED && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", n > 1 ? ", " : "",
						held->shelves[KIND_WARRANTS].entries[i].key);
	}
	if (n > CHANGE_NAMED && len < size)
		snprintf(out + len, size - len, " and %zu more", n - CHANGE_NAMED);
	return n > 0;
}

int change_remove(struct provision *p, const struct actor *who, const struct kind *kind, size_t i,
		  struct refusal *refusal)
{
	const char *key = p->held.shelves[kind->id].entries[i].key;
	struct why why = {.text = ""};
	struct conf_fault fault;
	char users[180];
	int rc;

	if (kind->id == KIND_AGENCIES && is_used(&p->held, key, users, sizeof users))
		return refuse(refusal, 409, NULL, "warrants name this agency: %s", users);
	if (!holding_may_remove(&p->held, kind, i, &fault))
		return refuse(refusal, 409, NULL, "without it %s %s", fault.path, fault.text);
	if (kind->id == KIND_AGENCIES && !who->may_drop &&
	    backlog_check(p, key, BACKLOG_ANYWHERE, refusal))
		return ERR_BAD;
	rc = store_begin(p->store, &why);
	if (rc)
		return refuse_why(refusal, 500, rc, &why);
	rc = finish(p, drop(p, who, kind, i), refusal);
	if (rc)
		return rc;
	holding_remove(&p->held, kind, i);
	peers_changed(p->peers);
	return 0;
}

/* ---- whole orders ---- */

/* The kind's list in orders; lists lie there as in what is held. */
static struct conf_list *list_in(struct orders *orders, const struct kind *kind)
{
	return (struct conf_list *)((char *)orders + kind->list - offsetof(struct holding, orders));
}

static void *item_in(struct orders *orders, const struct kind *kind, size_t i)
{
	if (kind->key)
		return (char *)list_in(orders, kind)->items + i * kind->record->size;
	return kind->id == KIND_OPERATOR ? (void *)&orders->operator: orders;
}

static size_t n_in(struct orders *orders, const struct kind *kind)
{
	return kind->key ? list_in(orders, kind)->n : 1;
}

/* Entries of what comes, so that nothing can fail after the commit. */
struct replacing {
	struct holding next;
	struct change_count *count;
};

static int put_one(struct provision *p, const struct actor *who, const struct kind *kind,
		   const void *item, struct replacing *r)
{
	struct entry entry = {.key = NULL};
	struct shelf *shelf = &r->next.shelves[kind->id];
	char key[ORDERS_KEY_LEN];
	size_t i;
	int rc = 0;

	key_of(kind, item, key);
	entry.key = strdup(key);
	if (!entry.key)
		return ERR_NOMEM;
	if (is_same(p, kind, key, item)) {
		holding_find(&p->held, kind, key, &i);
		entry.revision = p->held.shelves[kind->id].entries[i].revision;
		memcpy(entry.digest, p->held.shelves[kind->id].entries[i].digest,
		       sizeof entry.digest);
	} else {
		rc = keep(p, who, kind, item, &entry);
		r->count->n_put++;
	}
	if (rc)
		free(entry.key);
	else
		shelf->entries[shelf->n++] = entry;
	return rc;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static int replace_kind(struct provision *p, const struct actor *who, const struct kind *kind,
			struct orders *orders, struct replacing *r)
{
	struct shelf *shelf = &r->next.shelves[kind->id];
	struct shelf *old = &p->held.shelves[kind->id];
	size_t n = n_in(orders, kind);
	int rc = 0;

	shelf->entries = calloc(n + 1, sizeof *shelf->entries);
	shelf->size = n;
	if (!shelf->entries)
		return ERR_NOMEM;
	for (size_t i = 0; !rc && i < n; i++)
		rc = put_one(p, who, kind, item_in(orders, kind, i), r);
	qsort(shelf->entries, shelf->n, sizeof *shelf->entries, compare_entries);
	for (size_t i = 0; !rc && i < old->n; i++) {
		if (bsearch(&old->entries[i], shelf->entries, shelf->n, sizeof *shelf->entries,
			    compare_entries))
			continue;
		rc = drop(p, who, kind, i);
		r->count->n_removed++;
	}
	return rc;
}

static int compare_items(const void *a, const void *b, void *arg)
{
	const struct kind *kind = arg;
	char key_a[ORDERS_KEY_LEN];
	char key_b[ORDERS_KEY_LEN];

	kind->key(a, key_a);
	kind->key(b, key_b);
	return strcmp(key_a, key_b);
}

/* What is held is now what came; collectors stay. */
static void settle(struct provision *p, struct orders *orders, struct replacing *r)
{
	for (size_t k = 0; k < KIND_N; k++) {
		const struct kind *kind = &kinds[k];
		struct conf_list *list;

		if (!kind->key || kind->id == KIND_COLLECTORS)
			continue;
		list = list_in(orders, kind);
		if (list->n)
			qsort_r(list->items, list->n, kind->record->size, compare_items,
				(void *)(uintptr_t)kind);
	}
	r->next.orders = *orders;
	r->next.collectors.items = p->held.collectors.items;
	r->next.collectors.n = p->held.collectors.n;
	r->next.shelves[KIND_COLLECTORS] = p->held.shelves[KIND_COLLECTORS];
	p->held.collectors.items = NULL;
	p->held.collectors.n = 0;
	memset(&p->held.shelves[KIND_COLLECTORS], 0, sizeof(struct shelf));
	holding_fini(&p->held);
	p->held = r->next;
	memset(orders, 0, sizeof *orders);
}

static bool has_agency(const struct orders *orders, const char *id)
{
	for (size_t i = 0; i < orders->agencies.n; i++) {
		if (!strcmp(orders->agencies.items[i].id, id))
			return true;
	}
	return false;
}

/* No agency goes that is still owed records. */
static int check_agencies(struct provision *p, const struct actor *who, const struct orders *orders,
			  struct refusal *refusal)
{
	const struct orders *held = &p->held.orders;
	char text[sizeof refusal->text];

	for (size_t i = 0; i < held->agencies.n && !who->may_drop; i++) {
		const char *id = held->agencies.items[i].id;

		if (has_agency(orders, id) || !backlog_check(p, id, BACKLOG_ANYWHERE, refusal))
			continue;
		memcpy(text, refusal->text, sizeof text);
		return refuse(refusal, refusal->status, NULL, "agency %s is not there any more: %s",
			      id, text);
	}
	return 0;
}

int change_replace(struct provision *p, const struct actor *who, struct orders *orders,
		   struct change_count *count, struct refusal *refusal)
{
	struct replacing r = {.count = count};
	struct why why = {.text = ""};
	int rc;

	*count = (struct change_count){0, 0};
	if (check_agencies(p, who, orders, refusal))
		return ERR_BAD;
	rc = store_begin(p->store, &why);
	if (rc)
		return refuse_why(refusal, 500, rc, &why);
	for (size_t k = 0; !rc && k < KIND_N; k++) {
		if (kinds[k].id != KIND_COLLECTORS)
			rc = replace_kind(p, who, &kinds[k], orders, &r);
	}
	rc = finish(p, rc, refusal);
	if (rc) {
		holding_fini(&r.next);
		return rc;
	}
	settle(p, orders, &r);
	peers_changed(p->peers);
	return 0;
}

/* ---- from the store ---- */

struct loading {
	struct provision *p;
	const struct kind *kind;
	struct why *why;
};

static int load_one(void *arg, const struct store_document *document)
{
	struct loading *loading = arg;
	const struct kind *kind = loading->kind;
	struct holding *held = &loading->p->held;
	struct entry entry = {.revision = document->revision};
	void *item = calloc(1, kind->record->size);
	struct conf_doc *doc = NULL;
	int rc = item ? conf_json_parse(&doc, document->body, strlen(document->body), loading->why)
		      : ERR_NOMEM;

	if (!rc) {
		rc = secret_open(loading->p->seal, kind, document->key, doc, conf_doc_root(doc));
		if (rc)
			why_set(loading->why, rc,
				"its secrets do not open: the key for sealed fields is another");
	}
	if (!rc)
		rc = conf_read(kind->record, conf_doc_root(doc), item, loading->why);
	if (!rc)
		rc = holding_reserve(held, kind);
	if (!rc) {
		entry.key = strdup(document->key);
		rc = entry.key ? 0 : ERR_NOMEM;
		store_digest(document->body, entry.digest);
	}
	if (!rc)
		holding_put(held, kind, &entry, item);
	if (rc) {
		char place[WHY_PLACE_LEN];

		snprintf(place, sizeof place, "%s %s in the store", kind->one, document->key);
		why_place(loading->why, place);
	}
	conf_doc_free(&doc);
	free(item);
	return rc;
}

int change_load(struct provision *p, struct why *why)
{
	int rc = 0;

	for (size_t k = 0; !rc && k < KIND_N; k++) {
		struct loading loading = {p, &kinds[k], why};

		rc = store_each(p->store, kinds[k].name, load_one, &loading, why);
	}
	return rc;
}
