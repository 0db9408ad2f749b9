/* HI1 notifications in PS-PDUs (TS 102 232-1 payload [3], module HI1NotificationOperations): to the
 * agency, that interception was activated, modified or deactivated, and alarms.
 *
 * Their CommunicationIdentifier is that of module HI2Operations, with other tags than the header's
 * and an operator of at most five octets. The header needs no CIN (has_no_cin). */
#ifndef ETSI_HI1_H
#define ETSI_HI1_H

#include "etsi/header.h"

/* HI1-Operation: constant, tag, name in the schema. */
#define HI1_OPERATIONS(X)                                                                          \
	X(ACTIVATED, 1, "liActivated")                                                             \
	X(DEACTIVATED, 2, "liDeactivated")                                                         \
	X(MODIFIED, 3, "liModified")                                                               \
	X(ALARM, 4, "alarms-indicator")

enum hi1_operation {
#define X(name, tag, text) HI1_##name = tag,
	HI1_OPERATIONS(X)
#undef X
};

enum {
	HI1_MAX_OPERATOR = 5, /* a longer operator id is cut */
	HI1_MAX_TEXT = 256,
};

/* "liActivated"; NULL where no operation has this number. */
const char *hi1_operation_text(unsigned operation);

/* One notification. Text is borrowed until hi1_encode returns; NULL leaves an optional one out. */
struct hi1 {
	enum hi1_operation operation;
	uint32_t seq;
	struct nanos time;       /* of the header */
	struct nanos at;         /* when it happened, to the second (UTC) */
	const char *liid;        /* optional in an alarm */
	const char *operator_id; /* optional; its first five octets are sent */
	const char *text;        /* target-Information (optional), or alarm-information */
};

/* Appends the whole PS-PDU to w: 0; ERR_USAGE with the reason where a value is missing or beyond
 * what the schema allows; ERR_FULL where w has no room. */
MUST_CHECK int hi1_encode(const struct etsi_header *h, const struct hi1 *hi1, struct wr *w,
			  struct why *why);

#endif
