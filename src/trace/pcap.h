/* The constants of libpcap's classic format, for its reader, its writer and the probe. */
#ifndef TRACE_PCAP_H
#define TRACE_PCAP_H

#include <stdint.h>

enum {
	PCAP_HEADER_LEN = 24,       /* of the file */
	PCAP_RECORD_LEN = 16,       /* of each packet's header */
	PCAP_MODIFIED_LEN = 24,     /* … in the modified format */
	PCAP_LIMIT = 262144,        /* captured bytes that every reader accepts */
	PCAP_LINK_MASK = 0x03ffffff /* above it: the length of the FCS, and a bit that says so */
};

/* Captured bytes that a packet may have: what libpcap allows for its link type, or what the file
 * itself announces, where that is within reason. */
uint32_t pcap_limit(uint32_t link, uint32_t snap_len);

#define PCAP_MAGIC_MICRO    0xa1b2c3d4u
#define PCAP_MAGIC_NANO     0xa1b23c4du
#define PCAP_MAGIC_MODIFIED 0xa1b2cd34u

#endif
