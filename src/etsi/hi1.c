#include "etsi/hi1.h"

#include <string.h>

#include "ber/writer.h"
#include "etsi/text.h"

const char *hi1_operation_text(unsigned operation)
{
	switch (operation) {
#define X(name, tag, text)                                                                         \
	case tag:                                                                                  \
		return text;
		HI1_OPERATIONS(X)
#undef X
	}
	return NULL;
}

/* Tags of Notification and of Alarm-Indicator, which order the same elements differently. */
struct shape {
	uint8_t liid, communication, time, text;
};

static const struct shape notification = {1, 2, 3, 6}, alarm_indicator = {4, 1, 2, 3};

static int check(const struct hi1 *hi1, struct why *why)
{
	const char *name = hi1_operation_text(hi1->operation);
	bool is_alarm = hi1->operation == HI1_ALARM;
	size_t len = hi1->liid ? strlen(hi1->liid) : 0;

	if (!name)
		return why_set(why, ERR_USAGE, "no HI1 operation has the number %u",
			       hi1->operation);
	if ((hi1->liid || !is_alarm) && (!len || len > ETSI_MAX_LIID))
		return why_set(why, ERR_USAGE, "%s: the LIID has %zu octets, allowed are 1 to %d",
			       name, len, ETSI_MAX_LIID);
	len = hi1->text ? strlen(hi1->text) : 0;
	if ((hi1->text || is_alarm) && (!len || len > HI1_MAX_TEXT))
		return why_set(why, ERR_USAGE, "%s: the text has %zu octets, allowed are 1 to %d",
			       name, len, HI1_MAX_TEXT);
	if (hi1->operator_id && !*hi1->operator_id)
		return why_set(why, ERR_USAGE, "%s: the operator id is empty", name);
	if (hi1->at.ns < 0)
		return why_set(why, ERR_USAGE, "%s: before 1970", name);
	return 0;
}

/* CommunicationIdentifier of HI2Operations: network-Identifier [1] { operator-Identifier [0] }. */
static void put_communication(struct wr *w, uint32_t tag, const char *operator_id)
{
	size_t identifier = ber_open(w, tag);
	size_t network = ber_open(w, ber_context(1));

	ber_put_bytes(w, ber_context(0), operator_id, strnlen(operator_id, HI1_MAX_OPERATOR));
	ber_close(w, network);
	ber_close(w, identifier);
}

/* TimeStamp: a CHOICE, hence inside its tag; utcTime [1] "YYMMDDHHMMSSZ". */
static void put_time(struct wr *w, uint32_t tag, struct nanos at)
{
	enum { CENTURY_LEN = 2 };
	char text[ETSI_TIME_TEXT_LEN];
	size_t len = etsi_time_print((uint64_t)nanos_to_s(at), 0, text);
	size_t mark = ber_open(w, tag);

	ber_put_bytes(w, ber_context(1), text + CENTURY_LEN, len - CENTURY_LEN);
	ber_close(w, mark);
}

static void put_text(struct wr *w, uint32_t number, const char *text)
{
	if (text)
		ber_put_bytes(w, ber_context(number), text, strlen(text));
}

static void put_operation(struct wr *w, const struct hi1 *hi1)
{
	/* lawfulIntercept hi1(0) notificationOperations(1) version6(6) */
	static const uint32_t domain[] = {4, 0, 2, 2, 0, 1, 6};
	bool is_alarm = hi1->operation == HI1_ALARM;
	const struct shape *shape = is_alarm ? &alarm_indicator : &notification;
	size_t mark = ber_open(w, ber_context(hi1->operation));

	ber_put_arcs(w, ber_context(0), domain, sizeof domain / sizeof domain[0]);
	if (!is_alarm)
		put_text(w, shape->liid, hi1->liid);
	if (hi1->operator_id)
		put_communication(w, ber_context(shape->communication), hi1->operator_id);
	put_time(w, ber_context(shape->time), hi1->at);
	put_text(w, shape->text, hi1->text);
	if (is_alarm)
		put_text(w, shape->liid, hi1->liid);
	ber_close(w, mark);
}

int hi1_encode(const struct etsi_header *h, const struct hi1 *hi1, struct wr *w, struct why *why)
{
	size_t start = w->len, pdu, marks[2];
	int rc = check(hi1, why);

	if (rc)
		return rc;
	pdu = ber_open(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	etsi_header_put(h, hi1->seq, hi1->time, w);
	marks[0] = ber_open(w, ber_context(2)); /* payload */
	marks[1] = ber_open(w, ber_context(3)); /* hI1-Operation */
	put_operation(w, hi1);
	ber_close(w, marks[1]);
	ber_close(w, marks[0]);
	ber_close(w, pdu);
	if (w->ok)
		return 0;
	w->len = start;
	return why_set(why, ERR_FULL, "no room for the notification");
}
