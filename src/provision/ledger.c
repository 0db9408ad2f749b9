/* The ledger: rows that daemons tell, kept in the store; the page of a warrant, put together from
 * them; and statements of it, signed with the operator's key. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ledger/check.h"
#include "ledger/statement.h"
#include "provision/own.h"

enum { NAME_LEN = 160, BODY_MAX = 1 << 16 };

/* Gaps belong to no warrant. */
static const char no_warrant[] = "";

/* ---- what is told ---- */

/* What is told, on its way into the store. */
struct telling {
	struct provision *p;
	const struct ledger_news *news;
	struct store_row row; /* reporter and book */
};

/* Rows of one session lie together in the order of these names. */
static void name_row(const struct ledger_key *key, char out[NAME_LEN])
{
	snprintf(out, NAME_LEN, "%d %s %010" PRIu32 " %d", key->span, key->element, key->cin,
		 key->kind);
}

static int put(struct telling *t, const char *warrant, const char *name, struct wr *body,
	       struct why *why)
{
	struct store_row row = t->row;

	wr_u8(body, 0);
	if (!body->ok)
		return ERR_NOMEM;
	row.warrant = warrant;
	row.name = name;
	row.body = (const char *)body->bytes;
	return store_row_put(t->p->store, &row, why);
}

static int put_rows(struct telling *t, struct why *why)
{
	struct wr w = wr_init(BODY_MAX);
	int rc = 0;

	for (size_t k = 0; k < t->news->rows.n && !rc; k++) {
		struct json j = json_of(&w);
		struct ledger_row row;
		char name[NAME_LEN];

		wr_reset(&w);
		ledger_entry_row(&t->news->rows.items[k], &row);
		name_row(&row.key, name);
		rc = ledger_row_print(&row, &j);
		if (!rc)
			rc = put(t, row.key.warrant, name, &w, why);
	}
	wr_fini(&w);
	return rc;
}

static int remove_gone(struct telling *t, struct why *why)
{
	int rc = 0;

	for (size_t k = 0; k < t->news->gone.n && !rc; k++) {
		const struct ledger_name *gone = &t->news->gone.items[k];
		const struct ledger_entry entry = {.warrant = gone->warrant,
						   .element = gone->element,
						   .kind = gone->kind,
						   .span = gone->span,
						   .cin = gone->cin};
		struct store_row at = t->row;
		struct ledger_row row;
		char name[NAME_LEN];

		ledger_entry_row(&entry, &row);
		name_row(&row.key, name);
		at.warrant = row.key.warrant;
		at.name = name;
		rc = store_row_remove(t->p->store, &at, why);
	}
	return rc;
}

/* All there are, or none of them. */
static int put_gaps(struct telling *t, struct why *why)
{
	static const struct conf_sight all;
	struct wr w = wr_init(BODY_MAX);
	struct store_row of = t->row;
	int rc = 0;

	of.warrant = no_warrant;
	if (t->news->gaps.n)
		rc = store_rows_remove(t->p->store, &of, why);
	for (size_t k = 0; k < t->news->gaps.n && !rc; k++) {
		struct json j = json_of(&w);
		char name[NAME_LEN];

		wr_reset(&w);
		snprintf(name, sizeof name, "gap %zu", k);
		rc = conf_print_json(&ledger_hole_record, &t->news->gaps.items[k], &all, &j);
		if (!rc)
			rc = put(t, no_warrant, name, &w, why);
	}
	wr_fini(&w);
	return rc;
}

/* ---- what is gone ---- */

/* A row of an older book, of whose records some are gone. */
struct past {
	struct past *next;
	struct ledger_row row;
	struct nanos told;
	char book[32];
	char name[NAME_LEN];
};

struct search {
	const struct telling *t;
	struct past *found;
	enum ledger_column in, out;
	enum ledger_reason damaged, gone, given_up;
	struct why *why;
};

/* What was held when it told last; what is counted as gone already is not. */
static uint64_t held(const struct search *s, const struct ledger_row *row)
{
	uint64_t in = row->counts[s->in];
	uint64_t out = row->counts[s->out] + row->tallies[s->damaged].n +
		       row->tallies[s->given_up].n + row->tallies[s->gone].n;

	return in > out ? in - out : 0;
}

static int look_at_past(void *arg, const struct store_row *stored)
{
	struct search *s = arg;
	struct ledger_entry entry;
	struct past *past;
	int rc;

	if (!*stored->warrant || !strcmp(stored->book, s->t->row.book))
		return 0;
	rc = conf_parse_json(&ledger_entry_record, stored->body, strlen(stored->body), &entry,
			     s->why);
	past = rc ? NULL : calloc(1, sizeof *past);
	if (!past)
		return rc ? rc : ERR_NOMEM;
	ledger_entry_row(&entry, &past->row);
	conf_fini(&ledger_entry_record, &entry);
	if (!held(s, &past->row)) {
		free(past);
		return 0;
	}
	past->told = stored->told;
	snprintf(past->book, sizeof past->book, "%s", stored->book);
	snprintf(past->name, sizeof past->name, "%s", stored->name);
	past->next = s->found;
	s->found = past;
	return 0;
}

/* In its book the row says how many are gone, and from when to when that may have been. */
static int put_gone(struct telling *t, const struct search *s, struct past *past, struct why *why)
{
	static const struct conf_sight all;
	struct telling old = {.p = t->p, .row = t->row};
	char input[] = "spool";
	const struct ledger_hole hole = {
		.input = input, .reason = s->gone, .from = past->told, .to = loop_wall()};
	struct wr w = wr_init(BODY_MAX);
	struct json j = json_of(&w);
	uint64_t n = held(s, &past->row);
	int rc;

	old.row.book = past->book;
	ledger_tally_add(&past->row, s->gone, n, past->told.ns);
	past->row.tallies[s->gone].last_ns = hole.to.ns;
	rc = ledger_row_print(&past->row, &j);
	if (!rc)
		rc = put(&old, past->row.key.warrant, past->name, &w, why);
	wr_reset(&w);
	j = json_of(&w);
	if (!rc)
		rc = conf_print_json(&ledger_hole_record, &hole, &all, &j);
	if (!rc)
		rc = put(&old, no_warrant, "gone", &w, why);
	wr_fini(&w);
	return rc;
}

/* A daemon that begins anew, with empty spools, has lost what an older book of its holds. */
static int note_gone(struct telling *t, struct why *why)
{
	bool is_mediator = !strncmp(t->row.reporter, "mediator:", strlen("mediator:"));
	struct search s = {.t = t, .why = why};
	struct past *past;
	int rc;

	s.in = is_mediator ? LEDGER_KEPT : LEDGER_SPOOLED;
	s.out = is_mediator ? LEDGER_ACKNOWLEDGED : LEDGER_HANDED;
	s.damaged = is_mediator ? LEDGER_SPOILED : LEDGER_DAMAGED;
	s.given_up = is_mediator ? LEDGER_UNDELIVERED : LEDGER_ABANDONED;
	s.gone = is_mediator ? LEDGER_GONE : LEDGER_VANISHED;
	if (!t->news->begin || !t->news->fresh)
		return 0;
	rc = store_rows_of(t->p->store, t->row.reporter, look_at_past, &s, why);
	if (s.found && !rc)
		log_warn("%s has lost its spools", t->row.reporter);
	while ((past = s.found)) {
		s.found = past->next;
		if (!rc)
			rc = put_gone(t, &s, past, why);
		free(past);
	}
	return rc;
}

static int put_all(struct telling *t, struct why *why)
{
	struct store *store = t->p->store;
	int rc = store_begin(store, why);

	if (!rc)
		rc = store_rows_tell(store, &t->row, loop_wall(), t->news->begin, why);
	if (!rc)
		rc = note_gone(t, why);
	if (!rc)
		rc = remove_gone(t, why);
	if (!rc)
		rc = put_rows(t, why);
	if (!rc)
		rc = put_gaps(t, why);
	if (!rc && t->news->end)
		rc = store_rows_end(store, &t->row, why);
	if (!rc)
		rc = store_commit(store, why);
	if (rc)
		store_rollback(store);
	return rc;
}

int ledger_hear(struct provision *p, const struct tls_identity *from,
		const struct conf_value *message, struct why *why)
{
	char reporter[TLS_IDENTITY_TEXT_LEN];
	struct ledger_news news;
	struct telling t = {.p = p, .news = &news};
	int rc = conf_read(&ledger_news_record, message, &news, why);

	if (rc)
		return rc;
	tls_identity_print(from, reporter);
	t.row.reporter = reporter;
	t.row.book = news.book;
	rc = put_all(&t, why);
	conf_fini(&ledger_news_record, &news);
	return rc;
}

/* ---- the page ---- */

struct gathering {
	struct ledger_page *page;
	struct ledger_row row; /* the sum in hand */
	char name[NAME_LEN];   /* its name; empty: none is */
	struct nanos start, end;
	struct why *why;
};

/* "collector:c1". */
static int add_reporter(struct ledger_page *page, const struct store_row *row)
{
	const char *colon = strchr(row->reporter, ':');
	struct ledger_reporter *items, *r;
	size_t len = colon ? (size_t)(colon - row->reporter) : 0;

	for (size_t k = 0; k < page->reporters.n; k++) {
		r = &page->reporters.items[k];
		if (!strncmp(r->role, row->reporter, len) && !r->role[len] && colon &&
		    !strcmp(r->name, colon + 1)) {
			r->at = row->told.ns > r->at.ns ? row->told : r->at;
			return 0;
		}
	}
	items = reallocarray(page->reporters.items, page->reporters.n + 1, sizeof *items);
	if (!items)
		return ERR_NOMEM;
	page->reporters.items = items;
	r = &items[page->reporters.n];
	*r = (struct ledger_reporter){.role = strndup(row->reporter, len),
				      .name = strdup(colon ? colon + 1 : row->reporter),
				      .at = row->told};
	page->reporters.n++;
	return r->role && r->name ? 0 : ERR_NOMEM;
}

static int end_row(struct gathering *g)
{
	struct ledger_page *page = g->page;
	struct ledger_entry *items;
	int rc;

	if (!*g->name)
		return 0;
	*g->name = '\0';
	items = reallocarray(page->rows.items, page->rows.n + 1, sizeof *items);
	if (!items)
		return ERR_NOMEM;
	page->rows.items = items;
	rc = ledger_entry_of(&items[page->rows.n], &g->row);
	page->rows.n += !rc;
	return rc;
}

static int gather_row(void *arg, const struct store_row *stored)
{
	struct gathering *g = arg;
	struct ledger_entry entry;
	struct ledger_row row;
	int rc = conf_parse_json(&ledger_entry_record, stored->body, strlen(stored->body), &entry,
				 g->why);

	if (rc)
		return rc;
	ledger_entry_row(&entry, &row);
	conf_fini(&ledger_entry_record, &entry);
	if (strcmp(g->name, stored->name) != 0) {
		rc = end_row(g);
		snprintf(g->name, sizeof g->name, "%s", stored->name);
		memset(&g->row, 0, sizeof g->row);
		g->row.key = row.key;
	}
	if (rc)
		return rc;
	ledger_row_add(&g->row, &row);
	g->row.is_closed |= row.is_closed;
	return add_reporter(g->page, stored);
}

/* A gap while the warrant was in force, of a collector that has told of it. */
static int gather_gap(void *arg, const struct store_row *stored)
{
	struct gathering *g = arg;
	struct ledger_page *page = g->page;
	const char *colon = strchr(stored->reporter, ':');
	struct ledger_hole *items, hole;
	int rc = conf_parse_json(&ledger_hole_record, stored->body, strlen(stored->body), &hole,
				 g->why);

	if (rc)
		return rc;
	if (hole.to.ns < g->start.ns || hole.from.ns >= g->end.ns) {
		conf_fini(&ledger_hole_record, &hole);
		return 0;
	}
	items = reallocarray(page->gaps.items, page->gaps.n + 1, sizeof *items);
	if (items)
		page->gaps.items = items;
	free(hole.collector);
	hole.collector = strdup(colon ? colon + 1 : stored->reporter);
	if (!items || !hole.collector) {
		conf_fini(&ledger_hole_record, &hole);
		return ERR_NOMEM;
	}
	items[page->gaps.n++] = hole;
	return 0;
}

/* The span that the warrant covers; of one that is not held any more, that of its records. */
static void take_term(struct provision *p, struct ledger_page *page, struct gathering *g)
{
	const struct kind *kind = &kinds[KIND_WARRANTS];
	const struct warrant *w;
	size_t i;

	if (holding_find(&p->held, kind, page->warrant, &i)) {
		w = holding_item(&p->held, kind, i);
		page->start = w->start;
		page->end = w->end;
		g->start = w->start, g->end = w->end;
		return;
	}
	g->start.ns = INT64_MAX, g->end.ns = INT64_MIN;
	for (size_t k = 0; k < page->rows.n; k++) {
		const struct ledger_entry *e = &page->rows.items[k];

		if (e->first_time.ns && e->first_time.ns < g->start.ns)
			g->start = e->first_time;
		if (e->last_time.ns > g->end.ns)
			g->end = e->last_time;
	}
}

/* The page of a warrant: ERR_ABSENT where nobody has told of it, and it is not held. */
static int make_page(struct provision *p, const char *warrant, struct ledger_page *page,
		     struct why *why)
{
	struct gathering g = {.page = page, .why = why};
	const char *operator= p->held.orders.operator.id;
	size_t i;
	int rc;

	*page = (struct ledger_page){.at = loop_wall()};
	page->warrant = strdup(warrant);
	page->operator= operator? strdup(operator) : NULL;
	rc = page->warrant && (page->operator|| !operator) ? 0 : ERR_NOMEM;
	if (!rc)
		rc = store_rows_each(p->store, warrant, gather_row, &g, why);
	if (!rc)
		rc = end_row(&g);
	if (!rc && !page->rows.n && !holding_find(&p->held, &kinds[KIND_WARRANTS], warrant, &i))
		return ERR_ABSENT;
	if (!rc)
		take_term(p, page, &g);
	if (!rc)
		rc = store_rows_each(p->store, no_warrant, gather_gap, &g, why);
	return rc ? rc : ledger_judge(page);
}

/* ---- routes ---- */

static bool page_of(struct provision *p, const struct rest_request *request,
		    struct ledger_page *page, struct rest_answer *answer)
{
	char warrant[ORDERS_KEY_LEN];
	struct refusal refusal;
	struct why why;
	int rc;

	why_clear(&why);
	snprintf(warrant, sizeof warrant, "%s/%s", request->params[0], request->params[1]);
	rc = make_page(p, warrant, page, &why);
	if (!rc)
		return true;
	conf_fini(&ledger_page_record, page);
	if (rc == ERR_ABSENT) {
		rest_refuse(answer, 404, NULL, "no warrant is called \"%s\", and none was",
			    warrant);
		return false;
	}
	refuse_why(&refusal, 500, rc, &why);
	answer_refusal(answer, &refusal);
	return false;
}

void ledger_get(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	static const struct conf_sight all;
	struct json j = json_of(&answer->body);
	struct ledger_page page;

	if (!page_of(owner, request, &page, answer))
		return;
	answer->status = 200;
	if (conf_print_json(&ledger_page_record, &page, &all, &j))
		answer->body.ok = false;
	json_line(&j);
	conf_fini(&ledger_page_record, &page);
}

static int audit_statement(struct provision *p, const struct rest_request *request,
			   const struct wr *text, const char *warrant, struct why *why)
{
	const struct actor who = actor_of(request);
	struct store_audit entry = {
		.what = "statement", .kind = "ledger", .key = warrant, .before = ""};
	char digest[STORE_HASH_LEN];
	int rc = store_begin(p->store, why);

	store_digest((const char *)text->bytes, digest);
	entry.after = digest;
	if (!rc)
		rc = change_audit(p, &who, &entry, why);
	if (!rc)
		rc = store_commit(p->store, why);
	if (rc)
		store_rollback(p->store);
	return rc;
}

/* What was said, and to whom, is in the audit log before it is said. */
static int state(struct provision *p, const struct rest_request *request, struct ledger_page *page,
		 struct wr *out, struct why *why)
{
	struct wr text = wr_init(REST_MAX_ANSWER);
	int rc;

	page->asked_by = strdup(request->who.name);
	rc = page->asked_by ? ledger_statement_print(page, p->statement_signer, &text) : ERR_NOMEM;
	wr_u8(&text, 0);
	if (!rc)
		rc = text.ok ? audit_statement(p, request, &text, page->warrant, why) : ERR_NOMEM;
	if (!rc)
		wr_bytes(out, text.bytes, text.len - 1);
	wr_fini(&text);
	return rc;
}

void statement_post(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	struct ledger_page page;
	struct refusal refusal;
	struct why why;
	int rc;

	if (!p->statement_signer) {
		rest_refuse(answer, 409, NULL,
			    "the provisioner has no statement_key, and so signs no statements");
		return;
	}
	if (!page_of(p, request, &page, answer))
		return;
	why_clear(&why);
	rc = state(p, request, &page, &answer->body, &why);
	conf_fini(&ledger_page_record, &page);
	answer->status = 201;
	if (!rc)
		return;
	refuse_why(&refusal, 500, rc, &why);
	answer_refusal(answer, &refusal);
}
