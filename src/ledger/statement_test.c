#include "ledger/statement.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"
#include "ledger/sample.h"

static char secret[] = "/tmp/weir-key-XXXXXX", public[] = "/tmp/weir-pub-XXXXXX";

static void make_keys(char *private_path, char *public_path, int type)
{
	EVP_PKEY *key = type == EVP_PKEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
						 : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	int a = mkstemp(private_path), b = mkstemp(public_path);
	FILE *one = fdopen(a, "w"), *two = fdopen(b, "w");

	if (!key || !one || !two || !PEM_write_PrivateKey(one, key, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_PUBKEY(two, key))
		exit(1);
	fclose(one);
	fclose(two);
	EVP_PKEY_free(key);
}

static int read_text(const char *text, size_t len, const struct ledger_signer *signer)
{
	struct ledger_page page;
	int rc = ledger_statement_read(text, len, signer, &page, NULL);

	if (!rc)
		conf_fini(&ledger_page_record, &page);
	return rc;
}

/* One octet is another one. What is no JSON any more is refused too. */
static void test_tampering(const struct wr *w, const struct ledger_signer *signer)
{
	char *text = malloc(w->len);
	size_t n_passed = 0, n_signature = 0, n_bad = 0;

	for (size_t k = 0; text && k < w->len; k++) {
		int rc;

		memcpy(text, w->bytes, w->len);
		text[k] = text[k] == '3' ? '4' : '3';
		rc = read_text(text, w->len, signer);
		n_passed += rc == 0;
		n_signature += rc == ERR_ACCESS;
		n_bad += rc == ERR_BAD;
	}
	/* the line feed at its end is no part of it, and a digit there makes it no JSON */
	ok(!n_passed && n_signature > 100 && n_bad,
	   "no octet can be another one (%zu by the "
	   "signature, %zu by the syntax)",
	   n_signature, n_bad);
	for (size_t len = 0; text && len < w->len - 1; len++)
		n_passed += read_text((const char *)w->bytes, len, signer) == 0;
	ok(!n_passed, "each cut of it is refused");
	free(text);
}

/* The same members in another order, and with blanks. */
static void test_form(const struct wr *w, const struct ledger_signer *signer)
{
	struct wr other = wr_init(1 << 20);
	const char *end = memmem(w->bytes, w->len, ",\"algorithm\"", 12);
	size_t head = strlen("{"), body = (size_t)((const uint8_t *)end - w->bytes) - head;

	wr_text(&other, "{ %.*s,\n  %.*s }", (int)(w->len - head - body - 3),
		(const char *)w->bytes + head + body + 1, (int)body, (const char *)w->bytes + head);
	ok(!read_text((const char *)other.bytes, other.len, signer),
	   "blanks and the order of members do not matter");
	wr_fini(&other);
}

int main(void)
{
	char wrong[] = "/tmp/weir-key-XXXXXX", wrong_public[] = "/tmp/weir-pub-XXXXXX";
	struct ledger_row rows[2] = {sample_row(7, LEDGER_CC, 10), sample_row(7, LEDGER_IRI, 3)};
	struct ledger_page page = sample_page(rows, 2);
	struct ledger_signer *mine, *theirs, *none;
	struct wr w = wr_init(1 << 20);
	struct why why;

	why_clear(&why);
	make_keys(secret, public, EVP_PKEY_ED25519);
	make_keys(wrong, wrong_public, EVP_PKEY_EC);
	ok(!ledger_judge(&page) && page.is_complete, "a page is judged");
	ok(!ledger_signer_load(&mine, secret, false, &why), "a private key is read");
	ok(!ledger_signer_load(&theirs, public, true, &why), "a public key is read");
	ok(ledger_signer_load(&none, wrong, false, &why) == ERR_BAD && !none && *why.place,
	   "a key of another kind is refused: %s", why.text);
	ok(ledger_signer_load(&none, "/nowhere", false, &why) == ERR_ABSENT && !none, "so is none");
	ok(!ledger_statement_print(&page, mine, &w), "a statement is made");
	ok(!read_text((const char *)w.bytes, w.len, theirs), "and is found to be whole");
	test_form(&w, theirs);
	test_tampering(&w, theirs);
	unlink(secret), unlink(public), unlink(wrong), unlink(wrong_public);
	ledger_signer_free(&mine);
	ledger_signer_free(&theirs);
	conf_fini(&ledger_page_record, &page);
	wr_fini(&w);
	return tap_end();
}
