/* Keys of the API. A token is "NAME.SECRET", SECRET 256 random bits as hex digits: nobody guesses
 * that, so one round of SHA-256 over salt and secret is hash enough. */
#include "store/store.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "store/sql.h"

enum { KEY_LEN = 32 }; /* bytes of secret, salt and hash */

bool store_key_is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < STORE_NAME_LEN && name[0] != '-' && name[len - 1] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static int hash_of(const uint8_t salt[KEY_LEN], const char *secret, uint8_t out[KEY_LEN])
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool is_done = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
		       EVP_DigestUpdate(hash, salt, KEY_LEN) &&
		       EVP_DigestUpdate(hash, secret, strlen(secret)) &&
		       EVP_DigestFinal_ex(hash, out, NULL);

	EVP_MD_CTX_free(hash);
	return is_done ? 0 : ERR_NOMEM;
}

int store_key_make(struct store *store, const struct store_key *key, char token[STORE_TOKEN_LEN],
		   struct why *why)
{
	uint8_t secret[KEY_LEN];
	uint8_t salt[KEY_LEN];
	uint8_t hash[KEY_LEN];
	sqlite3_stmt *statement = NULL;
	size_t len = strlen(key->name);
	int rc = 0;

	assert(!sqlite3_get_autocommit(store->db));
	if (!store_key_is_name(key->name))
		return why_set(why, ERR_USAGE,
			       "\"%s\" is no name for a key: wanted are 1 to %d lower-case "
			       "letters, digits and inner -",
			       key->name, STORE_NAME_LEN - 1);
	if (RAND_bytes(secret, sizeof secret) != 1 || RAND_bytes(salt, sizeof salt) != 1)
		return why_set(why, ERR_IO, "there are no random numbers");
	memcpy(token, key->name, len);
	token[len++] = '.';
	for (size_t i = 0; i < sizeof secret; i++)
		snprintf(token + len + 2 * i, 3, "%02x", secret[i]);
	OPENSSL_cleanse(secret, sizeof secret);
	rc = hash_of(salt, token + len, hash);
	if (!rc)
		statement = sql_of(store, why,
				   "INSERT INTO access_key VALUES(?, ?, ?, ?, ?) "
				   "ON CONFLICT DO NOTHING",
				   "ttibb", key->name, key->role, key->made.ns, salt, hash);
	rc = sql_run(store, statement, rc, why);
	if (!rc && !sqlite3_changes(store->db))
		rc = why_set(why, ERR_USAGE, "a key of the name \"%s\" is there already",
			     key->name);
	return rc;
}

static void key_of(sqlite3_stmt *row, struct store_key *key)
{
	snprintf(key->name, sizeof key->name, "%s", sql_text(row, 0));
	snprintf(key->role, sizeof key->role, "%s", sql_text(row, 1));
	key->made.ns = sqlite3_column_int64(row, 2);
}

static bool is_blob(sqlite3_stmt *row, int column)
{
	return sqlite3_column_bytes(row, column) == KEY_LEN;
}

/* A name that is not there is checked like one that is, against a hash that nothing has. */
int store_key_check(struct store *store, const char *token, struct store_key *out, struct why *why)
{
	const char *dot = strchr(token, '.');
	char name[STORE_NAME_LEN] = "";
	uint8_t salt[KEY_LEN] = {0};
	uint8_t want[KEY_LEN] = {0};
	uint8_t hash[KEY_LEN];
	bool is_known = false;
	sqlite3_stmt *row;
	int rc = 0;

	if (dot && (size_t)(dot - token) < sizeof name)
		snprintf(name, sizeof name, "%.*s", (int)(dot - token), token);
	row = sql_of(store, why,
		     "SELECT name, role, made, salt, hash FROM access_key WHERE name = ?", "t",
		     name);
	if (!row)
		return store->rc;
	rc = sql_next(store, row, why);
	if (rc > 0 && is_blob(row, 3) && is_blob(row, 4)) {
		is_known = true;
		memcpy(salt, sqlite3_column_blob(row, 3), KEY_LEN);
		memcpy(want, sqlite3_column_blob(row, 4), KEY_LEN);
		key_of(row, out);
	}
	sqlite3_finalize(row);
	rc = rc < 0 ? rc : hash_of(salt, dot ? dot + 1 : "", hash);
	if (!rc && (CRYPTO_memcmp(hash, want, KEY_LEN) || !is_known))
		rc = ERR_ACCESS;
	return rc;
}

int store_key_remove(struct store *store, const char *name, struct why *why)
{
	int rc = 0;
	sqlite3_stmt *statement =
		sql_of(store, why, "DELETE FROM access_key WHERE name = ?", "t", name);

	assert(!sqlite3_get_autocommit(store->db));
	rc = sql_run(store, statement, rc, why);
	return !rc && !sqlite3_changes(store->db) ? ERR_ABSENT : rc;
}

int store_key_each(struct store *store, store_key_fn each, void *arg, struct why *why)
{
	int rc = 0;
	int said = 0;
	sqlite3_stmt *row =
		sql_of(store, why, "SELECT name, role, made FROM access_key ORDER BY name", "");

	if (!row)
		return store->rc;
	while (!said && (rc = sql_next(store, row, why)) > 0) {
		struct store_key key;

		key_of(row, &key);
		said = each(arg, &key);
	}
	sqlite3_finalize(row);
	return said ? said : rc;
}
