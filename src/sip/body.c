#include "sip/body.h"

/* A line with its line end, the last one without; empty at the end. */
static struct sip_text take_line(struct rd *r)
{
	struct sip_text line = sip_until(r, "\n");

	line.len += sip_skip(r, '\n');
	return line;
}

static struct sip_text without_line_end(struct sip_text t)
{
	if (t.len && t.bytes[t.len - 1] == '\n')
		t.len--;
	if (t.len && t.bytes[t.len - 1] == '\r')
		t.len--;
	return t;
}

/* Whether a line is "--boundary" or "--boundary--", white space behind it aside (RFC 2046
 * 5.1.1). */
static bool is_delimiter(struct sip_text line, struct sip_text boundary, bool *is_last)
{
	struct rd r = sip_text_rd(line);
	struct sip_text word;

	if (!sip_skip(&r, '-') || !sip_skip(&r, '-') || rd_left(&r) < boundary.len)
		return false;
	word.len = boundary.len;
	word.bytes = rd_take(&r, boundary.len);
	if (!sip_text_same(word, boundary))
		return false;
	*is_last = sip_skip(&r, '-') && sip_skip(&r, '-');
	sip_skip_space(&r);
	return rd_left(&r) == 0;
}

struct sip_piece sip_piece_next(struct rd *r, struct sip_text boundary)
{
	struct rd before = *r;
	struct sip_piece piece = {0};

	while (rd_left(r)) {
		size_t len = rd_left(&before) - rd_left(r);

		if (!is_delimiter(take_line(r), boundary, &piece.is_last))
			continue;
		piece.bytes = without_line_end(sip_text_of(before.at, len));
		rd_skip(&before, piece.bytes.len);
		piece.delimiter = sip_text_of(before.at, rd_left(&before) - rd_left(r));
		return piece;
	}
	piece.bytes = sip_text_rest(&before);
	piece.is_last = false;
	return piece;
}

/* Up to the next delimiter, which is stepped over; its line end belongs to it. False where there is
 * none: *out is all that is left. After the last delimiter nothing is left. */
static bool take_part(struct rd *r, struct sip_text boundary, struct sip_text *out)
{
	struct sip_piece piece = sip_piece_next(r, boundary);

	*out = piece.bytes;
	if (piece.is_last)
		rd_skip(r, rd_left(r));
	return sip_text_is_there(piece.delimiter);
}

/* Goes into a part that has parts; false where it has none after all. */
static bool enter(struct sip_parts *parts, const struct sip_part *part)
{
	struct rd r = sip_text_rd(part->bytes);
	struct sip_text preamble;

	if (!sip_text_is(part->type.type, "multipart") || part->type.boundary.len == 0 ||
	    parts->n_levels == SIP_BODY_DEPTH || !take_part(&r, part->type.boundary, &preamble))
		return false;
	parts->level[parts->n_levels].rest = r;
	parts->level[parts->n_levels].boundary = part->type.boundary;
	parts->n_levels++;
	return true;
}

static struct sip_text without_brackets(struct sip_text t)
{
	struct rd r = sip_text_rd(t);

	return sip_skip(&r, '<') ? sip_until(&r, ">") : t;
}

/* One of a part's own fields, or of the message's that speak of its body. */
static void read_field(struct sip_part *p, enum sip_field field, struct sip_text value)
{
	struct rd r = sip_text_rd(value);

	switch (field) {
	case SIP_FIELD_CONTENT_TYPE:
		if (sip_content_type_read(value, &p->type))
			p->type = (struct sip_content_type){0};
		break;
	case SIP_FIELD_CONTENT_ID:
		p->id = without_brackets(value);
		break;
	case SIP_FIELD_CONTENT_DISPOSITION:
		p->disposition = sip_text_trim(sip_until(&r, ";"));
		break;
	case SIP_FIELD_CONTENT_TRANSFER_ENCODING:
		p->encoding = value;
		break;
	default:
		break;
	}
}

static void read_part(struct sip_text octets, struct sip_part *out)
{
	struct rd r = sip_text_rd(octets);
	struct sip_line line;

	*out = (struct sip_part){0};
	while (sip_header_next(&r, &line))
		read_field(out, line.field, line.value);
	out->bytes = sip_text_rest(&r);
}

/* RFC 3261 7.4.1 wants a Content-Type; some leave it out of what can be nothing else. */
static void guess_type(struct sip_part *p)
{
	if (!p->type.type.bytes && p->bytes.len > 3 &&
	    sip_text_is(sip_text_of(p->bytes.bytes, 3), "v=0"))
		p->type = (struct sip_content_type){.type = sip_word("application"),
						    .subtype = sip_word("sdp")};
}

struct sip_parts sip_message_parts(const struct sip_message *m)
{
	static const enum sip_field fields[] = {SIP_FIELD_CONTENT_TYPE, SIP_FIELD_CONTENT_ID,
						SIP_FIELD_CONTENT_DISPOSITION,
						SIP_FIELD_CONTENT_TRANSFER_ENCODING};
	struct sip_parts parts = {.whole = {.bytes = m->body}};
	struct sip_text value;

	if (m->body.len == 0)
		return parts;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (sip_message_value(m, fields[i], &value))
			read_field(&parts.whole, fields[i], value);
	guess_type(&parts.whole);
	parts.has_whole = !enter(&parts, &parts.whole);
	return parts;
}

bool sip_parts_next(struct sip_parts *parts, struct sip_part *out)
{
	if (parts->has_whole) {
		parts->has_whole = false;
		*out = parts->whole;
		return true;
	}
	while (parts->n_levels) {
		struct rd *rest = &parts->level[parts->n_levels - 1].rest;
		struct sip_text octets;

		if (rd_left(rest) == 0) {
			parts->n_levels--;
			continue;
		}
		(void)take_part(rest, parts->level[parts->n_levels - 1].boundary, &octets);
		read_part(octets, out);
		if (!enter(parts, out))
			return true;
	}
	return false;
}

bool sip_message_part(const struct sip_message *m, const char *type, const char *subtype,
		      struct sip_part *out)
{
	struct sip_parts parts = sip_message_parts(m);

	while (sip_parts_next(&parts, out))
		if (sip_content_type_is(&out->type, type, subtype))
			return true;
	return false;
}

bool sip_message_part_by_id(const struct sip_message *m, struct sip_text id, struct sip_part *out)
{
	struct sip_parts parts = sip_message_parts(m);

	while (sip_parts_next(&parts, out))
		if (sip_text_same(out->id, id))
			return true;
	return false;
}
