/* Writes pcapng: new blocks for frames of other formats, the blocks as they are for its own. */
#include "trace/pcapng.h"

#include <stdlib.h>

#include "base/nanos.h"
#include "trace/walk.h"
#include "trace/write.h"

enum {
	NAME_MOST = 255,            /* bytes of an interface's name or comment that are kept */
	SECTION_MOST = 4 * 1048576, /* … of a section's header and interfaces */
	RESOLUTION_NANO = 9,
	DIGITS_MICRO = 6,
	OPTIONS_MOST = 24, /* bytes of the options that are written to a packet */
};

_Static_assert(WEIR_DIR_IN == 1 && WEIR_DIR_OUT == 2, "directions are the format's own bits");

/* Where in blocks the fields that are rewritten stand. */
enum {
	SECTION_LENGTH_AT = 16,
	IFACE_SNAP_AT = 12,
	PACKET_CAP_AT = 20,
	PACKET_BYTES_AT = 28,
	SIMPLE_BYTES_AT = 12,
};

void pcapng_output_fini(struct pcapng_output *p)
{
	free(p->numbers);
	free(p->units);
	wr_fini(&p->section);
}

static void write16(struct wr *w, uint16_t v, bool is_big)
{
	uint8_t *at = wr_room(w, sizeof v);

	if (at)
		store16(at, v, is_big);
}

static void write32(struct wr *w, uint32_t v, bool is_big)
{
	uint8_t *at = wr_room(w, sizeof v);

	if (at)
		store32(at, v, is_big);
}

static void write_option(struct wr *w, uint16_t code, struct rd value, bool is_big)
{
	uint16_t len = (uint16_t)rd_left(&value);

	write16(w, code, is_big);
	write16(w, len, is_big);
	wr_bytes(w, value.at, len);
	wr_fill(w, 0, pcapng_padded(len) - len);
}

static void write_text(struct wr *w, uint16_t code, const char *text, bool is_big)
{
	if (text)
		write_option(w, code, rd_of(text, strnlen(text, NAME_MOST)), is_big);
}

/* Fills in the length of the block that began at start, and repeats it at its end. */
static void close_block(struct wr *w, size_t start, bool is_big)
{
	uint32_t len = (uint32_t)(w->len - start) + PCAPNG_TAIL_LEN;

	write32(w, len, is_big);
	if (w->ok)
		store32(w->bytes + start + 4, len, is_big);
}

int pcapng_write_header(struct trace_writer *t, struct wr *w)
{
	bool is_big = t->options.is_big_endian;
	uint8_t *at;

	t->has_header = true;
	if (t->pcapng.is_raw) {
		wr_bytes(w, t->pcapng.section.bytes, t->pcapng.section.len);
		return 0;
	}
	at = wr_room(w, PCAPNG_SECTION_LEN);
	if (!at)
		return ERR_FULL;
	store32(at, PCAPNG_SECTION, is_big);
	store32(at + 4, PCAPNG_SECTION_LEN, is_big);
	store32(at + 8, PCAPNG_ORDER, is_big);
	store16(at + 12, 1, is_big);
	store16(at + 14, 0, is_big);
	store64(at + SECTION_LENGTH_AT, UINT64_MAX, is_big);
	store32(at + 24, PCAPNG_SECTION_LEN, is_big);
	return 0;
}

/* Makes room in the tables for one more interface, whose index in the source is given. */
static int grow_tables(struct pcapng_output *p, uint32_t index)
{
	uint32_t n = p->n_numbers ? p->n_numbers : 16;
	uint32_t *numbers;
	uint64_t *units;

	while (n <= index)
		n *= 2;
	numbers = realloc(p->numbers, n * sizeof *numbers);
	if (!numbers)
		return ERR_NOMEM;
	p->numbers = numbers;
	units = realloc(p->units, n * sizeof *units);
	if (!units)
		return ERR_NOMEM;
	p->units = units;
	memset(numbers + p->n_numbers, 0, (n - p->n_numbers) * sizeof *numbers);
	p->n_numbers = n;
	return 0;
}

/* The interface's description. Times are µs where the source's are, else ns. */
static void write_iface(struct trace_writer *t, struct outgoing *o, bool is_micro)
{
	static const uint8_t nano = RESOLUTION_NANO;
	const struct weir_iface none = {0};
	const struct weir_iface *iface = o->iface ? o->iface : &none;
	bool is_big = t->options.is_big_endian;
	uint32_t snap_len = iface->snap_len;
	struct wr *w = o->w;
	size_t start = w->len;

	if (t->options.snap_len > 0 && (snap_len == 0 || t->options.snap_len < snap_len))
		snap_len = t->options.snap_len;
	write32(w, PCAPNG_IFACE, is_big);
	write32(w, 0, is_big);
	write16(w, o->frame->link, is_big);
	write16(w, 0, is_big);
	write32(w, snap_len, is_big);
	write_text(w, PCAPNG_OPT_COMMENT, iface->comment, is_big);
	write_text(w, PCAPNG_OPT_IF_NAME, iface->name, is_big);
	if (!is_micro)
		write_option(w, PCAPNG_OPT_IF_RESOLUTION, rd_of(&nano, 1), is_big);
	if (iface->comment || iface->name || !is_micro)
		write32(w, PCAPNG_OPT_END, is_big);
	close_block(w, start, is_big);
}

/* Describes the frame's interface; its number in the file is then in p->numbers. */
static int add_iface(struct trace_writer *t, struct outgoing *o)
{
	struct pcapng_output *p = &t->pcapng;
	uint32_t index = o->frame->iface;
	bool is_micro = o->iface && o->iface->digits > 0 && o->iface->digits <= DIGITS_MICRO;
	int rc = 0;

	if (index >= TRACE_MAX_IFACES)
		return why_set(o->why, ERR_UNSUPPORTED, "there are more than %d interfaces",
			       TRACE_MAX_IFACES);
	if (o->frame->link == LINK_UNNAMED)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "link type %u does not fit in pcapng's 16 bits",
			       o->iface ? o->iface->link : LINK_UNNAMED);
	if (index >= p->n_numbers)
		rc = grow_tables(p, index);
	if (rc < 0)
		return why_set(o->why, rc, "out of memory");
	write_iface(t, o, is_micro);
	if (!o->w->ok)
		return why_set(o->why, ERR_FULL, "no room left for an interface's description");
	p->units[p->n_ifaces] = is_micro ? NANOS_PER_US : 1;
	p->numbers[index] = ++p->n_ifaces;
	return 0;
}

/* Flags, and the count of lost packets, where there is something to say. */
static uint32_t options_len(const struct weir_frame *f)
{
	uint32_t len = 0;

	if (f->direction || f->flags & (WEIR_FRAME_CHECKSUM_LATER | WEIR_FRAME_CHECKSUM_OK))
		len += 8;
	if (f->lost)
		len += 12;
	return len ? len + 4 : 0;
}

static uint32_t flags_of(const struct weir_frame *f)
{
	uint32_t flags = f->direction;

	if (f->flags & WEIR_FRAME_CHECKSUM_LATER)
		flags |= PCAPNG_FLAG_CHECKSUM_LATER;
	if (f->flags & WEIR_FRAME_CHECKSUM_OK)
		flags |= PCAPNG_FLAG_CHECKSUM_OK;
	return flags;
}

static void store_options(uint8_t *at, const struct weir_frame *f, bool is_big)
{
	uint32_t flags = flags_of(f);

	if (flags) {
		store16(at, PCAPNG_OPT_FLAGS, is_big);
		store16(at + 2, 4, is_big);
		store32(at + 4, flags, is_big);
		at += 8;
	}
	if (f->lost) {
		store16(at, PCAPNG_OPT_LOST, is_big);
		store16(at + 2, 8, is_big);
		store64(at + 4, f->lost, is_big);
		at += 12;
	}
	store32(at, PCAPNG_OPT_END, is_big);
}

static int check_packet(const struct outgoing *o)
{
	if (o->frame->time_ns < 0)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "a packet's time is before 1970: it cannot be written");
	if (o->cap_len > TRACE_MAX_RECORD - PCAPNG_PACKET_LEN - OPTIONS_MOST - 3)
		return why_set(o->why, ERR_UNSUPPORTED, "a packet of %u bytes is too long",
			       o->cap_len);
	return 0;
}

int pcapng_write_frame(struct trace_writer *t, struct outgoing *o)
{
	struct pcapng_output *p = &t->pcapng;
	const struct weir_frame *f = o->frame;
	bool is_big = t->options.is_big_endian;
	uint32_t padded = pcapng_padded(o->cap_len);
	uint32_t options = options_len(f);
	uint32_t len = PCAPNG_PACKET_LEN + padded + options;
	uint64_t ticks = (uint64_t)f->time_ns;
	uint32_t number;
	uint8_t *at;
	int rc = check_packet(o);

	if (!rc && !t->has_header)
		rc = pcapng_write_header(t, o->w);
	if (!rc && (f->iface >= p->n_numbers || p->numbers[f->iface] == 0))
		rc = add_iface(t, o);
	if (rc < 0)
		return rc;
	number = p->numbers[f->iface] - 1;
	if (p->units[number] == NANOS_PER_US)
		ticks /= NANOS_PER_US;
	at = wr_room(o->w, len);
	if (!at)
		return 0;
	store32(at, PCAPNG_PACKET, is_big);
	store32(at + 4, len, is_big);
	store32(at + 8, number, is_big);
	store32(at + 12, (uint32_t)(ticks >> 32), is_big);
	store32(at + 16, (uint32_t)ticks, is_big);
	store32(at + PACKET_CAP_AT, o->cap_len, is_big);
	store32(at + 24, f->wire_len, is_big);
	at += PACKET_BYTES_AT;
	if (o->cap_len) {
		memset(at + padded - 4, 0, 4);
		memcpy(at, f->bytes, o->cap_len);
	}
	if (options)
		store_options(at + padded, f, is_big);
	store32(at + padded + options, len, is_big);
	return 0;
}

/* Copies the block with one of its 32-bit fields changed. */
static void copy_block(struct outgoing *o, size_t field, uint32_t v, bool is_big)
{
	uint8_t *at = wr_room(o->w, o->frame->record_len);

	if (!at)
		return;
	memcpy(at, o->frame->record, o->frame->record_len);
	store32(at + field, v, is_big);
}

/* Keeps the block that was written last for the files that trace_writer_restart begins. */
static int remember(struct pcapng_output *p, const struct outgoing *o)
{
	if (!o->w->ok)
		return ERR_FULL;
	wr_bytes(&p->section, o->w->bytes + o->w->len - o->frame->record_len, o->frame->record_len);
	if (!p->section.ok)
		return why_set(o->why, ERR_UNSUPPORTED,
			       "the interfaces of a section take more than %d bytes", SECTION_MOST);
	return 0;
}

/* A section's header: its length is not known any more. */
static int raw_section(struct trace_writer *t, struct outgoing *o)
{
	struct pcapng_output *p = &t->pcapng;
	uint8_t *at = wr_room(o->w, o->frame->record_len);

	if (!at)
		return ERR_FULL;
	memcpy(at, o->frame->record, o->frame->record_len);
	p->is_section_big = load32(at + 8, true) == PCAPNG_ORDER;
	store64(at + SECTION_LENGTH_AT, UINT64_MAX, p->is_section_big);
	wr_fini(&p->section);
	p->section = wr_init(SECTION_MOST);
	p->is_raw = true;
	t->has_header = true;
	return remember(p, o);
}

static int raw_iface(struct trace_writer *t, struct outgoing *o)
{
	bool is_big = t->pcapng.is_section_big;
	uint32_t snap_len = load32(o->frame->record + IFACE_SNAP_AT, is_big);

	if (t->options.snap_len > 0 && (snap_len == 0 || t->options.snap_len < snap_len))
		snap_len = t->options.snap_len;
	copy_block(o, IFACE_SNAP_AT, snap_len, is_big);
	return remember(&t->pcapng, o);
}

/* A packet block with fewer captured bytes; what stood behind them stays. */
static void raw_snapped(struct outgoing *o, bool is_big)
{
	const struct weir_frame *f = o->frame;
	struct rd block = rd_of(f->record, f->record_len - PCAPNG_TAIL_LEN);
	bool is_simple = load32(f->record, is_big) == PCAPNG_SIMPLE;
	uint32_t before = is_simple ? SIMPLE_BYTES_AT : PACKET_BYTES_AT;
	size_t start = o->w->len;

	wr_bytes(o->w, rd_take(&block, before), before);
	wr_bytes(o->w, f->bytes, o->cap_len);
	wr_fill(o->w, 0, pcapng_padded(o->cap_len) - o->cap_len);
	rd_skip(&block, pcapng_padded(f->cap_len));
	if (!is_simple && rd_left(&block) > 0)
		wr_bytes(o->w, block.at, rd_left(&block));
	if (!is_simple && o->w->ok)
		store32(o->w->bytes + start + PACKET_CAP_AT, o->cap_len, is_big);
	close_block(o->w, start, is_big);
}

int pcapng_write_raw(struct trace_writer *t, struct outgoing *o)
{
	struct pcapng_output *p = &t->pcapng;
	const struct weir_frame *f = o->frame;
	bool is_packet = f->kind == WEIR_FRAME_PACKET;
	uint32_t type = load32(f->record, p->is_section_big);
	int rc = 0;

	if (type == PCAPNG_SECTION)
		return raw_section(t, o);
	if (!p->is_raw) /* whoever reads does not give us what is no packet */
		return is_packet ? pcapng_write_frame(t, o) : 0;
	if (!t->has_header)
		rc = pcapng_write_header(t, o->w);
	if (rc < 0)
		return rc;
	if (type == PCAPNG_IFACE)
		return raw_iface(t, o);
	if (type == PCAPNG_CUSTOM_NO_COPY && t->options.is_altered)
		return 0;
	if (is_packet && o->cap_len < f->cap_len)
		raw_snapped(o, p->is_section_big);
	else
		wr_bytes(o->w, f->record, f->record_len);
	return 0;
}
