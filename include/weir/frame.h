/* A frame: one captured packet as a borrowed view.
 *
 * Nothing is copied: the bytes lie in a block of the source's, and stay good until the frame's
 * batch is given back, or for as long as the frame is held. */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_block;

/* Which way a frame crossed the interface on which it was captured. */
enum weir_direction {
	WEIR_DIR_UNKNOWN,
	WEIR_DIR_IN,
	WEIR_DIR_OUT,
};

enum weir_frame_kind {
	WEIR_FRAME_PACKET, /* captured traffic */
	WEIR_FRAME_META,   /* a record of the file that is no packet: bytes is the whole record */
};

enum weir_frame_flag {
	WEIR_FRAME_NO_TIME = 1,        /* the format gave no time (pcapng simple packets) */
	WEIR_FRAME_CHECKSUM_LATER = 2, /* captured on its way out: checksums not filled in yet */
	WEIR_FRAME_CHECKSUM_OK = 4,    /* the interface has verified them */
	WEIR_FRAME_ERROR = 8,          /* the link reported an error (FCS, alignment …) */
	WEIR_FRAME_SWAPPED = 16,       /* its file is in the other byte order than this machine's:
					  so are loopback headers, which have their machine's own */
	WEIR_FRAME_APART = 32,         /* wire_len counts a header that the capturer made, or does
					  not count a check sequence that its format does (ERF) */
};

/* 64 bytes: one cache line. */
struct weir_frame {
	const uint8_t *bytes; /* from the first byte of the link header; cap_len of them */
	const uint8_t
		*record; /* the record as its format holds it; record_len bytes; may be NULL */
	struct weir_block *block; /* the memory that it pins */
	int64_t time_ns;          /* since 1970-01-01T00:00:00Z */
	uint32_t cap_len;         /* bytes that are here */
	uint32_t wire_len;        /* bytes that were on the wire, as the source claims */
	uint32_t record_len;      /* bytes of record */
	uint32_t iface;           /* index of the source's interface (weir_source_iface) */
	uint32_t lost;            /* packets that the capturer says it lost just before this one */
	uint16_t link;            /* LINKTYPE_ value, see https://www.tcpdump.org/linktypes.html */
	uint8_t direction;        /* enum weir_direction */
	uint8_t kind;             /* enum weir_frame_kind */
	uint8_t flags;            /* enum weir_frame_flag, or-ed */
	uint8_t reserved[7];
};

/* What a source knows of an interface. Text is NULL where it is not known. */
struct weir_iface {
	uint32_t link;     /* LINKTYPE_ value */
	uint32_t snap_len; /* bytes kept of each packet; 0: no limit known */
	uint32_t digits;   /* decimal digits of its times' fraction: 6 for µs, 9 for ns */
	const char *name;  /* "eth0" */
	const char *comment;
};

#ifdef __cplusplus
}
#endif
#endif
