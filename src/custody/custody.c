#include "custody/custody.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "etsi/decode.h"
#include "etsi/pdu.h"

enum { SCOUR_MOST = 16 << 20 }; /* bytes at a time: some milliseconds of the daemon's loop */

/* How far a spool was when it could hold no more of an LIID. */
struct extent {
	uint64_t stream, end;
};

/* A key whose warrant is over. */
struct leaver {
	struct leaver *next;
	struct nanos since;
	struct extent *extents; /* NULL: the grace is not over */
	size_t n_extents;
	size_t name_len;
	char name[VAULT_NAME_MAX + 1];
	bool is_seen;
};

struct custody {
	struct vault *vault;
	struct leaver *leavers;
};

int custody_new(struct custody **out, const char *folder, struct why *why)
{
	struct custody *c = calloc(1, sizeof *c);
	int rc = c ? vault_open(&c->vault, folder, why) : ERR_NOMEM;

	*out = c;
	if (rc)
		custody_free(out);
	return rc;
}

static void free_leaver(struct leaver *l)
{
	free(l->extents);
	free(l);
}

void custody_free(struct custody **custody)
{
	struct custody *c = *custody;
	struct leaver *l;

	*custody = NULL;
	if (!c)
		return;
	while ((l = c->leavers)) {
		c->leavers = l->next;
		free_leaver(l);
	}
	vault_close(&c->vault);
	free(c);
}

struct vault *custody_vault(const struct custody *c)
{
	return c ? c->vault : NULL;
}

size_t custody_owner(const uint8_t *bytes, size_t len, const uint8_t **name, size_t *name_len)
{
	struct etsi_decoded facts = {0};
	size_t pdu_len;

	if (etsi_pdu_len(bytes, len, &pdu_len, NULL) || pdu_len > len)
		return 0;
	etsi_pdu_facts(bytes, pdu_len, &facts);
	*name = (const uint8_t *)"";
	*name_len = 0;
	if (facts.liid_len && facts.liid_len <= VAULT_NAME_MAX) {
		*name = facts.liid;
		*name_len = facts.liid_len;
	}
	return pdu_len;
}

/* ---- who leaves ---- */

struct look {
	struct custody *custody;
	const struct custody_view *view;
};

static bool is_ordered(const struct custody_view *v, const char *name, size_t len)
{
	for (size_t i = 0; i < v->orders->warrants.n; i++) {
		const struct warrant *w = &v->orders->warrants.items[i];

		if (strlen(w->liid) == len && !memcmp(w->liid, name, len) && v->now.ns < w->end.ns)
			return true;
	}
	return false;
}

static struct leaver *leaver_of(struct custody *c, const char *name, size_t len)
{
	struct leaver *l = c->leavers;

	while (l && (l->name_len != len || memcmp(l->name, name, len) != 0))
		l = l->next;
	return l;
}

static bool see(void *owner, const char *name, size_t len)
{
	const struct look *look = owner;
	struct custody *c = look->custody;
	struct leaver *l;

	/* the key without a name is of alarms and the like, which are of no warrant */
	if (!len || is_ordered(look->view, name, len))
		return true;
	l = leaver_of(c, name, len);
	if (!l && (l = calloc(1, sizeof *l))) {
		l->since = look->view->now;
		l->name_len = len;
		memcpy(l->name, name, len);
		l->next = c->leavers;
		c->leavers = l;
	}
	if (l)
		l->is_seen = true;
	return true;
}

static void note_extents(struct leaver *l, const struct custody_view *v)
{
	l->extents = calloc(v->n_spools + 1, sizeof *l->extents);
	l->n_extents = l->extents ? v->n_spools : 0;
	for (size_t i = 0; i < l->n_extents; i++)
		l->extents[i] = (struct extent){spool_id(v->spools[i]), spool_end(v->spools[i])};
}

static bool is_delivered(const struct leaver *l, const struct custody_view *v)
{
	for (size_t i = 0; i < l->n_extents; i++) {
		for (size_t k = 0; k < v->n_spools; k++) {
			if (spool_id(v->spools[k]) == l->extents[i].stream &&
			    spool_acked(v->spools[k]) < l->extents[i].end)
				return false;
		}
	}
	return true;
}

/* Whether the key is destroyed, or was not there any more. */
static bool destroy(struct custody *c, const struct leaver *l, custody_gone_fn gone, void *owner)
{
	struct why why = {.offset = -1};
	uint64_t key = 0;
	int rc = vault_destroy(c->vault, l->name, l->name_len, &key, &why);

	if (rc && rc != ERR_ABSENT) {
		log_error("the key of LIID %s cannot be destroyed: %s: %s", l->name, why.place,
			  why.text);
		return false;
	}
	if (!rc) {
		log_info("LIID %s: closed and delivered: its key %016llx is destroyed", l->name,
			 (unsigned long long)key);
		gone(owner, l->name, key);
	}
	return true;
}

/* Whether this one is done with. */
static bool settle(struct leaver *l, const struct custody_view *v)
{
	if (!l->is_seen)
		return true; /* it is ordered again */
	l->is_seen = false;
	if (!l->extents && v->now.ns - l->since.ns >= nanos_from_s(CUSTODY_GRACE_S).ns)
		note_extents(l, v);
	return false;
}

void custody_look(struct custody *c, const struct custody_view *v, custody_gone_fn gone,
		  void *owner)
{
	struct look look = {c, v};
	struct leaver **place = &c->leavers, *l;

	vault_each(c->vault, see, &look);
	while ((l = *place)) {
		bool is_done = settle(l, v);

		if (!is_done && l->extents && is_delivered(l, v))
			is_done = destroy(c, l, gone, owner);
		if (!is_done) {
			place = &l->next;
			continue;
		}
		*place = l->next;
		free_leaver(l);
	}
}

void custody_scour(const struct custody_view *v)
{
	size_t first = v->n_spools ? (uint64_t)v->now.ns / NANOS_PER_S % v->n_spools : 0;
	size_t left = SCOUR_MOST;

	for (size_t i = 0; i < v->n_spools; i++) {
		size_t n = spool_scour(v->spools[(first + i) % v->n_spools], left);

		left -= n < left ? n : left;
	}
}

/* An entry of the provisioner's audit log. */
struct entry {
	const char *what, *kind, *key, *before;
};

static size_t print_entry(uint8_t octets[CUSTODY_REPORT_LEN], const struct entry *e)
{
	struct wr w = wr_of(octets, CUSTODY_REPORT_LEN);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "audit");
	json_key(&j, "what"), json_text(&j, e->what);
	json_key(&j, "kind"), json_text(&j, e->kind);
	json_key(&j, "key"), json_text(&j, e->key);
	json_key(&j, "before"), json_text(&j, e->before);
	json_close(&j, '}');
	return w.ok ? w.len : 0;
}

size_t custody_report(uint8_t octets[CUSTODY_REPORT_LEN], const char *liid, uint64_t key)
{
	char text[24];
	struct wr number = wr_of(text, sizeof text - 1);

	wr_text(&number, "%016llx", (unsigned long long)key);
	text[number.len] = '\0';
	return print_entry(octets, &(struct entry){"destroy", "keys", liid, text});
}

size_t custody_report_dropped(uint8_t octets[CUSTODY_REPORT_LEN], const char *warrant, uint64_t n)
{
	char text[24];
	struct wr number = wr_of(text, sizeof text - 1);

	wr_text(&number, "%llu", (unsigned long long)n);
	text[number.len] = '\0';
	return print_entry(octets, &(struct entry){"drop", "records", warrant, text});
}
