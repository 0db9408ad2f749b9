#include "base/rd.h"
#include "base/tap.h"
#include "base/wr.h"

static void integers_go_round(void)
{
	uint8_t room[64];
	struct wr w = wr_of(room, sizeof room);
	struct rd r;

	wr_u8(&w, 0x01);
	wr_u16(&w, 0x0203);
	wr_u32(&w, 0x04050607);
	wr_u64(&w, 0x08090a0b0c0d0e0full);
	wr_le16(&w, 0x1110);
	wr_le32(&w, 0x15141312);
	wr_le64(&w, 0x1d1c1b1a19181716ull);
	ok(w.ok && w.len == 29, "29 bytes were written");
	ok(room[1] == 0x02 && room[2] == 0x03, "network order puts the high byte first");
	ok(room[15] == 0x10 && room[16] == 0x11, "little-endian order puts the low byte first");
	r = rd_of(room, w.len);
	ok(rd_u8(&r) == 0x01 && rd_u16(&r) == 0x0203 && rd_u32(&r) == 0x04050607 &&
		   rd_u64(&r) == 0x08090a0b0c0d0e0full,
	   "network order comes back");
	ok(rd_le16(&r) == 0x1110 && rd_le32(&r) == 0x15141312 &&
		   rd_le64(&r) == 0x1d1c1b1a19181716ull,
	   "little-endian order comes back");
	ok(r.ok && rd_left(&r) == 0, "nothing is left");
}

static void reading_past_the_end_sticks(void)
{
	const uint8_t wire[] = {1, 2, 3};
	struct rd r = rd_of(wire, sizeof wire);
	struct rd sub;

	ok(rd_u24(&r) == 0x010203 && r.ok, "three bytes are there");
	ok(rd_u8(&r) == 0 && !r.ok, "the fourth is refused");
	ok(rd_take(&r, 0) == NULL || !r.ok, "and the failure sticks");
	r = rd_of(wire, sizeof wire);
	sub = rd_sub(&r, 2);
	ok(rd_u16(&sub) == 0x0102 && rd_left(&r) == 1, "a part reads apart");
	sub = rd_sub(&r, 2);
	ok(!sub.ok && !r.ok && rd_u8(&sub) == 0, "a part that is too long is no part");
	r = rd_of(NULL, 0);
	ok(rd_left(&r) == 0 && rd_take(&r, 1) == NULL, "no bytes at all can be read from");
}

static void writers_have_limits(void)
{
	uint8_t room[4];
	struct wr w = wr_of(room, sizeof room);
	size_t mark;

	wr_u32(&w, 1);
	ok(w.ok, "four bytes fit in four");
	wr_u8(&w, 1);
	ok(!w.ok && w.len == 4, "the fifth is refused and nothing is half written");
	w = wr_init(100);
	wr_fill(&w, 'x', 100);
	ok(w.ok && w.len == 100, "a growing writer grows to its limit");
	wr_u8(&w, 1);
	ok(!w.ok, "and no further");
	wr_reset(&w);
	mark = wr_open16(&w);
	wr_text(&w, "%s-%d", "abc", 7);
	wr_close16(&w, mark);
	ok(w.ok && w.len == 7 && w.bytes[1] == 5 && !memcmp(w.bytes + 2, "abc-7", 5),
	   "a length is filled in afterwards");
	wr_fini(&w);
	w = wr_init(1 << 20);
	mark = wr_open16(&w);
	wr_fill(&w, 0, 65536);
	wr_close16(&w, mark);
	ok(!w.ok, "a 16-bit length that does not fit is refused");
	wr_fini(&w);
}

static void long_text_is_whole(void)
{
	char long_word[1001];
	struct wr w = wr_init(4096);

	memset(long_word, 'a', 1000);
	long_word[1000] = 0;
	wr_text(&w, "%s!", long_word);
	ok(w.ok && w.len == 1001 && w.bytes[1000] == '!', "a thousand letters are written whole");
	wr_fini(&w);
}

int main(void)
{
	integers_go_round();
	reading_past_the_end_sticks();
	writers_have_limits();
	long_text_is_whole();
	return tap_end();
}
