/* Whatever the octets: nothing is a statement of a key that never signed; canonical JSON of what
 * can be read is canonical. */
#include "base/fuzz.h"
#include "conf/json.h"
#include "ledger/statement.h"

#include <stdlib.h>

static void check_canonical(const struct conf_value *root)
{
	struct wr once = wr_init(CONF_MAX_LEN), twice = wr_init(CONF_MAX_LEN);
	struct conf_doc *doc = NULL;

	if (!ledger_canonical(root, &once)) {
		if (conf_json_parse(&doc, (const char *)once.bytes, once.len, NULL) ||
		    ledger_canonical(conf_doc_root(doc), &twice) || once.len != twice.len ||
		    memcmp(once.bytes, twice.bytes, once.len) != 0)
			abort();
	}
	conf_doc_free(&doc);
	wr_fini(&once);
	wr_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct conf_doc *doc = NULL;

	if (!conf_json_parse(&doc, (const char *)bytes, len, NULL))
		check_canonical(conf_doc_root(doc));
	conf_doc_free(&doc);
	return 0;
}
