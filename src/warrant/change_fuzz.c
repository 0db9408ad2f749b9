/* Any JSON is refused with a reason, or changes a view into one that is well. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "conf/json.h"
#include "conf/record.h"
#include "warrant/change.h"
#include "warrant/sample.h"
#include "warrant/view.h"

/* A view that was made by a change prints, and reads back as itself. */
static void read_back(const struct orders *view)
{
	struct wr w = wr_init(1 << 22);
	struct json j = json_of(&w);
	struct conf_doc *doc;
	struct orders again;

	if (orders_view_print(view, ORDERS_FOR_COLLECTOR, &j) ||
	    conf_json_parse(&doc, (char *)w.bytes, w.len, NULL) ||
	    orders_view_read(&again, conf_doc_root(doc), ORDERS_FOR_COLLECTOR, NULL) ||
	    !conf_is_equal(&orders_record, view, &again, NULL))
		abort();
	orders_fini(&again);
	conf_doc_free(&doc);
	wr_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct orders_daemon daemon = {ORDERS_FOR_COLLECTOR, "", {0}};
	static struct orders from;
	struct conf_doc *doc;
	struct orders whole, out;
	struct why why;

	why_clear(&why);
	if (!from.operator.id) {
		if (orders_parse(&whole, orders_sample, strlen(orders_sample), &why) ||
		    orders_view(&whole, &daemon, &from))
			abort();
		orders_fini(&whole);
	}
	if (conf_json_parse(&doc, (const char *)bytes, len, &why))
		return 0;
	if (!orders_change_apply(&from, conf_doc_root(doc), ORDERS_FOR_COLLECTOR, &out, &why)) {
		read_back(&out);
		orders_fini(&out);
	} else if (!why.text[0]) {
		abort();
	}
	conf_doc_free(&doc);
	return 0;
}
