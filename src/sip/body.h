/* Bodies (RFC 3261 7.4, RFC 5621): one part, or several between boundaries (RFC 2046 5.1), which
 * may have several again, SIP_BODY_DEPTH deep.
 *
 * Boundaries are found in one pass over the body for each depth. */
#ifndef SIP_BODY_H
#define SIP_BODY_H

#include "sip/field.h"

enum { SIP_BODY_DEPTH = 4 };

struct sip_part {
	struct sip_content_type type; /* application/sdp where nothing is said of an INVITE's */
	struct sip_text id;           /* Content-ID without its brackets; not there: none */
	struct sip_text disposition;  /* "session"; not there: none */
	struct sip_text encoding;     /* Content-Transfer-Encoding; not there: none */
	struct sip_text bytes;        /* still encoded */
};

/* A walk over the leaves: a part that has parts itself is not told of. */
struct sip_parts {
	struct {
		struct rd rest;
		struct sip_text boundary;
	} level[SIP_BODY_DEPTH];
	int n_levels;
	struct sip_part whole; /* of a body that is one part */
	bool has_whole;
};

struct sip_parts sip_message_parts(const struct sip_message *m);
/* The next leaf; parts deeper than SIP_BODY_DEPTH come as one leaf of type multipart. False: no
 * more. */
bool sip_parts_next(struct sip_parts *parts, struct sip_part *out);

/* One step over a body that has parts, for who needs every octet of it: first what stands before
 * the first delimiter, then each part with its own header, at last what is behind the last one. */
struct sip_piece {
	struct sip_text bytes;     /* up to the delimiter; all that is left where there is none */
	struct sip_text delimiter; /* its line with both line ends; not there: none */
	bool is_last;              /* the delimiter ends the body's parts */
};

struct sip_piece sip_piece_next(struct rd *r, struct sip_text boundary);

/* The first part of this type, e.g. "application", "sdp"; false where there is none. */
bool sip_message_part(const struct sip_message *m, const char *type, const char *subtype,
		      struct sip_part *out);
/* The part of this Content-ID, e.g. of a Geolocation. */
bool sip_message_part_by_id(const struct sip_message *m, struct sip_text id, struct sip_part *out);

#endif
