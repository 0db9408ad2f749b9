/* Reads pcapng.
 *
 * A file is a row of blocks (type 4, length 4, body, length 4 again) in sections, each in its own
 * byte order and with its own interfaces. Blocks that are no packets come out as meta frames. */
#include "trace/pcapng.h"

#include <stdlib.h>

#include "trace/walk.h"

enum { FLAGS_ALONE = 12 }; /* bytes of options that are flags and nothing else */

/* A whole block: head and tail were checked, and body is what lies between them. */
struct block {
	struct rd body;
	const uint8_t *bytes;
	uint32_t len;   /* as it lies there: a multiple of 4 */
	uint32_t claim; /* … and as it says, twice; writers that forget its padding say less */
	uint32_t type;
};

/* Next option of a list; false at its end, and (with options->ok false) where it is broken. */
static bool option_next(struct rd *options, bool is_big, uint16_t *code, struct rd *value)
{
	const uint8_t *head;
	uint16_t len;

	if (rd_left(options) == 0)
		return false;
	head = rd_take(options, 4);
	if (!head)
		return false;
	*code = load16(head, is_big);
	len = load16(head + 2, is_big);
	if (*code == PCAPNG_OPT_END)
		return false;
	*value = rd_sub(options, len);
	if (rd_left(options) > 0)
		rd_skip(options, pcapng_padded(len) - len);
	return options->ok;
}

/* A value of exactly this length; NULL where it has another. */
static const uint8_t *value_of(struct rd value, size_t len)
{
	return rd_left(&value) == len ? value.at : NULL;
}

/* Copies text, which may lack a terminator or hold one early. */
static int text_of(char **out, struct rd value)
{
	if (*out || rd_left(&value) == 0)
		return 0;
	*out = strndup((const char *)value.at, rd_left(&value));
	return *out ? 0 : ERR_NOMEM;
}

/* if_tsresol: a power of ten, or of two where the top bit is set. */
static void clock_set_resolution(struct iface_entry *e, uint8_t code)
{
	struct iface_clock *c = &e->clock;
	int power = code & 0x7f;

	c->shift = 0;
	c->mul = 1;
	c->div = 1;
	e->seen.digits = 9;
	if (code & 0x80) {
		c->shift = (uint8_t)power;
		if (power == 0)
			c->mul = NANOS_PER_S;
		return;
	}
	e->seen.digits = (uint32_t)power;
	for (; power < 9; power++)
		c->mul *= 10;
	for (; power > 9 && c->div; power--)
		c->div = c->div <= UINT64_MAX / 10 ? c->div * 10 : 0;
}

static int64_t clamp(__int128 ns)
{
	return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

/* Times beyond what 64 bits of nanoseconds hold (the year 2262) become the nearest that fits. */
static int64_t clock_ns(const struct iface_clock *c, uint64_t ticks)
{
	uint64_t s, fraction;

	if (c->shift == 0 && c->div == 1)
		return clamp((__int128)ticks * c->mul + c->offset_ns);
	if (c->shift == 0)
		return clamp((c->div ? (__int128)(ticks / c->div) * c->mul : 0) + c->offset_ns);
	s = c->shift < 64 ? ticks >> c->shift : 0;
	fraction = c->shift < 64 ? ticks & (((uint64_t)1 << c->shift) - 1) : ticks;
	if (c->shift > 64) {
		fraction = c->shift - 64 < 64 ? fraction >> (c->shift - 64) : 0;
		return clamp((__int128)(((unsigned __int128)fraction * NANOS_PER_S) >> 64) +
			     c->offset_ns);
	}
	return clamp((__int128)s * NANOS_PER_S +
		     (__int128)(((unsigned __int128)fraction * NANOS_PER_S) >> c->shift) +
		     c->offset_ns);
}

static int iface_option(struct iface_entry *e, bool is_big, uint16_t code, struct rd value)
{
	const uint8_t *bytes;

	switch (code) {
	case PCAPNG_OPT_COMMENT:
		return text_of(&e->comment, value);
	case PCAPNG_OPT_IF_NAME:
		return text_of(&e->name, value);
	case PCAPNG_OPT_IF_RESOLUTION:
		bytes = value_of(value, 1);
		if (!bytes)
			return ERR_BAD;
		clock_set_resolution(e, bytes[0]);
		return 0;
	case PCAPNG_OPT_IF_OFFSET:
		bytes = value_of(value, 8);
		if (!bytes)
			return ERR_BAD;
		e->clock.offset_ns = clamp((__int128)(int64_t)load64(bytes, is_big) * NANOS_PER_S);
		return 0;
	}
	return 0;
}

/* An interface description block. */
static int read_iface(struct trace_reader *r, struct block *b)
{
	struct pcapng_state *s = &r->pcapng;
	const uint8_t *fixed = rd_take(&b->body, 8);
	struct iface_entry *e = ifaces_next(&r->ifaces);
	struct rd value;
	uint16_t code;
	int rc = 0;

	if (!fixed)
		return why_set(&r->why, ERR_BAD, "an interface block has only %u bytes", b->len);
	if (ifaces_count(&r->ifaces) >= TRACE_MAX_IFACES)
		return why_set(&r->why, ERR_UNSUPPORTED, "there are more than %d interfaces",
			       TRACE_MAX_IFACES);
	if (!e)
		return why_set(&r->why, ERR_NOMEM, "out of memory");
	e->seen.link = load16(fixed, s->is_big);
	e->seen.snap_len = load32(fixed + 4, s->is_big);
	clock_set_resolution(e, 6);
	while (!rc && option_next(&b->body, s->is_big, &code, &value))
		rc = iface_option(e, s->is_big, code, value);
	if (rc == ERR_NOMEM)
		return why_set(&r->why, rc, "out of memory");
	if (rc < 0 || !b->body.ok)
		return why_set(&r->why, ERR_BAD, "the options of an interface block are broken");
	e->seen.name = e->name;
	e->seen.comment = e->comment;
	ifaces_publish(&r->ifaces);
	s->n++;
	return 0;
}

/* A section header block; its byte order was found before its length was read. */
static int read_section(struct trace_reader *r, struct block *b)
{
	struct pcapng_state *s = &r->pcapng;
	const uint8_t *fixed = rd_take(&b->body, 16);
	uint16_t major, minor;

	if (!fixed)
		return why_set(&r->why, ERR_BAD, "a section header has only %u bytes", b->len);
	major = load16(fixed + 4, s->is_big);
	minor = load16(fixed + 6, s->is_big);
	if (major != 1)
		return why_set(&r->why, ERR_UNSUPPORTED, "version %u.%u of pcapng is not known",
			       major, minor);
	s->first = ifaces_count(&r->ifaces);
	s->n = 0;
	s->most_ticks = 0;
	r->has_header = true;
	return 0;
}

static void frame_flags(struct weir_frame *f, uint32_t flags)
{
	static const uint8_t directions[4] = {WEIR_DIR_UNKNOWN, WEIR_DIR_IN, WEIR_DIR_OUT,
					      WEIR_DIR_UNKNOWN};

	f->direction = directions[flags & PCAPNG_FLAG_DIRECTION];
	if (flags & PCAPNG_FLAG_CHECKSUM_LATER)
		f->flags |= WEIR_FRAME_CHECKSUM_LATER;
	if (flags & PCAPNG_FLAG_CHECKSUM_OK)
		f->flags |= WEIR_FRAME_CHECKSUM_OK;
	if (flags & PCAPNG_FLAG_ERRORS)
		f->flags |= WEIR_FRAME_ERROR;
}

/* A packet's options. Where they are broken the packet is still whole, and what was understood
 * before stays. */
static void read_packet_options(struct weir_frame *f, struct rd options, bool is_big)
{
	const uint8_t *bytes;
	struct rd value;
	uint16_t code;
	uint64_t lost;

	while (option_next(&options, is_big, &code, &value)) {
		if (code == PCAPNG_OPT_FLAGS && (bytes = value_of(value, 4)))
			frame_flags(f, load32(bytes, is_big));
		if (code == PCAPNG_OPT_LOST && (bytes = value_of(value, 8))) {
			lost = load64(bytes, is_big);
			f->lost = lost < UINT32_MAX ? (uint32_t)lost : UINT32_MAX;
		}
	}
}

/* The section's interface by its number there; NULL and a reason where there is none. */
static const struct iface_entry *find_iface(struct trace_reader *r, uint32_t number)
{
	const struct pcapng_state *s = &r->pcapng;

	if (number < s->n)
		return ifaces_at(&r->ifaces, s->first + number);
	why_set(&r->why, ERR_BAD, "a packet names interface %u, but %u were described", number,
		s->n);
	return NULL;
}

/* Flags that all packets of the interface have. */
static uint8_t packet_flags(const struct pcapng_state *s, const struct iface_entry *e)
{
	return order_flags(s->is_big) | trace_wire_flags(link_of(e->seen.link));
}

/* Readies the fast loop for packets of this interface. */
static void remember_iface(struct pcapng_state *s, const struct iface_entry *e, uint32_t number)
{
	const struct iface_clock *c = &e->clock;

	s->number = number;
	s->link = link_of(e->seen.link);
	s->flags = packet_flags(s, e);
	s->unit_ns = c->mul;
	s->most_ticks = c->shift == 0 && c->div == 1 && c->offset_ns == 0 ? INT64_MAX / c->mul : 0;
}

/* An enhanced packet block, or the packet block before it, which counts losses in itself. */
static int read_packet(struct trace_reader *r, struct block *b, struct weir_frame *f)
{
	struct pcapng_state *s = &r->pcapng;
	const uint8_t *fixed = rd_take(&b->body, 20);
	bool is_old = b->type == PCAPNG_OLD_PACKET;
	const struct iface_entry *e;
	uint32_t number, cap_len;

	if (!fixed)
		return why_set(&r->why, ERR_BAD, "a packet block has only %u bytes", b->len);
	number = is_old ? load16(fixed, s->is_big) : load32(fixed, s->is_big);
	e = find_iface(r, number);
	if (!e)
		return ERR_BAD;
	cap_len = load32(fixed + 12, s->is_big);
	*f = (struct weir_frame){
		.bytes = rd_take(&b->body, cap_len),
		.record = b->bytes,
		.time_ns = clock_ns(&e->clock, (uint64_t)load32(fixed + 4, s->is_big) << 32 |
						       load32(fixed + 8, s->is_big)),
		.cap_len = cap_len,
		.wire_len = load32(fixed + 16, s->is_big),
		.record_len = b->len,
		.iface = s->first + number,
		.link = link_of(e->seen.link),
		.flags = packet_flags(s, e),
	};
	if (!f->bytes)
		return why_set(&r->why, ERR_BAD,
			       "a packet claims %u captured bytes in a block of %u", cap_len,
			       b->len);
	rd_skip(&b->body, pcapng_padded(cap_len) - cap_len);
	if (is_old && load16(fixed + 2, s->is_big) != UINT16_MAX)
		f->lost = load16(fixed + 2, s->is_big);
	if (rd_left(&b->body) > 0)
		read_packet_options(f, b->body, s->is_big);
	remember_iface(s, e, number);
	return 0;
}

/* A simple packet block: no time, and cut by the first interface's snap length alone. */
static int read_simple(struct trace_reader *r, struct block *b, struct weir_frame *f)
{
	const struct pcapng_state *s = &r->pcapng;
	const uint8_t *fixed = rd_take(&b->body, 4);
	const struct iface_entry *e = find_iface(r, 0);
	uint32_t cap_len, snap_len;

	if (!e)
		return ERR_BAD;
	if (!fixed)
		return why_set(&r->why, ERR_BAD, "a packet block has only %u bytes", b->len);
	cap_len = load32(fixed, s->is_big);
	snap_len = e->seen.snap_len;
	*f = (struct weir_frame){
		.record = b->bytes,
		.wire_len = cap_len,
		.record_len = b->len,
		.iface = s->first,
		.link = link_of(e->seen.link),
		.flags = WEIR_FRAME_NO_TIME | packet_flags(s, e),
	};
	f->cap_len = snap_len > 0 && snap_len < cap_len ? snap_len : cap_len;
	f->bytes = rd_take(&b->body, f->cap_len);
	if (!f->bytes)
		return why_set(&r->why, ERR_BAD,
			       "a packet claims %u captured bytes in a block of %u", f->cap_len,
			       b->len);
	return 0;
}

static void fill_meta(struct trace_reader *r, const struct block *b, struct weir_frame *f)
{
	const struct iface_entry *e;

	*f = (struct weir_frame){
		.bytes = b->bytes,
		.record = b->bytes,
		.cap_len = b->len,
		.wire_len = b->len,
		.record_len = b->len,
		.iface = r->pcapng.first,
		.link = LINK_UNNAMED,
		.kind = WEIR_FRAME_META,
		.flags = WEIR_FRAME_NO_TIME,
	};
	if (b->type == PCAPNG_IFACE) {
		f->iface = r->pcapng.first + r->pcapng.n - 1;
		e = ifaces_at(&r->ifaces, f->iface);
		f->link = e ? link_of(e->seen.link) : LINK_UNNAMED;
	}
}

static int read_block(struct trace_reader *r, struct block *b, struct weir_frame *f)
{
	int rc = 0;

	switch (b->type) {
	case PCAPNG_PACKET:
	case PCAPNG_OLD_PACKET:
		return read_packet(r, b, f);
	case PCAPNG_SIMPLE:
		return read_simple(r, b, f);
	case PCAPNG_SECTION:
		rc = read_section(r, b);
		break;
	case PCAPNG_IFACE:
		rc = read_iface(r, b);
		break;
	}
	if (!rc)
		fill_meta(r, b, f);
	return rc;
}

/* Type, byte order (of a section header) and length of the block at w->rd. */
static int read_head(struct trace_reader *r, const struct walk *w, struct block *b)
{
	struct pcapng_state *s = &r->pcapng;
	size_t left = rd_left(&w->rd);
	const uint8_t *head = w->rd.at;

	if (left < PCAPNG_MIN_LEN)
		return walk_need(r, PCAPNG_MIN_LEN);
	b->bytes = head;
	b->type = load32(head, s->is_big);
	if (b->type == PCAPNG_SECTION) {
		s->is_big = load32(head + 8, true) == PCAPNG_ORDER;
		if (load32(head + 8, s->is_big) != PCAPNG_ORDER)
			return why_set(&r->why, ERR_BAD, "a section's byte order cannot be told");
	} else if (!r->has_header) {
		return why_set(&r->why, ERR_BAD, "these are not the first bytes of a pcapng file");
	}
	b->claim = load32(head + 4, s->is_big);
	if (b->claim < PCAPNG_MIN_LEN)
		return why_set(&r->why, ERR_BAD,
			       "a block claims %u bytes, fewer than any block has", b->claim);
	if (b->claim > TRACE_MAX_RECORD)
		return why_set(&r->why, ERR_BAD, "a block claims %u bytes, more than %d", b->claim,
			       TRACE_MAX_RECORD);
	b->len = pcapng_padded(b->claim);
	return b->len <= left ? 0 : walk_need(r, b->len);
}

/* The most usual options: flags, and the end. False where these are others. */
TRACE_INLINE bool flags_alone(struct weir_frame *f, const uint8_t *options, uint32_t len,
			      bool is_big)
{
	if (len != FLAGS_ALONE || load16(options, is_big) != PCAPNG_OPT_FLAGS ||
	    load16(options + 2, is_big) != 4 || load32(options + 8, is_big) != PCAPNG_OPT_END)
		return false;
	frame_flags(f, load32(options + 4, is_big));
	return true;
}

/* Packets without options or with flags alone, of the interface that the last one had, as long as
 * the next block's fixed fields are in the window too. Whatever is not of this kind is left to the
 * caller. */
TRACE_INLINE void pcapng_run(const struct pcapng_state *s, struct walk *w, bool is_big)
{
	const struct weir_frame form = {.link = s->link, .flags = s->flags};
	const uint64_t most_ticks = s->most_ticks, unit_ns = s->unit_ns;
	const uint32_t number = s->number, iface = s->first + s->number;
	const struct weir_frame *end = w->end;
	const uint8_t *block = w->rd.at;
	const uintptr_t last = (uintptr_t)w->rd.end - PCAPNG_PACKET_LEN; /* end may be NULL */
	struct weir_frame *f = w->at;

	if (rd_left(&w->rd) < PCAPNG_PACKET_LEN || !most_ticks)
		return;
	for (; f < end; f++) {
		uint32_t cap_len = load32(block + 20, is_big);
		uint32_t plain = PCAPNG_PACKET_LEN + pcapng_padded(cap_len);
		uint32_t len = load32(block + 4, is_big);
		uint64_t ticks = (uint64_t)load32(block + 12, is_big) << 32;
		const uint8_t *options;

		ticks |= load32(block + 16, is_big);
		if (load32(block, is_big) != PCAPNG_PACKET || load32(block + 8, is_big) != number)
			break;
		/* the lengths are small, so that the sum cannot wrap */
		if (cap_len > PCAPNG_FAST_MOST || len - plain > FLAGS_ALONE ||
		    (uintptr_t)block + len > last ||
		    load32(block + len - PCAPNG_TAIL_LEN, is_big) != len || ticks > most_ticks)
			break;
		f->bytes = block + PCAPNG_PACKET_FIXED;
		f->record = block;
		f->block = NULL;
		f->time_ns = (int64_t)(ticks * unit_ns);
		f->cap_len = cap_len;
		f->wire_len = load32(block + 24, is_big);
		f->record_len = len;
		f->iface = iface;
		memcpy(&f->lost, &form.lost, sizeof form - offsetof(struct weir_frame, lost));
		options = block + plain - PCAPNG_TAIL_LEN;
		if (len != plain && !flags_alone(f, options, len - plain, is_big))
			break;
		block += len;
	}
	w->at = f;
	w->rd.at = block;
}

/* The block at w->rd, of any kind. */
static int pcapng_step(struct trace_reader *r, struct walk *w)
{
	struct rd rd = w->rd;
	struct block b = {0};
	const uint8_t *tail;
	uint32_t again;
	int rc = read_head(r, w, &b);

	if (rc < 0)
		return rc;
	rd_skip(&rd, PCAPNG_HEAD_LEN);
	b.body = rd_sub(&rd, b.len - PCAPNG_MIN_LEN);
	tail = rd_take(&rd, PCAPNG_TAIL_LEN);
	again = tail ? load32(tail, r->pcapng.is_big) : 0;
	if (again != b.claim)
		return why_set(&r->why, ERR_BAD,
			       "a block claims %u bytes at its start and %u at its end", b.claim,
			       again);
	rc = read_block(r, &b, w->at);
	if (rc < 0)
		return rc;
	w->at++;
	w->rd = rd;
	return 0;
}

int pcapng_walk(struct trace_reader *r, struct walk *w)
{
	int rc = 0;

	while (!rc) {
		if (r->pcapng.is_big)
			pcapng_run(&r->pcapng, w, true);
		else
			pcapng_run(&r->pcapng, w, false);
		if (w->at == w->end)
			break;
		rc = pcapng_step(r, w);
	}
	return rc;
}
