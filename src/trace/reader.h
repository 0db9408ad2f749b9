/* Reads capture formats from a window of bytes: no file, no thread, no clock.
 *
 * The caller keeps a window of the (uncompressed) data and shows it again, longer, when a record
 * is not complete yet. All claims of the data are checked here: what comes out of
 * trace_reader_batch lies within the window that went in. */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/frame.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/why.h"

/* name in URIs, usual suffix, doc; from SNOOP on they are those of room analyser, in its order,
 * and can be read only */
#define TRACE_FORMATS(X)                                                                           \
	X(PCAP, "pcap", ".pcap", "libpcap's classic format")                                       \
	X(PCAPNG, "pcapng", ".pcapng", "the next generation format")                               \
	X(ERF, "erf", ".erf", "Endace's extensible record format")                                 \
	X(SNOOP, "snoop", ".snoop", "Sun's snoop (RFC 1761), and Surveyor")                        \
	X(IPTRACE, "iptrace", ".iptrace", "AIX's iptrace")                                         \
	X(NETMON, "netmon", ".netmon", "Microsoft's Network Monitor")                              \
	X(SNIFFER, "sniffer", ".sniffer", "Network General's Sniffer for DOS, not compressed")     \
	X(NETXRAY, "netxray", ".netxray", "NetXRay, and the Sniffer for Windows")

enum trace_format {
	TRACE_UNKNOWN,
#define X(name, text, suffix, doc) TRACE_##name,
	TRACE_FORMATS(X)
#undef X
};

enum {
	TRACE_PROBE_LEN = 32,            /* bytes that trace_probe wants; more make ERF surer */
	TRACE_MAX_RECORD = 16 * 1048576, /* a record that claims more is refused */
	TRACE_MAX_IFACES = 65536,        /* more interfaces in a file are refused */
};

struct trace_reader;

/* The format by its first bytes; TRACE_UNKNOWN when they fit none (or are too few). ERF has no
 * magic: it is told by records that agree with themselves, and never found in text. */
enum trace_format trace_probe(const uint8_t *bytes, size_t len);

const char *trace_format_name(enum trace_format format);
enum trace_format trace_format_of_name(const char *name);
enum trace_format trace_format_of_path(const char *path); /* by its suffix, a codec's one ignored */
bool trace_format_is_writable(enum trace_format format);

MUST_CHECK int trace_reader_new(struct trace_reader **out, enum trace_format format);
void trace_reader_free(struct trace_reader **r);

/* Walks records from the window on: fills up to max frames (packets and meta records, in file
 * order) and moves the window's start behind the records that were consumed whole. frame->block
 * is left NULL; bytes and record point into the window. How the data is cut into windows makes
 * no difference to what comes out.
 *
 * Returns the number of frames (>= 0; 0 after consuming headers is normal), or an error, and then
 * nothing was consumed:
 *   ERR_AGAIN  the record at the window's start needs more bytes: trace_reader_need() in all
 *   ERR_BAD, ERR_UNSUPPORTED, ERR_NOMEM
 *              it cannot be read: trace_reader_why() has the reason and the offset; every later
 *              call returns the same
 * An error is only returned when nothing precedes it in this call; what does comes first.
 *
 * Every frame's link is that of its interface. Claims that cannot be true of a record's insides
 * (captured bytes beyond its end) are refused; claims about the wire are passed on as they are,
 * wire_len may be smaller than cap_len. A pcap packet longer than its file's snap length is cut to
 * that, as libpcap does; record has all of it. Ethernet in ERF: wire_len does not count the FCS,
 * as in the other formats, and neither does cap_len.
 * ERF records of a type without a link type of its own come as LINKTYPE_ERF (197), bytes being
 * the whole record; its port n is interface n modulo 8, and ports 0 and 1 give direction out and
 * in. Meta frames: every block of pcapng that is no packet; padding of ERF.
 * A link type above 65534 comes as 65535; the interface has the true claim. */
MUST_CHECK int trace_reader_batch(struct trace_reader *r, struct rd *window,
				  struct weir_frame *frames, int max);
size_t trace_reader_need(const struct trace_reader *r);
const struct why *trace_reader_why(const struct trace_reader *r);

/* At the end of the data with `left` bytes not consumed: 0, or ERR_CUT with a reason. */
MUST_CHECK int trace_reader_end(struct trace_reader *r, size_t left);

/* Bytes consumed from the start of the data. */
uint64_t trace_reader_offset(const struct trace_reader *r);

/* Interfaces found so far: frame->iface counts over all sections of the file. The returned
 * pointer stays good, and what it points to unchanged, for the reader's life; reading other
 * interfaces than those of frames already delivered needs no lock. NULL beyond the last. */
const struct weir_iface *trace_reader_iface(const struct trace_reader *r, uint32_t i);
uint32_t trace_reader_n_ifaces(const struct trace_reader *r);

#endif
