#include "link/frame.h"

#include "base/rd.h"

enum { HEAD_LEN = LINK_LENGTH_LEN + LINK_TYPE_LEN };

/* What a type's body may be, after channel and offset. */
static const struct {
	const char *text;
	size_t min, max;
	bool has_mark;
} shapes[] = {
	[LINK_HELLO] = {"hello", 2, LINK_MAX_HELLO, false},
	[LINK_MESSAGE] = {"message", 2, LINK_MAX_MESSAGE, false},
	[LINK_RECORDS] = {"records", 1, LINK_MAX_RECORDS, true},
	[LINK_ACKNOWLEDGE] = {"acknowledge", 0, 0, true},
	[LINK_PING] = {"ping", 0, 0, false},
	[LINK_PONG] = {"pong", 0, 0, false},
	[LINK_REFUSAL] = {"refusal", 2, LINK_MAX_HELLO, false},
	[LINK_PART] = {"part", 1, LINK_MAX_PART, false},
};

static bool is_type(unsigned type)
{
	return type >= LINK_HELLO && type <= LINK_PART;
}

const char *link_type_text(enum link_type type)
{
	return shapes[type].text;
}

/* Whether the length can be that of the type; the reason says what it looks like instead. */
static int check_head(uint32_t length, unsigned type, struct why *why)
{
	size_t mark_len;

	if (length >> 16 == 0x1603 || length >> 16 == 0x1503)
		return why_set(why, ERR_BAD, "the peer speaks TLS, this end speaks plain");
	if (length > LINK_MAX_LENGTH || length < LINK_TYPE_LEN)
		return why_set(why, ERR_BAD, "a frame of %u bytes; 1 to %d are allowed", length,
			       LINK_MAX_LENGTH);
	if (!is_type(type))
		return why_set(why, ERR_BAD, "a frame of the unknown type %u", type);
	mark_len = shapes[type].has_mark ? LINK_MARK_LEN : 0;
	if (length < LINK_TYPE_LEN + mark_len + shapes[type].min ||
	    length > LINK_TYPE_LEN + mark_len + shapes[type].max)
		return why_set(why, ERR_BAD, "a frame of %u bytes is no %s", length,
			       shapes[type].text);
	return 0;
}

ssize_t link_frame_read(const uint8_t *bytes, size_t len, struct link_frame *out, struct why *why)
{
	struct rd r = rd_of(bytes, len);
	uint32_t length = rd_u32(&r);
	unsigned type = rd_u8(&r);
	struct rd body;
	int rc;

	if (!r.ok)
		return ERR_AGAIN;
	rc = check_head(length, type, why);
	if (rc)
		return rc;
	body = rd_sub(&r, length - LINK_TYPE_LEN);
	if (!r.ok)
		return ERR_AGAIN;
	*out = (struct link_frame){.type = (enum link_type)type};
	if (shapes[type].has_mark) {
		out->channel = rd_u32(&body);
		out->offset = rd_u64(&body);
	}
	out->len = rd_left(&body);
	out->body = rd_take(&body, out->len);
	return (ssize_t)(LINK_LENGTH_LEN + (size_t)length);
}

size_t link_frame_need(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	uint32_t length = rd_u32(&r);
	unsigned type = rd_u8(&r);

	if (!r.ok || check_head(length, type, NULL))
		return HEAD_LEN;
	return LINK_LENGTH_LEN + (size_t)length;
}

bool link_frame_begin(const struct link_frame *frame, size_t n, struct wr *w)
{
	bool has_mark = shapes[frame->type].has_mark;
	size_t head_len = LINK_LENGTH_LEN + LINK_TYPE_LEN + (has_mark ? LINK_MARK_LEN : 0);
	size_t length = head_len - LINK_LENGTH_LEN + frame->len;

	if (frame->len > shapes[frame->type].max || frame->len < shapes[frame->type].min)
		w->ok = false;
	/* all of it or nothing: a frame in part would end the stream */
	if (!w->ok || (w->size - w->len < head_len + n && !wr_grow(w, head_len + n)))
		return false;
	wr_u32(w, (uint32_t)length);
	wr_u8(w, (uint8_t)frame->type);
	if (has_mark) {
		wr_u32(w, frame->channel);
		wr_u64(w, frame->offset);
	}
	wr_bytes(w, frame->body, n);
	return w->ok;
}

bool link_frame_write(const struct link_frame *frame, struct wr *w)
{
	return link_frame_begin(frame, frame->len, w);
}
