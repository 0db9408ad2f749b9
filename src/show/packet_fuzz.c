/* Link type, flags and a frame, in all three forms: whatever the bytes, the words are clean. */
#include "show/packet.h"

#include <stdlib.h>
#include <string.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "net/decode.h"

static void put_words(struct wr *w, const struct weir_packet *p, bool is_json, bool is_brief)
{
	struct show_style style = {.is_brief = is_brief, .has_hex = true};
	struct form f;

	wr_reset(w);
	form_init(&f, w, is_json);
	show_packet(&f, &style, p, NULL);
	if (!w->ok || !w->len || w->bytes[w->len - 1] != '\n')
		abort();
	for (size_t i = 0; i < w->len; i++)
		if ((w->bytes[i] < ' ' && w->bytes[i] != '\n') || w->bytes[i] > '~')
			abort();
	if ((is_json || is_brief) && memchr(w->bytes, '\n', w->len) != w->bytes + w->len - 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct weir_frame f = {.link = rd_u16(&r), .flags = rd_u8(&r)};
	struct wr w = wr_init((size_t)1 << 26);
	struct weir_packet p;

	f.cap_len = (uint32_t)rd_left(&r);
	f.bytes = rd_take(&r, f.cap_len);
	f.wire_len = f.cap_len + (f.flags & 0x80 ? 1000 : 0);
	if (f.bytes) {
		net_decode(&p, &f);
		put_words(&w, &p, false, false);
		put_words(&w, &p, false, true);
		put_words(&w, &p, true, false);
	}
	wr_fini(&w);
	return 0;
}
