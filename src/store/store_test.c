#include "store/audit_key.h"
#include "store/store.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"

static char folder[] = "/tmp/weir-store-XXXXXX";
static char path[64];
static struct why why;

static struct store *opened(void)
{
	struct store *store = NULL;

	why_clear(&why);
	ok(store_open(&store, path, &why) == 0, "the store opens: %s", why.text);
	return store;
}

static int put(struct store *store, const char *kind, const char *key, const char *body)
{
	struct store_document document = {.key = key, .body = body};
	int64_t revision = 0;
	int rc = store_begin(store, &why);

	if (!rc)
		rc = store_put(store, kind, &document, &revision, &why);
	if (!rc)
		rc = store_commit(store, &why);
	return rc ? rc : (int)revision;
}

struct listing {
	char text[200];
};

static int list_one(void *arg, const struct store_document *document)
{
	struct listing *list = arg;
	size_t len = strlen(list->text);

	snprintf(list->text + len, sizeof list->text - len, "%s=%s@%d ", document->key,
		 document->body, (int)document->revision);
	return 0;
}

static bool lists(struct store *store, const char *kind, const char *want)
{
	struct listing list = {""};

	return !store_each(store, kind, list_one, &list, &why) && !strcmp(list.text, want);
}

static int stop_at_first(void *arg, const struct store_document *document)
{
	*(int *)arg += 1;
	return document->revision > 0 ? 77 : 0;
}

static void test_documents(void)
{
	struct store *store = opened();
	struct stat st;
	int n = 0;

	ok(store_is_new(store), "what was not there is new");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "nobody else may read it");
	ok(put(store, "agency", "b", "{1}") == 1 && put(store, "agency", "a", "{2}") == 2 &&
		   put(store, "warrant", "b", "{3}") == 3,
	   "each change has a revision of its own");
	ok(lists(store, "agency", "a={2}@2 b={1}@1 "), "documents of a kind, in order of keys");
	ok(put(store, "agency", "b", "{4}") == 4 && lists(store, "agency", "a={2}@2 b={4}@4 "),
	   "a document is replaced, under a new revision");
	ok(store_each(store, "agency", stop_at_first, &n, &why) == 77 && n == 1,
	   "who returns other than 0 stops the listing");
	ok(!store_begin(store, &why) && !store_remove(store, "agency", "a", &why) &&
		   store_remove(store, "agency", "c", &why) == ERR_ABSENT &&
		   !store_commit(store, &why) && lists(store, "agency", "b={4}@4 "),
	   "one is removed, one was not there");
	ok(!store_begin(store, &why) && !store_remove(store, "agency", "b", &why),
	   "a change begins");
	store_rollback(store);
	ok(lists(store, "agency", "b={4}@4 "), "and, given up, has changed nothing");
	store_close(&store);
	store = opened();
	ok(!store_is_new(store) && lists(store, "agency", "b={4}@4 ") &&
		   lists(store, "warrant", "b={3}@3 "),
	   "all is there when the store is opened again");
	ok(put(store, "agency", "a", "{5}") > 6, "a revision is never used twice");
	store_close(&store);
	ok(!store, "a closed store is forgotten");
}

static void test_meta(void)
{
	struct store *store = opened();
	char *value;

	ok(store_meta_get(store, "colour", &value, &why) == ERR_ABSENT && !value,
	   "a value that was never put is absent");
	ok(!store_begin(store, &why) && !store_meta_put(store, "colour", "blue", &why) &&
		   !store_meta_put(store, "colour", "red", &why) && !store_commit(store, &why) &&
		   !store_meta_get(store, "colour", &value, &why) && !strcmp(value, "red"),
	   "the last value stands");
	free(value);
	store_close(&store);
}

static void test_lock(void)
{
	struct store *store = opened();
	struct store *second = NULL;

	why_clear(&why);
	ok(store_open(&second, path, &why) == ERR_AGAIN && !second &&
		   strstr(why.text, "another program"),
	   "an open store is not opened twice: %s", why.text);
	store_close(&store);
	store = opened();
	store_close(&store);
}

static int audit(struct store *store, const char *key, int64_t at)
{
	struct store_audit entry = {.time = nanos_from_s(at),
				    .who = "alice",
				    .role = "admin",
				    .address = "192.0.2.1",
				    .what = "put",
				    .kind = "agency",
				    .key = key,
				    .before = "",
				    .after = "abc"};
	int rc = store_begin(store, &why);

	if (!rc)
		rc = store_audit_add(store, &entry, &why);
	return rc ? rc : store_commit(store, &why);
}

static int audit_keys(void *arg, const struct store_audit *entry)
{
	struct listing *list = arg;
	size_t len = strlen(list->text);

	snprintf(list->text + len, sizeof list->text - len, "%d %s %d;", (int)entry->number,
		 entry->key, (int)nanos_to_s(entry->time));
	return 0;
}

/* What somebody with the file in his hands might do. */
static void tamper(const char *sql)
{
	sqlite3 *db = NULL;

	ok(sqlite3_open(path, &db) == SQLITE_OK &&
		   sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	   "the file is tampered with: %s", sql);
	sqlite3_close(db);
}

static struct audit_key *audit_key; /* NULL: entries are not signed */

static bool verifies(int64_t want, int rc)
{
	struct store *store = opened();
	struct store_audit_found found;
	int said;

	why_clear(&why);
	store_sign_audit(store, audit_key);
	said = store_audit_verify(store, &found, &why);
	store_close(&store);
	return said == rc && found.n == want;
}

static void test_audit(void)
{
	struct listing list = {""};
	struct store *store = opened();
	sqlite3 *db = NULL;
	struct store_audit_found found;

	ok(!store_audit_verify(store, &found, &why) && found.n == 0, "an empty log is whole");
	ok(!audit(store, "a", 1) && !audit(store, "b", 2) && !audit(store, "c", 3),
	   "three entries are added");
	ok(!store_audit_verify(store, &found, &why) && found.n == 3, "their chain is whole");
	ok(!store_audit_each(store, 2, audit_keys, &list, &why) &&
		   !strcmp(list.text, "2 b 2;3 c 3;"),
	   "entries from a number on, in order");
	store_close(&store);

	ok(sqlite3_open(path, &db) == SQLITE_OK &&
		   sqlite3_exec(db, "UPDATE audit SET who = 'bob'", NULL, NULL, NULL) ==
			   SQLITE_CONSTRAINT &&
		   sqlite3_exec(db, "DELETE FROM audit", NULL, NULL, NULL) == SQLITE_CONSTRAINT,
	   "the file itself refuses to change or remove an entry");
	sqlite3_close(db);
	tamper("DROP TRIGGER audit_stays; UPDATE audit SET who = 'bob' WHERE number = 2");
	ok(verifies(1, ERR_BAD) && strstr(why.text, "entry 2"), "a changed entry is found: %s",
	   why.text);
	tamper("UPDATE audit SET who = 'alice' WHERE number = 2");
	ok(verifies(3, 0), "and, put back, is as it was");
	tamper("DROP TRIGGER audit_remains; DELETE FROM audit WHERE number = 3");
	ok(verifies(2, ERR_BAD) && strstr(why.text, "not 3"), "a cut end is found: %s", why.text);
	tamper("DELETE FROM audit WHERE number = 1");
	ok(verifies(0, ERR_BAD), "a cut beginning is found: %s", why.text);
}

/* The same chain that somebody made anew, who can write the file and knows how, but has no key. */
static void rewrite_tail(void)
{
	struct store *store;

	tamper("DROP TRIGGER IF EXISTS audit_stays; DROP TRIGGER IF EXISTS audit_remains;"
	       "DELETE FROM audit WHERE number = 3;"
	       "UPDATE meta SET value = (SELECT number || ' ' || hash FROM audit WHERE number = 2)"
	       " WHERE name = 'audit'");
	store = opened();
	ok(!audit(store, "other", 3), "the last entry is made anew, its hash right");
	store_close(&store);
}

static void test_signatures(void)
{
	char key_path[80];
	struct store *store;
	struct store_audit_found found;
	struct audit_key *other = NULL;

	unlink(path);
	snprintf(key_path, sizeof key_path, "%s.audit-key", path);
	ok(!audit_key_open(&audit_key, key_path, true, &why), "a key is made %s", why.text);
	store = opened();
	store_sign_audit(store, audit_key);
	ok(!audit(store, "a", 1) && !audit(store, "b", 2) && !audit(store, "c", 3) &&
		   !store_audit_verify(store, &found, &why) && found.n == 3 &&
		   found.signed_from == 1,
	   "signed entries verify, from the first on");
	store_close(&store);
	audit_key_free(&audit_key);
	ok(!audit_key_open(&audit_key, key_path, false, &why), "the key is read again %s",
	   why.text);
	ok(verifies(3, 0), "and verifies what it signed");
	rewrite_tail();
	ok(verifies(2, ERR_BAD) && strstr(why.text, "entry 3: it is not signed"),
	   "a tail made anew without the key is found: %s", why.text);
	tamper("UPDATE audit SET signature = (SELECT signature FROM audit WHERE number = 1)"
	       " WHERE number = 3");
	ok(verifies(2, ERR_BAD), "also under another entry's signature");
	unlink(key_path);
	ok(!audit_key_open(&other, key_path, true, &why), "another key");
	audit_key_free(&audit_key);
	audit_key = other;
	ok(verifies(0, ERR_BAD), "does not verify any of it: %s", why.text);
	why_clear(&why);
	ok(audit_key_open(&other, path, false, &why) == ERR_BAD && !other, "no key: %s", why.text);
	why_clear(&why);
	unlink(key_path);
	ok(audit_key_open(&other, key_path, false, &why) == ERR_ABSENT && !other,
	   "none is made where one should be: %s", why.text);
	audit_key_free(&audit_key);
}

static int count_keys(void *arg, const struct store_key *key)
{
	*(int *)arg += key->role[0] != 0;
	return 0;
}

static void test_keys(void)
{
	struct store *store = opened();
	struct store_key key = {"alice-1", "admin", nanos_from_s(5)};
	struct store_key bad = {"Alice", "admin", nanos_from_s(5)};
	struct store_key who;
	char token[STORE_TOKEN_LEN];
	char wrong[STORE_TOKEN_LEN];
	int n = 0;

	ok(!store_begin(store, &why) && !store_key_make(store, &key, token, &why), "a key is made");
	ok(store_key_make(store, &key, wrong, &why) == ERR_USAGE, "a name is given once: %s",
	   why.text);
	why_clear(&why);
	ok(store_key_make(store, &bad, wrong, &why) == ERR_USAGE, "some are no names: %s",
	   why.text);
	ok(!store_commit(store, &why), "the key is kept");
	ok(strlen(token) == strlen("alice-1.") + 64 && !strncmp(token, "alice-1.", 8),
	   "a token is a name and 256 bits");
	ok(!store_key_check(store, token, &who, &why) && !strcmp(who.name, "alice-1") &&
		   !strcmp(who.role, "admin") && who.made.ns == key.made.ns,
	   "the token tells whose it is");
	for (size_t i = 0; i < strlen(token); i++) {
		memcpy(wrong, token, sizeof wrong);
		wrong[i] = wrong[i] == '0' ? '1' : '0';
		if (store_key_check(store, wrong, &who, &why) != ERR_ACCESS)
			ok(false, "a token that differs at %zu is refused", i);
		memcpy(wrong, token, sizeof wrong);
		wrong[i] = 0;
		if (store_key_check(store, wrong, &who, &why) != ERR_ACCESS)
			ok(false, "a token cut at %zu is refused", i);
	}
	ok(store_key_check(store, ".", &who, &why) == ERR_ACCESS &&
		   store_key_check(store, "bob.0", &who, &why) == ERR_ACCESS,
	   "a token that differs anywhere, or is cut, is nobody's");
	ok(!store_key_each(store, count_keys, &n, &why) && n == 1, "one key is listed");
	ok(!store_begin(store, &why) && !store_key_remove(store, "alice-1", &why) &&
		   store_key_remove(store, "alice-1", &why) == ERR_ABSENT &&
		   !store_commit(store, &why) &&
		   store_key_check(store, token, &who, &why) == ERR_ACCESS,
	   "a key that was removed is nobody's");
	store_close(&store);
}

/* A child puts documents for ever and says which are committed; killed, it has lost none. */
static void test_kill(void)
{
	int said[2];
	int last = -1;
	int number;
	char want[60];
	struct store *store;
	pid_t child;

	if (pipe(said))
		return;
	child = fork();
	if (child == 0) {
		if (store_open(&store, path, &why))
			_exit(1);
		for (int i = 0; i < 100000; i++) {
			char body[20];

			snprintf(body, sizeof body, "%d", i);
			if (put(store, "killed", "k", body) < 0 ||
			    write(said[1], &i, sizeof i) != sizeof i)
				_exit(1);
		}
		_exit(0);
	}
	close(said[1]);
	while (last < 20 && read(said[0], &number, sizeof number) == sizeof number)
		last = number;
	kill(child, SIGKILL);
	while (read(said[0], &number, sizeof number) == sizeof number)
		last = number;
	waitpid(child, NULL, 0);
	close(said[0]);
	store = opened();
	snprintf(want, sizeof want, "k=%d@", last);
	{
		struct listing list = {""};
		int rc = store_each(store, "killed", list_one, &list, &why);

		/* the next one may have been committed and not yet said */
		ok(!rc && last >= 20 &&
			   (!strncmp(list.text, want, strlen(want)) ||
			    strtol(list.text + 2, NULL, 10) == last + 1),
		   "killed after %d changes it has kept the last that was committed: %s", last,
		   list.text);
	}
	store_close(&store);
}

static void test_refusals(void)
{
	struct store *store = NULL;
	FILE *file;

	tamper("PRAGMA user_version = 99");
	why_clear(&why);
	ok(store_open(&store, path, &why) == ERR_UNSUPPORTED && strstr(why.text, "newer"),
	   "a newer store is refused: %s", why.text);
	tamper("PRAGMA user_version = 1; PRAGMA application_id = 5");
	why_clear(&why);
	ok(store_open(&store, path, &why) == ERR_BAD && strstr(why.text, "no store of Weir"),
	   "another program's file is refused: %s", why.text);
	tamper("PRAGMA application_id = 1466263922");
	file = fopen(path, "r+b");
	for (int at = 4096; file && at < 40000; at += 8)
		fseek(file, at, SEEK_SET), fputs("damaged!", file);
	if (file)
		fclose(file);
	why_clear(&why);
	ok(store_open(&store, path, &why) == ERR_BAD && strstr(why.text, "damaged") &&
		   !strcmp(why.place, path) && !store,
	   "a damaged store is refused: %s", why.text);
	file = fopen(path, "wb");
	if (file) {
		fputs("this is no database, and as long as a header of one is: 100 bytes and more, "
		      "so that SQLite looks at it",
		      file);
		fclose(file);
	}
	why_clear(&why);
	ok(store_open(&store, path, &why) == ERR_BAD, "a file of another kind is refused: %s",
	   why.text);
	why_clear(&why);
	ok(store_open(&store, "/nowhere/at/all", &why) == ERR_ABSENT && why.text[0],
	   "a folder that is not there is refused: %s", why.text);
}

int main(void)
{
	char remove[80];

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/weir.db", folder);
	test_documents();
	test_meta();
	test_lock();
	test_audit();
	test_signatures();
	test_keys();
	test_kill();
	test_refusals();
	static const char *const tails[] = {"", "-wal", "-shm", "-lock"};
	for (size_t i = 0; i < 4; i++) {
		snprintf(remove, sizeof remove, "%s%s", path, tails[i]);
		unlink(remove);
	}
	rmdir(folder);
	return tap_end();
}
