/* The file of what there is: one JSON document, written whole. */
#include <stdlib.h>
#include <string.h>

#include "alarm/inside.h"
#include "base/log.h"
#include "conf/file.h"
#include "conf/record.h"

enum { FILE_MAX = 64 << 20 };

#define MOST INT64_C(999999999999999999) /* that a document says */

static const struct conf_name kind_names[] = {
#define X(name, key, ...) {key, ALARM_##name, ""},
	ALARM_KINDS(X)
#undef X
		{0}};

#define HEARER_FIELDS(X)                                                                           \
	X(TEXT, agency, .is_required = true, .min = 1, .max = AGENCY_LEN - 1, .doc = "who")        \
	X(INT, heard, .is_required = true, .max = HEARD_END, .doc = "how far it has heard")        \
	X(BOOL, is_deaf, .otherwise = "false", .doc = "it will not hear of it")

#define ALARM_FIELDS(X)                                                                            \
	X(INT, number, .is_required = true, .min = 1, .max = MOST, .doc = "of the alarm")          \
	X(WORD, kind, .is_required = true, .names = kind_names, .doc = "what is wrong")            \
	X(TEXT, about, .is_required = true, .max = ALARM_ABOUT_LEN - 1, .doc = "with what")        \
	X(TEXT, liid, .max = LIID_LEN - 1, .doc = "of one warrant: its LIID")                      \
	X(BOOL, is_over, .otherwise = "false", .doc = "it is not so any more")                     \
	X(INT, n, .otherwise = "0", .max = MOST, .doc = "how much")                                \
	X(TIME, from, .is_required = true, .doc = "its begin")                                     \
	X(TIME, until, .is_required = true, .doc = "its end, so far")                              \
	X(TIME, raised, .is_required = true, .doc = "when it was said last")                       \
	X(LIST(saved_hearer), hearers, .max = 100000, .doc = "agencies that hear of it")

#define ALARMS_FIELDS(X)                                                                           \
	X(INT, number, .is_required = true, .max = MOST, .doc = "of the last alarm")               \
	X(LIST(saved_alarm), alarms, .max = ALARM_MAX, .doc = "the oldest first")

struct saved_hearer {
	CONF_STRUCT(HEARER_FIELDS)
};
#define X(...) CONF_ROW(saved_hearer, __VA_ARGS__)
static const struct conf_field hearer_fields[] = {HEARER_FIELDS(X)};
#undef X
static const struct conf_record saved_hearer_record =
	CONF_RECORD(saved_hearer, hearer_fields, .doc = "An agency that hears of an alarm.");

struct saved_alarm {
	CONF_STRUCT(ALARM_FIELDS)
};
#define X(...) CONF_ROW(saved_alarm, __VA_ARGS__)
static const struct conf_field alarm_fields[] = {ALARM_FIELDS(X)};
#undef X
static const struct conf_record saved_alarm_record =
	CONF_RECORD(saved_alarm, alarm_fields, .doc = "An alarm.");

struct saved_alarms {
	CONF_STRUCT(ALARMS_FIELDS)
};
#define X(...) CONF_ROW(saved_alarms, __VA_ARGS__)
static const struct conf_field alarms_fields[] = {ALARMS_FIELDS(X)};
#undef X
static const struct conf_record saved_alarms_record =
	CONF_RECORD(saved_alarms, alarms_fields, .doc = "What is wrong, and who has heard of it.");

/* ---- writing ---- */

static size_t count_hearers(const struct alarm *a)
{
	size_t n = 0;

	for (const struct hearer *h = a->hearers; h; h = h->next)
		n++;
	return n;
}

/* Texts are borrowed, lists are not. */
static int save_alarm(struct saved_alarm *out, struct alarm *a)
{
	*out = (struct saved_alarm){
		.number = (int64_t)a->number,
		.kind = a->kind,
		.about = a->about,
		.liid = *a->liid ? a->liid : NULL,
		.is_over = a->is_over,
		.n = a->n > MOST ? MOST : (int64_t)a->n,
		.from = a->from,
		.until = a->until,
		.raised = a->raised,
	};
	out->hearers.items = calloc(count_hearers(a) + 1, sizeof *out->hearers.items);
	if (!out->hearers.items)
		return ERR_NOMEM;
	for (struct hearer *h = a->hearers; h; h = h->next)
		out->hearers.items[out->hearers.n++] =
			(struct saved_hearer){h->agency, h->heard, h->is_deaf};
	return 0;
}

static int save_all(const struct alarms *as, struct why *why)
{
	struct saved_alarms all = {.number = (int64_t)as->number};
	struct wr w = wr_init(FILE_MAX);
	struct json j = json_of(&w);
	size_t at = as->n;
	int rc;

	all.alarms.items = calloc(as->n + 1, sizeof *all.alarms.items);
	all.alarms.n = all.alarms.items ? as->n : 0;
	rc = all.alarms.items ? 0 : ERR_NOMEM;
	/* new ones are at the front */
	for (struct alarm *a = as->first; a && !rc; a = a->next)
		rc = save_alarm(&all.alarms.items[--at], a);
	if (!rc)
		rc = conf_print_json(&saved_alarms_record, &all, &(struct conf_sight){0}, &j);
	if (!rc)
		rc = w.ok ? conf_file_save(as->path, w.bytes, w.len, why) : ERR_NOMEM;
	for (size_t i = 0; i < all.alarms.n; i++)
		free(all.alarms.items[i].hearers.items);
	free(all.alarms.items);
	wr_fini(&w);
	return rc;
}

void alarms_keep(struct alarms *as, struct nanos now)
{
	bool is_late = as->is_grown && (now.ns < as->saved.ns ||
					now.ns - as->saved.ns >= nanos_from_s(ALARM_GROWN_S).ns);
	struct why why;
	int rc;

	if (!as->path || (!as->is_changed && !is_late))
		return;
	why_clear(&why);
	rc = save_all(as, &why);
	if (rc && !as->was_refused)
		log_error("alarms that were not told do not outlive this process: %s: %s", as->path,
			  *why.text ? why.text : err_text(rc));
	as->was_refused = rc;
	as->is_changed = as->is_grown = rc != 0;
	as->saved = now;
}

/* ---- reading ---- */

static int take_alarm(struct alarms *as, const struct saved_alarm *saved, struct nanos now)
{
	struct alarm *a = alarms_add(as);

	if (!a)
		return ERR_NOMEM;
	a->alarms = as;
	a->number = (uint64_t)saved->number;
	a->kind = (enum alarm_kind)saved->kind;
	memcpy(a->about, saved->about, strlen(saved->about));
	if (saved->liid)
		memcpy(a->liid, saved->liid, strlen(saved->liid));
	a->is_over = saved->is_over || !alarm_kinds[a->kind].over_s;
	a->n = (uint64_t)saved->n;
	a->from = saved->from;
	a->until = saved->until;
	a->raised = saved->is_over ? saved->raised : now;
	for (size_t i = 0; i < saved->hearers.n; i++) {
		const struct saved_hearer *from = &saved->hearers.items[i];
		struct hearer *h = alarm_add_hearer(a, from->agency);

		if (!h)
			return ERR_NOMEM;
		h->heard = (enum heard)from->heard;
		h->is_deaf = from->is_deaf;
	}
	return 0;
}

int alarms_load(struct alarms *as, const char *path, struct nanos now, struct why *why)
{
	struct saved_alarms all = {0};
	struct wr w = wr_init(FILE_MAX);
	struct why fault;
	int rc;

	why_clear(&fault);
	as->path = strdup(path);
	rc = as->path ? conf_file_read(path, &w, &fault) : ERR_NOMEM;
	if (!rc)
		rc = conf_parse_json(&saved_alarms_record, (const char *)w.bytes, w.len, &all,
				     &fault);
	else if (rc == ERR_ABSENT)
		rc = 0;
	as->number = (uint64_t)all.number;
	as->saved = now;
	for (size_t i = 0; i < all.alarms.n && !rc; i++)
		rc = take_alarm(as, &all.alarms.items[i], now);
	conf_fini(&saved_alarms_record, &all);
	wr_fini(&w);
	if (rc) {
		*why = fault;
		why_place(why, path);
		return why_set(why, rc, "%s", err_text(rc));
	}
	return 0;
}

void alarms_each(const struct alarms *as, enum alarm_kind kind, alarm_each_fn fn, void *owner)
{
	for (const struct alarm *a = as->first; a; a = a->next) {
		if (a->kind == kind && !a->is_over)
			fn(owner, a->about, a->from);
	}
}
