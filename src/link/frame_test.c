#include "link/frame.h"

#include <string.h>

#include "base/tap.h"

static uint8_t bytes[1 << 16];

static size_t write_one(const struct link_frame *frame)
{
	struct wr w = wr_of(bytes, sizeof bytes);

	return link_frame_write(frame, &w) ? w.len : 0;
}

static void test_kinds(void)
{
	static const uint8_t body[] = "{\"type\":\"status\"}";
	const struct link_frame frames[] = {
		{.type = LINK_HELLO, .body = body, .len = 17},
		{.type = LINK_MESSAGE, .body = body, .len = 17},
		{.type = LINK_RECORDS, .channel = 7, .offset = 1ull << 40, .body = body, .len = 17},
		{.type = LINK_ACKNOWLEDGE, .channel = 7, .offset = 1ull << 40},
		{.type = LINK_PING},
		{.type = LINK_PONG},
		{.type = LINK_REFUSAL, .body = body, .len = 17},
	};

	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		const struct link_frame *f = &frames[i];
		const char *name = link_type_text(f->type);
		size_t len = write_one(f);
		struct link_frame got;
		bool is_cut = true;

		ok(len && link_frame_read(bytes, len, &got, NULL) == (ssize_t)len &&
			   got.type == f->type && got.channel == f->channel &&
			   got.offset == f->offset && got.len == f->len &&
			   (!f->len || !memcmp(got.body, f->body, f->len)),
		   "%s is read as it was written", name);
		for (size_t cut = 0; cut < len; cut++)
			is_cut &= link_frame_read(bytes, cut, &got, NULL) == ERR_AGAIN;
		ok(is_cut, "%s, cut anywhere, needs more", name);
		ok(link_frame_need(bytes, 3) == 5 && link_frame_need(bytes, 5) == len,
		   "%s tells how much, by its first five bytes", name);
	}
}

static void refused(const char *name, const void *head, size_t len)
{
	struct link_frame got;
	struct why why;

	why_clear(&why);
	ok(link_frame_read(head, len, &got, &why) == ERR_BAD && why.text[0], "%s: %s", name,
	   why.text);
	ok(link_frame_need(head, len) == 5, "%s makes nobody wait for more", name);
}

static void test_refused(void)
{
	refused("longer than 16 MiB", "\x01\x00\x00\x01\x03", 5);
	refused("of no length", "\0\0\0\0\1", 5);
	refused("an unknown type", "\0\0\0\5\x09", 5);
	refused("type 0", "\0\0\0\5\0", 5);
	refused("a ping with a body", "\0\0\0\2\5", 5);
	refused("records without an offset", "\0\0\0\x0c\3", 5);
	refused("records without a record", "\0\0\0\x0d\3", 5);
	refused("a hello of 5000 bytes", "\0\0\x13\x88\1", 5);
	refused("HTTP", "GET / HTTP/1.1\r\n", 16);
	refused("a TLS handshake", "\x16\x03\x01\x02\x00\x01", 6);
}

static void test_limits(void)
{
	static const uint8_t *const some = bytes;
	struct link_frame f = {.type = LINK_RECORDS, .body = some, .len = LINK_MAX_RECORDS + 1};
	struct wr w = wr_init(LINK_MAX_LENGTH + LINK_LENGTH_LEN);
	struct wr small = wr_of(bytes, 20);

	ok(!link_frame_write(&f, &w) && w.len == 0, "records beyond the limit are not written");
	wr_reset(&w);
	f = (struct link_frame){.type = LINK_MESSAGE, .body = some, .len = 0};
	ok(!link_frame_write(&f, &w), "nor an empty message");
	f = (struct link_frame){.type = LINK_RECORDS, .body = some, .len = 4};
	ok(!link_frame_write(&f, &small) && small.len == 0, "and nothing in part");
	wr_fini(&w);
}

int main(void)
{
	test_kinds();
	test_refused();
	test_limits();
	return tap_end();
}
