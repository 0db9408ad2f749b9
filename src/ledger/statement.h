/* A statement: the page of a warrant, signed with the operator's key (Ed25519).
 *
 *	{"statement":{…the page…},"algorithm":"Ed25519","signature":"…128 hex digits…"}
 *
 * What is signed is the page's canonical JSON: members in the order of their names' octets, no
 * blanks, texts escaped as base/json.h does, UTF-8; so blanks and the order of members may change
 * on the way, and nothing else. */
#ifndef LEDGER_STATEMENT_H
#define LEDGER_STATEMENT_H

#include "conf/value.h"
#include "ledger/entry.h"

enum { LEDGER_SIGNATURE_LEN = 64 };

struct ledger_signer;

/* Reads a private key (PEM), or a public one. The reason names the file and what it is not. */
MUST_CHECK int ledger_signer_load(struct ledger_signer **out, const char *path, bool is_public,
				  struct why *why);
void ledger_signer_free(struct ledger_signer **signer);

/* The canonical JSON of a tree. */
MUST_CHECK int ledger_canonical(const struct conf_value *root, struct wr *w);

/* Writes the statement of a page that was judged. */
MUST_CHECK int ledger_statement_print(const struct ledger_page *page,
				      const struct ledger_signer *signer, struct wr *w);

/* Reads a statement and checks it: 0, and the page (conf_fini); ERR_BAD: it is none; ERR_ACCESS:
 * the signature is not of this key over these octets. Whether the sums close is the page's to
 * say: ledger_check. */
MUST_CHECK int ledger_statement_read(const char *text, size_t len,
				     const struct ledger_signer *signer, struct ledger_page *page,
				     struct why *why);

#endif
