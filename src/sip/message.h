/* SIP messages (RFC 3261, section 7), read in place.
 *
 *	INVITE sip:bob@example.org SIP/2.0        SIP/2.0 200 OK
 *	Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK776asdhds
 *	To: Bob <sip:bob@example.org>             a field; a line that begins with
 *	Subject: lunch                            white space belongs to the one above
 *	 and coffee
 *	                                          an empty line
 *	v=0 …                                     the body
 *
 * A message borrows its octets; nothing is allocated and nothing is copied. A field that is
 * known is found by a table of one row each, which holds where its first line is and how many
 * lines it has, so that a message may have any number of fields. To walk all lines of one name
 * costs at most one pass over the header.
 *
 * Lines end with CR LF or with LF alone. */
#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include "sip/method.h"

enum {
	SIP_MAX_LEN = 1 << 18,        /* octets of a message at most; a datagram has 65,535 */
	SIP_MAX_START_LINE = 1 << 13, /* of its first line, where that is all there is */
};

/* What RFC 3261 forbids and a reader can live with: the message is read as far as it makes sense. A
 * receiver may answer it by an error, or may not. */
#define SIP_FAULTS(X)                                                                              \
	X(START_LINE, "white space in the start line that does not belong there")                  \
	X(VERSION, "a version that is not 2.0")                                                    \
	X(STATUS, "a status that is not 100 to 699")                                               \
	X(URI, "a request's URI that is none")                                                     \
	X(LINE, "a line of the header that is no field")                                           \
	X(MISSING, "a field that every message has is missing: Via, To, From, Call-ID or CSeq")    \
	X(TWICE, "a field comes twice that may come once")                                         \
	X(CONTENT_LENGTH, "a Content-Length that is no number, or beyond the message's end")       \
	X(CSEQ, "a CSeq that is none, or above 2^31 - 1")                                          \
	X(METHOD, "a CSeq of another method than the request's")                                   \
	X(ADDRESS, "a To, From, Contact, or another address that is none")                         \
	X(VIA, "a Via that is none")                                                               \
	X(NUMBER, "a Max-Forwards or Expires that is none or too large")                           \
	X(DATE, "a Date that is not in GMT")

enum sip_fault {
#define X(name, text) SIP_FAULT_##name,
	SIP_FAULTS(X)
#undef X
		SIP_N_FAULTS,
};

/* A sentence for a fault. */
const char *sip_fault_text(enum sip_fault fault);

struct sip_row {
	uint32_t value; /* where the first line's value begins */
	uint32_t len;   /* its octets, without white space on either side */
	uint32_t n;     /* lines of this name */
};

struct sip_message {
	struct sip_text whole;  /* with the body */
	struct sip_text header; /* the fields' lines, without the empty one */
	struct sip_text body;   /* Content-Length octets; without that field, all that is left */
	bool is_request;
	enum sip_method method;      /* the request's; a response's is that of its CSeq */
	struct sip_text method_name; /* as above, as it is written */
	struct sip_text uri;         /* the request's */
	uint16_t status;             /* the response's; 0: a request, or over 65,535 */
	struct sip_text reason;      /* the response's phrase, may be empty */
	uint32_t faults;             /* 1 << enum sip_fault: those that reading meets */
	struct sip_row rows[SIP_N_FIELDS];
};

/* Reads a message that begins at the first octet. Line ends before it are stepped over, octets
 * after its Content-Length are left over, as in a datagram.
 * ERR_UNKNOWN: no SIP. ERR_CUT: the end of the header or of the body is missing; *out has what is
 * there, and body what is there of it. ERR_FULL: longer than SIP_MAX_LEN. */
MUST_CHECK int sip_message_read(const void *bytes, size_t len, struct sip_message *out);

/* All faults, those of values included that sip_message_read does not look at: addresses, Via,
 * Date, numbers. Costs about as much as reading it. */
uint32_t sip_message_faults(const struct sip_message *m);

/* The value of the first line of this name, and, of a LIST, not further than the first comma. False
 * where the message has none. */
bool sip_message_value(const struct sip_message *m, enum sip_field field, struct sip_text *out);

static inline bool sip_message_has(const struct sip_message *m, enum sip_field field)
{
	return m->rows[field].n != 0;
}

/* All values of one field, in the message's order, on however many lines. */
struct sip_values {
	enum sip_field field;
	uint32_t n_lines; /* not read yet */
	struct rd line;   /* left of the line that is being read */
	struct rd rest;   /* of the header */
};

struct sip_values sip_message_values(const struct sip_message *m, enum sip_field field);
/* The next one, without white space on either side, never empty. False: no more. */
bool sip_values_next(struct sip_values *v, struct sip_text *out);

/* One line of a header, known or not, with its continuations. */
struct sip_line {
	enum sip_field field;
	struct sip_text name;
	struct sip_text value; /* may be empty, and may have line ends inside */
};

/* The next line of a reader over m->header; lines that are no fields are passed over. */
bool sip_line_next(struct rd *header, struct sip_line *out);
/* As above, of a reader over a header and what follows it: false at the empty line, which is
 * stepped over, and where the octets end. */
bool sip_header_next(struct rd *octets, struct sip_line *out);

/* Whether octets begin as a message does, line ends before it stepped over: they do; they may, once
 * there are more; they do not. A few octets are enough in most cases. */
enum sip_likeness { SIP_IS_NONE, SIP_MAY_BE, SIP_IS_ONE };
enum sip_likeness sip_likeness(const void *bytes, size_t len);

#endif
