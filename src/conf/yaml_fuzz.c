/* Any text is read or refused; what is read keeps its limits and survives printing. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "conf/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct wr w = wr_init(1 << 22);
	struct sample a, b;
	struct why why;

	why_clear(&why);
	if (conf_parse(&sample_record, (const char *)bytes, len, &a, &why) == 0) {
		if (conf_print(&sample_record, &a, &w) ||
		    conf_parse(&sample_record, (const char *)w.bytes, w.len, &b, &why) ||
		    !conf_is_equal(&sample_record, &a, &b, NULL))
			abort();
		conf_fini(&sample_record, &b);
		conf_fini(&sample_record, &a);
	} else if (!why.text[0]) {
		abort();
	}
	wr_fini(&w);
	return 0;
}
