/* The audit log: a chain of hashes, so that an entry which was changed, removed or slipped in
 * breaks it. The number and hash of its last entry also stand beside the log, so that a log
 * whose end was cut off is seen, too. */
#include "store/store.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wr.h"
#include "store/audit_key.h"
#include "store/sql.h"

enum { AUDIT_MAX_LEN = 1 << 20 };

static void digest_of(const void *bytes, size_t len, char out[STORE_HASH_LEN])
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	EVP_Digest(bytes, len, hash, &n, EVP_sha256(), NULL);
	assert(n == 32);
	for (unsigned i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

void store_digest(const char *text, char out[STORE_HASH_LEN])
{
	out[0] = 0;
	if (text)
		digest_of(text, strlen(text), out);
}

static int chain(const struct store_audit *entry, const char *last, char out[STORE_HASH_LEN])
{
	const char *const texts[] = {entry->who,  entry->role, entry->address, entry->what,
				     entry->kind, entry->key,  entry->before,  entry->after};
	struct wr w = wr_init(AUDIT_MAX_LEN);
	int rc = 0;

	wr_bytes(&w, last, STORE_HASH_LEN - 1);
	wr_u64(&w, (uint64_t)entry->number);
	wr_u64(&w, (uint64_t)entry->time.ns);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		wr_u32(&w, (uint32_t)strlen(texts[i]));
		wr_bytes(&w, texts[i], strlen(texts[i]));
	}
	if (w.ok)
		digest_of(w.bytes, w.len, out);
	else
		rc = ERR_FULL;
	wr_fini(&w);
	return rc;
}

/* Number and hash of the last entry, as they were written beside the log. */
static int head_of(struct store *store, int64_t *number, char hash[STORE_HASH_LEN], struct why *why)
{
	char *head = NULL;
	char *end = NULL;
	int rc = store_meta_get(store, "audit", &head, why);

	*number = 0;
	snprintf(hash, STORE_HASH_LEN, "%064d", 0);
	if (rc)
		return rc == ERR_ABSENT ? 0 : rc;
	*number = strtoll(head, &end, 10);
	if (*number < 1 || *end != ' ' || strlen(end + 1) != STORE_HASH_LEN - 1)
		rc = why_set(why, ERR_BAD, "the end of the audit log is not known any more");
	else
		snprintf(hash, STORE_HASH_LEN, "%s", end + 1);
	free(head);
	return rc;
}

int store_audit_add(struct store *store, const struct store_audit *entry, struct why *why)
{
	struct store_audit added = *entry;
	char head[STORE_HASH_LEN + 24];
	char last[STORE_HASH_LEN];
	char hash[STORE_HASH_LEN];
	char signature[STORE_SIGNATURE_LEN] = "";
	sqlite3_stmt *statement = NULL;
	int rc = head_of(store, &added.number, last, why);

	assert(!sqlite3_get_autocommit(store->db));
	added.number++;
	if (!rc)
		rc = chain(&added, last, hash);
	if (!rc && store->audit_key && !audit_key_sign(store->audit_key, hash, signature))
		rc = why_set(why, ERR_IO, "the audit entry cannot be signed");
	if (!rc)
		statement = sql_of(store, why,
				   "INSERT INTO audit VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				   "iitttttttttt", added.number, added.time.ns, added.who,
				   added.role, added.address, added.what, added.kind, added.key,
				   added.before, added.after, hash, signature);
	rc = sql_run(store, statement, rc, why);
	snprintf(head, sizeof head, "%" PRId64 " %s", added.number, hash);
	return rc ? rc : store_meta_put(store, "audit", head, why);
}

int store_audit_each(struct store *store, int64_t first, store_audit_fn each, void *arg,
		     struct why *why)
{
	int rc = 0;
	int said = 0;
	sqlite3_stmt *row = sql_of(
		store, why,
		"SELECT number, time, who, role, address, what, kind, key, "
		"before, after, hash, signature FROM audit WHERE number >= ? ORDER BY number",
		"i", first);

	if (!row)
		return store->rc;
	while (!said && (rc = sql_next(store, row, why)) > 0) {
		struct store_audit entry = {
			.number = sqlite3_column_int64(row, 0),
			.time = {sqlite3_column_int64(row, 1)},
			.who = sql_text(row, 2),
			.role = sql_text(row, 3),
			.address = sql_text(row, 4),
			.what = sql_text(row, 5),
			.kind = sql_text(row, 6),
			.key = sql_text(row, 7),
			.before = sql_text(row, 8),
			.after = sql_text(row, 9),
			.hash = sql_text(row, 10),
			.signature = sql_text(row, 11),
		};

		said = each(arg, &entry);
	}
	sqlite3_finalize(row);
	return said ? said : rc;
}

struct verification {
	const struct audit_key *key;
	struct store_audit_found found;
	char last[STORE_HASH_LEN];
};

static int verify_one(void *arg, const struct store_audit *entry)
{
	struct verification *v = arg;
	char hash[STORE_HASH_LEN];

	if (entry->number != v->found.n + 1 || chain(entry, v->last, hash) ||
	    strcmp(hash, entry->hash))
		return ERR_BAD;
	if (v->key && (v->found.signed_from || entry->signature[0]) &&
	    !audit_key_is_right(v->key, hash, entry->signature))
		return ERR_ACCESS;
	if (v->key && !v->found.signed_from && entry->signature[0])
		v->found.signed_from = entry->number;
	v->found.n++;
	memcpy(v->last, hash, sizeof v->last);
	return 0;
}

int store_audit_verify(struct store *store, struct store_audit_found *found, struct why *why)
{
	struct verification v = {.key = store->audit_key};
	char hash[STORE_HASH_LEN];
	int64_t number = 0;
	int rc = 0;

	snprintf(v.last, sizeof v.last, "%064d", 0);
	rc = store_audit_each(store, 0, verify_one, &v, why);
	if (rc == ERR_BAD)
		why_set(why, rc, "the audit log is broken at entry %" PRId64, v.found.n + 1);
	if (rc == ERR_ACCESS)
		rc = why_set(why, ERR_BAD,
			     "the audit log is broken at entry %" PRId64
			     ": it is not signed with the provisioner's key",
			     v.found.n + 1);
	if (!rc)
		rc = head_of(store, &number, hash, why);
	if (!rc && (number != v.found.n || strcmp(hash, v.last)))
		rc = why_set(why, ERR_BAD,
			     "the audit log is broken: it ends with entry %" PRId64
			     ", not %" PRId64,
			     v.found.n, number);
	*found = v.found;
	return rc;
}

void store_sign_audit(struct store *store, const struct audit_key *key)
{
	store->audit_key = key;
}
