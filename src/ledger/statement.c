#include "ledger/statement.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/json.h"

struct ledger_signer {
	EVP_PKEY *key;
};

int ledger_signer_load(struct ledger_signer **out, const char *path, bool is_public,
		       struct why *why)
{
	struct ledger_signer *s = calloc(1, sizeof *s);
	FILE *file = fopen(path, "re");
	int rc = 0;

	*out = s;
	if (!s)
		rc = ERR_NOMEM;
	else if (!file)
		rc = why_set(why, ERR_ABSENT, "cannot be read");
	if (!rc)
		s->key = is_public ? PEM_read_PUBKEY(file, NULL, NULL, NULL)
				   : PEM_read_PrivateKey(file, NULL, NULL, (char[]){""});
	if (!rc && (!s->key || EVP_PKEY_get_id(s->key) != EVP_PKEY_ED25519))
		rc = why_set(why, ERR_BAD, "is no %s key of Ed25519 (PEM)",
			     is_public ? "public" : "private");
	if (file)
		fclose(file);
	if (rc) {
		why_place(why, path);
		ledger_signer_free(out);
	}
	return rc;
}

void ledger_signer_free(struct ledger_signer **signer)
{
	if (*signer)
		EVP_PKEY_free((*signer)->key);
	free(*signer);
	*signer = NULL;
}

/* ---- canonical JSON ---- */

static int by_key(const void *a, const void *b)
{
	const struct conf_value *x = *(const struct conf_value *const *)a;
	const struct conf_value *y = *(const struct conf_value *const *)b;

	return strcmp(x->key, y->key);
}

static int print_value(const struct conf_value *v, struct json *j);

static int print_map(const struct conf_value *map, struct json *j)
{
	const struct conf_value **sorted = calloc(map->n + 1, sizeof *sorted);
	size_t n = 0;
	int rc = sorted ? 0 : ERR_NOMEM;

	json_open(j, '{');
	for (const struct conf_value *v = map->first; v && !rc; v = v->next)
		sorted[n++] = v;
	if (!rc)
		qsort(sorted, n, sizeof *sorted, by_key);
	for (size_t k = 0; k < n && !rc; k++) {
		json_key(j, sorted[k]->key);
		rc = print_value(sorted[k], j);
	}
	json_close(j, '}');
	free(sorted);
	return rc;
}

static int print_value(const struct conf_value *v, struct json *j)
{
	int rc = 0;

	if (v->kind == CONF_KIND_MAP)
		return print_map(v, j);
	if (v->kind == CONF_KIND_SCALAR) {
		conf_json_print(v, j);
		return 0;
	}
	json_open(j, '[');
	for (const struct conf_value *item = v->first; item && !rc; item = item->next)
		rc = print_value(item, j);
	json_close(j, ']');
	return rc;
}

int ledger_canonical(const struct conf_value *root, struct wr *w)
{
	struct json j = json_of(w);
	int rc = print_value(root, &j);

	return rc ? rc : w->ok ? 0 : ERR_NOMEM;
}

/* ---- signatures ---- */

static int sign(const struct ledger_signer *signer, const struct wr *text,
		uint8_t out[LEDGER_SIGNATURE_LEN])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	size_t len = LEDGER_SIGNATURE_LEN;
	bool is_signed = digest && EVP_DigestSignInit(digest, NULL, NULL, NULL, signer->key) == 1 &&
			 EVP_DigestSign(digest, out, &len, text->bytes, text->len) == 1 &&
			 len == LEDGER_SIGNATURE_LEN;

	EVP_MD_CTX_free(digest);
	return is_signed ? 0 : ERR_IO;
}

static int verify(const struct ledger_signer *signer, const struct wr *text,
		  const uint8_t signature[LEDGER_SIGNATURE_LEN])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool is_good = digest && EVP_DigestVerifyInit(digest, NULL, NULL, NULL, signer->key) == 1 &&
		       EVP_DigestVerify(digest, signature, LEDGER_SIGNATURE_LEN, text->bytes,
					text->len) == 1;

	EVP_MD_CTX_free(digest);
	return is_good ? 0 : ERR_ACCESS;
}

/* The page as it will be read: a tree of its JSON. */
static int canonical_page(const struct ledger_page *page, struct wr *out)
{
	static const struct conf_sight all;
	struct wr w = wr_init(CONF_MAX_LEN);
	struct json j = json_of(&w);
	struct conf_doc *doc = NULL;
	int rc = conf_print_json(&ledger_page_record, page, &all, &j);

	if (!rc)
		rc = w.ok ? conf_json_parse(&doc, (const char *)w.bytes, w.len, NULL) : ERR_NOMEM;
	if (!rc)
		rc = ledger_canonical(conf_doc_root(doc), out);
	conf_doc_free(&doc);
	wr_fini(&w);
	return rc;
}

int ledger_statement_print(const struct ledger_page *page, const struct ledger_signer *signer,
			   struct wr *w)
{
	uint8_t signature[LEDGER_SIGNATURE_LEN];
	struct wr text = wr_init(CONF_MAX_LEN);
	struct json j = json_of(w);
	int rc = canonical_page(page, &text);

	if (!rc)
		rc = sign(signer, &text, signature);
	if (!rc) {
		json_open(&j, '{');
		json_key(&j, "statement"), wr_bytes(w, text.bytes, text.len);
		j.needs_comma = true;
		json_key(&j, "algorithm"), json_text(&j, "Ed25519");
		json_key(&j, "signature"), json_hex(&j, signature, sizeof signature);
		json_close(&j, '}');
		json_line(&j);
		rc = w->ok ? 0 : ERR_NOMEM;
	}
	wr_fini(&text);
	return rc;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_signature(const struct conf_value *v, uint8_t out[LEDGER_SIGNATURE_LEN])
{
	if (!v || v->kind != CONF_KIND_SCALAR || strlen(v->text) != LEDGER_SIGNATURE_LEN * 2)
		return false;
	for (size_t k = 0; k < LEDGER_SIGNATURE_LEN; k++) {
		int high = nibble(v->text[2 * k]), low = nibble(v->text[2 * k + 1]);

		if (high < 0 || low < 0)
			return false;
		out[k] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int read_parts(const struct conf_value *root, const struct ledger_signer *signer,
		      struct ledger_page *page, struct why *why)
{
	const struct conf_value *body = conf_value_find(root, "statement");
	const struct conf_value *algorithm = conf_value_find(root, "algorithm");
	uint8_t signature[LEDGER_SIGNATURE_LEN];
	struct wr text = wr_init(CONF_MAX_LEN);
	int rc;

	if (root->n != 3 || !body || body->kind != CONF_KIND_MAP || !algorithm ||
	    algorithm->kind != CONF_KIND_SCALAR || strcmp(algorithm->text, "Ed25519") != 0 ||
	    !read_signature(conf_value_find(root, "signature"), signature)) {
		wr_fini(&text);
		return why_set(why, ERR_BAD,
			       "is no statement: wanted are statement, algorithm (Ed25519) and "
			       "signature");
	}
	rc = ledger_canonical(body, &text);
	if (!rc && verify(signer, &text, signature))
		rc = why_set(why, ERR_ACCESS, "the signature is not this key's over this text");
	if (!rc)
		rc = conf_read(&ledger_page_record, body, page, why);
	wr_fini(&text);
	return rc;
}

int ledger_statement_read(const char *text, size_t len, const struct ledger_signer *signer,
			  struct ledger_page *page, struct why *why)
{
	struct conf_doc *doc = NULL;
	int rc = conf_json_parse(&doc, text, len, why);

	if (!rc)
		rc = read_parts(conf_doc_root(doc), signer, page, why);
	conf_doc_free(&doc);
	return rc;
}
