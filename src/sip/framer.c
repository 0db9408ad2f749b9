#include "sip/framer.h"

/* What octets at hand are. */
enum sight {
	SIGHT_NONE,  /* no message: f->seen octets are to be stepped over */
	SIGHT_MORE,  /* the beginning of one, perhaps */
	SIGHT_WHOLE, /* a whole header, of f->seen octets, of a message of f->wanted */
	SIGHT_LONG,  /* a header that is longer than there is room */
};

void sip_framer_init(struct sip_framer *f, void *room, size_t size)
{
	*f = (struct sip_framer){.room = room,
				 .size = size < SIP_MAX_LEN ? (uint32_t)size : SIP_MAX_LEN};
}

/* Forgets what was begun. */
static void forget(struct sip_framer *f)
{
	f->len = f->seen = f->searched = 0;
	f->wanted = 0;
}

static void lose(struct sip_framer *f, struct rd *piece, size_t n)
{
	rd_skip(piece, n);
	f->n_lost += n;
	f->is_lost = true;
}

/* Octets up to and with the next line feed; 0: there is none. */
static size_t line_len(const struct rd *r)
{
	const uint8_t *end = rd_left(r) ? memchr(r->at, '\n', rd_left(r)) : NULL;

	return end ? (size_t)(end - r->at) + 1 : 0;
}

/* As line_len of the line at f->seen, without looking again at what has been searched. */
static size_t next_line_len(struct sip_framer *f, struct rd r)
{
	size_t before = f->searched > f->seen ? f->searched - f->seen : 0, n;

	rd_skip(&r, before);
	n = line_len(&r);
	f->searched = f->seen + (uint32_t)(before + (n ? n : rd_left(&r)));
	return n ? before + n : 0;
}

static bool is_empty_line(const struct rd *r, size_t n)
{
	return n == 1 || (n == 2 && *r->at == '\r');
}

/* The first Content-Length of a header, 0 where there is none; and whether it has a Call-ID. */
static uint64_t body_len(struct rd header, bool *has_call_id)
{
	uint64_t len = 0;
	bool has_len = false;
	struct sip_line line;

	*has_call_id = false;
	while (rd_left(&header)) {
		if (!memchr("cCiIlL", *header.at, 6)) {
			rd_skip(&header, line_len(&header));
			continue;
		}
		if (!sip_header_next(&header, &line))
			break;
		*has_call_id |= line.field == SIP_FIELD_CALL_ID;
		if (line.field != SIP_FIELD_CONTENT_LENGTH || has_len)
			continue;
		has_len = true;
		if (!sip_text_number(line.value, UINT32_MAX, &len))
			len = 0;
	}
	return len;
}

/* The header is whole. What was found by looking for it must have a Call-ID too, since bodies
 * may hold start lines (RFC 3420). */
static enum sight end_header(struct sip_framer *f, struct rd view)
{
	struct rd header = rd_sub(&view, f->seen);
	bool has_call_id;

	rd_skip(&header, line_len(&header));
	f->wanted = f->seen + body_len(header, &has_call_id);
	return f->is_lost && !has_call_id ? SIGHT_NONE : SIGHT_WHOLE;
}

/* Looks at the first line of a message, whole or not. */
static enum sight look_at_start(struct sip_framer *f, struct rd view)
{
	bool is_first_look = f->searched == 0;
	size_t n = next_line_len(f, view);
	enum sip_likeness likeness = SIP_MAY_BE;

	if (n || is_first_look)
		likeness = sip_likeness(view.at, n ? n : rd_left(&view));
	else if (rd_left(&view) > SIP_MAX_START_LINE)
		likeness = SIP_IS_NONE;
	if (likeness == SIP_IS_NONE) {
		f->is_mid_line = n == 0;
		f->seen = (uint32_t)(n ? n : rd_left(&view));
		return SIGHT_NONE;
	}
	f->seen = (uint32_t)n;
	return SIGHT_MORE;
}

/* Walks the lines of a header from the first that was not seen yet. */
static enum sight look(struct sip_framer *f, struct rd view)
{
	struct rd r = view;
	size_t n;

	if (f->seen == 0 && look_at_start(f, view) == SIGHT_NONE)
		return SIGHT_NONE;
	rd_skip(&r, f->seen);
	while (f->seen && (n = next_line_len(f, r))) {
		if (*r.at != '\r' && *r.at != '\n' && sip_likeness(r.at, n) == SIP_IS_ONE)
			return SIGHT_NONE; /* what went before was cut: here another begins */
		f->seen += (uint32_t)n;
		if (is_empty_line(&r, n))
			return end_header(f, view);
		rd_skip(&r, n);
	}
	return rd_left(&view) < f->size ? SIGHT_MORE : SIGHT_LONG;
}

/* Puts as many of the piece's octets into the room as fit, and are wanted where that is known. */
static size_t copy(struct sip_framer *f, struct rd piece)
{
	uint64_t end = f->wanted && f->wanted < f->size ? f->wanted : f->size;
	size_t n = rd_left(&piece) < end - f->len ? rd_left(&piece) : (size_t)(end - f->len);

	memcpy(&f->room[f->len], piece.at, n);
	f->len += (uint32_t)n;
	return n;
}

/* Octets of the message that are given: all, or of one that is too long the header. */
static size_t given_len(const struct sip_framer *f)
{
	return f->wanted > f->size ? f->seen : (size_t)f->wanted;
}

static int give(struct sip_framer *f, struct sip_text whole, struct sip_text *message)
{
	f->n_messages++;
	f->n_too_long += f->wanted > f->size;
	f->is_lost = whole.len < f->wanted;
	*message = whole;
	forget(f);
	return 1;
}

/* The message begins in the piece, and is not in the room. */
static int from_piece(struct sip_framer *f, struct rd *piece, struct sip_text *message)
{
	enum sight sight = look(f, *piece);
	size_t left = rd_left(piece), n = given_len(f);

	if (sight == SIGHT_WHOLE && n <= left)
		return give(f, sip_text_of(rd_take(piece, n), n), message);
	if (sight == SIGHT_NONE || sight == SIGHT_LONG) {
		f->n_too_long += sight == SIGHT_LONG && f->seen;
		f->is_mid_line |= sight == SIGHT_LONG;
		lose(f, piece, sight == SIGHT_LONG ? left : f->seen);
		forget(f);
		return 0;
	}
	rd_skip(piece, copy(f, *piece));
	return 0;
}

/* What is in the room, now with the piece's first n octets behind it, is not a message's beginning:
 * steps over f->seen octets of it. */
static void drop(struct sip_framer *f, struct rd *piece, size_t n)
{
	uint32_t before = f->len - (uint32_t)n, gone = f->seen;

	forget(f);
	if (gone >= before) {
		f->n_lost += before;
		lose(f, piece, gone - before);
		return;
	}
	f->n_lost += gone;
	f->is_lost = true;
	f->len = before - gone;
	memmove(f->room, &f->room[gone], f->len);
}

/* The message's beginning is in the room. */
static int from_room(struct sip_framer *f, struct rd *piece, struct sip_text *message)
{
	size_t n = copy(f, *piece);
	enum sight sight = f->wanted ? SIGHT_WHOLE : look(f, rd_of(f->room, f->len));
	uint32_t len = f->len;

	switch (sight) {
	case SIGHT_NONE:
		drop(f, piece, n);
		return 0;
	case SIGHT_LONG:
		f->n_too_long += f->seen != 0;
		f->seen = len;
		f->is_mid_line = true;
		drop(f, piece, n);
		return 0;
	case SIGHT_WHOLE:
		if (given_len(f) <= len) {
			size_t used = given_len(f);

			rd_skip(piece, n - (len - used));
			return give(f, sip_text_of(f->room, used), message);
		}
		break;
	case SIGHT_MORE:
		break;
	}
	rd_skip(piece, n);
	return 0;
}

/* Steps over line ends between messages, or over the rest of a line that makes no sense. */
static void skip_between(struct sip_framer *f, struct rd *piece)
{
	size_t n;

	if (f->is_mid_line) {
		n = line_len(piece);
		f->is_mid_line = n == 0;
		lose(f, piece, n ? n : rd_left(piece));
	}
	while (sip_skip(piece, '\r') || sip_skip(piece, '\n'))
		;
}

int sip_framer_next(struct sip_framer *f, struct rd *piece, struct sip_text *message)
{
	while (rd_left(piece)) {
		if (f->len) {
			if (from_room(f, piece, message))
				return 1;
			continue;
		}
		skip_between(f, piece);
		if (rd_left(piece) && from_piece(f, piece, message))
			return 1;
	}
	return 0;
}

int sip_framer_gap(struct sip_framer *f, struct sip_text *message)
{
	bool has_header = f->len && f->wanted;

	f->n_gaps++;
	if (has_header)
		(void)give(f, sip_text_of(f->room, f->len), message);
	f->n_lost += f->len;
	forget(f);
	f->is_lost = true;
	f->is_mid_line = false;
	return has_header;
}
