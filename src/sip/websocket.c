#include "sip/websocket.h"

#include "sip/message.h"

enum state {
	AT_START,     /* a handshake is to come; or, met midway, a frame */
	IN_HANDSHAKE, /* the room has what has come of it */
	IN_HEAD,      /* of a frame */
	IN_PAYLOAD,
	IS_LOST, /* octets are missing: where the next frame begins is not known */
	IS_OVER, /* closed */
};

/* RFC 6455 5.2 */
enum {
	CONTINUES = 0,
	TEXT = 1,
	BINARY = 2,
	CLOSES = 8,
	IS_CONTROL = 8,
	OPCODE = 15,
	IS_LAST = 128,
	RESERVED = 7 << 4,
	IS_MASKED = 128,
	LEN = 127,
	LEN_IS_16 = 126,
	LEN_IS_64 = 127,
	MASK_LEN = 4,
	SHORT_HEAD = 2,
	LOOK = 512, /* octets in which a start line's kind is seen */
	MAX_HANDSHAKE = 8192,
};

void websocket_init(struct websocket *s, void *room, size_t size)
{
	*s = (struct websocket){.room = room,
				.size = size < SIP_MAX_LEN ? (uint32_t)size : SIP_MAX_LEN};
}

/* Octets of a frame's head, as far as its first two tell. */
static size_t head_len(const uint8_t *head)
{
	uint8_t len = head[1] & LEN;
	size_t n = SHORT_HEAD + (len == LEN_IS_16 ? 2u : len == LEN_IS_64 ? 8u : 0u);

	return n + (head[1] & IS_MASKED ? MASK_LEN : 0u);
}

/* A whole head, read. */
struct frame {
	uint8_t opcode;
	bool is_last;
	bool is_plain; /* nothing is compressed, or otherwise extended */
	uint64_t len;
};

static struct frame frame_of(const uint8_t *head)
{
	struct rd r = rd_of(head, head_len(head));
	uint8_t first = rd_u8(&r), second = rd_u8(&r) & LEN;

	return (struct frame){
		.opcode = first & OPCODE,
		.is_last = first & IS_LAST,
		.is_plain = !(first & RESERVED),
		.len = second == LEN_IS_16   ? rd_u16(&r)
		       : second == LEN_IS_64 ? rd_u64(&r)
					     : second,
	};
}

/* Copies n octets, unmasked where the head has a key, of which so many went before. */
static void unmask(uint8_t *out, const uint8_t *in, size_t n, const uint8_t *head, uint32_t before)
{
	const uint8_t *key = head + head_len(head) - MASK_LEN;

	if (!(head[1] & IS_MASKED)) {
		memcpy(out, in, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = in[i] ^ key[(before + i) % MASK_LEN];
}

bool websocket_begins(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint8_t text[LOOK];
	struct frame f;
	size_t n, head;

	if (len < SHORT_HEAD || (at[0] & ~IS_LAST) < TEXT || (at[0] & ~IS_LAST) > BINARY)
		return false;
	head = head_len(at);
	if (len < head)
		return false;
	f = frame_of(at);
	n = len - head < f.len ? len - head : (size_t)f.len;
	n = n < sizeof text ? n : sizeof text;
	unmask(text, at + head, n, at, 0);
	return sip_likeness(text, n) == SIP_IS_ONE;
}

/* Whether a list of words, with commas between, has this one. */
static bool has_word(struct sip_text list, const char *word)
{
	struct rd r = sip_text_rd(list);

	while (rd_left(&r)) {
		if (sip_text_is(sip_text_trim(sip_until(&r, ",")), word))
			return true;
		(void)sip_skip(&r, ',');
	}
	return false;
}

/* Both ends of a handshake name the protocol (RFC 7118 4). */
static bool is_for_sip(struct sip_text handshake)
{
	struct rd r = sip_text_rd(handshake);
	bool is_upgrade = false, is_sip = false;

	while (rd_left(&r)) {
		struct sip_text line = sip_until(&r, "\n"), name;
		struct rd inside = sip_text_rd(line);

		(void)sip_skip(&r, '\n');
		name = sip_text_trim(sip_until(&inside, ":"));
		(void)sip_skip(&inside, ':');
		if (sip_text_is(name, "Upgrade"))
			is_upgrade |= has_word(sip_text_rest(&inside), "websocket");
		else if (sip_text_is(name, "Sec-WebSocket-Protocol"))
			is_sip |= has_word(sip_text_rest(&inside), "sip");
	}
	return is_upgrade && is_sip;
}

static bool begins_with(const struct rd *r, const char *word)
{
	size_t n = strlen(word) < rd_left(r) ? strlen(word) : rd_left(r);

	return !memcmp(r->at, word, n);
}

static bool has_ended(const struct websocket *s)
{
	return (s->len >= 2 && !memcmp(s->room + s->len - 2, "\n\n", 2)) ||
	       (s->len >= 4 && !memcmp(s->room + s->len - 4, "\r\n\r\n", 4));
}

static int take_handshake(struct websocket *s, struct rd *piece)
{
	uint32_t most = s->size < MAX_HANDSHAKE ? s->size : MAX_HANDSHAKE;

	while (rd_left(piece) && !has_ended(s)) {
		if (s->len == most)
			return ERR_UNKNOWN;
		s->room[s->len++] = rd_u8(piece);
	}
	if (!has_ended(s))
		return 0;
	if (!is_for_sip(sip_text_of(s->room, s->len)))
		return ERR_UNKNOWN;
	s->len = 0;
	s->state = IN_HEAD;
	return 0;
}

static int take_start(struct websocket *s, const struct rd *piece)
{
	if (websocket_begins(piece->at, rd_left(piece)))
		s->state = IN_HEAD;
	else if (begins_with(piece, "GET ") || begins_with(piece, "HTTP/1.1 101"))
		s->state = IN_HANDSHAKE;
	else
		return ERR_UNKNOWN;
	return 0;
}

/* A frame begins. */
static void begin_frame(struct websocket *s, struct frame f)
{
	s->left = f.len;
	s->n_masked = 0;
	s->state = IN_PAYLOAD;
	if (f.opcode & IS_CONTROL)
		return;
	if (f.opcode != CONTINUES) {
		s->n_passed += s->len != 0; /* one that was not whole */
		s->len = 0;
		s->is_passed = !f.is_plain || f.opcode > BINARY;
	}
	s->is_passed |= f.len > s->size - s->len;
}

static void take_head(struct websocket *s, struct rd *piece)
{
	while (rd_left(piece) && (s->n_head < SHORT_HEAD || s->n_head < head_len(s->head)))
		s->head[s->n_head++] = rd_u8(piece);
	if (s->n_head >= SHORT_HEAD && s->n_head == head_len(s->head))
		begin_frame(s, frame_of(s->head));
}

/* The frame is whole: 1, and the message, where that is too. */
static int end_frame(struct websocket *s, struct sip_text *message)
{
	struct frame f = frame_of(s->head);

	s->n_head = 0;
	s->state = f.opcode == CLOSES ? IS_OVER : IN_HEAD;
	if (f.opcode & IS_CONTROL || !f.is_last)
		return 0;
	*message = sip_text_of(s->room, s->len);
	s->len = 0;
	if (s->is_passed) {
		s->n_passed++;
		return 0;
	}
	s->n_messages++;
	return 1;
}

static int take_payload(struct websocket *s, struct rd *piece, struct sip_text *message)
{
	size_t n = rd_left(piece) < s->left ? rd_left(piece) : (size_t)s->left;
	bool is_control = s->head[0] & IS_CONTROL;
	const uint8_t *at = rd_take(piece, n);

	if (n && !is_control && !s->is_passed) {
		unmask(s->room + s->len, at, n, s->head, s->n_masked);
		s->len += (uint32_t)n;
	}
	s->n_masked = (uint32_t)((s->n_masked + n) % MASK_LEN);
	s->left -= n;
	return s->left ? 0 : end_frame(s, message);
}

static void take_lost(struct websocket *s, struct rd *piece)
{
	if (websocket_begins(piece->at, rd_left(piece)))
		s->state = IN_HEAD;
	else
		rd_skip(piece, rd_left(piece));
}

int websocket_next(struct websocket *s, struct rd *piece, struct sip_text *message)
{
	int rc = 0;

	while (!rc && (rd_left(piece) || (s->state == IN_PAYLOAD && !s->left))) {
		switch ((enum state)s->state) {
		case AT_START:
			rc = take_start(s, piece);
			break;
		case IN_HANDSHAKE:
			rc = take_handshake(s, piece);
			break;
		case IN_HEAD:
			take_head(s, piece);
			break;
		case IN_PAYLOAD:
			rc = take_payload(s, piece, message);
			break;
		case IS_LOST:
			take_lost(s, piece);
			break;
		case IS_OVER:
			rd_skip(piece, rd_left(piece));
			break;
		}
	}
	return rc;
}

void websocket_gap(struct websocket *s)
{
	s->n_passed += s->state >= IN_HEAD && s->len;
	s->len = 0;
	s->n_head = 0;
	if (s->state != IS_OVER)
		s->state = s->state < IN_HEAD ? AT_START : IS_LOST;
}
