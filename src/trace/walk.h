/* What the readers of all formats share. Private to the room: users see reader.h.
 *
 * A format's walk takes whole records from w->rd and fills frames from w->at on. It returns 0
 * when the frames are full, ERR_AGAIN (and sets r->need) at a record that is not all there, or
 * an error with r->why set at one that is damaged; w->rd then stands at that record's start. */
#ifndef TRACE_WALK_H
#define TRACE_WALK_H

#include <endian.h>
#include <string.h>

#include "analyser/analyser.h"
#include "base/nanos.h"
#include "base/rd.h"
#include "trace/ifaces.h"
#include "trace/reader.h"
#include "trace/wire.h"

#define TRACE_INLINE static inline __attribute__((always_inline))

struct walk {
	struct rd rd;
	struct weir_frame *at;
	struct weir_frame *end;
};

typedef int (*walk_fn)(struct trace_reader *r, struct walk *w);

struct pcap_state {
	uint32_t limit;      /* a record that claims more captured bytes is refused */
	uint32_t snap_len;   /* of those captured bytes, what is delivered at most */
	uint32_t unit_ns;    /* of the fraction of a second */
	uint16_t link;       /* of all frames */
	uint8_t flags;       /* of all frames */
	uint8_t header_len;  /* of a record: 16, or 24 in the modified format */
	bool is_big;         /* byte order */
	bool is_swapped;     /* captured and wire length stand in the other order */
	bool may_be_swapped; /* … in some files */
};

struct pcapng_state {
	bool is_big;
	uint32_t first; /* index of the section's first interface */
	uint32_t n;     /* interfaces of the section */

	/* The interface of the last packet, as the fast loop wants it; most_ticks 0: none that it
	 * can do. */
	uint32_t number;
	uint16_t link;
	uint8_t flags;
	uint64_t most_ticks; /* beyond which its times do not fit */
	uint64_t unit_ns;
};

enum { ERF_N_LINKS = 8, ERF_N_PORTS = 8 };

struct erf_state {
	uint16_t links[ERF_N_LINKS]; /* found so far: ERF_N_PORTS interfaces each */
	uint8_t n_links;
	/* What the last record's type and flags mean, for the fast loop; 0: not for it. */
	uint16_t key;   /* type and flags, without the low bits of the port */
	uint8_t before; /* bytes before the packet's */
	uint8_t fcs_len;
	bool is_coloured;           /* no counter of losses */
	struct weir_frame forms[4]; /* what frames have in common, by port's low bits */
};

struct trace_reader {
	walk_fn walk;
	enum trace_format format;
	uint64_t offset; /* of the window's first byte that is not consumed */
	size_t need;
	bool has_header; /* something valid was read */
	struct why why;
	struct ifaces ifaces;
	union {
		struct pcap_state pcap;
		struct pcapng_state pcapng;
		struct erf_state erf;
		struct analyser analyser;
	};
};

/* The walks with which each format starts. */
int pcap_walk_header(struct trace_reader *r, struct walk *w);
int pcapng_walk(struct trace_reader *r, struct walk *w);
int erf_walk(struct trace_reader *r, struct walk *w);
int others_walk(struct trace_reader *r, struct walk *w);

/* Readies the reader for the format of room analyser that it is for. */
void others_init(struct trace_reader *r);

/* The record at w->rd needs `need` bytes in all. */
TRACE_INLINE int walk_need(struct trace_reader *r, size_t need)
{
	r->need = need;
	return ERR_AGAIN;
}

/* Integers in a byte order that the caller knows; the bytes were checked to be there. */
TRACE_INLINE uint16_t load16(const uint8_t *bytes, bool is_big)
{
	uint16_t v;

	memcpy(&v, bytes, sizeof v);
	return is_big ? be16toh(v) : le16toh(v);
}

TRACE_INLINE uint32_t load32(const uint8_t *bytes, bool is_big)
{
	uint32_t v;

	memcpy(&v, bytes, sizeof v);
	return is_big ? be32toh(v) : le32toh(v);
}

TRACE_INLINE uint64_t load64(const uint8_t *bytes, bool is_big)
{
	uint64_t v;

	memcpy(&v, bytes, sizeof v);
	return is_big ? be64toh(v) : le64toh(v);
}

/* A frame's flags that follow from its file's byte order. */
TRACE_INLINE uint8_t order_flags(bool is_big)
{
	return is_big == (__BYTE_ORDER == __BIG_ENDIAN) ? 0 : WEIR_FRAME_SWAPPED;
}

/* Link types beyond 16 bits do not exist yet; a file that claims one is carried under this,
 * which is never assigned, and its interface tells the claim. */
enum { LINK_UNNAMED = 0xffff };

static inline uint16_t link_of(uint32_t claimed)
{
	return claimed < LINK_UNNAMED ? (uint16_t)claimed : LINK_UNNAMED;
}

#endif
