#include "mediation/announce.h"

#include <stdlib.h>
#include <string.h>

#include "conf/file.h"
#include "conf/record.h"

enum { FILE_MAX = 64 << 20 };

#define X(...) CONF_ROW(announced, __VA_ARGS__)
static const struct conf_field announced_fields[] = {ANNOUNCED_FIELDS(X)};
#undef X
static const struct conf_record announced_record =
	CONF_RECORD(announced, announced_fields, .doc = "What an agency was told of a warrant.");

#define X(...) CONF_ROW(announcements, __VA_ARGS__)
static const struct conf_field announcements_fields[] = {ANNOUNCEMENTS_FIELDS(X)};
#undef X
static const struct conf_record announcements_record = CONF_RECORD(
	announcements, announcements_fields, .doc = "What an agency was told of its warrants.");

int announcements_load(struct announcements *a, const char *path, struct why *why)
{
	struct wr w = wr_init(FILE_MAX);
	struct why absent;
	int rc;

	why_clear(&absent);
	rc = conf_file_read(path, &w, &absent);

	*a = (struct announcements){0};
	if (rc == ERR_ABSENT) {
		rc = 0;
	} else if (!rc) {
		rc = conf_parse_json(&announcements_record, (const char *)w.bytes, w.len, a, why);
		if (rc)
			why_place(why, path);
	} else if (why) {
		*why = absent;
	}
	wr_fini(&w);
	return rc;
}

int announcements_save(const struct announcements *a, const char *path, struct why *why)
{
	struct wr w = wr_init(FILE_MAX);
	struct json j = json_of(&w);
	int rc = conf_print_json(&announcements_record, a, &(struct conf_sight){0}, &j);

	if (!rc)
		rc = w.ok ? conf_file_save(path, w.bytes, w.len, why) : ERR_NOMEM;
	wr_fini(&w);
	return rc;
}

void announcements_fini(struct announcements *a)
{
	conf_fini(&announcements_record, a);
}

/* ---- pending octets ---- */

static const char digits[] = "0123456789abcdef";

int announcements_set_pending(struct announcements *a, const void *octets, size_t len)
{
	const uint8_t *at = octets;
	char *text = malloc(2 * len + 1);

	if (!text)
		return ERR_NOMEM;
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[at[i] >> 4];
		text[2 * i + 1] = digits[at[i] & 15];
	}
	text[2 * len] = '\0';
	free(a->pending);
	a->pending = text;
	a->number++;
	return 0;
}

static int digit_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool announcements_pending(const struct announcements *a, struct wr *out)
{
	const char *at = a->pending ? a->pending : "";

	for (; at[0] && at[1]; at += 2) {
		int high = digit_of(at[0]), low = digit_of(at[1]);

		if (high < 0 || low < 0)
			return false;
		wr_u8(out, (uint8_t)(high << 4 | low));
	}
	return !at[0] && out->ok && out->len;
}

/* ---- what is due ---- */

static int compare_warrants(const void *a, const void *b)
{
	const struct warrant *const *x = a, *const *y = b;

	return strcmp((*x)->liid, (*y)->liid);
}

/* The agency's warrants in order of their LIIDs, an array that the caller frees. */
static const struct warrant **sort_warrants(const struct orders *orders, const char *agency,
					    size_t *n)
{
	const struct warrant **list = calloc(orders->warrants.n + 1, sizeof(struct warrant *));

	*n = 0;
	for (size_t i = 0; list && i < orders->warrants.n; i++)
		if (!strcmp(orders->warrants.items[i].agency, agency))
			list[(*n)++] = &orders->warrants.items[i];
	if (list)
		qsort(list, *n, sizeof(struct warrant *), compare_warrants);
	return list;
}

/* Replaces a text by a copy of another, which may be NULL. */
static int set_text(char **to, const char *from)
{
	char *copy = from ? strdup(from) : NULL;

	if (from && !copy)
		return ERR_NOMEM;
	free(*to);
	*to = copy;
	return 0;
}

static int take_facts(struct announced *facts, const struct warrant *w)
{
	int rc = set_text(&facts->authorization_country, w->authorization_country);

	if (!rc)
		rc = set_text(&facts->delivery_country, w->delivery_country);
	if (!rc)
		rc = set_text(&facts->revision, w->revision);
	facts->start = w->start;
	facts->end = w->end;
	facts->deliver = w->deliver;
	return rc;
}

static bool differs(const struct announced *facts, const struct warrant *w)
{
	const char *a = facts->delivery_country ? facts->delivery_country : "";
	const char *b = w->delivery_country ? w->delivery_country : "";

	/* what was told before there were revisions is not told again for the want of one */
	if (facts->revision && w->revision && strcmp(facts->revision, w->revision) != 0)
		return true;
	return facts->start.ns != w->start.ns || facts->end.ns != w->end.ns ||
	       facts->deliver != w->deliver || strcmp(a, b) ||
	       strcmp(facts->authorization_country, w->authorization_country);
}

struct round {
	struct announcements *a;
	struct nanos now;
	const struct announcer *announcer;
};

static int tell(const struct round *r, enum hi1_operation operation, struct announced *facts)
{
	int rc = r->announcer->fn(r->announcer->owner, operation, facts);

	if (rc < 0)
		return rc;
	facts->next++;
	facts->is_active = operation != HI1_DEACTIVATED;
	return 0;
}

/* Whom the agency knows already; w is NULL where the orders no longer hold it. */
static int revisit(const struct round *r, struct announced *facts, const struct warrant *w)
{
	bool is_live = w && warrant_is_live(w, r->now);
	bool was_active = facts->is_active;
	int rc = 0;

	if (was_active && !is_live) {
		rc = tell(r, HI1_DEACTIVATED, facts);
	} else if (is_live && was_active && !facts->revision && w->revision) {
		rc = set_text(&facts->revision, w->revision);
	}
	if (!rc && is_live && (!was_active || differs(facts, w))) {
		rc = take_facts(facts, w);
		if (!rc)
			rc = tell(r, was_active ? HI1_MODIFIED : HI1_ACTIVATED, facts);
	}
	return rc;
}

/* Puts a warrant that the agency is told of for the first time at the end of the list, which has
 * room for it. */
static int introduce(const struct round *r, const struct warrant *w)
{
	struct announced *facts = &r->a->warrants.items[r->a->warrants.n];
	int rc;

	*facts = (struct announced){0};
	rc = set_text(&facts->liid, w->liid);
	if (!rc)
		rc = take_facts(facts, w);
	if (!rc)
		rc = tell(r, HI1_ACTIVATED, facts);
	if (rc)
		conf_fini(&announced_record, facts);
	else
		r->a->warrants.n++;
	return rc;
}

static int compare_facts(const void *a, const void *b)
{
	const struct announced *x = a, *y = b;

	return strcmp(x->liid, y->liid);
}

/* Both lists are in order of LIIDs: one walk over both. */
static int walk(const struct round *r, const struct warrant **list, size_t n)
{
	size_t n_known = r->a->warrants.n, i = 0, k = 0;
	int rc = 0, order;

	while (!rc && (i < n_known || k < n)) {
		struct announced *facts = &r->a->warrants.items[i];

		order = i == n_known ? 1 : k == n ? -1 : strcmp(facts->liid, list[k]->liid);
		if (order <= 0)
			rc = revisit(r, facts, order ? NULL : list[k]);
		else if (warrant_is_live(list[k], r->now))
			rc = introduce(r, list[k]);
		i += order <= 0;
		k += order >= 0;
	}
	return rc;
}

int announcements_due(struct announcements *a, const struct orders *orders, const char *agency,
		      struct nanos now, const struct announcer *announcer)
{
	struct round r = {a, now, announcer};
	struct announced *items;
	size_t n;
	const struct warrant **list = sort_warrants(orders, agency, &n);
	int rc = list ? 0 : ERR_NOMEM;

	if (!rc && n) {
		items = reallocarray(a->warrants.items, a->warrants.n + n, sizeof *items);
		rc = items ? 0 : ERR_NOMEM;
		if (items)
			a->warrants.items = items;
	}
	if (!rc) {
		rc = walk(&r, list, n);
		if (a->warrants.n)
			qsort(a->warrants.items, a->warrants.n, sizeof *items, compare_facts);
	}
	free(list);
	return rc;
}

struct nanos announcements_wake(const struct orders *orders, struct nanos now)
{
	struct nanos wake = {INT64_MAX};

	for (size_t i = 0; i < orders->warrants.n; i++) {
		const struct warrant *w = &orders->warrants.items[i];

		if (w->start.ns > now.ns && w->start.ns < wake.ns)
			wake = w->start;
		if (w->end.ns > now.ns && w->end.ns < wake.ns)
			wake = w->end;
	}
	return wake;
}
