/* Any text is read or refused with a reason; what is read prints as the same octets ever after. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "conf/json.h"
#include "conf/sample.h"

static void print(const struct sample *s, struct wr *w)
{
	struct json j = json_of(w);

	if (conf_print_json(&sample_record, s, &(struct conf_sight){.whom = 0}, &j))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct wr first = wr_init(1 << 22);
	struct wr second = wr_init(1 << 22);
	struct sample a, b;
	struct why why;

	why_clear(&why);
	if (conf_parse_json(&sample_record, (const char *)bytes, len, &a, &why) == 0) {
		print(&a, &first);
		if (conf_parse_json(&sample_record, (const char *)first.bytes, first.len, &b,
				    &why) ||
		    !conf_is_equal(&sample_record, &a, &b, NULL))
			abort();
		print(&b, &second);
		if (first.len != second.len || memcmp(first.bytes, second.bytes, first.len))
			abort();
		conf_fini(&sample_record, &b);
		conf_fini(&sample_record, &a);
	} else if (!why.text[0]) {
		abort();
	}
	wr_fini(&first);
	wr_fini(&second);
	return 0;
}
