/* Whatever the octets: a message or a page is read whole or refused with a reason; what was read
 * prints, reads back as the same, and is judged. */
#include "base/fuzz.h"
#include "ledger/check.h"

#include <stdlib.h>

static int no_remark(void *arg, const char *text)
{
	(void)arg;
	return text[0] ? 0 : -1;
}

static void check_again(const struct conf_record *record, const void *in, void *room)
{
	static const struct conf_sight all;
	struct wr w = wr_init(CONF_MAX_LEN);
	struct json j = json_of(&w);
	struct why why;

	why_clear(&why);
	if (conf_print_json(record, in, &all, &j) || !w.ok ||
	    conf_parse_json(record, (const char *)w.bytes, w.len, room, &why) ||
	    !conf_is_equal(record, in, room, NULL))
		abort();
	conf_fini(record, room);
	wr_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ledger_news news, other_news;
	struct ledger_page page, other_page;
	struct ledger_verdict verdict;
	struct why why;
	int rc;

	why_clear(&why);
	rc = conf_parse_json(&ledger_news_record, (const char *)bytes, len, &news, &why);
	if (rc && !why.text[0])
		abort();
	if (!rc)
		check_again(&ledger_news_record, &news, &other_news);
	conf_fini(&ledger_news_record, &news);
	if (conf_parse_json(&ledger_page_record, (const char *)bytes, len, &page, NULL))
		return 0;
	check_again(&ledger_page_record, &page, &other_page);
	if (ledger_check(&page, &verdict, no_remark, NULL))
		abort();
	conf_fini(&ledger_page_record, &page);
	return 0;
}
