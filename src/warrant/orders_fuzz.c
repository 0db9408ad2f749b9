/* Any text is refused with a reason, or read as orders that survive printing. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "conf/record.h"
#include "warrant/orders.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct wr w = wr_init(1 << 22);
	struct orders a, b;
	struct why why;

	why_clear(&why);
	if (orders_parse(&a, (const char *)bytes, len, &why) == 0) {
		if (conf_print(&orders_record, &a, &w) ||
		    orders_parse(&b, (const char *)w.bytes, w.len, &why) ||
		    !conf_is_equal(&orders_record, &a, &b, NULL))
			abort();
		orders_fini(&b);
		orders_fini(&a);
	} else if (!why.text[0]) {
		abort();
	}
	wr_fini(&w);
	return 0;
}
