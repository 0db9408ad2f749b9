/* Whatever the bytes: reading ends, stays inside, and what is read as DER is written back equal. */
#include "base/fuzz.h"
#include "ber/reader.h"
#include "ber/writer.h"

#include <stdlib.h>

static void try_values(const struct ber_tlv *t)
{
	char text[BER_OID_TEXT_LEN];
	bool v, is_minimal;
	uint8_t room[16];
	uint64_t u;
	int64_t i;

	(void)ber_print_oid(t, text);
	(void)ber_print_relative_oid(t, text);
	(void)ber_get_bool(t, &v, NULL);
	if (ber_get_u64(t, &u, &is_minimal) && is_minimal) {
		struct wr w = wr_of(room, sizeof room);

		ber_put_uint(&w, ber_context(0), u);
		if (!w.ok || w.len != 2 + t->len || memcmp(w.bytes + 2, t->value, t->len) != 0)
			abort();
	}
	if (ber_get_i64(t, &i, &is_minimal) && is_minimal) {
		struct wr w = wr_of(room, sizeof room);

		ber_put_int(&w, ber_context(0), i);
		if (!w.ok || w.len != 2 + t->len || memcmp(w.bytes + 2, t->value, t->len) != 0)
			abort();
	}
}

static void walk(struct ber_rd r)
{
	struct ber_tlv t;

	while (ber_next(&r, &t) == 0) {
		uint8_t room[24];
		struct wr w = wr_of(room, sizeof room);

		ber_put_header(&w, t.tag, t.is_constructed, t.len);
		if (!t.flaws && (!w.ok || w.len != t.header_len || memcmp(w.bytes, t.start, w.len)))
			abort();
		if (t.is_constructed)
			walk(ber_inside(&t));
		else
			try_values(&t);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	walk(ber_rd_of(bytes, len));
	return 0;
}
