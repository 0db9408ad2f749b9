#include "base/json.h"

#include "base/tap.h"

static bool is(struct wr *w, const char *text)
{
	bool is_same = w->ok && w->len == strlen(text) && !memcmp(w->bytes, text, w->len);

	if (!is_same)
		printf("# %.*s\n# %s\n", (int)w->len, (const char *)w->bytes, text);
	wr_reset(w);
	return is_same;
}

int main(void)
{
	struct wr w = wr_init(4096);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "a");
	json_u64(&j, 1);
	json_key(&j, "b");
	json_open(&j, '[');
	json_bool(&j, true);
	json_none(&j);
	json_i64(&j, -5);
	json_close(&j, ']');
	json_key(&j, "c");
	json_open(&j, '{');
	json_close(&j, '}');
	json_close(&j, '}');
	json_line(&j);
	ok(is(&w, "{\"a\":1,\"b\":[true,null,-5],\"c\":{}}\n"), "commas stand where they must");
	json_text(&j, "q\"b\\n\n\x01\x7f");
	ok(is(&w, "\"q\\\"b\\\\n\\n\\u0001\\u007f\""), "special characters are escaped");
	json_line(&j);
	wr_reset(&w);
	json_text_of(&j, "\xc3\xa9\xff\xed\xa0\x80z", 7);
	ok(is(&w, "\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\""),
	   "UTF-8 passes, other bytes do not");
	json_line(&j);
	wr_reset(&w);
	json_hex(&j, "\x00\xab", 2);
	ok(is(&w, "\"00ab\""), "bytes as hex");
	json_line(&j);
	wr_reset(&w);
	json_time(&j, (struct nanos){1767225600000000001});
	ok(is(&w, "\"2026-01-01T00:00:00.000000001Z\""), "a time to the nanosecond");
	json_line(&j);
	wr_reset(&w);
	json_double(&j, 1.0 / 3, 3);
	ok(is(&w, "0.333"), "a number with three digits");
	wr_fini(&w);
	return tap_end();
}
