/* What the writers of the three formats share. Private to the room: users see writer.h.
 *
 * A format's functions may leave half a record behind when they fail; writer.c takes it back. */
#ifndef TRACE_WRITE_H
#define TRACE_WRITE_H

#include <endian.h>
#include <string.h>

#include "trace/writer.h"

/* A frame on its way out. */
struct outgoing {
	struct wr *w;
	const struct weir_frame *frame;
	const struct weir_iface *iface;
	struct why *why;
	uint32_t cap_len; /* bytes that are written of it */
};

struct pcap_output {
	uint32_t link;
	uint32_t most; /* captured bytes of a packet */
};

struct pcapng_output {
	uint32_t *numbers; /* of each frame->iface in the file, from 1; 0: not described yet */
	uint32_t n_numbers;
	uint32_t n_ifaces;
	uint64_t *units;     /* ns of a tick, by number - 1 */
	struct wr section;   /* raw: the section's header and interfaces, for files that follow */
	bool is_raw;         /* a section's header was given to us */
	bool is_section_big; /* its byte order */
};

struct trace_writer {
	struct trace_writer_options options;
	bool has_header;
	struct pcap_output pcap;
	struct pcapng_output pcapng;
};

int pcap_write_header(struct trace_writer *t, struct outgoing *o, uint32_t link);
int pcap_write_frame(struct trace_writer *t, struct outgoing *o);

int pcapng_write_header(struct trace_writer *t, struct wr *w);
int pcapng_write_frame(struct trace_writer *t, struct outgoing *o);
int pcapng_write_raw(struct trace_writer *t, struct outgoing *o);
void pcapng_output_fini(struct pcapng_output *p);

int erf_write_frame(struct trace_writer *t, struct outgoing *o);

/* Integers in a byte order that the caller knows, into room that wr_room gave. */
static inline void store16(uint8_t *at, uint16_t v, bool is_big)
{
	v = is_big ? htobe16(v) : htole16(v);
	memcpy(at, &v, sizeof v);
}

static inline void store32(uint8_t *at, uint32_t v, bool is_big)
{
	v = is_big ? htobe32(v) : htole32(v);
	memcpy(at, &v, sizeof v);
}

static inline void store64(uint8_t *at, uint64_t v, bool is_big)
{
	v = is_big ? htobe64(v) : htole64(v);
	memcpy(at, &v, sizeof v);
}

#endif
