#include "warrant/view.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "warrant/key.h"

/* A view while it is made: `shallow` borrows the items that it keeps, in order of their keys. */
struct viewing {
	const struct orders *orders;
	const struct orders_daemon *daemon; /* NULL: everything is kept */
	struct orders shallow;
};

static bool serves(const struct viewing *v, const struct agency *a)
{
	size_t i = orders_mediator(v->orders, a);

	return v->daemon->role != ORDERS_FOR_MEDIATOR ||
	       (i < v->orders->mediators.n &&
		!strcmp(v->orders->mediators.items[i].name, v->daemon->name));
}

static int id_is(const void *name, const void *agency)
{
	return strcmp(name, ((const struct agency *)agency)->id);
}

/* Asked when the view's agencies are there. */
static bool is_wanted(const struct viewing *v, const struct warrant *w)
{
	bool is_collector = v->daemon->role == ORDERS_FOR_COLLECTOR;
	int64_t grace_s = is_collector ? ORDERS_GRACE_COLLECTOR_S : ORDERS_GRACE_MEDIATOR_S;
	bool is_over = v->daemon->now.ns - w->end.ns >= grace_s * NANOS_PER_S;

	return !is_over && v->shallow.agencies.n &&
	       bsearch(w->agency, v->shallow.agencies.items, v->shallow.agencies.n,
		       sizeof(struct agency), id_is);
}

static bool is_kept(const struct viewing *v, const struct conf_field *list, const void *item)
{
	if (!v->daemon)
		return true;
	if (list->of == &agency_record)
		return serves(v, item);
	if (list->of == &warrant_record)
		return is_wanted(v, item);
	return true;
}

static int keep_list(struct viewing *v, const struct conf_field *list)
{
	struct conf_list *kept = conf_list_of(list, &v->shallow);
	size_t n = conf_list_n(list, v->orders);
	size_t size = conf_item_size(list);
	const void **sorted = key_sorted(list, v->orders);

	*kept = (struct conf_list){calloc(n + 1, size), 0};
	for (size_t i = 0; sorted && kept->items && i < n; i++) {
		if (is_kept(v, list, sorted[i]))
			memcpy(conf_list_item(list, &v->shallow, kept->n++), sorted[i], size);
	}
	free(sorted);
	return sorted && kept->items ? 0 : ERR_NOMEM;
}

/* Frees the borrowing lists, not what they borrow. */
static void forget(struct viewing *v)
{
	for (size_t i = 0; i < orders_record.n_fields; i++) {
		if (orders_record.fields[i].is_list)
			free(conf_list_of(&orders_record.fields[i], &v->shallow)->items);
	}
}

/* On failure nothing is left to forget. */
static int keep(struct viewing *v)
{
	int rc = 0;

	memset(&v->shallow, 0, sizeof v->shallow);
	v->shallow.operator= v->orders->operator;
	for (size_t i = 0; !rc && i < orders_record.n_fields; i++) {
		if (orders_record.fields[i].is_list)
			rc = keep_list(v, &orders_record.fields[i]);
	}
	if (rc)
		forget(v);
	return rc;
}

/* A mediator does not see all of a warrant, and must tell its agency of every change: it gets a
 * mark of the whole. It is short, and of what nobody else can put together without the keys, the
 * reference and the authority that it covers too. */
static int mark(const struct warrant *whole, struct warrant *out)
{
	static const char hex[] = "0123456789abcdef";
	struct warrant w = *whole;
	struct wr octets = wr_init(CONF_MAX_MEMORY);
	struct json j = json_of(&octets);
	char text[17] = "";
	uint8_t digest[32];
	int rc;

	w.revision = NULL;
	rc = conf_print_json(&warrant_record, &w, &(struct conf_sight){0}, &j);
	if (!rc && !EVP_Digest(octets.bytes, octets.len, digest, NULL, EVP_sha256(), NULL))
		rc = ERR_NOMEM;
	for (size_t i = 0; !rc && i < sizeof text / 2; i++) {
		text[2 * i] = hex[digest[i] >> 4];
		text[2 * i + 1] = hex[digest[i] & 15];
	}
	OPENSSL_cleanse(octets.bytes, octets.len);
	wr_fini(&octets);
	free(out->revision);
	out->revision = rc ? NULL : strdup(text);
	return rc ? rc : out->revision ? 0 : ERR_NOMEM;
}

int orders_view(const struct orders *orders, const struct orders_daemon *daemon, struct orders *out)
{
	struct viewing v = {.orders = orders, .daemon = daemon};
	int rc = keep(&v);

	memset(out, 0, sizeof *out);
	if (rc)
		return rc;
	rc = conf_copy(&orders_record, &(struct conf_sight){.whom = daemon->role}, &v.shallow, out);
	for (size_t i = 0; !rc && daemon->role == ORDERS_FOR_MEDIATOR && i < out->warrants.n; i++)
		rc = mark(&v.shallow.warrants.items[i], &out->warrants.items[i]);
	forget(&v);
	if (rc)
		orders_fini(out);
	return rc;
}

int orders_view_print(const struct orders *view, unsigned role, struct json *j)
{
	struct viewing v = {.orders = view};
	int rc = keep(&v);

	if (rc)
		return rc;
	rc = conf_print_json(&orders_record, &v.shallow, &(struct conf_sight){.whom = role}, j);
	forget(&v);
	return rc;
}

int orders_view_read(struct orders *out, const struct conf_value *root, unsigned role,
		     struct why *why)
{
	return conf_read_as(&orders_record, root, &(struct conf_sight){.whom = role}, out, why);
}

int orders_digest_of(const void *octets, size_t len, char out[ORDERS_DIGEST_LEN])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t digest[32];
	int rc = EVP_Digest(octets, len, digest, NULL, EVP_sha256(), NULL) ? 0 : ERR_NOMEM;

	for (size_t i = 0; !rc && i < sizeof digest; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[rc ? 0 : ORDERS_DIGEST_LEN - 1] = 0;
	return rc;
}

int orders_digest(const struct orders *view, unsigned role, char out[ORDERS_DIGEST_LEN])
{
	struct wr w = wr_init(CONF_MAX_MEMORY);
	struct json j = json_of(&w);
	int rc = orders_view_print(view, role, &j);

	if (!rc)
		rc = orders_digest_of(w.bytes, w.len, out);
	wr_fini(&w);
	return rc;
}
