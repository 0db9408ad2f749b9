/* Tests only: blocks of pcapng. */
#ifndef TRACE_BLOCKS_H
#define TRACE_BLOCKS_H

#include "trace/pcapng.h"
#include "trace/sample.h"

struct blocks {
	struct wr w;
	bool is_big;
	size_t start; /* of the open block */
};

__attribute__((unused)) static struct blocks blocks_of(bool is_big)
{
	return (struct blocks){wr_init(SAMPLE_LIMIT), is_big, 0};
}

static void block_open(struct blocks *b, uint32_t type)
{
	b->start = b->w.len;
	put32(&b->w, type, b->is_big);
	put32(&b->w, 0, b->is_big);
}

static void block_close(struct blocks *b)
{
	uint32_t len = (uint32_t)(b->w.len - b->start) + 4;
	struct wr head = wr_of(b->w.bytes + b->start + 4, 4);

	put32(&b->w, len, b->is_big);
	head.bytes = b->w.bytes + b->start + 4;
	put32(&head, len, b->is_big);
}

__attribute__((unused)) static void put_option(struct blocks *b, uint16_t code, const void *value,
					       uint16_t len)
{
	put16(&b->w, code, b->is_big);
	put16(&b->w, len, b->is_big);
	wr_bytes(&b->w, value, len);
	wr_fill(&b->w, 0, pcapng_padded(len) - len);
}

__attribute__((unused)) static void put_option32(struct blocks *b, uint16_t code, uint32_t v)
{
	put16(&b->w, code, b->is_big);
	put16(&b->w, 4, b->is_big);
	put32(&b->w, v, b->is_big);
}

__attribute__((unused)) static void put_option64(struct blocks *b, uint16_t code, uint64_t v)
{
	put16(&b->w, code, b->is_big);
	put16(&b->w, 8, b->is_big);
	put64(&b->w, v, b->is_big);
}

__attribute__((unused)) static void put_section(struct blocks *b)
{
	block_open(b, PCAPNG_SECTION);
	put32(&b->w, PCAPNG_ORDER, b->is_big);
	put16(&b->w, 1, b->is_big);
	put16(&b->w, 0, b->is_big);
	put64(&b->w, 12345, b->is_big);
	put_option(b, 4, "a test", 6);
	block_close(b);
}

/* An interface whose options follow, until block_close. */
__attribute__((unused)) static void open_iface(struct blocks *b, uint16_t link, uint32_t snap_len)
{
	block_open(b, PCAPNG_IFACE);
	put16(&b->w, link, b->is_big);
	put16(&b->w, 0, b->is_big);
	put32(&b->w, snap_len, b->is_big);
}

__attribute__((unused)) static void put_iface(struct blocks *b, uint16_t link, uint32_t snap_len)
{
	open_iface(b, link, snap_len);
	block_close(b);
}

/* A packet of n bytes that count up from 7; its options follow, until block_close. */
__attribute__((unused)) static void open_packet(struct blocks *b, uint32_t iface, uint64_t ticks,
						uint32_t n)
{
	block_open(b, PCAPNG_PACKET);
	put32(&b->w, iface, b->is_big);
	put32(&b->w, (uint32_t)(ticks >> 32), b->is_big);
	put32(&b->w, (uint32_t)ticks, b->is_big);
	put32(&b->w, n, b->is_big);
	put32(&b->w, n + 1000, b->is_big);
	put_ramp(&b->w, 7, n);
	wr_fill(&b->w, 0, pcapng_padded(n) - n);
}

__attribute__((unused)) static void put_packet(struct blocks *b, uint32_t iface, uint64_t ticks,
					       uint32_t n)
{
	open_packet(b, iface, ticks, n);
	block_close(b);
}

__attribute__((unused)) static void put_old_packet(struct blocks *b, uint16_t iface, uint16_t lost,
						   uint32_t n)
{
	block_open(b, PCAPNG_OLD_PACKET);
	put16(&b->w, iface, b->is_big);
	put16(&b->w, lost, b->is_big);
	put64(&b->w, 0, b->is_big);
	put32(&b->w, n, b->is_big);
	put32(&b->w, n, b->is_big);
	put_ramp(&b->w, 7, n);
	wr_fill(&b->w, 0, pcapng_padded(n) - n);
	block_close(b);
}

/* n bytes are there of a packet of wire_len. */
__attribute__((unused)) static void put_simple(struct blocks *b, uint32_t wire_len, uint32_t n)
{
	block_open(b, PCAPNG_SIMPLE);
	put32(&b->w, wire_len, b->is_big);
	put_ramp(&b->w, 7, n);
	wr_fill(&b->w, 0, pcapng_padded(n) - n);
	block_close(b);
}

/* A block of any type with n bytes of body. */
__attribute__((unused)) static void put_block(struct blocks *b, uint32_t type, uint32_t n)
{
	block_open(b, type);
	put_ramp(&b->w, 50, n);
	block_close(b);
}

__attribute__((unused)) static struct reading read_blocks(const struct blocks *b)
{
	return reading_of(TRACE_PCAPNG, b->w.bytes, b->w.len);
}

#endif
